package engine

import (
	"net/netip"
	"strings"
	"testing"

	"esasim/appliance/stage"
	"esasim/esa"
)

const mail = "From: a@b.test\r\nX-Mailer: Bulk o Matic\r\nSubject: Win\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/plain\r\n\r\nCome to http://casino.test/win now\r\n" +
	"--b\r\nContent-Type: application/octet-stream; name=run.exe\r\n\r\nMZ\x00\r\n--b--\r\n"

// job is one of a message with the content.
func job(content string, files ...esa.Attachment) *stage.Job {
	j := stage.NewJob(body(content))
	j.Take(&esa.Message{MID: 1, Sender: "news@shop.test", Subject: "You WIN", Attachments: files, Size: int64(len(content)),
		Recipients: []esa.Recipient{{Address: "x@y.test"}, {Address: "boss@corp.test"}}, Source: esa.Source{Remote: netip.MustParseAddr("192.0.2.7")}})
	return j
}

const someSum = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// Each condition, one that holds and one that does not.
func TestCondition(t *testing.T) {
	files := []esa.Attachment{{Name: "Run.EXE", Type: "application/octet-stream", SHA256: someSum}, {Name: "a/b.png", Type: "image/png"}}
	for _, c := range []struct {
		name    string
		yes, no When
	}{
		{"sender", When{Sender: []string{"@shop.test"}}, When{Sender: []string{"shop2.test", "x@shop.test"}}},
		{"recipient", When{Recipient: []string{"boss@"}}, When{Recipient: []string{"@shop.test"}}},
		{"subject", When{Subject: []string{"none", "you win"}}, When{Subject: []string{"lose"}}},
		{"header is there", When{Header: []string{"x-mailer"}}, When{Header: []string{"X-Other"}}},
		{"header has", When{Header: []string{"X-Mailer: bulk O"}}, When{Header: []string{"X-Mailer: other", "Subject: lose"}}},
		{"body", When{Body: []string{"COME TO"}}, When{Body: []string{"bulk o matic"}}},
		{"url", When{URL: []string{"casino.test"}}, When{URL: []string{"come"}}},
		{"attachment", When{Attachment: []string{"*.exe"}}, When{Attachment: []string{"*.pdf", "run"}}},
		{"attachment, path", When{Attachment: []string{"*.png"}}, When{Attachment: []string{"b.png"}}},
		{"type", When{Type: []string{"image/*"}}, When{Type: []string{"text/*"}}},
		{"kind", When{Type: []string{"exe"}}, When{Type: []string{"pdf"}}},
		{"sha256", When{SHA256: []string{strings.ToUpper(someSum)}}, When{SHA256: []string{eicarSum}}},
		{"ip", When{IP: []string{"10.0.0.1", "192.0.2.0/24"}}, When{IP: []string{"192.0.2.8"}}},
		{"one file", When{Attachment: []string{"*.exe"}, SHA256: []string{someSum}}, When{Attachment: []string{"*.png"}, SHA256: []string{someSum}}},
		{"all", When{Sender: []string{"shop.test"}, Body: []string{"come"}}, When{Sender: []string{"shop.test"}, Body: []string{"gone"}}},
	} {
		for want, w := range map[bool]When{true: c.yes, false: c.no} {
			when, err := NewCondition(w)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			if got, err := when.Match(job(mail, files...)); got != want || err != nil {
				t.Errorf("%s: %+v: %t, %v", c.name, w, got, err)
			}
		}
	}
}

// A message that no condition about its content is asked of is not read.
func TestConditionUnread(t *testing.T) {
	for _, w := range []When{{Subject: []string{"win"}}, {Attachment: []string{"*"}}, {Sender: []string{"other.test"}, Body: []string{"x"}}} {
		when, err := NewCondition(w)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := when.Match(job(unreadable, esa.Attachment{Name: "a"})); err != nil {
			t.Errorf("%+v: %v", w, err)
		}
	}
	when, err := NewCondition(When{Body: []string{"x"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := when.Match(job(unreadable)); err == nil {
		t.Error("a body that cannot be read is no error")
	}
}

// Of each engine the first rule that fits decides.
func TestRules(t *testing.T) {
	win, all := When{Subject: []string{"win"}}, When{Recipient: []string{"ALL"}}
	r, err := NewRules([]Rule{
		{Engine: "antivirus", Verdict: "clean", When: When{Subject: []string{"lose"}}},
		{Engine: "antispam", Score: 60, When: win},
		{Engine: "antispam", Verdict: "negative", When: all},
		{Engine: "antivirus", Verdict: "viral", Name: "W32/X", When: all},
	})
	if err != nil {
		t.Fatal(err)
	}
	for e, want := range map[esa.Engine]Found{esa.AntiSpam: {Score: 60}, esa.AntiVirus: {Verdict: esa.Positive, Name: "W32/X"}} {
		f, err := r.Find(e, job(mail))
		if err != nil || f == nil || f.Verdict != want.Verdict || f.Score != want.Score || f.Name != want.Name {
			t.Errorf("engine %d: %+v, %v", e, f, err)
		}
	}
	if f, err := r.Find(esa.Graymail, job(mail)); f != nil || err != nil {
		t.Errorf("graymail: %+v, %v", f, err)
	}
}

// What is wrong is said with its key.
func TestRulesErrors(t *testing.T) {
	all := When{Recipient: []string{"ALL"}}
	for want, r := range map[string]Rule{
		`[0].engine: "spam": want one of antispam, antivirus, graymail`:                       {Engine: "spam", When: all},
		`[0].verdict: "x": want one of clean, encrypted, repaired, unscannable, viral`:        {Engine: "antivirus", Verdict: "x", When: all},
		`[0].verdict: "": want one of bulk, marketing, negative, social`:                      {Engine: "graymail", Score: 5, When: all},
		`[0].score: 101: want 1 to 100, or a verdict`:                                         {Engine: "antispam", Score: 101, When: all},
		`[0].score: is for rules of antispam without a verdict`:                               {Engine: "antispam", Verdict: "suspect", Score: 1, When: all},
		`[0].when.sender: a rule needs one condition or more, of any key`:                     {Engine: "antispam", Verdict: "suspect"},
		`[0].when.attachment: "[": a [ without ], or a \ at the end`:                          {Engine: "antispam", Verdict: "suspect", When: When{Attachment: []string{"["}}},
		`[0].when.sha256: "12": want 64 hex digits`:                                           {Engine: "antispam", Verdict: "suspect", When: When{SHA256: []string{"12"}}},
		`[0].when.body: a value is empty, which would always fit`:                             {Engine: "antispam", Verdict: "suspect", When: When{Body: []string{" "}}},
		`[0].when.header: ": x": want NAME or NAME: TEXT`:                                     {Engine: "antispam", Verdict: "suspect", When: When{Header: []string{": x"}}},
		`[0].when.ip: address "x": want an IP address or a CIDR range`:                        {Engine: "antispam", Verdict: "suspect", When: When{IP: []string{"x"}}},
		"[0].when.body: a value is empty, which would always fit\n[0].name: must be one line": {Engine: "antispam", Verdict: "suspect", Name: "a\nb", When: When{Body: []string{" "}}},
	} {
		if _, err := NewRules([]Rule{r}); err == nil || err.Error() != want {
			t.Errorf("%+v\n got %v\nwant %s", r, err, want)
		}
	}
}
