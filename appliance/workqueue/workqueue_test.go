package workqueue

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"esasim/esa"
)

func TestStages(t *testing.T) {
	for _, c := range []struct {
		name    string
		body    string
		files   []esa.Attachment
		verdict map[esa.Engine]esa.Verdict
		state   esa.State
	}{
		{"clean", "hello", nil, map[esa.Engine]esa.Verdict{esa.AntiSpam: esa.Negative, esa.AntiVirus: esa.Negative, esa.AMP: esa.Skipped}, esa.Queued},
		{"attachment", "hello", []esa.Attachment{{Name: "a", SHA256: "00"}},
			map[esa.Engine]esa.Verdict{esa.AntiSpam: esa.Negative, esa.AntiVirus: esa.Negative, esa.AMP: esa.Unknown}, esa.Queued},
		{"spam", "x " + gtube + " x", nil, map[esa.Engine]esa.Verdict{esa.AntiSpam: esa.Positive}, esa.Dropped},
		{"virus", "hello", []esa.Attachment{{Name: "a", SHA256: "00"}, {Name: "eicar.com", SHA256: eicar}},
			map[esa.Engine]esa.Verdict{esa.AntiSpam: esa.Negative, esa.AntiVirus: esa.Positive}, esa.Dropped},
		{"content gone", unreadable, nil, map[esa.Engine]esa.Verdict{esa.AntiSpam: esa.Unscannable, esa.AntiVirus: esa.Negative, esa.AMP: esa.Skipped}, esa.Queued},
	} {
		t.Run(c.name, func(t *testing.T) {
			log := &memory{body: c.body}
			q := Queue{Log: log, Stages: Stages(), Policy: "DEFAULT", Logger: slog.New(slog.DiscardHandler)}
			events := []esa.Event{{Kind: esa.MessageStarted, MID: 1}, {Kind: esa.RecipientGiven, MID: 1, Address: "a@b.test", RIDs: []esa.RID{0}}}
			for i := range c.files {
				events = append(events, esa.Event{Kind: esa.AttachmentSeen, MID: 1, Attachment: &c.files[i]})
			}
			events = append(events, esa.Event{Kind: esa.MessageReady, MID: 1})
			if err := q.take(t.Context(), []esa.Entry{{Events: events}}); err != nil {
				t.Fatal(err)
			}
			m := esa.Fold(append(events, log.events...))
			if m.State != c.state || m.Finished != (c.state == esa.Dropped) || m.Policy != "DEFAULT" {
				t.Errorf("state %v, finished %t, policy %q", m.State, m.Finished, m.Policy)
			}
			for e, got := range m.Verdicts {
				if want := c.verdict[esa.Engine(e)]; got != want {
					t.Errorf("engine %d: %d, want %d", e, got, want)
				}
			}
		})
	}
}

// unreadable is a body that the log cannot give back.
const unreadable = "unreadable"

type memory struct {
	body   string
	events []esa.Event
}

func (m *memory) AppendEach(all [][]esa.Event) error {
	m.events = append(m.events, slices.Concat(all...)...)
	return nil
}
func (m *memory) Message(context.Context, esa.MID) (esa.Message, error) {
	return esa.Message{}, nil
}
func (m *memory) Open(context.Context) ([]esa.MID, error) { return nil, nil }
func (m *memory) Content(esa.MID) (io.ReadCloser, error) {
	if m.body == unreadable {
		return nil, errors.New("no content")
	}
	return io.NopCloser(strings.NewReader(m.body)), nil
}

// The test text is found wherever it lies, however the content comes.
func TestContains(t *testing.T) {
	want := []byte(gtube)
	for _, before := range []int{0, 1, 4000, 8<<10 - 30, 8 << 10, 3 * 8 << 10} {
		text := append(bytes.Repeat([]byte("x"), before), want...)
		for _, r := range []io.Reader{bytes.NewReader(text), iotest.OneByteReader(bytes.NewReader(text)), iotest.DataErrReader(bytes.NewReader(text))} {
			if found, err := contains(r, want, make([]byte, 0, readSize)); !found || err != nil {
				t.Errorf("behind %d bytes: %t, %v", before, found, err)
			}
		}
		if found, err := contains(bytes.NewReader(text[:len(text)-1]), want, make([]byte, 0, readSize)); found || err != nil {
			t.Errorf("cut off behind %d bytes: %t, %v", before, found, err)
		}
	}
	if _, err := contains(iotest.ErrReader(io.ErrClosedPipe), want, make([]byte, 0, readSize)); err == nil {
		t.Error("a broken reader is no error")
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
	l := &torn{done: cancel, messages: map[esa.MID][]esa.Event{
		1: accepted(1), 2: accepted(2), 5: accepted(5),
		3: append(accepted(3), esa.Event{Kind: esa.MessageQueued, MID: 3}),
		4: append(accepted(4), esa.Event{Kind: esa.MessageQuarantined, MID: 4, Name: "Policy"}),
	}}
	l.steps = []any{&esa.Overtaken{Events: 7}, []esa.Entry{{Events: accepted(2)}, {Events: accepted(5)}}}
	q := Queue{Log: l, Stages: Stages(), Policy: "DEFAULT", Logger: slog.New(slog.DiscardHandler)}
	if err := q.Run(ctx, nil, l); err != nil {
		t.Fatal(err)
	}
	queued := map[esa.MID]int{}
	for _, e := range l.events {
		if e.Kind == esa.MessageQueued {
			queued[e.MID]++
		}
	}
	if want := map[esa.MID]int{1: 1, 2: 1, 5: 1}; !maps.Equal(queued, want) {
		t.Errorf("queued %v, want %v", queued, want)
	}
}
