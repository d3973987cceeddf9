package reporting

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/esa"
	"esasim/tracking"
)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// subjects are messages of so many subjects, the first of which many have.
func subjects(n int, at time.Time) []esa.Entry {
	var out []esa.Entry
	seq := uint64(0)
	for i := range 2 * n {
		mid := esa.MID(i + 1)
		text := fmt.Sprint("subject ", i)
		if i%2 == 0 {
			text = "the same"
		}
		events := []esa.Event{
			{Kind: esa.MessageStarted, Time: at, MID: mid, ICID: 1, Source: &esa.Source{Rule: "ACCEPT"}}, {Kind: esa.SenderGiven, Time: at, MID: mid},
			{Kind: esa.SubjectSeen, Time: at, MID: mid, Text: text}, {Kind: esa.MessageReady, Time: at, MID: mid},
			{Kind: esa.MessageFinished, Time: at, MID: mid},
		}
		seq += uint64(len(events))
		out = append(out, esa.Entry{Seq: seq, Events: events})
	}
	return out
}

// However many keys senders choose, a page holds few, the large ones are right, and
// the sum is, too.
func TestKeysAreBounded(t *testing.T) {
	s := openStore(t, vfs.NewMem(), 1000)
	defer s.Close()
	r, err := Open(Options{Shelf: s.Shelf(Follower), Store: keptIn{s}, Keys: 50})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-time.Minute)
	entries := subjects(1000, at)
	for i := 0; i < len(entries); i += 100 {
		if err := r.count(t.Context(), entries[i:i+100]); err != nil {
			t.Fatal(err)
		}
		if err := r.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	found, err := r.Ask(t.Context(), Question{Table: Subject, From: at.Add(-time.Hour), To: time.Now()})
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	rows := found[0].Rows
	sum := uint64(0)
	for i := range rows {
		sum += rows[i].Get(NumMessages)
	}
	if len(rows) > 101 || sum != 2000 || Find(rows, "the same").Get(NumMessages) != 1000 || Find(rows, Rest) == nil {
		t.Errorf("%d rows with %d messages", len(rows), sum)
	}
}

// Keys are printable and short, whatever senders send.
func TestKeys(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"a@b.example", "a@b.example"}, {"\x00rest", " rest"}, {"a\r\nb", "a  b"}, {"gr\u00fc\u00dfe", "gr\u00fc\u00dfe"}, {"\xff\xfe", ""},
		{strings.Repeat("\u00fc", 300), strings.Repeat("\u00fc", 128)}, {"a" + strings.Repeat("\u00fc", 300), "a" + strings.Repeat("\u00fc", 127)},
	} {
		if got := key(c.in); got != c.want {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}

// What is counted when the log was cut off is all that is left, and how much is not is
// known, also after a restart; one that begins has lost nothing.
func TestOvertaken(t *testing.T) {
	for _, began := range []bool{false, true} {
		s := openStore(t, vfs.NewMem(), 1000)
		o := Options{Shelf: s.Shelf(Follower), Store: keptIn{s}, Logger: quiet()}
		r, err := Open(o)
		if err != nil {
			t.Fatal(err)
		}
		want := uint64(0)
		if began {
			want = 5
			if err := r.count(t.Context(), subjects(1, time.Now())[:1]); err != nil {
				t.Fatal(err)
			}
		}
		before := r.Seq()
		r.skip(5)
		if err := r.Flush(); err != nil {
			t.Fatal(err)
		}
		if r, err = Open(o); err != nil {
			t.Fatal(err)
		}
		if r.Lost() != want || r.Seq() != before+5 {
			t.Errorf("began %t: %d events lost, %d read, want %d and %d", began, r.Lost(), r.Seq(), want, before+5)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// What is too old goes: minutes, then hours, then days; and what arrives so late is
// counted where it is still kept.
func TestRetention(t *testing.T) {
	s := openStore(t, vfs.NewMem(), 1000)
	defer s.Close()
	shelf := &watched{Shelf: s.Shelf(Follower), rows: map[string]bool{}}
	r, err := Open(Options{Shelf: shelf, Store: keptIn{s}})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	seq := uint64(0)
	for _, age := range []time.Duration{0, 30 * time.Hour, 20 * 24 * time.Hour, 3 * 366 * 24 * time.Hour} {
		for _, e := range subjects(1, now.Add(-age))[:1] {
			seq += e.Seq
			e.Seq = seq
			if err := r.count(t.Context(), []esa.Entry{e}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := r.Flush(); err != nil {
		t.Fatal(err)
	}
	steps := map[byte]int{}
	for k := range shelf.rows {
		if k[len(k)-1] == byte(Subject) {
			steps[k[0]]++
		}
	}
	if want := map[byte]int{byte(Minute): 1, byte(Hour): 2, byte(Day): 3}; !maps.Equal(steps, want) {
		t.Errorf("pages by step %v, want %v", steps, want)
	}
	if len(shelf.dropped) != 3 {
		t.Errorf("%d ranges are dropped, want one of each step", len(shelf.dropped))
	}
}

// watched is a shelf that knows what was put there.
type watched struct {
	tracking.Shelf
	rows    map[string]bool
	dropped [][2]string
}

func (w *watched) Put(seq uint64, note []byte, rows map[string][]byte, drop [][2]string) error {
	for k := range rows {
		w.rows[k] = true
	}
	w.dropped = append(w.dropped, drop...)
	return w.Shelf.Put(seq, note, rows, drop)
}

// The buckets of a span are as large as they may be, and as small as there are.
func TestCover(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2020, 3, 30, 12, 34, 0, 0, berlin) // clocks went forward on the 29th
	at := func(text string) time.Time {
		p, err := time.ParseInLocation("2 15:04", text, berlin)
		if err != nil {
			t.Fatal(err)
		}
		return time.Date(2020, 3, p.Day(), p.Hour(), p.Minute(), 0, 0, berlin)
	}
	for _, c := range []struct{ from, to, want string }{
		{"30 12:30", "30 12:33", "MMM"},
		{"30 11:00", "30 12:00", "H"},
		{"30 11:00", "30 13:00", "HH"}, // an end ahead of now is no edge
		{"30 00:00", "30 13:00", "D"},
		{"29 00:00", "30 00:00", "D"},
		{"28 22:00", "30 01:00", "HHDH"},
		{"29 01:00", "29 04:00", "HH"}, // two hours pass
		{"28 22:30", "29 00:00", "HH"}, // minutes are gone: the hour counts as a whole
		{"10 05:00", "10 07:00", "D"},  // so are hours
		{"20 10:00", "21 10:00", "DD"},
	} {
		got, end := "", at(c.from)
		for i, p := range DefaultKeep().cover(at(c.from), at(c.to), now) {
			got += " MHD"[p.step : p.step+1]
			if i > 0 && !p.begin.Equal(end) {
				t.Errorf("%s to %s: %s follows %s", c.from, c.to, p.begin, end)
			}
			end = p.end
		}
		if got != c.want {
			t.Errorf("%s to %s: %s, want %s", c.from, c.to, got, c.want)
		}
	}
}

// FuzzPage: a damaged page is an error, never a panic or a huge allocation, and a good
// one is what it was.
func FuzzPage(f *testing.F) {
	p := page{"a": {cells: []cell{{TotalRecipients, 5}, {DetectedSpam, 1 << 40}}, last: "x"}, rest: {}}
	f.Add(p.append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		p := page{}
		if readPage(b, func(k string, r *row) { p.row(k).merge(r) }) != nil {
			return
		}
		again := page{}
		if err := readPage(p.append(nil), func(k string, r *row) { again[k] = r }); err != nil || len(again) != len(p) {
			t.Errorf("%d rows became %d: %v", len(p), len(again), err)
		}
	})
}
