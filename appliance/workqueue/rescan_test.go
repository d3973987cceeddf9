package workqueue

import (
	"slices"
	"testing"
	"time"

	"esasim/appliance/stage"
	"esasim/esa"
)

// letGo lets MID mid go from a quarantine that held it alone, after it was told what
// else happened.
func (m *memory) letGo(t *testing.T, q *Queue, mid esa.MID, from string, before ...esa.Event) {
	t.Helper()
	n := len(m.entries)
	for i := range before {
		before[i].MID = mid
	}
	if len(before) > 0 {
		m.entries = append(m.entries, before)
	}
	m.entries = append(m.entries, []esa.Event{{Kind: esa.MessageReleased, MID: mid, Name: from}, {Kind: esa.MessageReleased, MID: mid}})
	m.drain(t, q, n)
}

// pendingThen is a stage that finds a file pending, and when that is known, drops the
// message if it is bad.
func pendingThen() stage.Stage {
	return stage.Stage{Engine: esa.AMP, Scan: func(j *stage.Job) (stage.Finding, error) {
		a := &esa.Attachment{SHA256: "aa"}
		switch f, _ := j.Message.File("aa"); f.Verdict {
		case esa.Positive:
			return stage.Finding{Verdict: esa.Positive, Want: stage.Want{Drop: "Dropped by amp"}}, nil
		case esa.Negative:
			return stage.Finding{Verdict: esa.Negative}, nil
		}
		return stage.Finding{Verdict: esa.Pending, Want: hold("Policy"), Told: []esa.Event{{Kind: esa.FileJudged, Attachment: a, Verdict: esa.Pending}}}, nil
	}}
}

// A message whose file was analysed meets AMP again, which knows it now; so does the
// message that it has become behind AMP.
func TestAnalysed(t *testing.T) {
	changed := func(v esa.Verdict) esa.Event {
		return esa.Event{Kind: esa.VerdictChanged, Engine: esa.AMP, Verdict: v, Attachment: &esa.Attachment{SHA256: "aa"}}
	}
	to := stage.Want{To: []string{"x@y.test"}, By: "f"}
	for _, c := range []struct {
		name   string
		stages []stage.Stage
		mid    esa.MID
		change []esa.Event
		want   string
	}{
		{"malicious", []stage.Stage{pendingThen(), clean(esa.ContentFilters)}, 1, []esa.Event{changed(esa.Positive)}, "ready, DEFAULT, 4:13, ask Policy, 6:1, hold Policy, 4:2, Dropped by amp, aborted"},
		{"clean", []stage.Stage{pendingThen(), clean(esa.ContentFilters)}, 1, []esa.Event{changed(esa.Negative)}, "ready, DEFAULT, 4:13, ask Policy, 6:1, hold Policy, 4:1, 6:1, queued"},
		{"not analysed yet", []stage.Stage{pendingThen()}, 1, nil, "ready, DEFAULT, 4:13, ask Policy, hold Policy, 4:13, queued"},
		{"malicious, and rewritten meanwhile", []stage.Stage{pendingThen(), wants(esa.ContentFilters, to)}, 2, []esa.Event{changed(esa.Positive)}, "ask Policy, ready, hold Policy, 4:2, Dropped by amp, aborted"},
		{"not analysed yet, and rewritten meanwhile", []stage.Stage{pendingThen(), wants(esa.ContentFilters, to)}, 2, nil, "ask Policy, ready, hold Policy, 4:13, queued"},
	} {
		l, q := run(t, with(c.stages...), "a@b.test")
		if m := l.message(c.mid); m.State != esa.Quarantined || len(m.Files) != 1 || m.Files[0] != (esa.File{SHA256: "aa", Verdict: esa.Pending}) {
			t.Errorf("%s: %s, files %v", c.name, m.State, m.Files)
		}
		l.letGo(t, q, c.mid, "Policy", c.change...)
		if got := l.told(c.mid); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}
}

// What outbreak filters held meets the scanners again, and no other stage before them,
// also if they changed it first.
func TestOutbreakReleased(t *testing.T) {
	for _, w := range []stage.Want{hold("Policy"), {Hold: hold("Policy").Hold, To: []string{"x@y.test"}, By: "f"}} {
		var met []esa.Engine
		sees := func(e esa.Engine, want stage.Want) stage.Stage {
			return stage.Stage{Engine: e, Scan: func(*stage.Job) (stage.Finding, error) {
				met = append(met, e)
				return stage.Finding{Verdict: esa.Negative, Want: want}, nil
			}}
		}
		var none stage.Want
		l, q := run(t, with(sees(esa.AntiSpam, none), sees(esa.AntiVirus, none), sees(esa.AMP, none), sees(esa.Graymail, none), sees(esa.ContentFilters, none),
			sees(esa.OutbreakFilters, w), sees(esa.DLP, none)), "a@b.test")
		held := esa.MID(1)
		if w.By != "" {
			held = 2
		}
		met = nil
		l.letGo(t, q, held, "Policy")
		if want := []esa.Engine{esa.AntiSpam, esa.AntiVirus, esa.AMP, esa.DLP}; !slices.Equal(met, want) || l.message(held).State != esa.Queued {
			t.Errorf("MID %d is %s and met %v, want %v", held, l.message(held).State, met, want)
		}
	}
}

// A stage may say for how long a message is held; that is not longer for a message
// that it becomes.
func TestHoldFor(t *testing.T) {
	short := stage.Want{Hold: []stage.Hold{{Quarantine: "Policy", Reason: "r", Keep: time.Minute}}}
	for _, o := range []Options{
		with(wants(esa.AMP, short)),
		with(wants(esa.AMP, short), wants(esa.ContentFilters, stage.Want{To: []string{"x@y.test"}, By: "f"})),
	} {
		l, _ := run(t, o, "a@b.test")
		m := l.message(l.last)
		if len(m.Holds) != 1 || m.Holds[0].Until.Sub(m.Holds[0].Since) > time.Minute || time.Until(m.Holds[0].Until) < 50*time.Second {
			t.Errorf("MID %d: %+v", l.last, m.Holds)
		}
	}
}
