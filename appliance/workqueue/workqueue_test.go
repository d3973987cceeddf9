package workqueue

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"esasim/appliance/stage"
	"esasim/esa"
	"esasim/smtp"
)

// memory is a log in memory. What it is given comes back to the queue, as from the
// real one.
type memory struct {
	entries  [][]esa.Event
	contents map[esa.MID]*kept
	last     esa.MID
	discards int
}

type kept struct {
	bytes.Buffer
	l *memory
}

func (k *kept) Discard() error { k.l.discards++; return nil }

func (m *memory) NextMID() (esa.MID, error) { m.last++; return m.last, nil }
func (m *memory) NewContent(mid esa.MID) Content {
	m.contents[mid] = &kept{l: m}
	return m.contents[mid]
}
func (m *memory) AppendEach(all [][]esa.Event) error {
	m.entries = append(m.entries, all...)
	return nil
}
func (m *memory) AppendWith(all [][]esa.Event, _ []Content) error { return m.AppendEach(all) }
func (m *memory) Message(_ context.Context, mid esa.MID) (esa.Message, error) {
	return m.message(mid), nil
}
func (m *memory) message(mid esa.MID) esa.Message {
	var events []esa.Event
	for _, e := range slices.Concat(m.entries...) {
		if e.MID == mid {
			events = append(events, e)
		}
	}
	return esa.Fold(events)
}
func (m *memory) Open(context.Context) ([]esa.MID, error) { return nil, nil }
func (m *memory) Content(mid esa.MID) (io.ReadCloser, error) {
	c := m.contents[mid]
	if c == nil {
		return nil, errors.New("no content")
	}
	return io.NopCloser(bytes.NewReader(c.Bytes())), nil
}

// told are the events of a message behind its beginning, in short.
func (m *memory) told(mid esa.MID) string {
	var out []string
	for _, e := range m.message(mid).Events {
		switch e.Kind {
		case esa.MessageStarted, esa.SenderGiven, esa.RecipientGiven, esa.MessageIDSeen, esa.SubjectSeen, esa.Inherited:
		case esa.PolicyMatched:
			out = append(out, e.Name)
		case esa.EngineVerdict:
			out = append(out, fmt.Sprintf("%d:%d", e.Engine, e.Verdict))
		case esa.MessageReady:
			out = append(out, "ready")
		case esa.MessageQueued:
			out = append(out, "queued")
		case esa.MessageDropped, esa.MessageBounced:
			out = append(out, e.Text)
		case esa.QuarantineAsked:
			out = append(out, "ask "+e.Name)
		case esa.MessageQuarantined:
			out = append(out, "hold "+e.Name)
		case esa.MessageSplit, esa.MessageRewritten, esa.MessageGenerated, esa.BounceGenerated:
			out = append(out, fmt.Sprintf("%s%s -> %d", e.Name, e.Text, e.Other))
		case esa.MessageFinished:
			out = append(out, e.Text)
		}
	}
	return strings.Join(out, ", ")
}

// run is a log with one message to the recipients, taken through the stages.
func run(t *testing.T, o Options, to ...string) (*memory, *Queue) {
	t.Helper()
	l := &memory{contents: map[esa.MID]*kept{}, last: 1}
	events := []esa.Event{{Kind: esa.MessageStarted, MID: 1, ICID: 5, Source: &esa.Source{Group: "G"}, Text: "helo"}, {Kind: esa.SenderGiven, MID: 1, Address: "s@from.test"}}
	for i, r := range to {
		events = append(events, esa.Event{Kind: esa.RecipientGiven, MID: 1, Address: r, RIDs: []esa.RID{esa.RID(i)}})
	}
	events = append(events, esa.Event{Kind: esa.SubjectSeen, MID: 1, Text: "hi"}, esa.Event{Kind: esa.AuthChecked, MID: 1, Name: esa.DKIM, Text: "no signature"},
		esa.Event{Kind: esa.MessageReady, MID: 1, Size: 5, Address: "s@from.test"})
	l.NewContent(1).Write([]byte("Subject: hi\r\n\r\nhello\r\n"))
	q := &Queue{Log: l, Logger: slog.New(slog.DiscardHandler)}
	q.Options.Store(&o)
	l.entries = [][]esa.Event{events}
	l.drain(t, q, 0)
	return l, q
}

// drain hands the entries behind a place to the queue until no more come.
func (m *memory) drain(t *testing.T, q *Queue, from int) {
	t.Helper()
	for n := from; n < len(m.entries); n++ {
		if err := q.take(t.Context(), []esa.Entry{{Events: m.entries[n]}}); err != nil {
			t.Fatal(err)
		}
	}
}

// says is a stage that always says the same.
func says(e esa.Engine, f stage.Finding) stage.Stage {
	return stage.Stage{Engine: e, Scan: func(*stage.Job) (stage.Finding, error) { return f, nil }}
}

func clean(e esa.Engine) stage.Stage { return says(e, stage.Finding{Verdict: esa.Negative}) }

func wants(e esa.Engine, w stage.Want) stage.Stage {
	return says(e, stage.Finding{Verdict: esa.Positive, Want: w})
}

// with is a queue whose only policy has these stages.
func with(stages ...stage.Stage) Options {
	return Options{Policies: [2]Table{{{Name: "DEFAULT", Stages: stages}}, {{Name: "DEFAULT"}}}, Bounces: true, Host: "esa.test",
		Keep: map[string]time.Duration{"Policy": time.Hour, "Virus": 2 * time.Hour, "Spam Quarantine": 3 * time.Hour, "Unclassified": time.Hour}}
}

func hold(q string) stage.Want { return stage.Want{Hold: []stage.Hold{{Quarantine: q, Reason: "r"}}} }

// What stages want is done, in order, and told.
func TestWants(t *testing.T) {
	drop, bounce := stage.Want{Drop: "Dropped by X"}, stage.Want{Bounce: "Bounced by X", Reason: "5.7.1 - no"}
	for _, c := range []struct {
		name string
		o    Options
		want []string // of MID 1, 2, ...
	}{
		{"clean", with(clean(esa.AntiSpam), clean(esa.AntiVirus)), []string{"ready, DEFAULT, 2:1, 3:1, queued"}},
		{"dropped", with(wants(esa.AntiSpam, drop), clean(esa.AntiVirus)), []string{"ready, DEFAULT, 2:2, Dropped by X, aborted"}},
		{"bounced", with(wants(esa.AntiSpam, bounce), clean(esa.AntiVirus)), []string{"ready, DEFAULT, 2:2, Bounced by X,  -> 2, aborted", "queued"}},
		{"held by two, at the end", with(wants(esa.AntiSpam, hold("Spam Quarantine")), wants(esa.AntiVirus, hold("Virus")), wants(esa.ContentFilters, hold("Policy"))),
			[]string{"ready, DEFAULT, 2:2, ask Spam Quarantine, 3:2, ask Virus, 6:2, ask Policy, hold Virus, hold Policy"}},
		{"spam", with(wants(esa.AntiSpam, hold("Spam Quarantine")), clean(esa.AntiVirus)), []string{"ready, DEFAULT, 2:2, ask Spam Quarantine, 3:1, hold Spam Quarantine"}},
		{"to be held, then dropped", with(wants(esa.AntiVirus, hold("Virus")), wants(esa.ContentFilters, drop)),
			[]string{"ready, DEFAULT, 3:2, ask Virus, 6:2, Dropped by X, aborted"}},
		{"to a quarantine that is not", with(wants(esa.AntiVirus, hold("None"))), []string{"ready, DEFAULT, 3:2, ask None, hold Unclassified"}},
		{"a copy to one that is not", with(wants(esa.ContentFilters, stage.Want{Copies: []stage.Copy{{To: []string{"a@b.test"}, By: "f", Hold: &stage.Hold{Quarantine: "None"}}}})),
			[]string{"ready, DEFAULT, 6:2, f -> 2, queued", "ready, hold Unclassified"}},
		{"rewritten, held", with(wants(esa.AntiSpam, hold("Spam Quarantine")), wants(esa.AntiVirus, stage.Want{To: []string{"x@y.test"}, By: "antivirus"}), clean(esa.AMP)),
			[]string{"ready, DEFAULT, 2:2, ask Spam Quarantine, 3:2, antivirus -> 2, done", "ask Spam Quarantine, ready, 4:1, hold Spam Quarantine"}},
		{"copied", with(wants(esa.ContentFilters, stage.Want{Copies: []stage.Copy{{To: []string{"b@c.test"}, By: "bcc filter 'f'"}, {To: []string{"a@n.test"}, Content: []byte("Subject: note\r\n\r\n"), By: "notify filter 'f'", Null: true}}})),
			[]string{"ready, DEFAULT, 6:2, bcc filter 'f' -> 2, notify filter 'f' -> 3, queued", "queued", "queued"}},
		{"copied to be scanned", with(clean(esa.AntiSpam), says(esa.ContentFilters, stage.Finding{Verdict: esa.Negative})), []string{"ready, DEFAULT, 2:1, 6:1, queued"}},
		{"delivered at once", with(wants(esa.AntiSpam, stage.Want{Deliver: true}), wants(esa.AntiVirus, drop)), []string{"ready, DEFAULT, 2:2, queued"}},
		{"stage skipped", with(wants(esa.AntiSpam, stage.Want{Skip: []esa.Engine{esa.AntiVirus}}), wants(esa.AntiVirus, drop), clean(esa.AMP)), []string{"ready, DEFAULT, 2:2, 4:1, queued"}},
		{"stage skipped, rewritten", with(wants(esa.AntiSpam, stage.Want{Skip: []esa.Engine{esa.AntiVirus}, To: []string{"x@y.test"}, By: "antispam"}), wants(esa.AntiVirus, drop), clean(esa.AMP)),
			[]string{"ready, DEFAULT, 2:2, antispam -> 2, done", "ready, 4:1, queued"}},
		{"scanner broken", with(stage.Stage{Engine: esa.AntiSpam, Scan: func(*stage.Job) (stage.Finding, error) { return stage.Finding{}, io.ErrUnexpectedEOF }}), []string{fmt.Sprintf("ready, DEFAULT, 2:%d, queued", esa.Unscannable)}},
	} {
		l, _ := run(t, c.o, "a@b.test")
		for i, want := range c.want {
			if got := l.told(esa.MID(i + 1)); got != want {
				t.Errorf("%s: MID %d: %s\nwant %s", c.name, i+1, got, want)
			}
		}
		if int(l.last) != len(c.want) {
			t.Errorf("%s: %d messages, want %d", c.name, l.last, len(c.want))
		}
	}
}

// A message that was made of another has what was known of that one.
func TestSuccessor(t *testing.T) {
	l, _ := run(t, with(clean(esa.AntiSpam), wants(esa.AntiVirus, stage.Want{To: []string{"x@y.test", "z@y.test"}, By: "antivirus"}), clean(esa.AMP)), "a@b.test")
	m, old := l.message(2), l.message(1)
	if m.From != 1 || m.ICID != 0 || m.Source.Group != "G" || m.HELO != "helo" || m.Subject != "hi" || m.Size != 5 || m.Policy != "DEFAULT" || m.Sender != "s@from.test" ||
		m.Verdicts[esa.AntiSpam] != esa.Negative || m.Verdicts[esa.AntiVirus] != esa.Positive || m.Verdicts[esa.AMP] != esa.Negative || len(m.Auth.DKIM) != 1 {
		t.Errorf("%+v", m)
	}
	if len(m.Recipients) != 2 || m.Recipients[1].Address != "z@y.test" || m.State != esa.Queued {
		t.Errorf("recipients %+v, %s", m.Recipients, m.State)
	}
	if old.State != esa.Replaced || !old.Finished || !slices.Equal(old.Into, []esa.MID{2}) {
		t.Errorf("old: %s, finished %t, into %v", old.State, old.Finished, old.Into)
	}
	if got := l.contents[2].String(); got != l.contents[1].String() {
		t.Errorf("content %q", got)
	}
}

func addresses(t *testing.T, list ...string) smtp.Addresses {
	a, err := smtp.NewAddresses(list)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Recipients that match different policies become messages of their own, each with
// the stages of its policy.
func TestSplit(t *testing.T) {
	o := with(clean(esa.AntiSpam))
	all := addresses(t, "ALL")
	o.Filters[esa.Incoming] = clean(esa.MessageFilters)
	o.Policies[esa.Incoming] = Table{
		{Name: "Finance", Senders: all, Recipients: addresses(t, "@fin.test"), Stages: []stage.Stage{wants(esa.AntiSpam, stage.Want{Drop: "Dropped by CASE"})}},
		{Name: "Others", Senders: addresses(t, "other.test"), Recipients: all},
		{Name: "Sales", Senders: all, Recipients: addresses(t, "sales@b.test"), Stages: []stage.Stage{clean(esa.ContentFilters)}},
		o.Policies[esa.Incoming][0],
	}
	l, _ := run(t, o, "a@b.test", "x@fin.test", "sales@b.test", "y@fin.test", "c@b.test")
	for mid, want := range map[esa.MID]string{
		1: "ready, 1:1, Finance -> 2, Sales -> 3, DEFAULT, 2:1, queued",
		2: "ready, Finance, 2:2, Dropped by CASE, aborted",
		3: "ready, Sales, 6:1, queued",
	} {
		if got := l.told(mid); got != want {
			t.Errorf("MID %d: %s\nwant %s", mid, got, want)
		}
	}
	to := func(mid esa.MID) (out []string) {
		for _, r := range l.message(mid).Recipients {
			if r.State != esa.Replaced {
				out = append(out, r.Address)
			}
		}
		return out
	}
	if !slices.Equal(to(1), []string{"a@b.test", "c@b.test"}) || !slices.Equal(to(2), []string{"x@fin.test", "y@fin.test"}) || !slices.Equal(to(3), []string{"sales@b.test"}) {
		t.Errorf("recipients %v, %v, %v", to(1), to(2), to(3))
	}
	if l.message(2).Verdicts[esa.MessageFilters] != esa.Negative || l.message(2).Subject != "hi" {
		t.Error("what was known is lost")
	}
}

// One that its quarantines let go goes on behind the stage that had it held; the
// same finding does not hold it again, another one does.
func TestReleased(t *testing.T) {
	files := stage.Finding{Verdict: esa.Unknown}
	amp := stage.Stage{Engine: esa.AMP, Scan: func(*stage.Job) (stage.Finding, error) { return files, nil }}
	l, q := run(t, with(clean(esa.AntiSpam), wants(esa.AntiVirus, hold("Virus")), amp, wants(esa.ContentFilters, hold("Policy"))), "a@b.test")
	before := l.told(1)
	l.release(t, q, "Virus", "Policy")
	if got, want := l.told(1), before+", queued"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	l, q = run(t, with(clean(esa.AntiSpam), wants(esa.AntiVirus, hold("Virus")), amp, wants(esa.ContentFilters, hold("Policy"))), "a@b.test")
	before = l.told(1)
	l.release(t, q, "Virus")
	if got := l.told(1); got != before {
		t.Errorf("another holds it: %s\nwant %s", got, before)
	}
	l, _ = run(t, with(clean(esa.AntiSpam), wants(esa.AntiVirus, hold("Virus")), amp, wants(esa.ContentFilters, stage.Want{Drop: "x"})), "a@b.test")
	if l.message(1).State != esa.Dropped {
		t.Fatal("not dropped")
	}
	l, q = run(t, with(wants(esa.AntiVirus, hold("Virus")), amp), "a@b.test")
	before = l.told(1)
	files = stage.Finding{Verdict: esa.Positive, Want: stage.Want{Drop: "Dropped by AMP"}}
	l.release(t, q, "Virus")
	if got, want := l.told(1), before+", 4:2, Dropped by AMP, aborted"; got != want {
		t.Errorf("found out meanwhile: %s\nwant %s", got, want)
	}
}

// What was to go to a quarantine that is no longer there is held in another one, and
// once; then the spam quarantine has its turn.
func TestReleasedUnclassified(t *testing.T) {
	l, q := run(t, with(wants(esa.AntiSpam, hold("Spam Quarantine")), wants(esa.ContentFilters, hold("None"))), "a@b.test")
	before := l.told(1)
	l.release(t, q, "Unclassified")
	if got, want := l.told(1), before+", hold Spam Quarantine"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if m := l.message(1); m.Holds[0].Engine != esa.AntiSpam || len(m.Holds) != 1 {
		t.Errorf("%+v", m.Holds)
	}
}

// release tells what quarantines tell when they let the message go.
func (m *memory) release(t *testing.T, q *Queue, names ...string) {
	t.Helper()
	for _, n := range names {
		e := []esa.Event{{Kind: esa.MessageReleased, MID: 1, Name: n}}
		if one := m.message(1); len(one.Quarantines) == 1 {
			e = append(e, esa.Event{Kind: esa.MessageReleased, MID: 1})
		}
		m.entries = append(m.entries, e)
		m.drain(t, q, len(m.entries)-1)
	}
}

// A message that cannot be read goes on as it is.
func TestNoContent(t *testing.T) {
	o := with(wants(esa.AntiVirus, stage.Want{To: []string{"x@y.test"}, By: "antivirus"}))
	l := &memory{contents: map[esa.MID]*kept{}, last: 1}
	q := &Queue{Log: l, Logger: slog.New(slog.DiscardHandler)}
	q.Options.Store(&o)
	err := q.take(t.Context(), []esa.Entry{{Events: []esa.Event{{Kind: esa.MessageStarted, MID: 1}, {Kind: esa.MessageReady, MID: 1}}}})
	if got, want := l.told(1), "DEFAULT, 3:2, queued"; err != nil || got != want {
		t.Errorf("%v: %s\nwant %s", err, got, want)
	}
}

// torn is a log whose beginning was cut off before the queue had read it: MID 1
// and 2 are accepted, and the entry of the second comes all the same.
type torn struct {
	memory
	messages map[esa.MID][]esa.Event
	steps    []any // what Next gives: entries, or an error
	done     context.CancelFunc
}

func (l *torn) AppendEach(all [][]esa.Event) error {
	for _, e := range all {
		l.messages[e[0].MID] = append(l.messages[e[0].MID], e...)
	}
	return l.memory.AppendEach(all)
}
func (l *torn) Message(_ context.Context, mid esa.MID) (esa.Message, error) {
	return esa.Fold(l.messages[mid]), nil
}
func (l *torn) Open(context.Context) ([]esa.MID, error) { return []esa.MID{1, 2, 3, 4}, nil }
func (l *torn) Next(ctx context.Context) ([]esa.Entry, error) {
	if len(l.steps) == 0 {
		l.done()
		return nil, ctx.Err()
	}
	step := l.steps[0]
	l.steps = l.steps[1:]
	if err, ok := step.(error); ok {
		return nil, err
	}
	return step.([]esa.Entry), nil
}

// A queue that was overtaken asks what is open, does it, and does none of it twice.
func TestOvertaken(t *testing.T) {
	accepted := func(mid esa.MID) []esa.Event {
		return []esa.Event{{Kind: esa.MessageStarted, MID: mid}, {Kind: esa.RecipientGiven, MID: mid, RIDs: []esa.RID{0}}, {Kind: esa.MessageReady, MID: mid}}
	}
	ctx, cancel := context.WithCancel(t.Context())
	l := &torn{memory: memory{contents: map[esa.MID]*kept{}}, done: cancel, messages: map[esa.MID][]esa.Event{
		1: accepted(1), 2: accepted(2), 5: accepted(5),
		3: append(accepted(3), esa.Event{Kind: esa.MessageQueued, MID: 3}),
		4: append(accepted(4), esa.Event{Kind: esa.MessageQuarantined, MID: 4, Name: "Policy"}),
	}}
	l.steps = []any{&esa.Overtaken{Events: 7}, []esa.Entry{{Events: accepted(2)}, {Events: accepted(5)}}}
	q := Queue{Log: l, Logger: slog.New(slog.DiscardHandler)}
	o := with()
	q.Options.Store(&o)
	if err := q.Run(ctx, nil, l); err != nil {
		t.Fatal(err)
	}
	queued := map[esa.MID]int{}
	for _, e := range slices.Concat(l.entries...) {
		if e.Kind == esa.MessageQueued {
			queued[e.MID]++
		}
	}
	if want := map[esa.MID]int{1: 1, 2: 1, 5: 1}; !maps.Equal(queued, want) {
		t.Errorf("queued %v, want %v", queued, want)
	}
}

// A message that quarantines changed when they let it go meets the stages that the
// one it was made from would have met, and knows what was found of that.
func TestReleasedSuccessor(t *testing.T) {
	met := ""
	sees := func(e esa.Engine, v esa.Verdict) stage.Stage {
		return stage.Stage{Engine: e, Scan: func(*stage.Job) (stage.Finding, error) {
			met += fmt.Sprint(e)
			return stage.Finding{Verdict: v, Want: hold("Policy")}, nil
		}}
	}
	for caught, want := range map[esa.Engine]string{esa.AntiVirus: "467", esa.AMP: "467", esa.ContentFilters: "7", esa.OutbreakFilters: "234", esa.NoEngine: ""} {
		l := &memory{contents: map[esa.MID]*kept{}, last: 1}
		q := &Queue{Log: l, Logger: slog.New(slog.DiscardHandler)}
		o := with(sees(esa.AntiSpam, esa.Positive), sees(esa.AntiVirus, esa.Positive), sees(esa.AMP, esa.Positive), sees(esa.ContentFilters, esa.Positive), sees(esa.OutbreakFilters, esa.Positive))
		o.Filters[esa.Incoming] = sees(esa.MessageFilters, esa.Positive)
		q.Options.Store(&o)
		events := []esa.Event{{Kind: esa.MessageStarted, MID: 1, Other: 9}, {Kind: esa.RecipientGiven, MID: 1, RIDs: []esa.RID{0}}}
		for e := esa.MessageFilters; e < esa.Engines; e++ {
			events = append(events, esa.Event{Kind: esa.Inherited, MID: 1, Other: 9, Engine: e, Verdict: esa.Positive})
		}
		events = append(events, esa.Event{Kind: esa.Inherited, MID: 1, Other: 9, Name: "DEFAULT"}, esa.Event{Kind: esa.MessageReady, MID: 1}, esa.Event{Kind: esa.MessageReleased, MID: 1, Engine: caught})
		l.entries, met = [][]esa.Event{events}, ""
		l.drain(t, q, 0)
		if m := l.message(1); met != want || m.State != esa.Queued {
			t.Errorf("engine %d had it held: met %s, want %s; it is %s", caught, met, want, m.State)
		}
	}
}
