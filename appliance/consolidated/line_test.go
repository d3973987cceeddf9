package consolidated

import (
	"flag"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"esasim/appliance/specimen"
	"esasim/esa"
	"esasim/internal/golden"
)

var update = flag.Bool("update", false, "write the golden files again")

var device = Device{Product: "C100V Email Security Virtual Appliance", Version: "13.0.0-392", Serial: "4202A33F31B0BAAB537A-FBD06D401234"}

var encrypted = TLS{Protocol: "TLSv1.2", Cipher: "ECDHE-RSA-AES256-GCM-SHA384"}

// ways are an encrypted connection in, and one out that went on in the clear.
var ways = Ways{In: encrypted, Out: TLS{Failed: true}}

// of are specimens of events of one message, a second apart.
func of(change func(*esa.Event), kinds ...esa.Kind) []esa.Event {
	at := time.Date(2020, 5, 11, 16, 56, 56, 0, time.UTC)
	var out []esa.Event
	for i, k := range kinds {
		e := *specimen.Of(k)
		e.Time = at.Add(time.Duration(i) * time.Second)
		if change != nil {
			change(&e)
		}
		out = append(out, e)
	}
	return out
}

var received = []esa.Kind{esa.MessageStarted, esa.SenderGiven, esa.RecipientGiven, esa.MessageIDSeen, esa.SubjectSeen, esa.HeaderSeen, esa.AttachmentSeen,
	esa.MessageReady, esa.PolicyMatched}

func lives() map[string][]esa.Event {
	with := func(more ...esa.Kind) []esa.Kind { return append(received[:len(received):len(received)], more...) }
	hostile := func(e *esa.Event) {
		switch e.Kind {
		case esa.SubjectSeen:
			e.Text = "a=b|c\\d\r\nCEF:0|forged 'x' \"y\"\u2028\u0085 \xff ü"
		case esa.AttachmentSeen:
			e.Attachment = &esa.Attachment{Name: "it's = a|b\\.exe", SHA256: "00"}
		case esa.HeaderSeen:
			e.Name, e.Text = "From", "A = B <a@b.example>"
		}
	}
	out := map[string][]esa.Event{
		"delivered":   of(nil, with(esa.MessageQueued, esa.DeliveryStarted, esa.RecipientDelivered, esa.MessageFinished)...),
		"bounced":     of(nil, with(esa.MessageQueued, esa.DeliveryStarted, esa.RecipientBounced, esa.MessageFinished)...),
		"dropped":     of(nil, with(esa.MessageDropped, esa.MessageFinished)...),
		"aborted":     of(nil, esa.MessageStarted, esa.SenderGiven, esa.MessageAborted, esa.MessageFinished),
		"quarantined": of(nil, with(esa.MessageQuarantined)...),
		"hostile":     of(hostile, with(esa.MessageQueued, esa.MessageFinished)...),
		"null sender": of(func(e *esa.Event) { e.Address, e.Source = "", nil }, esa.MessageStarted, esa.SenderGiven, esa.RecipientGiven, esa.MessageFinished),
	}
	sdr := esa.Authentication{SDR: esa.SDRResult{Verdict: "Awful", Threat: "Spam", Suspected: []string{"b.example"}, Age: esa.SDRAge(397), Youngest: "b.example"}}
	out["of ill repute"] = of(nil, received...)
	for _, e := range sdr.Events() {
		e.MID, e.Time = 8, out["of ill repute"][0].Time
		out["of ill repute"] = append(out["of ill repute"], e)
	}
	out["of ill repute"] = append(out["of ill repute"], of(nil, esa.MessageFinished)...)
	for _, e := range specimen.Events() {
		if e.Kind == esa.EngineVerdict {
			name := fmt.Sprintf("engine %d verdict %02d", e.Engine, e.Verdict)
			out[name] = append(of(nil, received...), *e, of(nil, esa.MessageFinished)[0])
		}
	}
	return out
}

// fields reads a line as CEF says, with a reader that shares nothing with the
// writer: a value ends before the blank in front of the next key.
func fields(t *testing.T, line string) (head []string, ext map[string]string) {
	t.Helper()
	var part strings.Builder
	i := 0
	for ; i < len(line) && len(head) < 7; i++ {
		switch line[i] {
		case '\\':
			i++
			part.WriteByte(line[i])
		case '|':
			head = append(head, part.String())
			part.Reset()
		default:
			part.WriteByte(line[i])
		}
	}
	ext = map[string]string{}
	rest := line[i:]
	for rest != "" {
		key, after, ok := strings.Cut(rest, "=")
		if !ok || key == "" || strings.ContainsAny(key, " \\|") {
			t.Fatalf("no key at %q", rest)
		}
		end := len(after) // where the value ends: before " key=" with an = that nothing escapes
		for j := range len(after) {
			if after[j] == '=' && !odd(after[:j]) {
				end = strings.LastIndexByte(after[:j], ' ')
				break
			}
		}
		if end < 0 {
			t.Fatalf("a bare = in the value of %s: %q", key, after)
		}
		if _, twice := ext[key]; twice {
			t.Errorf("field %s is there twice", key)
		}
		ext[key] = unescape(after[:end])
		rest = strings.TrimPrefix(after[end:], " ")
	}
	return head, ext
}

// odd is true when a text ends with an odd number of backslashes.
func odd(s string) bool { return (len(s)-len(strings.TrimRight(s, `\`)))%2 == 1 }

func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		switch i++; s[i] {
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// unquote reads a text in the quotes of the appliance's language.
func unquote(t *testing.T, s string) string {
	t.Helper()
	if len(s) < 2 || s[0] != s[len(s)-1] || s[0] != '\'' && s[0] != '"' {
		t.Fatalf("%q is not quoted", s)
	}
	var b strings.Builder
	for i := 1; i < len(s)-1; i++ {
		if s[i] == s[0] {
			t.Fatalf("%q ends early", s)
		}
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		switch i++; s[i] {
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func TestLinesGolden(t *testing.T) {
	var out []byte
	lives := lives()
	for _, name := range []string{"delivered", "bounced", "dropped", "aborted", "quarantined", "hostile", "null sender", "of ill repute"} {
		m := esa.Fold(lives[name])
		out = append(device.Append(append(out, name+": "...), &m, ways, time.UTC), '\n')
	}
	golden.Check(t, "testdata/lines.txt", out, *update)
}

// What stands in a line is what is known of the message, and nothing else does.
func TestEveryValue(t *testing.T) {
	for name, events := range lives() {
		m := esa.Fold(events)
		head, got := fields(t, string(device.Append(nil, &m, ways, time.UTC)))
		if h := strings.Join(head, "|"); h != "CEF:0|Cisco|"+device.Product+"|13.0.0-392|ESA_CONSOLIDATED_LOG_EVENT|Consolidated Log Event|5" {
			t.Errorf("%s: header %s", name, h)
		}
		want := map[string]string{
			"deviceExternalId": device.Serial, "ESAMID": "8", "ESAICID": "5", "deviceDirection": "0",
			"startTime": "Mon May 11 16:56:56 2020", "endTime": m.Changed.Format("Mon Jan _2 15:04:05 2006"),
			"ESATLSInCipher": encrypted.Cipher, "ESATLSInProtocol": encrypted.Protocol, "ESATLSInConnStatus": "Success", "ESATLSOutConnStatus": "Failure",
			"suser": m.Sender, "ESAFriendlyFrom": strings.ToValidUTF8(m.HeaderFrom, "\ufffd"),
			"cs1": m.Policy, "act": acts[name], "ESAFinalActionDetails": details[name],
			"ESAMailFlowPolicy": m.Source.Rule, "ESASenderGroup": m.Source.Group, "cs2": m.Source.Country, "cfp1": m.Source.SBRS,
			"deviceInboundInterface": m.Source.Listener,
		}
		if len(m.Recipients) > 0 {
			want["duser"] = m.Recipients[0].Address
		}
		if m.DCID != 0 {
			want["ESADCID"], want["deviceOutboundInterface"] = "7", m.Source.Listener
		}
		if m.Source.Local != (netip.Addr{}) {
			want["dvc"], want["sourceAddress"] = "192.0.2.1", "192.0.2.2"
		}
		if m.HELO != "" {
			want["ESAHeloDomain"], want["ESAHeloIP"] = m.HELO, want["sourceAddress"]
		}
		if sdr := m.Auth.SDR; sdr.Verdict != "" {
			want["cs3Label"], want["cs3"], want["cs6Label"], want["cs6"] = "SDRThreatCategory", "Spam", "SDRRepScore", "Awful"
			want["ESASDRDomainAge"] = "1 year 1 month 2 days"
		}
		if m.Size > 0 {
			want["ESAMsgSize"] = "88"
		}
		for key, label := range map[string]string{"cs1": "MailPolicy", "cs2": "SenderCountry", "cfp1": "SBRSScore"} {
			if want[key] != "" {
				want[key+"Label"] = label
			}
		}
		if m.MessageID != "" {
			want["cs4Label"] = "ExternalMsgID"
			if id := unquote(t, got["cs4"]); id != m.MessageID {
				t.Errorf("%s: message-id %q, want %q", name, id, m.MessageID)
			}
		}
		if m.Subject != "" {
			if s := unquote(t, got["msg"]); s != strings.NewReplacer("\u2028", "?", "\u0085", "?", "\xff", "\ufffd").Replace(m.Subject) {
				t.Errorf("%s: subject %q, want %q", name, s, m.Subject)
			}
		}
		if len(m.Attachments) > 0 {
			a := got["ESAAttachmentDetails"]
			file, _, _ := strings.Cut(strings.TrimPrefix(a, "{"), ": {'AMP': {")
			if unquote(t, file) != m.Attachments[0].Name || !strings.HasSuffix(a, ", 'BodyScanner': {}}}") && !strings.HasSuffix(a, "{}, 'BodyScanner': {}}}") {
				t.Errorf("%s: attachments %s", name, a)
			}
		}
		for e, key := range verdictKeys {
			word, ok := words[fmt.Sprintf("%s %d", key, m.Verdicts[e])]
			if !ok {
				t.Errorf("%s: the test knows no word for %s of verdict %d", name, key, m.Verdicts[e])
			}
			want[key] = word
		}
		for key, value := range want {
			if got[key] != value {
				t.Errorf("%s: %s=%q, want %q", name, key, got[key], value)
			}
			delete(got, key)
		}
		for _, compared := range []string{"cs4", "msg", "ESAAttachmentDetails"} {
			delete(got, compared)
		}
		if len(got) > 0 {
			t.Errorf("%s: nobody knows where these are from: %v", name, got)
		}
	}
}

var acts = map[string]string{"delivered": "DELIVERED", "bounced": "BOUNCED", "dropped": "DROPPED", "aborted": "ABORTED", "quarantined": "QUARANTINED"}

var details = map[string]string{"bounced": "5.1.0 - Unknown address error", "aborted": "Receiving aborted by sender", "quarantined": "To POLICY"}

var verdictKeys = map[esa.Engine]string{esa.MessageFilters: "ESAMFVerdict", esa.AntiSpam: "ESAASVerdict", esa.AntiVirus: "ESAAVVerdict", esa.AMP: "ESAAMPVerdict",
	esa.Graymail: "ESAGMVerdict", esa.ContentFilters: "ESACFVerdict", esa.OutbreakFilters: "ESAOFVerdict", esa.DLP: "ESADLPVerdict"}

// words are the documented ones, written down once more: 0 not evaluated, 1
// negative, 2 positive, 3 suspect, 4 unknown, 5 skipped, 6 unscannable, 7 low risk,
// 8 marketing, 9 social, 10 bulk, 11 repaired, 12 encrypted, 13 pending.
var words = map[string]string{
	"ESAMFVerdict 0": "NOT_EVALUATED", "ESAMFVerdict 1": "NO_MATCH", "ESAMFVerdict 2": "MATCH",
	"ESACFVerdict 0": "NOT_EVALUATED", "ESACFVerdict 1": "NO_MATCH", "ESACFVerdict 2": "MATCH",
	"ESADLPVerdict 0": "NOT_EVALUATED", "ESADLPVerdict 1": "NO_VIOLATION", "ESADLPVerdict 2": "VIOLATION",
	"ESAGMVerdict 0": "NOT_EVALUATED", "ESAGMVerdict 1": "NEGATIVE", "ESAGMVerdict 2": "POSITIVE",
	"ESAGMVerdict 8": "POSITIVE", "ESAGMVerdict 9": "POSITIVE", "ESAGMVerdict 10": "POSITIVE",
	"ESAOFVerdict 0": "NOT_EVALUATED", "ESAOFVerdict 1": "NEGATIVE", "ESAOFVerdict 2": "POSITIVE",
	"ESAASVerdict 0": "NOT_EVALUATED", "ESAASVerdict 1": "NEGATIVE", "ESAASVerdict 2": "POSITIVE", "ESAASVerdict 3": "SUSPECT",
	"ESAASVerdict 5": "NOT_EVALUATED", "ESAASVerdict 6": "NOT_EVALUATED", "ESAASVerdict 8": "MARKETING_MAIL", "ESAASVerdict 9": "SOCIAL_MAIL", "ESAASVerdict 10": "BULK_MAIL",
	"ESAAVVerdict 0": "NOT_EVALUATED", "ESAAVVerdict 1": "NEGATIVE", "ESAAVVerdict 2": "POSITIVE", "ESAAVVerdict 11": "REPAIRED", "ESAAVVerdict 12": "ENCRYPTED", "ESAAVVerdict 6": "UNSCANNABLE",
	"ESAAMPVerdict 0": "NOT_EVALUATED", "ESAAMPVerdict 1": "CLEAN", "ESAAMPVerdict 2": "MALICIOUS", "ESAAMPVerdict 4": "UNKNOWN",
	"ESAAMPVerdict 13": "FA_PENDING", "ESAAMPVerdict 5": "SKIPPED", "ESAAMPVerdict 6": "UNSCANNABLE", "ESAAMPVerdict 7": "LOW_RISK",
}

// Times are those of the appliance's zone; outgoing mail has its number.
func TestZoneAndDirection(t *testing.T) {
	m := esa.Fold(of(nil, esa.MessageStarted, esa.MessageFinished))
	m.Direction = esa.Outgoing
	_, got := fields(t, string(device.Append(nil, &m, Ways{}, time.FixedZone("", -4*3600))))
	if got["startTime"] != "Mon May 11 12:56:56 2020" || got["endTime"] != "Mon May 11 12:56:57 2020" || got["deviceDirection"] != "1" || got["ESATLSInProtocol"] != "" {
		t.Errorf("%v", got)
	}
}

// Several recipients and quarantines are joined; who went to another message is not
// named.
func TestJoined(t *testing.T) {
	m := esa.Message{State: esa.Quarantined, Quarantines: []string{"Spam Quarantine", "My Own"},
		Recipients: []esa.Recipient{{Address: "a@x.example"}, {Address: "b@x.example", State: esa.Replaced}, {Address: "c@x.example"}}}
	_, got := fields(t, string(device.Append(nil, &m, Ways{}, nil)))
	if got["duser"] != "a@x.example;c@x.example" || got["ESAFinalActionDetails"] != "To SPAM, MY OWN" {
		t.Errorf("%v", got)
	}
}

// The verdict of a message is said of a file only when it can be meant of no other;
// a name that comes again stands once.
func TestAttachments(t *testing.T) {
	two := []esa.Attachment{{Name: "a", SHA256: "01"}, {Name: "b"}}
	for _, c := range []struct {
		list    []esa.Attachment
		verdict esa.Verdict
		want    string
	}{
		{two[:1], esa.Positive, "{'a': {'AMP': {'Verdict': 'MALICIOUS', 'fileHash': '01'}, 'BodyScanner': {}}}"},
		{two[:1], esa.Skipped, "{'a': {'AMP': {'fileHash': '01'}, 'BodyScanner': {}}}"},
		{two, esa.Positive, "{'a': {'AMP': {'fileHash': '01'}, 'BodyScanner': {}}, 'b': {'AMP': {}, 'BodyScanner': {}}}"},
		{two, esa.Negative, "{'a': {'AMP': {'Verdict': 'CLEAN', 'fileHash': '01'}, 'BodyScanner': {}}, 'b': {'AMP': {'Verdict': 'CLEAN'}, 'BodyScanner': {}}}"},
		{[]esa.Attachment{{Name: "a", SHA256: "01"}, {Name: "a", SHA256: "02"}}, esa.NotEvaluated, "{'a': {'AMP': {'fileHash': '02'}, 'BodyScanner': {}}}"},
	} {
		m := esa.Message{Attachments: c.list}
		m.Verdicts[esa.AMP] = c.verdict
		if got := attachments(&m); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

// What AMP said of a file alone is said of it.
func TestAttachmentsJudged(t *testing.T) {
	m := esa.Message{Attachments: []esa.Attachment{{Name: "a", SHA256: "01"}, {Name: "b", SHA256: "02"}, {Name: "c", SHA256: "03"}},
		Files: []esa.File{{SHA256: "01", Verdict: esa.Positive}, {SHA256: "02", Verdict: esa.Pending}}}
	m.Verdicts[esa.AMP] = esa.Positive
	want := "{'a': {'AMP': {'Verdict': 'MALICIOUS', 'fileHash': '01'}, 'BodyScanner': {}}, 'b': {'AMP': {'Verdict': 'FILE UNKNOWN', 'fileHash': '02'}, 'BodyScanner': {}}, " +
		"'c': {'AMP': {'fileHash': '03'}, 'BodyScanner': {}}}"
	if got := attachments(&m); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Whatever a sender writes, and whatever is known of him, the line stays one line and
// each field reads back to what it was.
func FuzzEscaping(f *testing.F) {
	for _, s := range []string{"", "a=b", `\`, `\=`, "|", "a\r\nb", " act=DELIVERED", `it's "x"`, `\n`, "\u2028", "\x00\xff", "' cs4='x", " ", "a  ", `\\=\`, "ü=中", "', 'fileHash': 'x"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, text, other string) {
		m := esa.Message{MID: 1, Subject: text, Sender: other, MessageID: text, HeaderFrom: text, ReplyTo: other, Policy: text, State: esa.Aborted, Aborted: other,
			Recipients: []esa.Recipient{{Address: text}, {Address: other}}, Attachments: []esa.Attachment{{Name: text}},
			Source: esa.Source{Host: text, Country: other, Listener: text, Group: other, SBRS: text, Rule: other}}
		line := string(Device{Product: text, Version: other, Serial: text}.Append(nil, &m, Ways{In: TLS{Protocol: text, Cipher: other}, Out: TLS{Protocol: other, Cipher: text}}, time.UTC))
		if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 }) {
			t.Fatalf("more than one line: %q", line)
		}
		head, got := fields(t, line)
		if head[2] != shown(text, "") || head[3] != shown(other, "") {
			t.Errorf("header %q of %q and %q", head, text, other)
		}
		for key, want := range map[string]string{"suser": other, "ESAFriendlyFrom": text, "ESAReplyTo": other, "cs1": text, "ESAFinalActionDetails": other, "duser": text + ";" + other,
			"sourceHostName": text, "cs2": other, "deviceInboundInterface": text, "ESASenderGroup": other, "cfp1": text, "ESAMailFlowPolicy": other, "deviceExternalId": text,
			"ESATLSInProtocol": text, "ESATLSInCipher": other, "ESATLSOutProtocol": other, "ESATLSOutCipher": text} {
			if got[key] != shown(want, "\n\r") {
				t.Errorf("%s %q, want %q", key, got[key], want)
			}
		}
		for _, key := range []string{"msg", "cs4"} {
			if s, given := got[key]; given != (text != "") || given && unquote(t, s) != shown(text, "\n\r\t") {
				t.Errorf("%s %q, want %q", key, s, text)
			}
		}
		name, ok := strings.CutSuffix(got["ESAAttachmentDetails"], ": {'AMP': {}, 'BodyScanner': {}}}")
		if !ok || unquote(t, name[1:]) != shown(text, "\n\r\t") {
			t.Errorf("attachments %s of %q", got["ESAAttachmentDetails"], text)
		}
	})
}

// shown is a text with a question mark for each character that has no sign of its
// own in the place it stands.
func shown(s, signs string) string {
	return strings.Map(func(r rune) rune {
		if !strings.ContainsRune(signs, r) && (r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029) {
			return '?'
		}
		return r
	}, s)
}

// What SPF, DKIM and DMARC found is in the line when somebody has asked them, and
// nothing of it otherwise.
func TestAuthenticationVerdicts(t *testing.T) {
	for _, c := range []struct {
		auth              esa.Authentication
		spf, dkim, dmarcs string
	}{
		{},
		{auth: esa.Authentication{HELO: esa.SPFResult{Result: "None"}}, spf: "None"},
		{auth: esa.Authentication{HELO: esa.SPFResult{Result: "None"}, MailFrom: esa.SPFResult{Result: "SoftFail"}}, spf: "SoftFail"},
		{auth: esa.Authentication{DKIM: []esa.DKIMResult{{Result: "permfail"}, {Result: "pass"}}, DMARC: esa.DMARCResult{Result: "passed"}}, dkim: "pass", dmarcs: "pass"},
		{auth: esa.Authentication{DKIM: []esa.DKIMResult{{Result: "permfail"}}, DMARC: esa.DMARCResult{Result: "failed"}}, dkim: "permfailure", dmarcs: "fail"},
		{auth: esa.Authentication{DKIM: []esa.DKIMResult{{Result: "tempfail"}}}, dkim: "tempfailure"},
		{auth: esa.Authentication{DKIM: []esa.DKIMResult{{Result: "invalid"}}}, dkim: "neutral"},
		{auth: esa.Authentication{DKIM: []esa.DKIMResult{{Result: esa.NoSignature}}, DMARC: esa.DMARCResult{Result: "skipped"}}, dkim: "None", dmarcs: "Skipped"},
	} {
		m := esa.Message{MID: 8, Auth: c.auth}
		_, got := fields(t, string(device.Append(nil, &m, Ways{}, time.UTC)))
		if got["ESASPFVerdict"] != c.spf || got["ESADKIMVerdict"] != c.dkim || got["ESADMARCVerdict"] != c.dmarcs {
			t.Errorf("%+v: SPF %q, DKIM %q, DMARC %q", c.auth, got["ESASPFVerdict"], got["ESADKIMVerdict"], got["ESADMARCVerdict"])
		}
	}
}
