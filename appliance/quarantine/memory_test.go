package quarantine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"esasim/appliance/successor"
	"esasim/esa"
)

// memory is a log in memory.
type memory struct {
	mu       sync.Mutex
	entries  []esa.Entry
	events   map[esa.MID][]esa.Event
	contents map[esa.MID]*kept
	last     esa.MID
	more     chan struct{} // closed when an entry comes
}

func newMemory() *memory {
	return &memory{events: map[esa.MID][]esa.Event{}, contents: map[esa.MID]*kept{}, more: make(chan struct{})}
}

type kept struct{ bytes.Buffer }

func (*kept) Discard() error { return nil }

func (l *memory) NextMID() (esa.MID, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	return l.last, nil
}

func (l *memory) NewContent(mid esa.MID) successor.Content {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.contents[mid] = &kept{}
	return l.contents[mid]
}

func (l *memory) Content(mid esa.MID) (io.ReadCloser, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.contents[mid]
	if c == nil {
		return nil, errors.New("no content")
	}
	return io.NopCloser(bytes.NewReader(c.Bytes())), nil
}

func (l *memory) AppendWith(entries [][]esa.Event, _ []successor.Content) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, events := range entries {
		seq := uint64(len(events))
		if n := len(l.entries); n > 0 {
			seq += l.entries[n-1].Seq
		}
		l.entries = append(l.entries, esa.Entry{Seq: seq, Events: events})
		mid := events[0].MID
		l.events[mid] = append(l.events[mid], events...)
	}
	close(l.more)
	l.more = make(chan struct{})
	return nil
}

func (l *memory) Message(_ context.Context, mid esa.MID) (esa.Message, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.events[mid]) == 0 {
		return esa.Message{}, ErrNotHeld
	}
	return esa.Fold(slices.Clone(l.events[mid])), nil
}

func (l *memory) Standing(ctx context.Context, mid esa.MID) (esa.Message, error) {
	m, err := l.Message(ctx, mid)
	m.Events = nil
	return m, err
}

func (l *memory) Forget() {}

func (l *memory) Held(ctx context.Context, _ Among, yield func(*esa.Message) error) error {
	l.mu.Lock()
	mids := slices.Sorted(maps.Keys(l.events))
	l.mu.Unlock()
	for _, mid := range slices.Backward(mids) {
		if m, err := l.Message(ctx, mid); err == nil && m.State == esa.Quarantined {
			if err := yield(&m); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

func (l *memory) Holds(ctx context.Context, yield func(*esa.Message) error) error {
	return l.Held(ctx, Among{}, yield)
}

func (l *memory) Sync(context.Context) error { return nil }

// follower reads the log.
type follower struct {
	l    *memory
	next int
	lose bool // it was overtaken
	late bool // and finds that out when nobody waits any more
}

func (f *follower) Next(ctx context.Context) ([]esa.Entry, error) {
	for {
		f.l.mu.Lock()
		entries, more := f.l.entries[f.next:], f.l.more
		if f.lose {
			f.lose, f.next = false, len(f.l.entries)
			f.l.mu.Unlock()
			if f.late {
				<-ctx.Done()
			}
			return nil, &esa.Overtaken{Events: uint64(len(entries))}
		}
		f.next = len(f.l.entries)
		f.l.mu.Unlock()
		if len(entries) > 0 {
			return slices.Clone(entries), nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// fall makes it one that was overtaken.
func (f *follower) fall() {
	f.l.mu.Lock()
	defer f.l.mu.Unlock()
	f.lose = true
}

// hold puts a message of so many octets into quarantines.
func (l *memory) hold(t testing.TB, o *Options, size int64, names ...string) esa.MID {
	t.Helper()
	mid, err := l.NextMID()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	events := []esa.Event{
		{Kind: esa.MessageStarted, MID: mid, Source: &esa.Source{Group: "G"}}, {Kind: esa.SenderGiven, Address: "s@from.test"},
		{Kind: esa.RecipientGiven, Address: fmt.Sprintf("u%d@to.test", mid), RIDs: []esa.RID{0}}, {Kind: esa.SubjectSeen, Text: fmt.Sprintf("number %d", mid)},
		{Kind: esa.MessageReady, Size: size, Address: "s@from.test"}, {Kind: esa.PolicyMatched, Name: "Sales"},
		{Kind: esa.EngineVerdict, Engine: esa.AntiVirus, Verdict: esa.Positive}, {Kind: esa.EngineVerdict, Engine: esa.OutbreakFilters, Verdict: esa.Negative},
	}
	for _, name := range names {
		events = append(events, esa.Event{Kind: esa.MessageQuarantined, Engine: esa.AntiVirus, Name: name, Text: "a/v verdict:VIRAL", Until: now.Add(o.of(name).Retention)})
	}
	for i := range events {
		events[i].MID, events[i].Time = mid, now
	}
	if _, err := io.WriteString(l.NewContent(mid), "Subject: x\r\n\r\nhello\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := l.AppendWith([][]esa.Event{events}, nil); err != nil {
		t.Fatal(err)
	}
	return mid
}

// told is what was told of a message since it was held, in short.
func (l *memory) told(mid esa.MID) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := ""
	for _, e := range l.events[mid] {
		switch e.Kind {
		case esa.MessageReleased:
			out += fmt.Sprintf("released %s (%s) t=%d; ", e.Name, e.Text, e.Size)
		case esa.QuarantineDeleted:
			out += fmt.Sprintf("deleted %s (%s) t=%d; ", e.Name, e.Text, e.Size)
		case esa.QuarantineMoved:
			out += fmt.Sprintf("moved %s %s; ", e.Name, e.Text)
		case esa.MessageRewritten:
			out += fmt.Sprintf("rewritten to %d by %s; ", e.Other, e.Text)
		case esa.MessageReinjected:
			out += fmt.Sprintf("reinjected as %d; ", e.Other)
		case esa.MessageGenerated:
			out += fmt.Sprintf("%d generated by %s; ", e.Other, e.Text)
		case esa.MessageFinished, esa.MessageQueued:
			out += e.Text + "; "
		}
	}
	return out
}

// run runs a keeper until stop is called.
func run(t testing.TB, l *memory, o Options) (k *Keeper, f *follower, stop func()) {
	k = New(l, &o, slog.New(slog.DiscardHandler))
	f = &follower{l: l}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- k.Run(ctx, f) }()
	return k, f, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
