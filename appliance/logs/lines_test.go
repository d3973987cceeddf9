package logs

import (
	"testing"
	"time"
)

// Lines stand as the published samples do, in the time zone that is set.
func TestLines(t *testing.T) {
	at := time.Date(2020, 8, 10, 13, 52, 59, 0, time.UTC)
	l := NewLines(time.FixedZone("", -4*3600))
	l.Say(at, Info, "one")
	l.Say(at, Warning, "two: three")
	l.Say(at.Add(time.Second), Warning, "")
	const want = "Mon Aug 10 09:52:59 2020 Info: one\nMon Aug 10 09:52:59 2020 Warning: two: three\nMon Aug 10 09:53:00 2020 Warning: \n"
	if string(l.Buf) != want {
		t.Errorf("%q", l.Buf)
	}
	if got := l.Texts(); len(got) != 3 || got[1] != "two: three" {
		t.Errorf("texts %q", got)
	}
	l = &Lines{name: "mail_logs", pri: 20 * 8, least: Trace}
	for level := Critical; level <= Trace; level++ {
		l.Say(at, level, "x")
	}
	const pushed = "<162>Aug 10 13:52:59 mail_logs: Critical: x\n<164>Aug 10 13:52:59 mail_logs: Warning: x\n<166>Aug 10 13:52:59 mail_logs: Info: x\n" +
		"<167>Aug 10 13:52:59 mail_logs: Debug: x\n<167>Aug 10 13:52:59 mail_logs: Trace: x\n"
	if string(l.Buf) != pushed {
		t.Errorf("%q", l.Buf)
	}
}

// A subscription has the lines of its level and those that are more severe.
func TestLevels(t *testing.T) {
	for level := Critical; level <= Trace; level++ {
		if got, err := ParseLevel(level.String()); got != level || err != nil {
			t.Errorf("%s: %s, %v", level, got, err)
		}
		l := Lines{least: level}
		for of := Critical; of <= Trace; of++ {
			l.Say(time.Now(), of, "x")
		}
		if n := len(l.Texts()); n != int(level)+1 {
			t.Errorf("%s: %d lines", level, n)
		}
	}
	if _, err := ParseLevel("loud"); err == nil {
		t.Error("loud is no level")
	}
}

func TestClean(t *testing.T) {
	for s, want := range map[string]string{"a\r\nb": "a??b", "\u2028\u2029\u0085\x7f": "????", "ü\t": "ü?", "plain": "plain"} {
		if got := string(AppendClean([]byte("x"), s)); got != "x"+want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}
