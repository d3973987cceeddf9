package workqueue

import (
	"slices"
	"testing"

	"esasim/appliance/letter"
	"esasim/appliance/stage"
	"esasim/esa"
)

// apartFrom is a stage that looks at a recipient's message apart from the others', and
// says what lists say to each.
func apartFrom(recipient string) stage.Stage {
	has := func(j *stage.Job) (in, out []esa.RID) {
		for _, r := range j.Message.Recipients {
			switch {
			case r.State == esa.Replaced:
			case r.Address == recipient:
				in = append(in, r.RID)
			default:
				out = append(out, r.RID)
			}
		}
		return in, out
	}
	return stage.Stage{
		Engine: esa.AntiSpam,
		Apart: func(j *stage.Job) [][]esa.RID {
			if in, out := has(j); len(in) > 0 && len(out) > 0 {
				return [][]esa.RID{in}
			}
			return nil
		},
		Scan: func(j *stage.Job) (stage.Finding, error) {
			if in, _ := has(j); len(in) > 0 {
				return stage.Finding{Verdict: esa.Positive, Text: esa.SLBL, Want: hold("Policy")}, nil
			}
			return stage.Finding{Verdict: esa.Negative}, nil
		},
	}
}

// Recipients of whom a stage says something else get a message of their own, which
// meets the same policy; the filters in front of it have been met.
func TestApart(t *testing.T) {
	o := with(apartFrom("b@b.test"), clean(esa.AntiVirus))
	o.Filters[esa.Incoming] = clean(esa.MessageFilters)
	l, _ := run(t, o, "a@b.test", "b@b.test", "c@b.test")
	for mid, want := range map[esa.MID]string{
		1: "ready, 1:1, DEFAULT, DEFAULT -> 2, 2:1, 3:1, queued",
		2: "ready, DEFAULT, 2:2, ask Policy, 3:1, hold Policy",
	} {
		if got := l.told(mid); got != want {
			t.Errorf("MID %d: %s\nwant %s", mid, got, want)
		}
	}
	if m := l.message(1); m.Recipients[1].State != esa.Replaced || m.Recipients[0].State != esa.Queued || m.Listed {
		t.Errorf("%+v", m.Recipients)
	}
	if m := l.message(2); len(m.Recipients) != 1 || m.Recipients[0].Address != "b@b.test" || !m.Listed {
		t.Errorf("%+v", m.Recipients)
	}
}

// A message that cannot be read stays one, and is looked at as it is. So does one that
// a quarantine has let go.
func TestApartNot(t *testing.T) {
	o := with(apartFrom("b@b.test"))
	l, q := run(t, with(wants(esa.AntiSpam, hold("Policy"))), "a@b.test", "b@b.test")
	before := l.told(1)
	s := apartFrom("b@b.test")
	s.Engine = esa.AntiVirus
	o = with(s)
	q.Options.Store(&o)
	l.release(t, q, "Policy")
	if got, want := l.told(1), before+", 3:2, ask Policy, hold Policy"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	delete(l.contents, 1)
	o = with(apartFrom("b@b.test"))
	q.Options.Store(&o)
	l.entries = l.entries[:1]
	l.drain(t, q, 0)
	if got, want := l.told(1), "ready, DEFAULT, 2:2, ask Policy, hold Policy"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// A stage that spares a message does not see it.
func TestSpares(t *testing.T) {
	s := wants(esa.AntiSpam, stage.Want{Drop: "dropped"})
	s.Spares = func(j *stage.Job) bool { return j.Message.Source.Group == "G" }
	s.Apart = func(*stage.Job) [][]esa.RID { t.Error("asked"); return nil }
	l, _ := run(t, with(s, clean(esa.AntiVirus)), "a@b.test")
	if got, want := l.told(1), "ready, DEFAULT, 3:1, queued"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// What lists said is known of the message that another stage makes of this one.
func TestListedSuccessor(t *testing.T) {
	for _, text := range []string{esa.SLBL, ""} {
		edit := letter.Edit{Header: []letter.HeaderEdit{{Op: letter.Add, Name: "X", Value: "y"}}}
		o := with(says(esa.AntiSpam, stage.Finding{Verdict: esa.Negative, Text: text}), wants(esa.ContentFilters, stage.Want{Edit: edit, By: "a filter"}))
		l, _ := run(t, o, "a@b.test")
		m := l.message(2)
		if m.Listed != (text == esa.SLBL) || m.Verdicts[esa.AntiSpam] != esa.Negative || !slices.Contains(l.message(1).Into, 2) {
			t.Errorf("%q: listed %t, %v", text, m.Listed, m.Verdicts)
		}
	}
}
