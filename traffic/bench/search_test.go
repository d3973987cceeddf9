package main

import (
	"strings"
	"testing"
	"time"

	"esasim/esa"
	"esasim/tracking"
	"esasim/traffic/backfill"
	"esasim/traffic/mix"
)

// past makes a small one, and opens its store.
func past(t *testing.T) (*tracking.Store, []sample) {
	t.Helper()
	p := mix.Past{Seed: seed, Messages: 10_000, Days: days, End: time.Date(2020, 5, 14, 13, 0, 0, 0, time.UTC)}
	o := tracking.Options{Dir: t.TempDir()}
	if err := backfill.Run(t.Context(), o, p, nil); err != nil {
		t.Fatal(err)
	}
	h, err := mix.NewHistory(p)
	if err != nil {
		t.Fatal(err)
	}
	samples, err := draw(h, 200)
	if err != nil {
		t.Fatal(err)
	}
	store, err := tracking.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store, samples
}

// TestDrawnAreFound: what is drawn from the generator is what is in the store.
func TestDrawnAreFound(t *testing.T) {
	store, samples := past(t)
	for _, k := range named() {
		list := with(samples, k.has)
		if len(list) < 20 {
			t.Errorf("by %s: only %d drawn", k.what, len(list))
		}
		for _, s := range list[:min(len(list), 50)] {
			if _, err := find(store, k.ask(s), s.mid); err != nil {
				t.Errorf("by %s: %v", k.what, err)
			}
		}
	}
}

// TestFindNotices: an answer without the message is an error.
func TestFindNotices(t *testing.T) {
	store, samples := past(t)
	s := samples[0]
	if _, err := find(store, tracking.Query{MID: s.mid + 1}, s.mid); err == nil || !strings.Contains(err.Error(), "lacks MID") {
		t.Errorf("another message was found: %v", err)
	}
	// Newer ones fill the page of everything.
	if _, err := find(store, tracking.Query{}, 1); err != nil {
		t.Error(err)
	}
	if _, err := find(store, tracking.Query{}, 9_999); err != nil {
		t.Error(err)
	}
	if _, err := find(store, tracking.Query{States: []esa.State{esa.Bounced}}, 20_000); err == nil {
		t.Error("a message that is not there was found")
	}
}

// TestWords: each kind of words is what it is said to be.
func TestWords(t *testing.T) {
	store, samples := past(t)
	w, err := findWords(store, samples)
	if err != nil {
		t.Fatal(err)
	}
	count := func(word string) int {
		n, err := store.Count(t.Context(), containing(word), 100)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, word := range w.rare {
		if n := count(word); n < fewest || n > most {
			t.Errorf("%q is in %d messages", word, n)
		}
	}
	for _, word := range append(w.nowhere, w.worst...) {
		if n := count(word); n != 0 {
			t.Errorf("%q is in %d messages", word, n)
		}
	}
	if len(w.worst) != enough || len(w.rare) != enough {
		t.Errorf("%d and %d words, want %d", len(w.worst), len(w.rare), enough)
	}
}
