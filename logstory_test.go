package esasim_test

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net/textproto"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/config"
	"esasim/appliance/logs"
	"esasim/esa"
	"esasim/internal/statefile"
	"esasim/lab"
	"esasim/tracking"
)

// logFile is every line of the mail logs so far.
func (v *virtual) logFile(t *testing.T) (out []string) {
	t.Helper()
	dir := path.Join("data", "mail_logs")
	names, err := v.fs.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	for _, n := range names {
		if !strings.HasPrefix(n, "mail.@") {
			continue
		}
		b, err := statefile.Read(v.fs, path.Join(dir, n))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")...)
	}
	return out
}

// chat says lines to a listener, waiting for the reply to each, as long as it
// answers. "!tls" is a handshake, "!raw x" goes without an end and without a reply,
// "!wait 1h" waits.
func (v *virtual) chat(t *testing.T, lines ...string) {
	t.Helper()
	raw, err := v.net.Dial(t.Context(), "tcp", v.Addresses().SMTP)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { raw.Close() }()
	c := textproto.NewConn(raw)
	if code, _, _ := c.ReadResponse(0); code == 0 {
		return
	}
	for _, line := range lines {
		command, rest, _ := strings.Cut(line, " ")
		switch command {
		case "!tls":
			secure := tls.Client(raw, &tls.Config{InsecureSkipVerify: true})
			if err := secure.Handshake(); err != nil {
				t.Fatal(err)
			}
			c = &textproto.Conn{Reader: textproto.Reader{R: bufio.NewReader(secure)}, Writer: textproto.Writer{W: bufio.NewWriter(secure)}}
			continue
		case "!raw":
			_, _ = raw.Write([]byte(rest))
			continue
		case "!wait":
			d, err := time.ParseDuration(rest)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(d)
			continue
		}
		if err := c.PrintfLine("%s", line); err != nil {
			return
		}
		if code, _, _ := c.ReadResponse(0); code == 0 {
			return
		}
	}
}

// mail are the lines of one transaction.
func mail(from, message string, to ...string) []string {
	lines := []string{"MAIL FROM:<" + from + "> SMTPUTF8"}
	for _, r := range to {
		lines = append(lines, "RCPT TO:<"+r+">")
	}
	return append(lines, "DATA", message+"\r\n.")
}

// hostileSubjects look like lines, or like the end of one.
func hostileSubjects() []string {
	return []string{
		"it's", `"quoted"`, `it's "both"`, "", "'", `"`, `' "`, "MID 1 Subject 'x'", "x' ready 5 bytes from <y>", "Message finished MID 1 done",
		"Info: Message finished MID 1 done", "x\r\n Thu Nov 26 01:19:10 2026 Info: Message finished MID 1 done", "a\u2028Thu Nov 26 01:19:10 2026 Info: forged",
		"=?utf-8?q?a=0AThu_Nov_26_01:19:10_2026_Info:_Message_finished_MID_1_done?=", "=?utf-8?q?a=0D=0ANew_SMTP_ICID_1?=", "%s %M {mid} (?P<mid>1)",
		"\x1b[2J red", "grüße 中文", "\xff\xfe", "Start MID 1 ICID 1", "ICID 1 close", strings.Repeat("MID 1 ICID 1 From: <x> ", 50),
	}
}

// mixed is mail of every kind and fate.
func mixed(t *testing.T, v *virtual) {
	t.Helper()
	helo := func(lines ...[]string) []string {
		return append([]string{"EHLO c.example"}, slices.Concat(lines...)...)
	}
	as := func(client string, lines ...[]string) []string {
		return append([]string{"XCLIENT ADDR=" + client}, helo(lines...)...)
	}
	v.chat(t, slices.Concat([]string{"EHLO c.example", "STARTTLS", "!tls"}, helo(
		mail("alice@b.example", "Subject: many fates\r\nFrom: <alice@b.example>\r\nMessage-ID: <1@b.example>\r\n\r\nhello",
			"bob@x.example", "bounce@esasim.test", "defer@esasim.test", "slow@esasim.test", "u@there.example", "nobody@nowhere.example", "eve@x.example"),
		mail("alice@b.example", "Subject: second\r\n\r\nhello", "u@there.example", "old@there.example", "u@gone.example")), []string{"QUIT"})...)
	for _, subject := range hostileSubjects() {
		v.chat(t, helo(mail("alice@b.example", "Subject: "+subject+"\r\nMessage-ID: <'x' Subject 'y'>\r\n\r\nhello", "bob@x.example"), []string{"QUIT"})...)
	}
	for _, sender := range []string{"", `"a> To: <b"@b.example`, `"x> Rejected by RAT"@b.example`, "grüße@b.example", "a@nx.example", "boss@nx.example"} {
		v.chat(t, helo(mail(sender, "Subject: x\r\n\r\nhello", "bounce@esasim.test", `"y> Rejected by RAT"@x.example`, "z@other.test"), []string{"QUIT"})...)
	}
	const eicar = `X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`
	for _, message := range []string{
		"Subject: spam\r\n\r\nXJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X",
		"Subject: virus\r\nContent-Type: application/octet-stream; name=\"it's MID 1 done.com\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString([]byte(eicar)),
		"Subject: too large\r\n\r\n" + strings.Repeat("x", 30_000), "Subject: bare\r\n\r\na\nb",
	} {
		v.chat(t, helo(mail("alice@b.example", message, "bob@x.example"), mail("carol@b.example", "Subject: after\r\n\r\n", "bob@x.example"))...)
	}
	v.chat(t, as("192.0.2.66", nil)...)
	v.chat(t, as("192.0.2.99", nil)...)
	v.chat(t, as("192.0.2.50", mail("a@b.example", "Subject: throttled\r\n\r\n", "a@x.example", "b@x.example", "c@x.example"))...)
	v.chat(t, as("10.1.2.3", mail("desk@x.example", "Subject: outgoing\r\n\r\n", "any@elsewhere.example"))...)
	v.chat(t, "EHLO c", "MID 1 ready", "Message finished MID 1 done", "ICID 1 close", "x", "y")
	v.chat(t, helo([]string{"MAIL FROM:<a@b.example>", "RCPT TO:<bob@x.example>", "DATA", "!raw Subject: cut off"})...)
	v.chat(t, "EHLO c", "STARTTLS", "!raw this is no handshake of anybody\r\n", "!wait 1m")
	v.chat(t, "EHLO c", "!wait 10m")
	many := helo()
	for range 12 {
		many = append(many, mail("a@b.example", "Subject: one of many\r\n\r\n", "bob@x.example")...)
	}
	v.chat(t, many...)
}

// mixedLab is a lab for such mail. A route leads to a second one, which takes not
// all, another to nobody.
func mixedLab(t *testing.T, v *virtual) (there *virtual) {
	t.Helper()
	v.start(t, func(o *lab.Options) {
		c := &o.Config.Appliance
		o.Config.Cloud = nil
		c.Listener.XCLIENT, c.Listener.MaxMessageSize = []string{"127.0.0.1"}, 20_000
		c.Recipients = []config.Recipient{{Address: "x.example"}, {Address: "esasim.test"}, {Address: "there.example"}, {Address: "gone.example"}}
		c.Senders = []config.Sender{{Address: "192.0.2.66", SBRS: "-9.5", Host: "spam.example", Country: "Nowhere Land"}, {Address: "192.0.2.99", SBRS: "-10"}, {Address: "192.0.2.50", SBRS: "-2"}}
		c.Policies = []config.MailFlowPolicy{{Name: "$ACCEPTED", Rule: "ACCEPT", MaxMessages: 10}, {Name: "$BLOCKED", Rule: "REJECT"}, {Name: "$REFUSED", Rule: "TCPREFUSE"},
			{Name: "$THROTTLED", Rule: "ACCEPT", MaxRecipientsPerHour: 2, TLS: "off"}, {Name: "$RELAYED", Rule: "RELAY"}, {Name: "$USERS", Rule: "ACCEPT", Auth: "preferred"}, {Name: "$ONLY", Rule: "ACCEPT", Auth: "required"}}
		c.SenderGroups = []config.SenderGroup{{Name: "RELAYLIST", Policy: "$RELAYED", Members: []string{"10.0.0.0/8"}}, {Name: "USERS", Policy: "$USERS", Members: []string{"192.0.2.40"}},
			{Name: "ONLY", Policy: "$ONLY", Members: []string{"192.0.2.41"}}, {Name: "REFUSED", Policy: "$REFUSED", Members: []string{"sbrs[-10.0:-9.9]"}},
			{Name: "BLACKLIST", Policy: "$BLOCKED", Members: []string{"sbrs[-9.9:-3.0]"}}, {Name: "SUSPECTLIST", Policy: "$THROTTLED", Members: []string{"sbrs[-3.0:-1.0]"}}}
		c.Verification.Missing, c.Verification.Exceptions = []string{"nx.example"}, []string{"boss@nx.example"}
		c.Authentication.Verify = true
		c.Authentication.Zones = "b.example TXT \"v=spf1 ip4:127.0.0.1 -all\"\n_dmarc.b.example TXT \"v=DMARC1; p=none\"\n"
		c.Routes = []config.Route{{Domain: "there.example", Hosts: []string{"192.0.2.9:25"}}, {Domain: "gone.example", Hosts: []string{"192.0.2.200:25"}},
			{Domain: "ALL", Hosts: []string{"simulated"}}}
		c.DestinationControls = append(c.DestinationControls, config.DestinationControl{Domain: "there.example", TLS: "required"})
		c.Delivery.MaxTime = 3 * time.Hour
		withQueue(t, c)
	})
	there = &virtual{fs: vfs.NewMem()}
	there.start(t, func(o *lab.Options) {
		o.Config.SMTP, o.Config.Console, o.Config.Cloud = "192.0.2.9:25", "192.0.2.9:80", nil
		o.Config.Appliance.Recipients = []config.Recipient{{Address: "u@there.example"}}
		o.Listen, o.Dial = v.net.Listen, v.net.Dial
	})
	return there
}

// TestMailLogIsReadable: what a program reads in the mail logs of mixed mail, line by
// line and message by message, is what tracking says.
func TestMailLogIsReadable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		there := mixedLab(t, v)
		defer v.stop()
		defer there.stop()
		mixed(t, v)
		queued(t, v)
		handled(t, v)
		time.Sleep(5 * time.Hour)
		p, forms := newLineParser(), map[string]int{}
		var lines []logLine
		for _, s := range v.logFile(t) {
			l := p.read(t, s)
			lines = append(lines, l)
			forms[l.form]++
		}
		for _, form := range []string{"begin", "version", "offset", "connection", "hat", "refused", "tls", "tls failed", "unknown command", "sender", "receiving failed", "timeout", "lost", "close",
			"start", "from", "to", "to rejected", "spf", "dkim", "dmarc", "dmarc verification", "message-id", "subject", "attachment", "ready", "aborted", "policy", "bounce", "spam",
			"virus", "amp", "queued", "delivery connection", "delivery tls", "delivery start", "done", "response", "bounced", "delayed", "pending", "double bounce", "finished",
			"delivery close", "connection error", "auth", "auth required", "sdr domains", "sdr", "split", "rewritten", "generated", "reinjected", "log entry", "url", "tagged", "rpc",
			"spam quarantine", "quarantined", "left", "left all", "moved", "held longer"} {
			if forms[form] == 0 {
				t.Errorf("the run has no line of the form %q", form)
			}
		}
		n := 0
		for mid := esa.MID(1); ; mid++ {
			m, err := v.Appliance().Tracking().Message(t.Context(), mid)
			if err != nil {
				break
			}
			n++
			sameStory(t, tell(lines, mid), &m)
			sameLines(t, v.Appliance().Tracking(), lines, mid)
		}
		if n < 50 || forms["start"] != n {
			t.Errorf("%d messages in tracking, %d in the mail logs", n, forms["start"])
		}
		t.Logf("%d lines of %d forms, %d messages", len(lines), len(forms), n)
	})
}

// sameStory compares a message that was read in the logs with tracking's.
func sameStory(t *testing.T, s *story, m *esa.Message) {
	t.Helper()
	want := &story{icid: m.ICID, sender: logs.Clean(m.Sender), subject: logs.Clean(m.Subject), messageID: logs.Clean(m.MessageID),
		from: m.From, into: m.Into, dropped: m.Aborted, lastDCID: s.lastDCID, attempts: s.attempts}
	for _, e := range m.Events {
		switch e.Kind {
		case esa.RecipientRejected:
			want.rejected = append(want.rejected, logs.Clean(e.Address)+" by "+e.Text)
		case esa.MessageReady: // what the appliance makes itself has no such line
			want.size = e.Size
		case esa.MessageDropped, esa.MessageBounced:
			want.dropped = e.Text
		case esa.MessageFinished:
			want.finished = e.Text
		}
	}
	for _, r := range m.Recipients {
		want.recipients, want.states = append(want.recipients, logs.Clean(r.Address)), append(want.states, r.State)
		if r.State == esa.Bounced && want.dropped != "" {
			r.Reason = "" // of a filter's bounce the bounce log alone has it
		}
		want.answers, want.reasons = append(want.answers, r.Response), append(want.reasons, r.Reason)
	}
	for _, a := range m.Attachments {
		want.attachments = append(want.attachments, logs.Clean(a.Name))
	}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("MID %d, read\n%+v\ntracking has\n%+v", m.MID, *s, *want)
	}
}

// sameLines compares what findevent prints of a message with what the mail log says
// of the events that tracking has of it, its family and its connection.
func sameLines(t *testing.T, store *tracking.Store, lines []logLine, mid esa.MID) {
	t.Helper()
	family, err := store.Family(t.Context(), mid)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, m := range family {
		if m.MID < mid {
			return // findevent follows to later ones only
		}
		want = append(want, sentences(t, m.Events)...)
		if m.ICID == 0 {
			continue
		}
		connection, err := store.Connection(t.Context(), m.ICID)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, sentences(t, connection)...)
	}
	got := slices.DeleteFunc(findevent(lines, mid), func(s string) bool { return strings.Contains(s, "DCID") && !strings.Contains(s, "MID ") })
	want = slices.DeleteFunc(want, func(s string) bool { return strings.Contains(s, "DCID") && !strings.Contains(s, "MID ") })
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("MID %d: %s", mid, fmt.Sprint("findevent prints\n", strings.Join(got, "\n"), "\ntracking has\n", strings.Join(want, "\n")))
	}
}
