package tracking

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"esasim/esa"
	"esasim/internal/statefile"
)

const (
	damagedLives     = 120
	damagedPositions = 30 // of each file
)

// truth is what a store was told, and the store.
type truth struct {
	r        *rand.Rand
	fs       *vfs.MemFS
	o        Options
	entries  []esa.Entry
	contents map[esa.MID]string
	queries  []Query
}

// newTruth makes a store with a bit of everything: several runs, so that there
// are tables and logs of several ages; segments, late events, contents, a cursor.
func newTruth(t *testing.T, seed uint64) *truth {
	w := &truth{r: rand.New(rand.NewPCG(seed, 4)), fs: vfs.NewMem(), contents: map[esa.MID]string{}}
	w.o = Options{FS: w.fs, Dir: "tracking", SegmentRows: 16}
	lives := w.lives()
	for run := range 4 {
		s, err := openStore(w.o)
		if err != nil {
			t.Fatal(err)
		}
		s.wg.Go(s.syncLoop)
		part := lives[run*len(lives)/4 : (run+1)*len(lives)/4]
		for i, l := range part {
			w.commit(t, s, l)
			if i%40 == 39 {
				w.seal(t, s)
			}
		}
		if err := s.SetCursor("somebody", s.Last()/2, []byte("note")); err != nil {
			t.Fatal(err)
		}
		if run == 1 { // also from the lower levels, and without a log behind them
			if err := errors.Join(s.db.Flush(), s.db.Compact(t.Context(), []byte{0}, []byte{0xff}, false)); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for range 12 {
		q := randomQuery(w.r, worldStart, damagedLives)
		q.Limit = 40
		w.queries = append(w.queries, q)
	}
	w.queries = append(w.queries, Query{Limit: MaxLimit})
	return w
}

// lives are messages in their steps, some of these long after, and connections.
func (w *truth) lives() []life {
	var out []life
	for i := range damagedLives {
		l := randomLife(w.r, esa.MID(i+1), worldStart.Add(time.Duration(i)*worldEvery))
		for _, s := range l.steps {
			out = append(out, life{l.mid, [][]esa.Event{s}})
		}
		if i%3 == 0 {
			at := worldStart.Add(time.Duration(i) * worldEvery)
			out = append(out, life{0, [][]esa.Event{{{Kind: esa.ConnectionOpened, Time: at, ICID: esa.ICID(i/3 + 1), Source: &esa.Source{Listener: "IncomingMail"}},
				{Kind: esa.ConnectionClosed, Time: at.Add(time.Second), ICID: esa.ICID(i/3 + 1)}}}})
		}
	}
	for i := range out { // far back
		if j := len(out) - 1 - i; out[j].mid%9 == 0 && out[j].steps[0][0].Kind != esa.MessageStarted {
			late := out[j]
			out = append(slices.Delete(out, j, j+1), late)
		}
	}
	return out
}

func (w *truth) commit(t *testing.T, s *Store, l life) {
	t.Helper()
	var c *Content
	events := l.steps[0]
	if events[0].Kind == esa.MessageStarted {
		for _, next := range []func() error{
			func() error { _, err := s.NextMID(); return err }, func() error { _, err := s.NextICID(); return err }} {
			if err := next(); err != nil {
				t.Fatal(err)
			}
		}
		for s.dcid.next < 10 {
			_, _ = s.NextDCID()
		}
		text := strings.Repeat(fmt.Sprintf("line of MID %d, %d\r\n", l.mid, w.r.Uint64()), 1+w.r.IntN(20))
		if l.mid%50 == 0 {
			// More than a chunk. Pebble looks for a single flipped bit in a damaged block
			// by trying each, which takes minutes when 128 KiB are not compressed.
			text = strings.Repeat(text, chunkSize/len(text)+2)
		}
		c = s.NewContent(l.mid)
		if _, err := io.WriteString(c, text); err != nil {
			t.Fatal(err)
		}
		w.contents[l.mid] = text
	}
	if err := s.Commit(events, c); err != nil {
		t.Fatal(err)
	}
	w.entries = append(w.entries, esa.Entry{Seq: s.last, Events: events})
}

func (w *truth) seal(t *testing.T, s *Store) {
	t.Helper()
	s.mu.Lock()
	for table := range s.open {
		for _, r := range s.open[table].rows {
			r.at = time.Time{}
		}
	}
	s.mu.Unlock()
	if err := s.maintain(worldStart.Add(time.Hour), w.r.IntN(3) == 0); err != nil {
		t.Fatal(err)
	}
}

// read is a file of the store.
func read(t *testing.T, fs vfs.FS, path string) []byte {
	t.Helper()
	b, err := statefile.Read(fs, path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// clone is a copy of the store in which one file is another.
func (w *truth) clone(t *testing.T, name string, b []byte) *vfs.MemFS {
	t.Helper()
	out := vfs.NewMem()
	if _, err := vfs.Clone(w.fs, out, "tracking", "tracking"); err != nil {
		t.Fatal(err)
	}
	f, err := out.Create("tracking/"+name, "test")
	if err == nil {
		_, err = f.Write(b)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestDamage spoils each file of a store at many places. Whatever is read then is
// an error that says so, or right. ESASIM_SEED=n runs one seed again.
func TestDamage(t *testing.T) {
	seed := rand.Uint64()
	if v, err := strconv.ParseUint(os.Getenv("ESASIM_SEED"), 10, 64); err == nil {
		seed = v
	}
	t.Logf("to repeat: ESASIM_SEED=%d", seed)
	w := newTruth(t, seed)
	names, err := w.fs.List("tracking")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	var logs []string
	for _, n := range names {
		if strings.HasSuffix(n, ".log") {
			logs = append(logs, n)
		}
	}
	for i, name := range names {
		b := read(t, w.fs, "tracking/"+name)
		if len(b) == 0 {
			continue // its name says all
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, uint64(i)))
			n := &noted{}
			for range damagedPositions {
				spoilt, how := spoil(r, b)
				w.check(t, n, w.clone(t, name, spoilt), len(logs) > 0 && name == logs[len(logs)-1], how)
			}
			t.Logf("%d octets: %d not opened, %d answers refused, %d right", len(b), n.closed, n.refused, n.right)
			for _, e := range n.errors {
				t.Log(e)
			}
		})
	}
}

// spoil is the file with something wrong.
func spoil(r *rand.Rand, b []byte) ([]byte, string) {
	out, at := slices.Clone(b), r.IntN(len(b))
	switch r.IntN(4) {
	case 0:
		return out[:at], fmt.Sprintf("cut off at %d of %d", at, len(b))
	case 1:
		n := min(len(b)-at, 1+r.IntN(64))
		clear(out[at:][:n])
		return out, fmt.Sprintf("zeros from %d to %d of %d", at, at+n, len(b))
	default:
		out[at] ^= 1 << r.IntN(8)
		return out, fmt.Sprintf("bit flipped at %d of %d", at, len(b))
	}
}

// noted counts what became of the spoilt stores.
type noted struct {
	closed, refused, right int
	errors                 []string // some
}

func (n *noted) error(how string, err error) {
	if len(n.errors) < 4 {
		n.errors = append(n.errors, how+": "+err.Error())
	}
}

// check asks a spoilt store everything. The last log's end may be missing: what
// is there must be right.
func (w *truth) check(t *testing.T, n *noted, fs *vfs.MemFS, lastLog bool, how string) {
	t.Helper()
	o := w.o
	o.FS = fs
	s, err := Open(o)
	if err != nil {
		n.closed++
		n.error(how, err)
		return
	}
	defer func() { _ = s.Close() }() // it may well say what is damaged
	last := s.Last()
	if want := w.entries[len(w.entries)-1].Seq; last != want && !lastLog {
		t.Errorf("%s: the log ends with event %d, want %d, and nobody says so", how, last, want)
		return
	}
	told := func(what string, err error, diff string) {
		t.Helper()
		switch {
		case err != nil && err.Error() != "" && !errors.Is(err, ErrNotFound):
			n.refused++
			n.error(how+": "+what, err)
		case diff != "":
			t.Errorf("%s: %s: %v (-want +got):\n%s", how, what, err, diff)
		default:
			n.right++
		}
	}
	w.ask(s, last, told)
}

func (w *truth) ask(s *Store, last uint64, told func(what string, err error, diff string)) {
	ctx := context.Background()
	model, conns, count := map[esa.MID][]esa.Event{}, map[esa.ICID][]esa.Event{}, 0
	for _, e := range w.entries {
		if e.Seq > last {
			break
		}
		count++
		for _, ev := range e.Events {
			switch mid := e.Events[len(e.Events)-1].MID; {
			case mid != 0:
				model[mid] = append(model[mid], ev)
			default:
				conns[ev.ICID] = append(conns[ev.ICID], ev)
			}
		}
	}
	for _, q := range w.queries {
		var got, want []esa.MID
		page, err := s.Search(ctx, q)
		for _, m := range page.Messages {
			got = append(got, m.MID)
		}
		match := q.matcher()
		for mid, events := range model {
			if m := esa.Fold(events); match(&m) {
				want = append(want, mid)
			}
		}
		slices.SortFunc(want, func(a, b esa.MID) int { return int(b) - int(a) })
		told("search "+q.String(), err, cmp.Diff(want[:min(len(want), q.Limit)], got))
	}
	for mid := esa.MID(1); mid <= damagedLives; mid++ {
		m, err := s.Message(ctx, mid)
		told(fmt.Sprintf("MID %d", mid), err, differ(model[mid], m.Events))
		if model[mid] == nil {
			continue
		}
		var text []byte
		r, err := s.Content(mid)
		if err == nil {
			text, err = io.ReadAll(r)
			err = errors.Join(err, r.Close())
		}
		told(fmt.Sprintf("content of MID %d", mid), err, sameText(w.contents[mid], string(text)))
	}
	for icid, want := range conns {
		got, err := s.Connection(ctx, icid)
		told(fmt.Sprintf("ICID %d", icid), err, differ(want, got))
	}
	w.follow(s, w.entries[:count], told)
}

// differ is cmp.Diff for what is nearly always the same.
func differ(want, got any) string {
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return cmp.Diff(want, got, cmp.Comparer(sameAddr))
}

func sameText(want, got string) string {
	if want == got {
		return ""
	}
	return fmt.Sprintf("%d octets, want %d", len(got), len(want))
}

func (w *truth) follow(s *Store, want []esa.Entry, told func(string, error, string)) {
	f := s.Follow(0)
	var got []esa.Entry
	for len(want) > 0 && (len(got) == 0 || got[len(got)-1].Seq < want[len(want)-1].Seq) {
		some, err := f.Next(context.Background())
		if err != nil {
			told("follow", err, "")
			return
		}
		got = append(got, some...)
	}
	told("follow", nil, differ(want, got))
}
