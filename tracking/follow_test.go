package tracking

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"esasim/esa"
)

// A follower sees every entry once and in order, while many append, and none
// that a crash could still undo.
func TestFollow(t *testing.T) {
	const writers, each = 8, 50
	fs := vfs.NewCrashableMem()
	s := open(t, fs)
	defer func() { s.Close() }()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			together := 1 + w%3 // one by one, or several in one step
			var entries [][]esa.Event
			for i := range each {
				entries = append(entries, []esa.Event{{Kind: esa.ConnectionClosed, ICID: esa.ICID(w + 1), Text: fmt.Sprint(i)}})
				if len(entries) < together && i < each-1 {
					continue
				}
				if err := s.AppendEach(entries); err != nil {
					t.Error(err)
				}
				entries = nil
			}
		})
	}
	f := s.Follow(0)
	next := make([]int, writers+1)
	for seen := uint64(0); seen < writers*each; {
		entries, err := f.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		last := entries[len(entries)-1].Seq
		clone := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rand.IntN(50), RNG: rand.New(rand.NewPCG(1, last))})
		if seen%5 == 0 {
			after := open(t, clone)
			if after.Last() < last {
				t.Fatalf("entry %d was handed out, a crash left %d", last, after.Last())
			}
			after.Close()
		}
		for _, e := range entries {
			seen++
			if e.Seq != seen {
				t.Fatalf("entry %d, want %d", e.Seq, seen)
			}
			ev := e.Events[0]
			if want := fmt.Sprint(next[ev.ICID]); ev.Text != want {
				t.Fatalf("writer %d: %s, want %s", ev.ICID, ev.Text, want)
			}
			next[ev.ICID]++
		}
	}
	wg.Wait()
}

func TestFollowEndsWithContext(t *testing.T) {
	s := open(t, vfs.NewMem())
	defer s.Close()
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := s.Follow(0).Next(ctx); !errors.Is(err, cause) {
		t.Errorf("Next: %v, want %v", err, cause)
	}
}

// No number that reached the log is given out again, whatever a crash takes.
func TestNumbersNeverReused(t *testing.T) {
	fs := vfs.NewCrashableMem()
	var highest esa.MID // in an entry that was promised
	for round := range 20 {
		s := open(t, fs)
		for range rand.IntN(block + 200) {
			mid, err := s.NextMID()
			if err != nil {
				t.Fatal(err)
			}
			if mid <= highest {
				t.Fatalf("round %d: MID %d given out again (%d was promised)", round, mid, highest)
			}
			if rand.IntN(100) == 0 {
				if err := s.Commit([]esa.Event{{Kind: esa.MessageStarted, MID: mid}}, nil); err != nil {
					t.Fatal(err)
				}
				highest = mid
			}
		}
		clone := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rand.IntN(101), RNG: rand.New(rand.NewPCG(2, uint64(round)))})
		if rand.IntN(2) == 0 {
			s.Close()
			clone = fs
		}
		fs = clone
	}
}

// A proper end gives the rest of the block back: numbers go on without a gap.
func TestNumbersWithoutGap(t *testing.T) {
	fs := vfs.NewMem()
	for want := esa.MID(1); want < 6; want++ {
		s := open(t, fs)
		if got, err := s.NextMID(); got != want || err != nil {
			t.Errorf("NextMID = %d, %v, want %d", got, err, want)
		}
		s.Close()
	}
}

func TestContent(t *testing.T) {
	s := open(t, vfs.NewMem())
	defer s.Close()
	for _, size := range []int{0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 3*chunkSize + 5} {
		mid := esa.MID(size + 1)
		want := strings.Repeat("x", size)
		c := s.NewContent(mid)
		for rest := want; rest != ""; {
			n := min(len(rest), 1+rand.IntN(chunkSize))
			if _, err := io.WriteString(c, rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := s.Commit([]esa.Event{{Kind: esa.MessageReady, MID: mid}}, c); err != nil {
			t.Fatal(err)
		}
		r, err := s.Content(mid)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || string(got) != want {
			t.Errorf("content of %d bytes: got %d, %v", size, len(got), err)
		}
		r.Close()
	}
	c := s.NewContent(999999)
	if _, err := c.Write(make([]byte, 2*chunkSize)); err != nil {
		t.Fatal(err)
	}
	if err := c.Discard(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Content(999999); !errors.Is(err, ErrNotFound) {
		t.Errorf("discarded content: %v", err)
	}
}

func TestCursor(t *testing.T) {
	fs := vfs.NewMem()
	s := open(t, fs)
	if seq, note, err := s.Cursor("a"); seq != 0 || note != nil || err != nil {
		t.Errorf("new cursor: %d %q %v", seq, note, err)
	}
	if err := s.SetCursor("a", 7, []byte("note")); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = open(t, fs)
	defer s.Close()
	if seq, note, err := s.Cursor("a"); seq != 7 || string(note) != "note" || err != nil {
		t.Errorf("cursor: %d %q %v", seq, note, err)
	}
	for _, name := range []string{"b", "log/x", "log/y", "log0"} {
		if err := s.SetCursor(name, 1, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.DropCursor("log/x"); err != nil {
		t.Fatal(err)
	}
	for prefix, want := range map[string]string{"": "[a b log/y log0]", "log/": "[log/y]", "log/x": "[]", "z": "[]"} {
		if names, err := s.Cursors(prefix); fmt.Sprint(names) != want || err != nil {
			t.Errorf("cursors with prefix %q: %v, %v, want %s", prefix, names, err, want)
		}
	}
}

// What is written is what is read.
func TestCodec(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		r := rand.New(rand.NewPCG(seed, 3))
		want := randomLife(r, esa.MID(seed%1000+1), pick(r, times)).steps[0]
		got, err := decodeEntry(appendEntry(nil, want))
		if err != nil {
			rt.Fatal(err)
		}
		if d := cmp.Diff(want, got, cmp.Comparer(sameAddr)); d != "" {
			rt.Fatal(d)
		}
	})
}

// FuzzDecode: damaged entries are errors, never panics or huge allocations.
func FuzzDecode(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 20 {
		f.Add(appendEntry(nil, randomLife(r, esa.MID(i+1), times[0]).steps[0]))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		events, err := decodeEntry(b)
		if err == nil && len(events) > len(b) {
			t.Errorf("%d events out of %d bytes", len(events), len(b))
		}
	})
}
