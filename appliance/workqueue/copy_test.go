package workqueue

import (
	"strings"
	"testing"

	"esasim/appliance/letter"
	"esasim/appliance/stage"
	"esasim/esa"
)

// Copies are what they are wanted to be: of whom, with what changed, in a quarantine,
// or a message of their own with the other one in it.
func TestCopies(t *testing.T) {
	edit := letter.Edit{Header: []letter.HeaderEdit{{Op: letter.Replace, Name: "Subject", Value: "changed"}}}
	for _, c := range []struct {
		name                  string
		copy                  stage.Copy
		told, content, sender string
	}{
		{"another sender", stage.Copy{To: []string{"b@c.test"}, From: "r@c.test"}, "queued", "Subject: hi\r\n\r\nhello\r\n", "r@c.test"},
		{"no sender", stage.Copy{To: []string{"b@c.test"}, Null: true}, "queued", "Subject: hi\r\n\r\nhello\r\n", ""},
		{"changed", stage.Copy{To: []string{"b@c.test"}, Edit: edit}, "queued", "Subject: changed\r\n\r\nhello\r\n", "s@from.test"},
		{"changed and scanned", stage.Copy{To: []string{"b@c.test"}, Edit: edit, Scan: true}, "ready, DEFAULT, queued", "Subject: changed\r\n\r\nhello\r\n", "s@from.test"},
		{"attached", stage.Copy{To: []string{"b@c.test"}, Content: []byte("head\r\n\r\n"), Attach: true, Tail: []byte("tail\r\n")}, "queued", "head\r\n\r\nSubject: hi\r\n\r\nhello\r\ntail\r\n", "s@from.test"},
		{"held", stage.Copy{To: []string{"a@b.test"}, Hold: &stage.Hold{Quarantine: "Policy", Reason: "r"}, Edit: edit}, "ready, hold Policy", "Subject: changed\r\n\r\nhello\r\n", "s@from.test"},
	} {
		c.copy.By = "copying"
		once := stage.Stage{Engine: esa.ContentFilters, Scan: func(j *stage.Job) (stage.Finding, error) {
			if j.Message.MID != 1 {
				return stage.Finding{Verdict: esa.Negative}, nil
			}
			return stage.Finding{Verdict: esa.Positive, Want: stage.Want{Copies: []stage.Copy{c.copy}}}, nil
		}}
		l, _ := run(t, with(once), "a@b.test")
		if got, want := l.told(1), "ready, DEFAULT, 6:2, copying -> 2, queued"; got != want {
			t.Errorf("%s: %s", c.name, got)
		}
		m := l.message(2)
		if got := l.told(2); got != c.told || m.Sender != c.sender || m.Recipients[0].Address != c.copy.To[0] {
			t.Errorf("%s: %s, from %q to %+v", c.name, got, m.Sender, m.Recipients)
		}
		if got := l.contents[2].String(); got != c.content {
			t.Errorf("%s: content %q", c.name, got)
		}
		if whole := c.copy.Edit.Empty() && c.copy.Content == nil; m.Size != int64(len(c.content)) && !whole || whole && m.Size != l.message(1).Size {
			t.Errorf("%s: %d octets of %d", c.name, m.Size, len(c.content))
		}
		if c.copy.Hold != nil && (m.State != esa.Quarantined || m.Holds[0].Engine != esa.ContentFilters || m.Holds[0].Until.IsZero()) {
			t.Errorf("%s: %s, %+v", c.name, m.State, m.Holds)
		}
	}
}

// A held copy that is let go meets the stages behind the one that had it made; one
// for a quarantine that is gone goes to another one, or without any is not made, and
// so not delivered.
func TestHeldCopies(t *testing.T) {
	o := with(wants(esa.AntiSpam, stage.Want{Copies: []stage.Copy{{To: []string{"a@b.test"}, By: "x", Hold: &stage.Hold{Quarantine: "Policy", Reason: "r"}}}}), clean(esa.AntiVirus))
	l, q := run(t, o, "a@b.test")
	n := len(l.entries)
	l.entries = append(l.entries, []esa.Event{{Kind: esa.MessageReleased, MID: 2, Name: "Policy"}, {Kind: esa.MessageReleased, MID: 2}})
	l.drain(t, q, n)
	if got := l.told(2); got != "ready, hold Policy, DEFAULT, 3:1, queued" {
		t.Error(got)
	}
	delete(o.Keep, "Policy")
	l, _ = run(t, o, "a@b.test")
	if got := l.told(2); got != "ready, hold Unclassified" {
		t.Error(got)
	}
	delete(o.Keep, "Unclassified")
	l, _ = run(t, o, "a@b.test")
	if got := l.told(1); strings.Contains(got, "->") || len(l.entries) != 2 {
		t.Errorf("%s, %d entries", got, len(l.entries))
	}
}

// Copies that meet the stages do not go round for ever, even if every filter makes
// more of them and every message is rewritten besides.
func TestCopiesEnd(t *testing.T) {
	again := stage.Want{Copies: []stage.Copy{{To: []string{"b@c.test"}, By: "bcc-scan filter 'f'", Scan: true}}, To: []string{"x@y.test"}, By: "f"}
	o := with(wants(esa.AntiSpam, stage.Want{To: []string{"z@y.test"}, By: "antispam"}), wants(esa.ContentFilters, again))
	o.Filters[esa.Incoming] = wants(esa.MessageFilters, again)
	l, _ := run(t, o, "a@b.test")
	copies := 0
	for mid := esa.MID(1); mid <= l.last; mid++ {
		copies += strings.Count(l.told(mid), "bcc-scan")
	}
	if copies != 5 { // by one kind of filters, and of the copy by the other, which may be the first again once
		t.Errorf("%d copies in %d messages", copies, l.last)
	}
}
