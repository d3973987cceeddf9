package tracking

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/esa"
)

// filled is a store with finished messages 1 to n, most of them sealed, ten to a
// segment.
func filled(t *testing.T, n esa.MID) *Store {
	t.Helper()
	s, err := openStore(Options{FS: vfs.NewMem(), Dir: "tracking", SegmentRows: 10})
	if err != nil {
		t.Fatal(err)
	}
	s.wg.Go(s.syncLoop)
	t.Cleanup(func() { s.Close() })
	for mid := esa.MID(1); mid <= n; mid++ {
		at := worldStart.Add(time.Duration(mid) * time.Second)
		tell(t, s, esa.Event{Kind: esa.MessageStarted, Time: at, MID: mid},
			esa.Event{Kind: esa.SenderGiven, Time: at, MID: mid, Address: fmt.Sprintf("sender%d@example.com", mid)},
			esa.Event{Kind: esa.MessageFinished, Time: at, MID: mid})
	}
	for sealed := true; sealed; {
		if sealed, err = s.seal(); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func tell(t *testing.T, s *Store, events ...esa.Event) {
	t.Helper()
	if err := s.Append(events); err != nil {
		t.Fatal(err)
	}
}

func numbersOf(list []esa.Message) (out []esa.MID) {
	for i := range list {
		out = append(out, list[i].MID)
	}
	return out
}

// A page is never longer than MaxLimit, whatever is asked for.
func TestSearchRows(t *testing.T) {
	s := filled(t, MaxLimit+5)
	page, err := s.Search(t.Context(), Query{Limit: MaxLimit + 3})
	if err != nil || len(page.Messages) != MaxLimit || page.Next != 6 || page.Stopped != "" {
		t.Errorf("%d messages, next %d, %q, %v", len(page.Messages), page.Next, page.Stopped, err)
	}
}

// A search whose time is over says so, and where to go on; going on finds
// everything.
func TestSearchTime(t *testing.T) {
	s := filled(t, 45)
	page, err := s.Search(t.Context(), Query{Timeout: 1})
	if err != nil || !strings.Contains(page.Stopped, "1ns") || page.Next == 0 {
		t.Fatalf("stopped %q, next %d, %v", page.Stopped, page.Next, err)
	}
	found := numbersOf(page.Messages)
	for page.Next != 0 {
		if page, err = s.Search(t.Context(), Query{Before: page.Next}); err != nil {
			t.Fatal(err)
		}
		found = append(found, numbersOf(page.Messages)...)
	}
	var want []esa.MID
	for mid := esa.MID(45); mid > 0; mid-- {
		want = append(want, mid)
	}
	if !slices.Equal(found, want) {
		t.Errorf("%v", found)
	}
}

// The account of a search says what was left out, and why.
func TestExplain(t *testing.T) {
	s := filled(t, 45)
	for _, c := range []struct {
		q    Query
		why  string
		read int
	}{
		{Query{MID: 25}, "mid", 1},
		{Query{Sender: Text{Is, "sender25@example.com"}}, "filter of sender", 1},
		{Query{Sender: Text{Contains, "xyz"}}, "trigrams of sender", 0},
		{Query{To: worldStart.Add(11 * time.Second)}, "received", 1},
		{Query{States: []esa.State{esa.Bounced}}, "state", 0},
	} {
		page, err := s.Search(t.Context(), c.q)
		if err != nil {
			t.Fatal(err)
		}
		e := page.Explain
		if e.Segments != 4 || e.Read != c.read || e.Pruned[c.why] != 4-c.read || !strings.Contains(e.String(), "pruned by "+c.why) {
			t.Errorf("%s:\n%s", c.q, e)
		}
	}
}

// A message's family is found from each of its members, sealed or not.
func TestFamily(t *testing.T) {
	s := filled(t, 40)
	start := func(mid, from esa.MID) esa.Event {
		return esa.Event{Kind: esa.MessageStarted, Time: worldStart, MID: mid, Other: from}
	}
	tell(t, s, esa.Event{Kind: esa.MessageSplit, Time: worldStart, MID: 7, Other: 41}) // 7 is sealed
	tell(t, s, start(41, 7), esa.Event{Kind: esa.MessageRewritten, Time: worldStart, MID: 41, Other: 42})
	tell(t, s, start(42, 41), esa.Event{Kind: esa.BounceGenerated, Time: worldStart, MID: 42, Other: 43})
	tell(t, s, start(43, 42))
	for _, mid := range []esa.MID{7, 41, 42, 43} {
		family, err := s.Family(t.Context(), mid)
		if got := numbersOf(family); err != nil || !slices.Equal(got, []esa.MID{7, 41, 42, 43}) {
			t.Errorf("of MID %d: %v, %v", mid, got, err)
		}
	}
	if family, err := s.Family(t.Context(), 8); err != nil || len(family) != 1 {
		t.Errorf("of MID 8: %v, %v", numbersOf(family), err)
	}
	if _, err := s.Family(t.Context(), 99); !errors.Is(err, ErrNotFound) {
		t.Errorf("of MID 99: %v", err)
	}
}

// A store of another format is refused, and the reason says whose it is.
func TestFormat(t *testing.T) {
	for version, want := range map[byte]string{format - 1: "older", format + 1: "newer"} {
		fs := vfs.NewMem()
		s := open(t, fs)
		if err := s.db.Set([]byte{prefixFormat}, []byte{version}, pebble.Sync); err != nil {
			t.Fatal(err)
		}
		s.Close()
		if s, err := Open(Options{FS: fs, Dir: "tracking"}); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), want) {
			t.Errorf("version %d: %v", version, err)
			if err == nil {
				s.Close()
			}
		}
	}
}
