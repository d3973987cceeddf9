package appliance

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/quarantine"
	"esasim/esa"
	"esasim/tracking"
)

// A page out of 50,000 held messages takes no look at the others, neither in an order
// that needs no texts, nor if a text is looked for that few have. It comes within 50 ms
// on the reference machine; the bound here is for busy ones, and for the race detector.
func TestPageOfManyHeld(t *testing.T) {
	const messages, most = 50_000, time.Second
	s, err := tracking.Open(tracking.Options{FS: vfs.NewMem(), Dir: "tracking", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	holdMany(t, s, messages)
	log := &countedLog{quarantineLog: quarantineLog{queueLog{s}}}
	k := quarantine.New(log, &quarantine.Options{Quarantines: quarantine.BuiltIn()}, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- k.Run(ctx, s.Follow(messages*9)) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	<-k.Known()
	among := quarantine.Among{Quarantines: []string{quarantine.Policy}}
	text := among
	text.Subject = quarantine.Text{Op: quarantine.EndsWith, Value: "number 7771"}
	for _, c := range []struct {
		name  string
		q     quarantine.Search
		total int
	}{
		{"newest", quarantine.Search{Among: among}, messages},
		{"last page", quarantine.Search{Among: among, Offset: messages - 100, Limit: 100}, messages},
		{"by exit", quarantine.Search{Among: among, Sort: "exit", Ascending: true, Offset: 20_000, Limit: 100}, messages},
		{"largest", quarantine.Search{Among: among, Sort: "size", Limit: 100}, messages},
		{"subject", quarantine.Search{Among: text}, 1},
	} {
		best := time.Hour
		log.looked.Store(0)
		for range 5 {
			at := time.Now()
			p, err := k.Search(t.Context(), c.q)
			if best = min(best, time.Since(at)); err != nil || p.Total != c.total || len(p.Held) == 0 {
				t.Fatalf("%s: %d of %d, %v", c.name, len(p.Held), p.Total, err)
			}
		}
		if t.Logf("%s: %s", c.name, best); best > most || log.looked.Load() > 5*100 {
			t.Errorf("%s: %s, and looked at %d messages", c.name, best, log.looked.Load())
		}
	}
}

// countedLog counts how many messages are looked at.
type countedLog struct {
	quarantineLog
	looked atomic.Int64
}

func (l *countedLog) Standing(ctx context.Context, mid esa.MID) (esa.Message, error) {
	l.looked.Add(1)
	return l.quarantineLog.Standing(ctx, mid)
}

func (l *countedLog) Held(ctx context.Context, of quarantine.Among, yield func(*esa.Message) error) error {
	return l.quarantineLog.Held(ctx, of, func(m *esa.Message) error {
		l.looked.Add(1)
		return yield(m)
	})
}

// holdMany puts messages into the quarantine Policy.
func holdMany(t *testing.T, s *tracking.Store, messages int) {
	t.Helper()
	batch, now := [][]esa.Event{}, time.Now()
	for i := range messages {
		mid, err := s.NextMID()
		if err != nil {
			t.Fatal(err)
		}
		events := []esa.Event{
			{Kind: esa.MessageStarted, Source: &esa.Source{Group: "G"}}, {Kind: esa.SenderGiven, Address: "s@from.test"},
			{Kind: esa.RecipientGiven, Address: fmt.Sprintf("u%d@to.test", mid), RIDs: []esa.RID{0}}, {Kind: esa.SubjectSeen, Text: fmt.Sprintf("number %d", mid)},
			{Kind: esa.MessageReady, Size: int64(i % 977), Address: "s@from.test"}, {Kind: esa.PolicyMatched, Name: "Sales"},
			{Kind: esa.EngineVerdict, Engine: esa.AntiVirus, Verdict: esa.Positive}, {Kind: esa.EngineVerdict, Engine: esa.OutbreakFilters, Verdict: esa.Negative},
			{Kind: esa.MessageQuarantined, Engine: esa.AntiVirus, Name: quarantine.Policy, Text: "a/v verdict:VIRAL", Until: now.Add(time.Duration(1+i*7919%messages) * time.Hour)},
		}
		for j := range events {
			events[j].MID, events[j].Time = mid, now.Add(time.Duration(i)*time.Millisecond)
		}
		if batch = append(batch, events); len(batch) == 1000 || i == messages-1 {
			if err := s.AppendEach(batch); err != nil {
				t.Fatal(err)
			}
			batch = batch[:0]
		}
	}
}
