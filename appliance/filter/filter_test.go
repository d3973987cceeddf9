package filter

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"esasim/appliance/letter"
	"esasim/appliance/stage"
	"esasim/esa"
	"esasim/smtp/content"
)

// sample is what the filters of the tests look at.
const sample = `Received: from mail.b.example by esa.test; Thu, 14 May 2020 13:23:50 +0000
From: "Sally" <sally@b.example>
To: "Bob" <bob@x.example>, <eve@x.example>
Cc: <carol@y.example>
Subject: Your Invoice 4711
X-Mailer: pigeon
X-List: one
X-List: two
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b"

--b
Content-Type: text/plain

Pay the invoice now: card 4111 1111 1111 1111.
See http://evil.example/pay?a=1&b=2, or http://good.example/ and http://new.example/.
Invoice, invoice.
--b
Content-Type: application/octet-stream; name="Setup.EXE"
Content-Disposition: attachment; filename="Setup.EXE"

MZ` + "\x90\x00" + ` program
--b
Content-Type: text/csv
Content-Disposition: attachment; filename="list.csv"

secret;numbers
--b
Content-Type: image/png
Content-Disposition: attachment; filename="p.png"
Content-Transfer-Encoding: base64

iVBORw0KGgoAAAANSUhEUg==
--b--
`

func wire(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

// message is the mail as the log tells of it.
func message(t testing.TB, raw string) *esa.Message {
	t.Helper()
	scanned, err := content.Scan(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	source := &esa.Source{Listener: "IncomingMail", Remote: netip.MustParseAddr("192.0.2.7"), Host: "mail.b.example", Group: "SUSPECTLIST", SBRS: "-2.5", Country: "Netherlands"}
	events := []esa.Event{{Kind: esa.MessageStarted, MID: 7, Source: source, Time: time.Date(2020, 5, 14, 13, 23, 57, 0, time.UTC)},
		{Kind: esa.SenderGiven, Address: "sally@b.example"}, {Kind: esa.RecipientGiven, Address: "bob@x.example", RIDs: []esa.RID{0}},
		{Kind: esa.RecipientGiven, Address: "eve@x.example", RIDs: []esa.RID{1}},
		{Kind: esa.AuthChecked, Name: esa.SPF, Text: "mailfrom identity sally@b.example SoftFail (v=spf1)"},
		{Kind: esa.AuthChecked, Name: esa.SPF, Text: "helo identity postmaster@mail.b.example Pass (v=spf1)"},
		{Kind: esa.AuthChecked, Name: esa.DKIM, Text: "permfail body hash did not verify [final] (d=b.example s=s i=@b.example)"},
		{Kind: esa.AuthChecked, Name: esa.DMARC, Text: "Verification failed"}}
	events = slices.AppendSeq(events, scanned.Events)
	m := esa.Fold(append(events, esa.Event{Kind: esa.MessageReady, Size: int64(len(raw)), Time: events[0].Time}))
	return &m
}

func job(t testing.TB, raw string) (*stage.Job, *esa.Message) {
	t.Helper()
	m := message(t, raw)
	j := stage.NewJob(func(esa.MID) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(raw)), nil })
	j.Take(m)
	j.Policy = "Sales"
	return j, m
}

func score(f float64) *float64 { return &f }

func options() *Options {
	return &Options{
		Host: "esa.test",
		Dictionaries: []Dictionary{
			{Name: "money", Terms: []Term{{"invoice", 2}, {"pay", 3}}, WholeWords: true}, {Name: "cards", Terms: []Term{{Text: "*credit"}}},
			{Name: "exact", Terms: []Term{{Text: "INVOICE"}}, CaseSensitive: true},
		},
		Texts:     []Text{{"disclaimer", "Confidential, $MID."}, {"warning", "External: $EnvelopeFrom"}},
		URLs:      []URL{{URL: "evil.example", Score: score(-6.8), Category: "Phishing"}, {URL: "http://good.example/", Score: score(5), Category: "News"}},
		URLLists:  []URLList{{"partners", []string{"evil.example/x"}}, {"others", []string{"evil.example", "a.example"}}},
		HashLists: []HashList{{"bad files", []string{strings.Repeat("A", 64)}}},
		Quarantine: func(name string) bool {
			return name == "Policy" || name == "Other"
		},
	}
}

// say is a finding in short.
func say(f *stage.Finding) string {
	var out []string
	for _, e := range f.Told {
		switch e.Kind {
		case esa.EngineVerdict:
			out = append(out, e.Name)
		case esa.LogEntered:
			out = append(out, "log "+e.Text)
		case esa.URLMatched:
			out = append(out, e.Text+" "+e.Address+" "+e.Name)
		}
	}
	if f.Verdict == esa.Positive {
		out = append(out, f.Name)
	}
	w := &f.Want
	for _, h := range w.Hold {
		out = append(out, fmt.Sprintf("hold %s (%s)", h.Quarantine, h.Reason))
	}
	for _, h := range w.Edit.Header {
		out = append(out, fmt.Sprintf("%s %s: %s", [...]string{"add", "remove", "replace"}[h.Op], h.Name, h.Value))
	}
	for _, i := range slices.Sorted(maps.Keys(w.Edit.Strip)) {
		out = append(out, fmt.Sprintf("strip %d %s", i, w.Edit.Strip[i]))
	}
	if w.Edit.URL != nil {
		out = append(out, links(w.Edit.URL))
	}
	out = append(out, parts("head ", w.Edit.Head, "foot ", w.Edit.Foot, "drop ", w.Drop, "bounce ", w.Bounce, "to ", strings.Join(w.To, " "), "by ", w.By)...)
	for _, c := range w.Copies {
		out = append(out, strings.Join(parts("copy to ", strings.Join(c.To, " "), "from ", c.From, "by ", c.By), " ")+copyFlags(&c))
	}
	if len(w.Skip) > 0 {
		out = append(out, fmt.Sprint("skip ", w.Skip))
	}
	if w.Deliver {
		out = append(out, "deliver")
	}
	return strings.Join(out, "; ")
}

// links is a text whose links were changed.
func links(change func(string) string) string {
	e := letter.Edit{URL: change}
	var b bytes.Buffer
	e.Apply(&b, strings.NewReader("Subject: x\r\n\r\nSee http://evil.example/pay?a=1&b=2, http://new.example or http://good.example/.\r\n"))
	l, _ := letter.Read(&b)
	return strings.TrimSpace(l.Parts[0].Text)
}

func copyFlags(c *stage.Copy) string {
	s := ""
	if c.Scan {
		s += " scan"
	}
	if c.Null {
		s += " null"
	}
	if c.Attach {
		s += " attach"
	}
	if c.Hold != nil {
		s += " hold " + c.Hold.Quarantine
	}
	for _, h := range c.Edit.Header {
		s += " " + h.Name + ": " + h.Value
	}
	return s
}

// parts joins pairs of a word and a value, without those that have none.
func parts(pairs ...string) (out []string) {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = append(out, pairs[i]+pairs[i+1])
		}
	}
	return out
}

func outcome(t testing.TB, s stage.Stage, raw string) string {
	t.Helper()
	j, _ := job(t, raw)
	f, err := s.Scan(j)
	if err != nil {
		t.Fatal(err)
	}
	return say(&f)
}

// Every rule is true for the mail as it should be, and false likewise.
func TestRules(t *testing.T) {
	tested := map[string]bool{}
	for _, c := range []struct {
		rule string
		want bool
	}{
		{`true`, true}, {`false`, false}, {`not true`, false}, {`not false and (false or true)`, true},
		{`true or false and false`, true}, {`(true or false) and false`, false},
		{`subject == "Invoice \d+$"`, true}, {`subject == "invoice"`, false}, {`subject == "(?i)invoice"`, true}, {`subject != "Invoice"`, false},
		{`mail-from == "^sally@"`, true}, {`mail-from == "^b"`, false}, {`rcpt-to == "^eve@"`, true}, {`rcpt-to == "carol"`, false},
		{`rcpt-count == 2`, true}, {`rcpt-count > 2`, false}, {`rcpt-count >= 2`, true}, {`rcpt-count != 2`, false}, {`rcpt-count < 3`, true}, {`rcpt-count <= 1`, false},
		{`addr-count > 2`, true}, {`addr-count("Cc") == 1`, true}, {`addr-count("Bcc") > 0`, false},
		{`body-size > 0.5K`, true}, {`body-size > 1M`, false}, {`body-size < "2k"`, true},
		{`recv-listener == "^Incoming"`, true}, {`recv-int == "Outgoing"`, false}, {`direction == "incoming"`, true}, {`direction == "outgoing"`, false},
		{`mail-policy == "^Sales$"`, true}, {`mail-policy == "DEFAULT"`, false},
		{`random(1) == 0`, true}, {`random(1)`, false}, {`random(1000) < 1000`, true},
		{`remote-ip == "192.0.2.0/24"`, true}, {`remote-ip == "192.0.2.8-192.0.2.9, 10.0.0.1"`, false}, {`remote-ip == "192.0.2.1-192.0.2.7"`, true}, {`remote-ip != "192.0.2.7"`, false}, {`remote-ip == "2001:db8::/32"`, false},
		{`reputation < -2`, true}, {`reputation > -2`, false}, {`no-reputation`, false},
		{`sendergroup == "SUSPECT"`, true}, {`sendergroup == "^LIST"`, false}, {`country == "germany, netherlands"`, true}, {`country == "Germany"`, false},
		{`spf-status == "Fail, SoftFail"`, true}, {`spf-status == "Pass"`, false}, {`spf-status("helo") == "Pass"`, true}, {`spf-status("mailfrom") != "Pass"`, true}, {`spf-passed`, false},
		{`dkim-authentication == "hardfail"`, true}, {`dkim-authentication == "pass"`, false}, {`dmarc-status == "failed"`, true}, {`dmarc-status == "passed"`, false},
		{`header("x-mailer")`, true}, {`header("X-None")`, false}, {`header("X-List") == "^two$"`, true}, {`header("X-List") == "three"`, false}, {`header("X-None") != "a"`, true},
		{`body-contains("secret")`, true}, {`only-body-contains("secret")`, false}, {`attachment-contains("secret")`, true}, {`attachment-contains("invoice")`, false},
		{`only-body-contains("(?i)invoice", 3)`, true}, {`only-body-contains("(?i)invoice", 4)`, false}, {`only-body-contains("(?i)INVOICE N")`, true}, {`only-body-contains("invoice", 3)`, false},
		{`encrypted`, false}, {`attachment-protected`, false}, {`attachment-unprotected`, true}, {`macro-detection-rule`, false},
		{`attachment-filename == "(?i)\\.exe$"`, true}, {`attachment-filename == "\\.exe$"`, false}, {`every-attachment-filename == "\."`, true}, {`every-attachment-filename == "csv"`, false},
		{`attachment-type == "image"`, true}, {`attachment-type == "audio"`, false}, {`attachment-mimetype == "text/*"`, true}, {`attachment-mimetype == "text/html, audio/*"`, false},
		{`attachment-filetype == "exe"`, true}, {`attachment-filetype == "Compressed"`, false}, {`attachment-filetype == "Executable"`, true},
		{`attachment-sha256 == "` + sumOf(t, "list.csv") + `"`, true}, {`attachment-sha256 == "` + strings.Repeat("0", 64) + `"`, false},
		{`attachment-size > 14`, true}, {`attachment-size > 1K`, false}, {`attachment-count == 3`, true}, {`attachment-count > 3`, false},
		{`url == "^http://evil\.example/"`, true}, {`url == "^ftp"`, false}, {`url-reputation(-10, -6)`, true}, {`url-reputation(-10.0, -7.0)`, false}, {`url-reputation(4, 6)`, true},
		{`url-reputation(-10, -6, "others")`, false}, {`url-category('Phishing', "others")`, false}, {`attachment-sha256 == "bad files"`, false},
		{`url-category(['Adult', 'phishing'])`, true}, {`url-category('Adult')`, false}, {`url-no-reputation`, true},
		{`dictionary-match("money", 12)`, true}, {`dictionary-match("money", 13)`, false}, {`body-dictionary-match("cards")`, true}, {`attachment-dictionary-match("cards")`, false},
		{`subject-dictionary-match("money", 2)`, true}, {`subject-dictionary-match("money", 3)`, false}, {`dictionary-match("exact")`, false},
		{`header-dictionary-match("money", "Subject")`, true}, {`header-dictionary-match("money", "X-List")`, false},
		{`mail-from-dictionary-match("money")`, false}, {`rcpt-to-dictionary-match("money")`, false},
	} {
		s, err := Messages("f: if ("+c.rule+") { no-op(); }", options())
		if err != nil {
			t.Errorf("%s: %v", c.rule, err)
			continue
		}
		j, _ := job(t, wire(sample))
		f, err := s.Scan(j)
		if got := f.Verdict == esa.Positive; err != nil || got != c.want || !got && f.Verdict != esa.Negative {
			t.Errorf("%s: %t, %v", c.rule, got, err)
		}
		for name := range rules() {
			if strings.Contains(c.rule, name) {
				tested[name] = true
			}
		}
	}
	for name := range rules() {
		if !tested[name] {
			t.Errorf("%s: not tested", name)
		}
	}
}

// sumOf is the SHA-256 of an attachment of the mail.
func sumOf(t testing.TB, name string) string {
	for _, a := range message(t, wire(sample)).Attachments {
		if a.Name == name {
			return a.SHA256
		}
	}
	t.Fatal(name)
	return ""
}

// Every action does what it should.
func TestActions(t *testing.T) {
	tested := map[string]bool{}
	for _, c := range []struct{ do, want string }{
		{`no-op();`, "f"},
		{`drop(); no-op();`, "f; drop Dropped by filter 'f'"},
		{`bounce();`, "f; bounce Bounced by filter 'f'"},
		{`deliver();`, "f; skip [2 3 4 5 6 7 8]; deliver"},
		{`skip-filters(); drop();`, "f"},
		{`quarantine("Policy"); quarantine("Policy"); quarantine("Other");`, "f; hold Policy (message filter:f); hold Other (message filter:f)"},
		{`duplicate-quarantine("Policy");`, "f; copy to bob@x.example eve@x.example by duplicate-quarantine filter 'f' hold Policy"},
		{`log-entry("$MID $Subject $EnvelopeFrom $EnvelopeRecipients $filenames $FilterName $Header['X-Mailer'] $5 $unknown $");`,
			"log 7 Your Invoice 4711 sally@b.example bob@x.example, eve@x.example Setup.EXE, list.csv, p.png f pigeon $5 $unknown $; f"},
		{`log-entry("$Date $Time $Timestamp $RemoteIP $remotehost $Reputation $Group $RecvListener $hostname $Policy $filetypes");`,
			"log 05/14/2020 13:23:57 Thu, 14 May 2020 13:23:57 +0000 192.0.2.7 mail.b.example -2.5 SUSPECTLIST IncomingMail esa.test Sales application/octet-stream, text/csv, image/png; f"},
		{`alt-rcpt-to("a@z.example, $EnvelopeFrom");`, "f; to a@z.example sally@b.example; by alt-rcpt-to-filter filter 'f'"},
		{`skip-spamcheck(); skip-viruscheck(); skip-ampcheck(); skip-vofcheck();`, "f; skip [2 3 4 7]"},
		{`skip-marketingcheck(); skip-socialcheck(); skip-bulkcheck();`, "f; skip [5]"},
		{`insert-header("X-A", "$MID"); log-entry("$Header['X-A']");`, "log 7; f; add X-A: 7; by insert-header filter 'f'"},
		{`replace-header("X-List", "3"); log-entry("$Header['x-list']");`, "log 3; f; replace X-List: 3; by replace-header filter 'f'"},
		{`strip-header("X-List"); strip-header("X-None"); log-entry("<$Header['X-List']>");`, "log <>; f; remove X-List: ; by strip-header filter 'f'"},
		{`edit-header-text("X-List", "(t)wo", "\\1$1"); log-entry("$Header['X-List']");`, "log one; f; replace X-List: one; add X-List: t$1; by edit-header-text filter 'f'"},
		{`edit-subject-text("prepend", "[$MID] "); edit-subject-text("append", "!"); log-entry("$Subject");`,
			"log [7] Your Invoice 4711!; f; replace Subject: [7] Your Invoice 4711; replace Subject: [7] Your Invoice 4711!; by edit-subject-text filter 'f'"},
		{`add-footer("disclaimer"); add-footer("", "more");`, "f; foot Confidential, 7.\r\nmore; by add-footer filter 'f'"},
		{`add-heading("warning");`, "f; head External: sally@b.example; by add-heading filter 'f'"},
		{`drop-attachments("gone"); log-entry("$dropped_filenames");`, "log Setup.EXE, list.csv, p.png; f; strip 1 gone; strip 2 gone; strip 3 gone; by drop-attachments filter 'f'"},
		{`drop-attachments-by-name("(?i)exe$");`, "f; strip 1 The attachment \"Setup.EXE\" was removed because of a filter.; by drop-attachments-by-name filter 'f'"},
		{`drop-attachments-by-type("image", "");`, "f; strip 3 ; by drop-attachments-by-type filter 'f'"},
		{`drop-attachments-by-mimetype("text/csv", "x");`, "f; strip 2 x; by drop-attachments-by-mimetype filter 'f'"},
		{`drop-attachments-by-filetype("Executable", "x");`, "f; strip 1 x; by drop-attachments-by-filetype filter 'f'"},
		{`drop-attachments-by-sha256("` + sumOf(t, "list.csv") + `", "x");`, "f; strip 2 x; by drop-attachments-by-sha256 filter 'f'"},
		{`drop-attachments-by-size(16, "x");`, "f; strip 3 x; by drop-attachments-by-size filter 'f'"},
		{`drop-attachments-where-contains("secret", "x");`, "f; strip 2 x; by drop-attachments-where-contains filter 'f'"},
		{`drop-attachments-where-dictionary-match("money", 1, "x");`, "f"},
		{`drop-macro-enabled-attachments(); drop-protected-attachments();`, "f"},
		{`drop-attachments-by-size("1M");`, "f"},
		{`bcc("a@z.example");`, "f; copy to a@z.example by bcc filter 'f'"},
		{`insert-header("X-A", "1"); bcc-scan("a@z.example", "Fw: $Subject", "r@z.example");`,
			"f; add X-A: 1; by insert-header filter 'f'; copy to a@z.example from r@z.example by bcc-scan filter 'f' scan X-A: 1 Subject: Fw: Your Invoice 4711"},
		{`notify("a@z.example, $EnvelopeRecipients");`, "f; copy to a@z.example bob@x.example eve@x.example by notify filter 'f' null"},
		{`notify-copy("a@z.example", "s", "r@z.example", "warning");`, "f; copy to a@z.example from r@z.example by notify-copy filter 'f' attach"},
		{`url-reputation-defang(-10, -6);`, "f; See hxxp://evil[.]example/pay?a=1&b=2, http://new.example or http://good.example/.; by url-reputation-defang filter 'f'"},
		{`url-reputation-replace(-10, 6, "[gone]");`, "f; See [gone], http://new.example or [gone].; by url-reputation-replace filter 'f'"},
		{`url-reputation-proxy-redirect(-10, -6);`, "f; See https://secure-web.cisco.com/http:%2F%2Fevil.example%2Fpay%3Fa=1&b=2, http://new.example or http://good.example/.; by url-reputation-proxy-redirect filter 'f'"},
		{`url-category-defang("News"); url-category-replace("Phishing", "[x]");`, "f; See [x], http://new.example or hxxp://good[.]example/.; by url-category-defang filter 'f'"},
		{`url-category-proxy-redirect("Adult");`, "f"},
	} {
		s, err := Messages("f: { "+c.do+" }", options())
		if err != nil {
			t.Errorf("%s: %v", c.do, err)
			continue
		}
		if got := outcome(t, s, wire(sample)); got != c.want {
			t.Errorf("%s:\n%q, want\n%q", c.do, got, c.want)
		}
		for name := range verbs() {
			if strings.Contains(c.do, name+"(") {
				tested[name] = true
			}
		}
	}
	for name := range verbs() {
		if !tested[name] {
			t.Errorf("%s: not tested", name)
		}
	}
}

// Filters are tried in order, see what those before them did, and end at a final
// action.
func TestOrder(t *testing.T) {
	for _, c := range []struct{ filters, want string }{
		{``, ""},
		{`a: if (subject == "x") { drop(); }`, ""},
		{`a: if (subject == "x") { drop(); } else { log-entry("else"); }`, "log else; a"},
		{`a: if (false) { drop(); } elif (true) { log-entry("elif"); } else { bounce(); }`, "log elif; a"},
		{`a: { no-op(); } b: { no-op(); } c: if (false) { drop(); }`, "a; b"},
		{`a: { drop-attachments-by-name("EXE", "x"); } b: if (attachment-filename == "EXE") { drop(); }`, "a; strip 1 x; by drop-attachments-by-name filter 'a'"},
		{`a: { strip-header("X-Mailer"); } b: if (header("X-Mailer")) { drop(); }`, "a; remove X-Mailer: ; by strip-header filter 'a'"},
		{`a: { insert-header("X-Mark", "1"); } b: if (header("X-Mark") == "1") { drop(); } c: { bounce(); }`,
			"a; b; add X-Mark: 1; drop Dropped by filter 'b'; by insert-header filter 'a'"},
		{`a: if (url-reputation(-10, -6)) { no-op(); } b: if (url-reputation(-9, -6) and url-category("Phishing")) { no-op(); }`,
			"http://evil.example/pay?a=1&b=2 -6.8 URL Reputation Rule; http://evil.example/pay?a=1&b=2 -6.8 URL Category Rule; a; b"},
	} {
		s, err := Messages(c.filters, options())
		if err != nil {
			t.Errorf("%s: %v", c.filters, err)
			continue
		}
		if c.filters == "" {
			if s.Scan != nil {
				t.Error("no filters are a stage")
			}
			continue
		}
		if got := outcome(t, s, wire(sample)); got != c.want {
			t.Errorf("%s:\n%q, want\n%q", c.filters, got, c.want)
		}
	}
}

// A message that cannot be read is an error, but only for filters that have to read
// it.
func TestUnreadable(t *testing.T) {
	for filters, ok := range map[string]bool{`f: if (subject == "I") { drop(); }`: true, `f: if (body-contains("I")) { drop(); }`: false, `f: { strip-header("X"); }`: false,
		`f: if (attachment-filename == "I") { drop(); }`: false} {
		s, err := Messages(filters, options())
		if err != nil {
			t.Fatal(err)
		}
		j := stage.NewJob(func(esa.MID) (io.ReadCloser, error) { return nil, errors.New("gone") })
		j.Take(message(t, wire(sample)))
		if _, err := s.Scan(j); (err == nil) != ok {
			t.Errorf("%s: %v", filters, err)
		}
	}
	s, _ := Messages(`f: if (attachment-filename == "I") { drop(); }`, options())
	j := stage.NewJob(func(esa.MID) (io.ReadCloser, error) { return nil, errors.New("gone") })
	j.Take(message(t, "Subject: x\r\n\r\n"))
	if _, err := s.Scan(j); err != nil {
		t.Errorf("a message without attachments was read: %v", err)
	}
}

// A notification is a message that can be read, whatever the variables bring.
func TestNotification(t *testing.T) {
	hostile := strings.Replace(sample, "Your Invoice 4711", "=?utf-8?q?R=C3=A9=0D=0ABcc:_x@y?= \u20ac", 1)
	s, err := Messages(`f: { notify-copy("a@z.example", "About $Subject", "", "", ""); notify("a@z.example", "", "", "", "$AllHeaders\n$Subject"); }`, options())
	if err != nil {
		t.Fatal(err)
	}
	j, _ := job(t, wire(hostile))
	f, err := s.Scan(j)
	if err != nil || len(f.Want.Copies) != 2 {
		t.Fatalf("%+v, %v", f.Want.Copies, err)
	}
	with := f.Want.Copies[0]
	l, err := letter.Read(bytes.NewReader(slices.Concat(with.Content, []byte(wire(sample)), with.Tail)))
	if err != nil || len(l.Values("Bcc")) > 0 || !strings.HasPrefix(l.Values("Subject")[0], "About R\u00e9 ") {
		t.Errorf("%+v, %v", l.Header, err)
	}
	if len(l.Parts) < 5 || !strings.Contains(l.Parts[0].Text, "Sender: sally@b.example") || !strings.Contains(l.Parts[1].Text+l.Parts[2].Text, "Pay the invoice") {
		t.Errorf("%+v", l.Parts)
	}
	alone, err := letter.Read(bytes.NewReader(f.Want.Copies[1].Content))
	if err != nil || !strings.Contains(alone.Parts[0].Text, "X-Mailer: pigeon\r\n") || alone.Values("Subject")[0] != "Message Notification" {
		t.Errorf("%+v, %v", alone, err)
	}
}
