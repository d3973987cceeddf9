package tracking

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/esa"
)

// TestCount holds it against the pages of a search.
func TestCount(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	const n = 60
	start := time.Date(2020, 5, 14, 13, 0, 0, 0, time.UTC)
	s := open(t, vfs.NewMem())
	defer s.Close()
	for i := range n {
		for _, step := range randomLife(r, esa.MID(i+1), start.Add(time.Duration(i)*time.Second)).steps {
			if err := s.Append(step); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 200 {
		q := randomQuery(r, start, n)
		q.Before = esa.MID(r.IntN(n + 2))
		all := q
		all.Limit = n
		page, err := s.Search(t.Context(), all)
		if err != nil {
			t.Fatal(err)
		}
		limit := r.IntN(n + 2)
		got, err := s.Count(t.Context(), q, limit)
		if want := min(limit, len(page.Messages)); err != nil || got != want {
			t.Errorf("count %s, at most %d: %d, want %d, %v", q, limit, got, want, err)
		}
	}
	if got, err := s.Count(t.Context(), Query{}, -1); got != 0 || err != nil {
		t.Errorf("at most -1: %d, %v", got, err)
	}
}

// TestCountEndsWithContext: a count over many messages must not outlive who
// asked.
func TestCountEndsWithContext(t *testing.T) {
	s := open(t, vfs.NewMem())
	defer s.Close()
	for mid := range esa.MID(3) {
		if err := s.Append([]esa.Event{{Kind: esa.MessageStarted, MID: mid + 1, Source: &esa.Source{}}}); err != nil {
			t.Fatal(err)
		}
	}
	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	if n, err := s.Count(ctx, Query{}, 3); n != 0 || !errors.Is(err, gone) {
		t.Errorf("%d, %v", n, err)
	}
}
