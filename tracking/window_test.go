package tracking

import (
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/esa"
)

// The window is bounded by what it holds, not only by how many entries; what it
// no longer holds is read from the disk.
func TestWindowBound(t *testing.T) {
	s := open(t, vfs.NewMem())
	defer s.Close()
	const n = 3 * windowBytes >> 21 // of 1 MiB each, one and a half of what fits
	for i := range n {
		mid := esa.MID(i + 1)
		if err := s.Append([]esa.Event{{Kind: esa.MessageStarted, MID: mid}, {Kind: esa.SubjectSeen, MID: mid, Text: strings.Repeat("x", 1<<20)}}); err != nil {
			t.Fatal(err)
		}
	}
	if held := len(s.window.held); s.window.weights > windowBytes || held < n/2 || held > 3*n/4 {
		t.Errorf("%d entries of %d held, %d bytes", held, n, s.window.weights)
	}
	for _, mid := range []esa.MID{1, n} {
		if m, err := s.Message(t.Context(), mid); err != nil || len(m.Subject) != 1<<20 {
			t.Errorf("MID %d: %v", mid, err)
		}
	}
	f := s.Follow(0)
	for seen := uint64(0); seen < n; {
		entries, err := f.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		seen += uint64(len(entries))
	}
}

// An event is the same, read from memory or from disk.
func TestWindowIsTheDisk(t *testing.T) {
	s := open(t, vfs.NewMem())
	defer s.Close()
	for _, l := range []life{randomLife(testRand(), 1, times[0].In(zone)), randomLife(testRand(), 2, times[2])} {
		for _, step := range l.steps {
			if err := s.Commit(step, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	held := s.window.entries(1, s.Last(), followBatch)
	read, err := s.entries(1, s.Last(), followBatch)
	if err != nil || held == nil {
		t.Fatal(err, held == nil)
	}
	sameEntries(t, held, read)
}
