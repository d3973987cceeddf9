package analysis

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"esasim/appliance/engine"
	"esasim/esa"
)

// world is a log in memory, and what is done to its messages.
type world struct {
	mu      sync.Mutex
	events  []esa.Event
	asked   int // how often all messages were asked for
	done    []string
	entries chan []esa.Entry
	lost    chan *esa.Overtaken
}

func newWorld() *world {
	return &world{entries: make(chan []esa.Entry, 100), lost: make(chan *esa.Overtaken, 1)}
}

// happens adds events, and tells the reader of them if it is told.
func (w *world) happens(told bool, events ...esa.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range events {
		if events[i].Time.IsZero() {
			events[i].Time = time.Now()
		}
	}
	w.events = append(w.events, events...)
	if told {
		w.entries <- []esa.Entry{{Events: events}}
	}
}

func (w *world) message(mid esa.MID) esa.Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	var events []esa.Event
	for _, e := range w.events {
		if e.MID == mid {
			events = append(events, e)
		}
	}
	return esa.Fold(events)
}

func (w *world) Judged(_ context.Context, yield func(*esa.Message) error) error {
	w.asked++
	for mid := esa.MID(1); mid < 10; mid++ {
		if m := w.message(mid); len(m.Files) > 0 {
			if err := yield(&m); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *world) Family(_ context.Context, mid esa.MID) ([]esa.Message, error) {
	out := []esa.Message{w.message(mid)}
	for _, m := range out[0].Into {
		out = append(out, w.message(m))
	}
	return out, nil
}

func (w *world) Commit(events []esa.Event) error { w.happens(true, events...); return nil }

func (w *world) Next(ctx context.Context) ([]esa.Entry, error) {
	select {
	case e := <-w.entries:
		return e, nil
	case l := <-w.lost:
		return nil, l
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// run has an analysis follow the world until stop.
func (w *world) run(t *testing.T, files engine.Files) (stop func()) {
	a := New(Options{Log: w, Files: files, Logger: slog.New(slog.DiscardHandler),
		Remediates: func(m *esa.Message) bool { return m.Policy != "keeps" },
		Release: func(_ context.Context, mid esa.MID, q, how string) error {
			w.done = append(w.done, fmt.Sprintf("release %d from %s: %s", mid, q, how))
			w.happens(true, esa.Event{Kind: esa.MessageReleased, MID: mid, Name: q}, esa.Event{Kind: esa.MessageReleased, MID: mid})
			return nil
		},
		Remove: func(_ context.Context, address string, mid esa.MID, why string) error {
			w.done = append(w.done, fmt.Sprintf("remove %d from %s: %s", mid, address, why))
			return nil
		}})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx, w) }()
	synctest.Wait() // it has looked what there is already
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// said is what has been done since the last call, and the verdicts that changed.
func (w *world) said() string {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.done
	w.done = nil
	return strings.Join(out, "; ")
}

func (w *world) changes() (out []string) {
	for _, e := range w.events {
		if e.Kind == esa.VerdictChanged {
			out = append(out, fmt.Sprintf("%d: %s is %d %q %q", e.MID, e.Attachment.SHA256, e.Verdict, e.Name, e.Text))
		}
	}
	return out
}

func known(t *testing.T, name string, analysis, later engine.Change) engine.KnownFile {
	t.Helper()
	c, err := engine.NewCondition(engine.When{Attachment: []string{name}})
	if err != nil {
		t.Fatal(err)
	}
	return engine.KnownFile{When: c, Verdict: esa.Unknown, Malware: "W32.X", Analysis: analysis, Later: later}
}

func files(t *testing.T) engine.Files {
	return engine.Files{
		known(t, "a", engine.Change{After: time.Minute, Verdict: esa.Negative}, engine.Change{}),
		known(t, "b", engine.Change{After: 2 * time.Minute, Verdict: esa.Positive}, engine.Change{}),
		known(t, "l", engine.Change{}, engine.Change{After: time.Hour, Verdict: esa.Positive}),
	}
}

// begun is a message with files that AMP looked at.
func begun(mid esa.MID, names ...string) []esa.Event {
	events := []esa.Event{{Kind: esa.MessageStarted, MID: mid}, {Kind: esa.RecipientGiven, MID: mid, Address: "u@x.example", RIDs: []esa.RID{0}}, {Kind: esa.MessageReady, MID: mid}}
	for _, n := range names {
		e := esa.Event{Kind: esa.FileJudged, MID: mid, Engine: esa.AMP, Verdict: esa.Pending, Text: engine.Uploaded, Attachment: &esa.Attachment{Name: n, SHA256: n}}
		if n == "l" || n == "?" {
			e.Verdict, e.Text = esa.Unknown, ""
		}
		events = append(events, e)
	}
	return events
}

func heldBy(mid esa.MID, reason string) esa.Event {
	return esa.Event{Kind: esa.MessageQuarantined, MID: mid, Engine: esa.AMP, Name: "File Analysis", Text: reason}
}

func deliveredAs(mid esa.MID) []esa.Event {
	return []esa.Event{{Kind: esa.MessageQueued, MID: mid}, {Kind: esa.RecipientDelivered, MID: mid, RIDs: []esa.RID{0}}}
}

// What is found out is told when it is, and done.
func TestFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		defer w.run(t, files(t))()
		w.happens(true, append(begun(1, "a", "b"), heldBy(1, engine.PendingReason))...)
		w.happens(true, append(begun(2, "a"), heldBy(2, "somebody wants it"))...)
		w.happens(true, append(begun(3, "l", "?"), deliveredAs(3)...)...)
		w.happens(true, append(append(begun(4, "l"), esa.Event{Kind: esa.PolicyMatched, MID: 4, Name: "keeps"}), deliveredAs(4)...)...)
		w.happens(true, append(begun(5, "l"), esa.Event{Kind: esa.MessageDropped, MID: 5, Engine: esa.AntiVirus})...)
		time.Sleep(90 * time.Second)
		if got := w.said(); got != "" {
			t.Errorf("while a file of MID 1 is analysed: %s", got)
		}
		time.Sleep(time.Minute)
		if got, want := w.said(), "release 1 from File Analysis: file analysis complete"; got != want {
			t.Errorf("analysed: %s, want %s", got, want)
		}
		time.Sleep(time.Hour)
		if got, want := w.said(), "remove 3 from u@x.example: retrospective verdict"; got != want {
			t.Errorf("later: %s, want %s", got, want)
		}
		want := []string{`1: a is 1 "" "file analysis"`, `2: a is 1 "" "file analysis"`, `1: b is 2 "W32.X" "file analysis"`, `3: l is 2 "W32.X" ""`, `4: l is 2 "W32.X" ""`}
		if got := w.changes(); !slices.Equal(got, want) {
			t.Errorf("%q\nwant %q", got, want)
		}
	})
}

// A message that became another one is waited for while that is on its way.
func TestFoundOfSuccessor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		defer w.run(t, files(t))()
		w.happens(true, append(begun(1, "a"), esa.Event{Kind: esa.MessageRewritten, MID: 1, Other: 2})...)
		inherits := esa.Event{Kind: esa.Inherited, MID: 2, Engine: esa.AMP, Verdict: esa.Pending, Attachment: &esa.Attachment{SHA256: "a"}}
		w.happens(true, append(begun(2), inherits)...)
		time.Sleep(80 * time.Second)
		if got := w.changes(); got != nil {
			t.Errorf("told of a message in the work queue: %q", got)
		}
		w.happens(true, heldBy(2, engine.PendingReason))
		time.Sleep(time.Minute)
		if got, want := w.said(), "release 2 from File Analysis: file analysis complete"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if got, want := w.changes(), []string{`2: a is 1 "" "file analysis"`}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

// What was to be found out before a start, and what a follower has lost, is found out;
// nothing is told twice, but what a crash kept from being done is done.
func TestRebuild(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.happens(false, append(begun(1, "a"), heldBy(1, engine.PendingReason))...)
		w.happens(false, append(begun(2, "a"), heldBy(2, engine.PendingReason),
			esa.Event{Kind: esa.VerdictChanged, MID: 2, Engine: esa.AMP, Verdict: esa.Negative, Attachment: &esa.Attachment{SHA256: "a"}})...) // and then the machine went down
		time.Sleep(time.Hour)
		stop := w.run(t, files(t))
		if got, want := w.said(), "release 1 from File Analysis: file analysis complete; release 2 from File Analysis: file analysis complete"; got != want {
			t.Errorf("started: %s, want %s", got, want)
		}
		w.happens(false, append(begun(3, "a"), heldBy(3, engine.PendingReason))...)
		w.lost <- &esa.Overtaken{Events: 7}
		time.Sleep(2 * time.Minute)
		if got, want := w.said(), "release 3 from File Analysis: file analysis complete"; got != want {
			t.Errorf("overtaken: %s, want %s", got, want)
		}
		stop()
		w.run(t, files(t))()
		if got := w.said(); got != "" || len(w.changes()) != 3 {
			t.Errorf("started again: %s, %q", got, w.changes())
		}
		asked := w.asked
		w.run(t, engine.Files{{When: files(t)[0].When, Verdict: esa.Positive}})()
		if w.asked != asked {
			t.Error("all messages are asked for although nothing is found out of files")
		}
	})
}
