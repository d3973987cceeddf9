package workqueue

import (
	"strings"
	"testing"

	"esasim/appliance/filter"
	"esasim/appliance/stage"
	"esasim/esa"
)

// filters are message filters and content filters as the queue has them.
func filters(t *testing.T, messages string, contents ...filter.Content) Options {
	t.Helper()
	mf, err := filter.Messages(messages, &filter.Options{Host: "esa.test"})
	if err != nil {
		t.Fatal(err)
	}
	cf, err := filter.Contents(contents, esa.Incoming, &filter.Options{Host: "esa.test"})
	if err != nil {
		t.Fatal(err)
	}
	o := with(clean(esa.AntiSpam))
	if cf.Scan != nil {
		o = with(clean(esa.AntiSpam), cf, clean(esa.DLP))
	}
	o.Filters[esa.Incoming] = mf
	return o
}

// What filters want, as the queue carries it out: quarantines at the end, copies,
// new messages that go on where the old ones were changed.
func TestFilters(t *testing.T) {
	quarantine := []filter.Action{{Do: "quarantine", Quarantine: "Policy"}}
	for _, c := range []struct {
		name string
		o    Options
		want []string // of MID 1, 2, ...
	}{
		{"held by a message filter", filters(t, `f: if (subject == "hi") { quarantine("Policy"); }`), []string{"ready, 1:2, ask Policy, DEFAULT, 2:1, hold Policy"}},
		{"held by both", filters(t, `f: { quarantine("Virus"); }`, filter.Content{Name: "g", Actions: quarantine}),
			[]string{"ready, 1:2, ask Virus, DEFAULT, 2:1, 6:2, ask Policy, 8:1, hold Virus, hold Policy"}},
		{"held and changed", filters(t, `f: { quarantine("Policy"); add-footer("", "bye"); }`), []string{"ready, 1:2, ask Policy, add-footer filter 'f' -> 2, done", "ask Policy, ready, DEFAULT, 2:1, hold Policy"}},
		{"a copy held, the message dropped", filters(t, `f: { duplicate-quarantine("Policy"); drop(); }`), []string{"ready, 1:2, duplicate-quarantine filter 'f' -> 2, Dropped by filter 'f', aborted", "ready, hold Policy"}},
		{"delivered at once, changed", filters(t, `f: { insert-header("X-A", "1"); deliver(); }`, filter.Content{Name: "g", Actions: quarantine}), []string{"ready, 1:2, insert-header filter 'f' -> 2, done", "ready, DEFAULT, queued"}},
		{"no match", filters(t, `f: if (subject == "ho") { drop(); }`, filter.Content{Name: "g", Conditions: []filter.Condition{{If: "subject", Is: "ho"}}, Actions: quarantine}), []string{"ready, 1:1, DEFAULT, 2:1, 6:1, 8:1, queued"}},
		{"two content filters", filters(t, "", filter.Content{Name: "f", Actions: []filter.Action{{Do: "no_op"}}}, filter.Content{Name: "g", Actions: []filter.Action{{Do: "add_footer", Text: "bye"}}}),
			[]string{"ready, DEFAULT, 2:1, 6:2, 6:2, add-footer filter 'g' -> 2, done", "ready, 8:1, queued"}},
	} {
		l, _ := run(t, c.o, "a@b.test")
		for i, want := range c.want {
			if got := l.told(esa.MID(i + 1)); got != want {
				t.Errorf("%s: MID %d: %s\nwant %s", c.name, i+1, got, want)
			}
		}
		if int(l.last) != len(c.want) {
			t.Errorf("%s: %d messages", c.name, l.last)
		}
	}
}

// A message that content filters held goes on behind them, with what they made of it
// done once.
func TestReleasedFromFilter(t *testing.T) {
	l, q := run(t, filters(t, "", filter.Content{Name: "f", Actions: []filter.Action{{Do: "quarantine", Quarantine: "Policy"}, {Do: "bcc", To: []string{"c@d.test"}}, {Do: "add_footer", Text: "bye"}}}), "a@b.test")
	if m := l.message(3); m.State != esa.Quarantined || m.Holds[0].Reason != "content filter:f" || m.Status() != "Quarantined by Content Filters" {
		t.Fatalf("%s, %+v", l.told(3), m.Holds)
	}
	n := len(l.entries)
	l.entries = append(l.entries, []esa.Event{{Kind: esa.MessageReleased, MID: 3, Name: "Policy"}, {Kind: esa.MessageReleased, MID: 3}})
	l.drain(t, q, n)
	if got := l.told(3); got != "ask Policy, ready, 8:1, hold Policy, 8:1, queued" {
		t.Error(got)
	}
	if l.last != 3 || !strings.HasSuffix(l.contents[3].String(), "hello\r\nbye\r\n") {
		t.Errorf("%d messages, %q", l.last, l.contents[3])
	}
}

// What was split off is no longer this message's: filters do not see those
// recipients, copies and notifications do not name them, a bounce does not tell of
// them.
func TestSplitThenFiltered(t *testing.T) {
	for _, c := range []struct {
		name   string
		action filter.Action
		of     esa.MID // the message that must not speak of the others
	}{
		{"bounced", filter.Action{Do: "bounce"}, 3},
		{"a copy held", filter.Action{Do: "quarantine", Quarantine: "Policy", Duplicate: true}, 3},
		{"a notification", filter.Action{Do: "notify", To: []string{"$EnvelopeRecipients"}, Text: "to $EnvelopeRecipients"}, 3},
	} {
		o := filters(t, "", filter.Content{Name: "f", Actions: []filter.Action{c.action}})
		all := addresses(t, "ALL")
		table := o.Policies[esa.Incoming]
		o.Policies[esa.Incoming] = Table{{Name: "Mine", Senders: all, Recipients: addresses(t, "a@b.test"), Stages: table[0].Stages}, {Name: "DEFAULT", Stages: []stage.Stage{clean(esa.AntiSpam)}}}
		l, _ := run(t, o, "a@b.test", "split@off.test")
		if m := l.message(2); m.State != esa.Queued || len(m.Recipients) != 1 || m.Recipients[0].Address != "split@off.test" {
			t.Fatalf("%s: the other half: %s to %v", c.name, m.State, m.Recipients)
		}
		for _, r := range l.message(c.of).Recipients {
			if r.Address == "split@off.test" {
				t.Errorf("%s: MID %d goes to %s, too", c.name, c.of, r.Address)
			}
		}
		if b := l.contents[c.of]; b == nil || strings.Contains(b.String(), "split@off.test") {
			t.Errorf("%s: MID %d: %v", c.name, c.of, b)
		}
	}
	o := filters(t, "", filter.Content{Name: "f", Conditions: []filter.Condition{{If: "recipient", Contains: "split@off.test"}}, Actions: []filter.Action{{Do: "drop"}}})
	table := o.Policies[esa.Incoming]
	o.Policies[esa.Incoming] = Table{{Name: "Mine", Senders: addresses(t, "ALL"), Recipients: addresses(t, "a@b.test"), Stages: table[0].Stages}, {Name: "DEFAULT"}}
	if l, _ := run(t, o, "a@b.test", "split@off.test"); l.message(1).State != esa.Queued {
		t.Errorf("a filter sees a recipient of another message: %s", l.told(1))
	}
}

// What a filter has a message skip is skipped, too, when a quarantine let it go.
func TestReleasedSkips(t *testing.T) {
	for _, how := range []string{"skip-viruscheck();", "deliver();"} {
		o := filters(t, `f: { quarantine("Policy"); `+how+` }`)
		o.Policies[esa.Incoming][0].Stages = []stage.Stage{wants(esa.AntiVirus, stage.Want{Drop: "Dropped by antivirus"})}
		l, q := run(t, o, "a@b.test")
		if m := l.message(1); m.State != esa.Quarantined {
			t.Fatalf("%s: %s", how, l.told(1))
		}
		l.release(t, q, "Policy")
		if m := l.message(1); m.State != esa.Queued {
			t.Errorf("%s: %s", how, l.told(1))
		}
	}
}
