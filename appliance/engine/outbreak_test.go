package engine

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"esasim/appliance/letter"
	"esasim/esa"
)

func outbreakOptions(t *testing.T) OutbreakOptions {
	return OutbreakOptions{
		Rules: []OutbreakRule{
			{ID: "LOW", Level: 2, Category: "Spam", When: about(t, When{Subject: []string{"win"}})},
			{ID: "EXE", Level: 4, Category: "Virus", When: about(t, When{Attachment: []string{"*.exe", "*.pdf"}}), Hold: 2 * time.Hour},
			{ID: "PHISH", Level: 3, Category: "Phish", When: about(t, When{URL: []string{"evil"}})},
			{ID: "OLD", Level: 5, Category: "Virus", When: about(t, When{Subject: []string{"iloveyou"}}), Until: time.Now().Add(30 * time.Minute)},
		},
		Threshold: 3, MaxHold: 24 * time.Hour, MaxHoldOf: 4 * time.Hour, Bypass: []string{".PDF"},
		Modify: true, ModifyFrom: 3, Subject: "[S] ", Proxy: "http://proxy.example/?u=", Bypassed: []string{".good.example"},
	}
}

// The rule with the highest level decides; below the threshold a message is told of,
// and goes on.
func TestOutbreak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := outbreakOptions(t)
		for _, c := range []struct {
			subject, file, body, rule string
			level                     int64
			keep                      time.Duration // 0: it is not held
		}{
			{"hello", "", "", "", 0, 0},
			{"WIN now", "", "", "LOW", 2, 0},
			{"win", "A.EXE", "", "EXE", 4, 2 * time.Hour},
			{"hello", "a.pdf", "", "", 0, 0}, // its extension does not count
			{"hello", "", "see http://evil.test/", "PHISH", 3, 4 * time.Hour},
			{"hello", "", "evil", "", 0, 0},
			{"iloveyou", "a.exe", "http://evil.test", "OLD", 5, 30 * time.Minute},
		} {
			m := &esa.Message{MID: 1, Subject: c.subject}
			if c.file != "" {
				m.Attachments = []esa.Attachment{{Name: c.file}}
			}
			f, err := o.scan(jobOf(m, "Subject: "+c.subject+"\r\n\r\n"+c.body+"\r\n"))
			if err != nil {
				t.Fatal(err)
			}
			keep := time.Duration(0)
			for _, h := range f.Want.Hold {
				if keep = h.Keep; h.Quarantine != Outbreak || h.Reason != "Outbreak rule:"+c.rule {
					t.Errorf("%q: held %+v", c.subject, h)
				}
			}
			if f.Name != c.rule || f.Size != c.level || keep != c.keep || (f.Verdict == esa.Positive) != (c.rule != "") {
				t.Errorf("%q %q %q: %d by %q, level %d, held for %s; want %q, %d, %s", c.subject, c.file, c.body, f.Verdict, f.Name, f.Size, keep, c.rule, c.level, c.keep)
			}
			if changed := !f.Want.Edit.Empty(); changed != (c.level >= 3) {
				t.Errorf("%q: changed %t", c.subject, changed)
			}
		}
		time.Sleep(time.Hour) // the rule is withdrawn
		if f, err := o.scan(jobOf(&esa.Message{MID: 1, Subject: "iloveyou"}, "\r\n")); f.Verdict != esa.Negative || err != nil {
			t.Errorf("withdrawn: %+v, %v", f, err)
		}
	})
}

// URLs of the threat go by the proxy; others, and those of hosts that are trusted, stay.
func TestOutbreakURLs(t *testing.T) {
	o := outbreakOptions(t)
	text := "Subject: x\r\n\r\nhttp://evil.test/a?b=c\r\nhttp://fine.test/ http://www.good.example/evil\r\nhttp://notgood.example/evil\r\n"
	f, err := o.scan(jobOf(&esa.Message{MID: 1, Subject: "x"}, text))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := f.Want.Edit.Apply(&out, strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	l, err := letter.Read(strings.NewReader(out.String()))
	if err != nil {
		t.Fatal(err)
	}
	want := "http://proxy.example/?u=http%3A%2F%2Fevil.test%2Fa%3Fb%3Dc\r\nhttp://fine.test/ http://www.good.example/evil\r\n" +
		"http://proxy.example/?u=http%3A%2F%2Fnotgood.example%2Fevil\r\n"
	if l.Parts[0].Text != want || l.Values("Subject")[0] != "[S] x" {
		t.Errorf("%q, subject %q\nwant %q", l.Parts[0].Text, l.Values("Subject"), want)
	}
}

// What a policy says wrong names its key.
func TestOutbreakFaults(t *testing.T) {
	good := outbreakOptions(t)
	if _, err := OutbreakFilters(good); err != nil {
		t.Fatal(err)
	}
	for key, change := range map[string]func(*OutbreakOptions){
		"threshold: ":        func(o *OutbreakOptions) { o.Threshold = 0 },
		"modify_threshold: ": func(o *OutbreakOptions) { o.ModifyFrom = 6 },
		"max_hold: ":         func(o *OutbreakOptions) { o.MaxHoldOf = 0 },
		"subject: ":          func(o *OutbreakOptions) { o.Subject = "a\r\nb" },
		"url_proxy: ":        func(o *OutbreakOptions) { o.Proxy = "javascript:alert(1)" },
	} {
		o := good
		change(&o)
		if _, err := OutbreakFilters(o); err == nil || !strings.HasPrefix(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
}
