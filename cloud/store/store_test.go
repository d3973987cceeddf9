package store

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"
)

// TestOwner: a directory is of one region for good.
func TestOwner(t *testing.T) {
	fs := vfs.NewMem()
	s, err := Open(Options{FS: fs, Dir: "a/b", Region: "AMERICAS"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Put(Client("x"), "kept"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{FS: fs, Dir: "a/b", Region: "EUROPE"}); !errors.Is(err, ErrForeign) {
		t.Errorf("another region: %v", err)
	}
	s, err = Open(Options{FS: fs, Dir: "a/b", Region: "AMERICAS"})
	if err != nil {
		t.Fatal(err)
	}
	var got string
	if err := s.Get(Client("x"), &got); err != nil || got != "kept" {
		t.Errorf("%q, %v", got, err)
	}
	if err := s.Get(Client("y"), &got); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown key: %v", err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := s.Put(Client("x"), 1); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// TestCloseWaits: Close ends only after the uses that were under way, so none
// of them meets a closed database.
func TestCloseWaits(t *testing.T) {
	s, err := Open(Options{FS: vfs.NewMem(), Dir: "x", Region: "AMERICAS"})
	if err != nil {
		t.Fatal(err)
	}
	in, out, closed := make(chan struct{}), make(chan struct{}), make(chan error)
	used := make(chan error)
	go func() {
		used <- s.Use(func(db *pebble.DB) error {
			close(in)
			<-out
			return db.Set([]byte("k"), nil, pebble.Sync) // panics on a closed database
		})
	}()
	<-in
	go func() { closed <- s.Close() }()
	select {
	case <-closed:
		t.Error("closed while in use")
	case <-time.After(10 * time.Millisecond):
	}
	close(out)
	if err := errors.Join(<-used, <-closed); err != nil {
		t.Error(err)
	}
}

// TestTermOrder: the keys of one term come newest first, and a range since a
// moment holds exactly those at or after it, whatever the times.
func TestTermOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		moment := rapid.Custom(func(t *rapid.T) time.Time {
			return time.UnixMilli(rapid.Int64Range(-62135596800000, 253402300799999).Draw(t, "ms"))
		})
		a, b := moment.Draw(t, "a"), moment.Draw(t, "b")
		seqA, seqB := rapid.Uint64Range(0, 65535).Draw(t, "seqA"), rapid.Uint64Range(0, 65535).Draw(t, "seqB")
		keyA, keyB := Term(1, 7, a, seqA), Term(1, 7, b, seqB)
		if got, want := bytes.Compare(keyA, keyB), b.Compare(a); want != 0 && got != want {
			t.Fatalf("%v, %v: %d", a, b, got)
		}
		termA, termB := rapid.Uint64().Draw(t, "termA"), rapid.Uint64().Draw(t, "termB")
		bigA, bigB := rapid.Uint64().Draw(t, "bigA"), rapid.Uint64().Draw(t, "bigB")
		got := NewTermKey(termA, a, bigA).Compare(NewTermKey(termB, b, bigB))
		if want := bytes.Compare(Term(1, termA, a, bigA), Term(1, termB, b, bigB)); got != want {
			t.Fatalf("compared as numbers %d, as keys %d", got, want)
		}
		from, to := TermBetween(1, 0, 7, b, time.Time{})
		inside := bytes.Compare(keyA, from) >= 0 && bytes.Compare(keyA, to) < 0
		if inside != !a.Before(b) {
			t.Fatalf("%v since %v: %v", a, b, inside)
		}
		if _, seq := TermTail(keyA); seq != seqA {
			t.Fatalf("seq %d of %d", seq, seqA)
		}
	})
}

// TestRanges: a device's ranges hold its own keys and nobody else's.
func TestRanges(t *testing.T) {
	keys := func(dev uint32) [][]byte {
		return [][]byte{Sighting(dev, 1<<40), ExternalID(dev, "\xff\xff"), Term(dev, 1<<63, time.Now(), 1<<40)}
	}
	for i, ranged := range []func(uint32) ([]byte, []byte){Sightings, ExternalIDs, Terms} {
		for _, dev := range []uint32{1, 2, 3, 255, 256} {
			from, to := ranged(2)
			k := keys(dev)[i]
			if inside := bytes.Compare(k, from) >= 0 && bytes.Compare(k, to) < 0; inside != (dev == 2) {
				t.Errorf("range %d, device %d: %v", i, dev, inside)
			}
		}
	}
	all := append(keys(1), []byte(keyFormat), Device("x"), Token("x"), Client("x"), Module("x"), Organisation(), SigningKey(), Services(), Numbers())
	slices.SortFunc(all, bytes.Compare)
	if len(slices.CompactFunc(all, bytes.Equal)) != 12 {
		t.Error("two keys are the same")
	}
}
