package tracking

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/esa"
)

// mids are those that Each tells of.
func mids(t *testing.T, s *Store, q Query) (out []esa.MID) {
	t.Helper()
	if err := s.Each(t.Context(), q, func(m *esa.Message) error { out = append(out, m.MID); return nil }); err != nil {
		t.Fatalf("each %s: %v", q, err)
	}
	return out
}

// Each finds what the pages of a search find, all of it or up to a limit.
func TestEach(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	w := newWorld(t, rand.New(rand.NewPCG(seed, 1)), Options{Dir: "tracking", SegmentRows: 16, Keep: Keep{LogTail: 16}})
	defer func() { w.s.Close() }()
	for i := range w.steps {
		w.step(i)
	}
	for range 100 {
		q := w.query()
		var want []esa.MID
		for page := q; ; {
			p, err := w.s.Search(t.Context(), page)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range p.Messages {
				want = append(want, m.MID)
			}
			if page.Before = p.Next; p.Next == 0 {
				break
			}
		}
		if got := mids(t, w.s, q); !slices.Equal(got, want[:min(len(want), q.Limit)]) {
			t.Fatalf("each %s: %v, want the first of %v", q, got, want)
		}
		q.Limit, q.Timeout = 0, time.Nanosecond // which a stream has not
		if got := mids(t, w.s, q); !slices.Equal(got, want) {
			t.Fatalf("each %s: %v, want %v", q, got, want)
		}
	}
}

// started fills a store with messages that have only begun.
func started(t *testing.T, s *Store, first, last esa.MID) {
	t.Helper()
	for mid := first; mid <= last; mid++ {
		if err := s.Append([]esa.Event{{Kind: esa.MessageStarted, Time: time.Now(), MID: mid, Source: &esa.Source{}}}); err != nil {
			t.Fatal(err)
		}
	}
}

// Over several pages nothing is met twice, what arrives meanwhile is not met,
// and while a message is handed out no view of the store is open.
func TestEachPages(t *testing.T) {
	s := open(t, vfs.NewMem())
	defer s.Close()
	const n = 2*eachMessages + 500
	started(t, s, 1, n)
	next := esa.MID(n)
	err := s.Each(t.Context(), Query{}, func(m *esa.Message) error {
		if m.MID != next {
			t.Fatalf("MID %d, want %d", m.MID, next)
		}
		if next--; next%700 == 0 {
			started(t, s, n+next, n+next)
			if open := s.db.Metrics().Snapshots.Count; open != 0 {
				t.Errorf("%d snapshots while MID %d is handed out", open, m.MID)
			}
		}
		return nil
	})
	if err != nil || next != 0 {
		t.Errorf("ended before MID %d: %v", next, err)
	}
	if got := mids(t, s, Query{Limit: MaxLimit + 7}); len(got) != MaxLimit+7 {
		t.Errorf("%d messages, want %d", len(got), MaxLimit+7)
	}
}

// A page ends when it has many events, however few messages they are of.
func TestEachLargeMessages(t *testing.T) {
	s := open(t, vfs.NewMem())
	defer s.Close()
	const n = 4
	for mid := esa.MID(1); mid <= n; mid++ {
		events := []esa.Event{{Kind: esa.MessageStarted, MID: mid, Source: &esa.Source{}}}
		for rid := range eachEvents / 2 {
			events = append(events, esa.Event{Kind: esa.RecipientGiven, MID: mid, RIDs: []esa.RID{esa.RID(rid)}, Address: "x@one.test"})
		}
		if err := s.Append(events); err != nil {
			t.Fatal(err)
		}
	}
	page, next, err := s.eachPage(t.Context(), Query{}, 0)
	if len(page) != 2 || next != 3 || err != nil {
		t.Errorf("%d messages, next %d, %v", len(page), next, err)
	}
	if got := mids(t, s, Query{}); !slices.Equal(got, []esa.MID{4, 3, 2, 1}) {
		t.Errorf("each: %v", got)
	}
}

func TestEachEnds(t *testing.T) {
	s := open(t, vfs.NewMem())
	defer s.Close()
	started(t, s, 1, 10)
	enough, seen := errors.New("enough of it"), 0
	if err := s.Each(t.Context(), Query{}, func(*esa.Message) error { seen++; return enough }); err != enough || seen != 1 {
		t.Errorf("%v after %d messages", err, seen)
	}
	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	if err := s.Each(ctx, Query{}, func(*esa.Message) error { t.Error("a message"); return nil }); !errors.Is(err, gone) {
		t.Errorf("%v", err)
	}
	if err := s.Each(t.Context(), Query{Limit: -1}, func(*esa.Message) error { return nil }); err == nil {
		t.Error("a limit of -1 is taken")
	}
}

// A stream goes on where a view was closed because it had been read for long.
func TestEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, vfs.NewMem())
		defer s.Close()
		started(t, s, 1, 100)
		q, seen := Query{Timeout: time.Second, States: []esa.State{esa.Receiving}}, 0
		w, err := s.walk(t.Context(), q, 1, visitor{found: func(w *walker, h hit) error {
			seen++
			time.Sleep(100 * time.Millisecond)
			return nil
		}})
		w.close()
		if err != nil || !w.stopped || seen < 5 || w.reached != uint64(100-seen+1) {
			t.Errorf("stopped %t at %d after %d: %v", w.stopped, w.reached, seen, err)
		}
		q.Before = esa.MID(w.reached)
		if got := mids(t, s, q); len(got) != 100-seen {
			t.Errorf("%d messages after the first %d", len(got), seen)
		}
	})
}
