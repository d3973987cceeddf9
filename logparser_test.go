package esasim_test

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"esasim/appliance/logs"
	"esasim/appliance/maillog"
	"esasim/appliance/specimen"
	"esasim/esa"
)

// Here mail logs are read as other programs read them: with a pattern for each form
// of line, as log collectors have them, and with the algorithm of findevent, which
// puts a message together from the numbers in its lines. Nothing of it is shared
// with those who write the lines.

// linePatterns are the forms of a line that are published, each with a name.
// What is in braces is a field, see [newLineParser].
var linePatterns = [][2]string{
	{"connection", `New SMTP ICID {icid} interface \S+ \({ip}\) address {ip} reverse dns host \S+ verified (yes|no)`},
	{"hat", `ICID {icid} (?P<text>ACCEPT|RELAY|REJECT) SG \S+ match .*? SBRS (None|rfc1918|not enabled|unable to retrieve|{score})( country .+)?`},
	{"refused", `ICID 0 TCPREFUSE SG \S+ match .*? SBRS (None|{score})( country .+)?`},
	{"hat late", `ICID {icid} Delayed HAT REJECT continuing session for recipient logging \({ip}\)`},
	{"tls", `ICID {icid} TLS success protocol TLSv1[.\d]* cipher \S+`},
	{"tls failed", `ICID {icid} TLS failed`},
	{"tls required", `ICID {icid} TLS was required but remote host did not initiate it`},
	{"unknown command", `ICID {icid} Unknown command: .*`},
	{"bad address", `ICID {icid} (Invalid sender address: .+|MID {mid} Invalid recipient address:  '.*')`},
	{"sender", `ICID {icid} Address: <{address}> sender (rejected|allowed), envelope sender .*`},
	{"receiving failed", `ICID {icid} Receiving Failed: .+`},
	{"auth", `SMTP Auth \(ICID {icid}\) (succeeded|failed) for user: .* using AUTH mechanism: [A-Z]+( with profile: \S+)?`},
	{"auth required", `SMTP Auth \(ICID {icid}\) was required but remote host did not initiate it`},
	{"harvest", `ICID {icid} Dropping connection due to potential Directory Harvest Attack from host=\S+, dhap_limit=\d+, sender_group=\S+, listener=\S+`},
	{"timeout", `ICID {icid} disconnected address {ip}, (no messages injected within timeout period|exceeded allowable connection time)`},
	{"lost", `ICID {icid} lost`},
	{"close", `ICID {icid} close`},

	{"start", `Start MID {mid} ICID {icid}`},
	{"from", `MID {mid} ICID {icid} From: <{address}>`},
	{"to", `MID {mid} ICID {icid} RID {rid} To: <{address}>`},
	{"to rejected", `MID {mid} ICID {icid} To: <{address}> Rejected by (?P<text>RAT|HAT|LDAPACCEPT|Injection Control)`},
	{"sdr domains", `MID {mid} SDR: Domains for which SDR is requested: reverse DNS host: .+, helo: .+, env-from: .+, header-from: .+, reply-to: .+`},
	{"sdr", `MID {mid} SDR: Consolidated Sender Reputation: \w+, Threat Category: [^.,]+(\. |, Suspected Domain\(s\) : \S+\. )Youngest Domain Age: \d+ .+ for domain: \S+`},
	{"spf", `MID {mid} SPF: (helo|mailfrom) identity {address} (Pass|Neutral|SoftFail|Fail|None|TempError|PermError)( \(v=spf1\))?`},
	{"dkim", `MID {mid} DKIM: (pass|permfail|tempfail|invalid|no) .*`},
	{"dmarc", `MID {mid} DMARC: Message from domain \S+, DMARC (pass|fail) \(SPF aligned (True|False), DKIM aligned (True|False)\)(, DMARC action \w+)?`},
	{"dmarc verification", `MID {mid} DMARC: Verification (passed|failed|skipped)( \(.*\))?`},
	{"message-id", `MID {mid} Message-ID '{text}'`},
	{"subject", `MID {mid} Subject ('{text}'|"(?P<double>.*)")`},
	{"attachment", `MID {mid} attachment '{text}'`},
	{"ready", `MID {mid} ready {size} bytes from <{address}>`},
	{"aborted", `Message aborted MID {mid} {text}`},

	{"policy", `MID {mid} matched all recipients for per-recipient policy .+ in the (inbound|outbound) table`},
	{"split", `MID {mid} was split creating MID {other} due to a per-recipient policy .+`},
	{"rewritten", `MID {mid} rewritten to MID {other} by .+`},
	{"generated", `MID {other} was generated based on MID {mid} by .+`},
	{"bounce", `MID {other} was generated for bounce of MID {mid}`},
	{"reinjected", `ISQ: Reinjected MID {mid} as MID {other}`},
	{"interim spam", `MID {mid} interim verdict using engine: CASE spam \w+`},
	{"spam", `MID {mid} using engine: (CASE|SLBL) spam \w+`},
	{"too big", `MID {mid} was too big \(\d+/\d+\) for scanning by (CASE|OUTBREAK_FILTERS)`},
	{"graymail", `MID {mid} using engine: GRAYMAIL (positive|negative)`},
	{"interim virus", `MID {mid} interim AV verdict using (Sophos|McAfee) [A-Z]+`},
	{"virus", `MID {mid} antivirus (negative|encrypted|unscannable|(positive|repaired) '.*')`},
	{"amp", `MID {mid} AMP file reputation verdict : [A-Z]+( \(.*\))?`},
	{"amp later", `MID {mid} AMP file retrospective verdict : [A-Z]+`},
	{"threat level", `MID {mid} Virus Threat Level=[1-5]( \(VOF rule:.+\))?`},
	{"outbreak", `MID {mid} Outbreak Filters: verdict (positive|negative)`},
	{"dlp", `MID {mid} DLP no violation`},
	{"dlp violation", `MID {mid} DLP violation\.( .*)? DLP policy match: '.*'\.`},
	{"log entry", `MID {mid} Custom Log Entry: .*`},
	{"url", `MID {mid} URL \S+ has reputation \S+ matched Condition: .+`},
	{"tagged", `ISQ: Tagging MID {mid} for quarantine`},
	{"rpc", `RPC (Delivery start|Message done) RCID \d+ MID {mid}( to local IronPort Spam Quarantine)?`},
	{"spam quarantine", `ISQ: Quarantined MID {mid}`},
	{"quarantined", `MID {mid} quarantined to ".*"( \(.*\))?`},
	{"left", `MID {mid} (released|deleted) from quarantine ".*"( \(.*\))? t=\d+`},
	{"left all", `MID {mid} (deleted|released( \(attachments stripped\))?) from all quarantines`},
	{"moved", `MID {mid} moved from quarantine ".*" to quarantine ".*"`},
	{"held longer", `MID {mid} in quarantine ".*" scheduled exit changed to {when}`},
	{"queued", `MID {mid} queued for delivery`},

	{"delivery connection", `New SMTP DCID {dcid} interface {ip} address {ip} port \d+`},
	{"delivery tls", `DCID {dcid} TLS success protocol TLSv1[.\d]* cipher \S+ for \S+`},
	{"delivery tls failed", `DCID {dcid} TLS failed: .+`},
	{"delivery tls required", `DCID {dcid} IP {ip} TLS was required but could not be successfully negotiated`},
	{"delivery start", `Delivery start DCID {dcid} MID {mid} to RID {rids}`},
	{"done", `Message done DCID {dcid} MID {mid} to RID {rids}( \[\('.*'\)\])?`},
	{"response", `MID {mid} RID {rids} Response '{text}'`},
	{"bounced", `Bounced: DCID {dcid} MID {mid} to RID {rid} - {reason} \('(?P<code>\d{3})', \['{text}'\]\) \[\]`},
	{"delayed", `Delayed: DCID {dcid} MID {mid} to RID {rid} - {reason} \('(?P<code>\d{3})', \['{text}'\]\) \[\]`},
	{"pending", `MID {mid} to RID {rids} pending till {when}`},
	{"double bounce", `Double bounce: MID {mid} to {rid} - {reason}( (?P<code>\d{3})-'{text}')?`},
	{"finished", `Message finished MID {mid} {text}`},
	{"delivery close", `DCID {dcid} close`},
	{"connection error", `Connection Error: DCID: {dcid} IP: \S+ details: .+ interface: \S+ reason: network error`},
	{"suspended", `Deliveries are currently suspended`},

	{"begin", `Begin Logfile`},
	{"version", `Version: \S+ SN: [0-9A-F]+-[0-9A-F]+`},
	{"offset", `Time offset from UTC: -?\d+ seconds`},
}

// logLine is a line that was read.
type logLine struct {
	form   string // name of its pattern
	text   string // without moment and level
	fields map[string]string
}

// num is a number in a line; 0 if there is none.
func (l *logLine) num(field string) uint64 {
	n, _ := strconv.ParseUint(l.fields[field], 10, 64)
	return n
}

// rids are the recipients that a line is about.
func (l *logLine) rids() (out []esa.RID) {
	list := l.fields["rids"]
	if one, ok := l.fields["rid"]; ok {
		list = one
	}
	for s := range strings.SplitSeq(list, ", ") {
		if n, err := strconv.Atoi(s); err == nil {
			out = append(out, esa.RID(n))
		}
	}
	return out
}

type pattern struct {
	name string
	re   *regexp.Regexp
}

// lineParser reads lines of a mail log.
type lineParser struct {
	head     *regexp.Regexp
	patterns []pattern
}

func newLineParser() *lineParser {
	const when = `\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}`
	fields := strings.NewReplacer("{icid}", `(?P<icid>[1-9]\d*)`, "{mid}", `(?P<mid>\d+)`, "{dcid}", `(?P<dcid>\d+)`, "{other}", `(?P<other>\d+)`,
		"{rid}", `(?P<rid>\d+)`, "{rids}", `\[(?P<rids>\d+(?:, \d+)*)\]`, "{size}", `(?P<size>\d+)`, "{address}", `(?P<address>.*)`, "{text}", `(?P<text>.*)`,
		"{reason}", `(?P<reason>[245]\.\d\.\d - .*?)`, "{when}", `(?P<when>`+when+`)`, "{ip}", `[0-9a-f:.]+`, "{score}", `-?\d+\.\d`)
	p := &lineParser{head: regexp.MustCompile(`^` + when + ` (Critical|Warning|Info|Debug|Trace): `)}
	for _, l := range linePatterns {
		form := l[1]
		if l[0] == "start" || l[0] == "from" || l[0] == "to" { // generated mail has ICID 0
			form = strings.ReplaceAll(form, "{icid}", `(?P<icid>\d+)`)
		}
		p.patterns = append(p.patterns, pattern{l[0], regexp.MustCompile(`^` + fields.Replace(form) + `$`)})
	}
	return p
}

// read reads one line; the test fails unless exactly one pattern fits.
func (p *lineParser) read(t *testing.T, line string) logLine {
	t.Helper()
	head := p.head.FindString(line)
	if head == "" {
		t.Errorf("no moment and level: %q", line)
	}
	l := logLine{text: line[len(head):], fields: map[string]string{}}
	var fit []string
	for _, c := range p.patterns {
		m := c.re.FindStringSubmatch(l.text)
		if m == nil {
			continue
		}
		l.form, fit = c.name, append(fit, c.name)
		for i, name := range c.re.SubexpNames() {
			if name != "" && (m[i] != "" || l.fields[name] == "") {
				l.fields[name] = m[i]
			}
		}
	}
	if len(fit) != 1 {
		t.Errorf("%q is of the forms %q, want one", line, fit)
	}
	return l
}

// story is what the lines say of one message.
type story struct {
	icid               esa.ICID
	sender, subject    string
	messageID          string
	size               int64
	recipients         []string // by RID
	states             []esa.State
	answers            []string // the last of each recipient
	reasons            []string
	rejected           []string
	attachments        []string
	from               esa.MID
	into               []esa.MID
	finished, dropped  string
	lastDCID, attempts uint64
}

// tell puts a message together from its lines.
func tell(lines []logLine, mid esa.MID) *story {
	s := &story{}
	for i := range lines {
		if l := &lines[i]; esa.MID(l.num("mid")) == mid {
			if s.line(l); l.form == "split" {
				s.lose(lines, l.num("other"))
			}
		} else if esa.MID(l.num("other")) == mid {
			s.from = esa.MID(l.num("mid"))
		}
	}
	return s
}

// lose has the recipients that a split took to another message, which are those that
// it is said to have.
func (s *story) lose(lines []logLine, other uint64) {
	for i := range lines {
		if l := &lines[i]; l.form == "to" && l.num("mid") == other {
			if r := slices.Index(s.recipients, l.fields["address"]); r >= 0 {
				s.states[r] = esa.Replaced
			}
		}
	}
}

// become puts all recipients into a state that are still of this message.
func (s *story) become(state esa.State, answer string) {
	for i := range s.states {
		if s.states[i] != esa.Replaced {
			s.states[i], s.answers[i] = state, answer
		}
	}
}

func (s *story) line(l *logLine) {
	switch l.form {
	case "start":
		s.icid = esa.ICID(l.num("icid"))
	case "from":
		s.sender = l.fields["address"]
	case "to":
		s.recipients, s.states = append(s.recipients, l.fields["address"]), append(s.states, esa.Processing)
		s.answers, s.reasons = append(s.answers, ""), append(s.reasons, "")
	case "to rejected":
		s.rejected = append(s.rejected, l.fields["address"]+" by "+l.fields["text"])
	case "subject":
		s.subject = l.fields["text"] + l.fields["double"]
	case "message-id":
		s.messageID = l.fields["text"]
	case "attachment":
		s.attachments = append(s.attachments, l.fields["text"])
	case "ready":
		s.size = int64(l.num("size"))
	case "aborted":
		s.abort(l.fields["text"])
	case "finished":
		s.finished = l.fields["text"]
	case "split", "generated", "bounce":
		s.into = append(s.into, esa.MID(l.num("other")))
	case "rewritten", "reinjected":
		s.into = append(s.into, esa.MID(l.num("other")))
		s.become(esa.Replaced, "")
	case "quarantined", "spam quarantine":
		s.become(esa.Quarantined, "")
	case "left all":
		if strings.Contains(l.text, " deleted ") {
			s.become(esa.Dropped, "")
		} else {
			s.become(esa.Processing, "")
		}
	default:
		s.delivery(l)
	}
}

func (s *story) abort(why string) {
	switch s.dropped = why; {
	case strings.HasPrefix(why, "Dropped by "):
		s.become(esa.Dropped, "")
	case strings.HasPrefix(why, "Bounced by "):
		s.become(esa.Bounced, why)
	default:
		s.become(esa.Aborted, "")
	}
}

func (s *story) delivery(l *logLine) {
	state, answer := esa.Delivered, l.fields["text"]
	switch l.form {
	case "queued":
		s.become(esa.Queued, "")
		return
	case "delivery start":
		s.lastDCID, s.attempts = l.num("dcid"), s.attempts+1
		return
	case "response":
	case "bounced", "delayed":
		if answer = l.fields["code"] + " " + answer; l.form == "bounced" {
			state = esa.Bounced
		} else {
			state = esa.Delayed
		}
	default:
		return
	}
	for _, r := range l.rids() {
		s.states[r], s.answers[r], s.reasons[r] = state, answer, l.fields["reason"]
	}
}

// findevent gives the lines of a message as findevent prints them: its own, those of
// the messages that were made from it, and those of the connections that they came
// and went by.
func findevent(lines []logLine, mid esa.MID) (out []string) {
	family, icids, dcids := map[uint64]bool{uint64(mid): true}, map[uint64]bool{}, map[uint64]bool{}
	for i := range lines {
		l := &lines[i]
		if !family[l.num("mid")] {
			continue
		}
		switch l.form {
		case "split", "rewritten", "generated", "bounce", "reinjected":
			family[l.num("other")] = true
		case "start":
			icids[l.num("icid")] = true
		case "delivery start":
			dcids[l.num("dcid")] = true
		}
	}
	for i := range lines {
		l := &lines[i]
		_, ofMessage := l.fields["mid"]
		switch {
		case ofMessage && family[l.num("mid")], !ofMessage && icids[l.num("icid")] && l.num("icid") > 0, !ofMessage && dcids[l.num("dcid")] && l.num("dcid") > 0:
			out = append(out, l.text)
		}
	}
	return out
}

// sentences are the mail log's of events.
func sentences(t *testing.T, events []esa.Event) []string {
	t.Helper()
	out := logs.NewLines(time.UTC)
	if err := (maillog.Log{}).Write(context.Background(), out, []esa.Entry{{Events: events}}); err != nil {
		t.Fatal(err)
	}
	return out.Texts()
}

// troubles are sentences that are not a kind of event's own.
func troubles() (out []*esa.Event) {
	for kind, texts := range map[esa.Kind][]string{
		esa.ConnectionClosed: {"lost", "disconnected address 192.0.2.2, no messages injected within timeout period", "disconnected address 192.0.2.2, exceeded allowable connection time"},
		esa.ConnectionTrouble: {"TLS failed", "MID 8 Invalid recipient address:  'RCPT TO:<>'", "Invalid sender address: Unsupported domain literal: '[]'", "Receiving Failed: Message size exceeds limit",
			"Dropping connection due to potential Directory Harvest Attack from host=192.0.2.2, dhap_limit=1, sender_group=ALL, listener=IncomingMail"},
		esa.DeliveryTrouble: {"Deliveries are currently suspended", "DCID 7 TLS failed: STARTTLS unexpected response",
			"DCID 7 IP 192.0.2.2 TLS was required but could not be successfully negotiated"},
	} {
		for _, text := range texts {
			e := specimen.Of(kind)
			e.Text = text
			out = append(out, e)
		}
	}
	return out
}

// TestEveryLineHasAForm: whatever can happen, its lines are of the published forms,
// each of one. And there is no form that no line is of.
func TestEveryLineHasAForm(t *testing.T) {
	p, seen := newLineParser(), map[string]bool{}
	for _, e := range append(specimen.Events(), troubles()...) {
		if e.Kind == esa.ConnectionClosed && e.Text == "TEXT" {
			continue // no way in which a connection ends
		}
		for _, s := range sentences(t, []esa.Event{*e}) {
			seen[p.read(t, "Thu May 14 13:23:57 2020 Info: "+s).form] = true
		}
	}
	for _, s := range []string{"Begin Logfile", "Version: 13.0.0-392 SN: 4202A33F31B0BAAB537A-FBD06D401234", "Time offset from UTC: -14400 seconds"} {
		seen[p.read(t, "Thu May 14 13:23:57 2020 Info: "+s).form] = true
	}
	for _, l := range linePatterns {
		if !seen[l[0]] {
			t.Errorf("no line is of the form %q", l[0])
		}
	}
}
