package tracking

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"esasim/esa"
	"esasim/tracking/segment"
)

// TestSearchEqualsScan holds the store against its slower self: whatever was
// appended, in whatever order, sealed, merged, removed, and across restarts and
// crashes, a search must find what a look at every message finds. The same
// operations run under several options. ESASIM_SEED=n runs one seed again.
func TestSearchEqualsScan(t *testing.T) {
	seed := rand.Uint64()
	if v, err := strconv.ParseUint(os.Getenv("ESASIM_SEED"), 10, 64); err == nil {
		seed = v
	}
	for _, rows := range []int{1, 3, 16, 1000} {
		t.Run(fmt.Sprintf("%d rows a segment", rows), func(t *testing.T) {
			t.Logf("to repeat: ESASIM_SEED=%d", seed)
			o := Options{Dir: "tracking", SegmentRows: rows, Keep: Keep{LogTail: uint64(rows)}}
			w := newWorld(t, rand.New(rand.NewPCG(seed, 1)), o)
			defer func() { w.s.Close() }()
			for i := range w.steps {
				w.step(i)
			}
			for range 150 {
				checkSearch(t, w.s, w.model, w.query())
			}
			w.checkRest()
		})
	}
}

// world is a store, and what it should hold.
type world struct {
	t     *testing.T
	r     *rand.Rand
	o     Options
	fs    *vfs.MemFS
	s     *Store
	steps []life // one step each
	model map[esa.MID][]esa.Event
	conns map[esa.ICID][]esa.Event
	gone  esa.MID // everything up to here has been removed
	goneC esa.ICID
}

const (
	worldLives = 150
	worldEvery = time.Second
)

var worldStart = time.Date(2020, 5, 14, 13, 0, 0, 0, time.UTC)

func newWorld(t *testing.T, r *rand.Rand, o Options) *world {
	w := &world{t: t, r: r, o: o, fs: vfs.NewCrashableMem(), model: map[esa.MID][]esa.Event{}, conns: map[esa.ICID][]esa.Event{}}
	w.reopen()
	for i := range worldLives {
		l := randomLife(r, esa.MID(i+1), worldStart.Add(time.Duration(i)*worldEvery))
		for _, s := range l.steps {
			w.steps = append(w.steps, life{l.mid, [][]esa.Event{s}})
		}
		if i%3 == 0 {
			at, icid := worldStart.Add(time.Duration(i)*worldEvery), esa.ICID(i/3+1)
			w.steps = append(w.steps,
				life{0, [][]esa.Event{{{Kind: esa.ConnectionOpened, Time: at, ICID: icid, Source: &esa.Source{Listener: "IncomingMail"}}}}},
				life{0, [][]esa.Event{{{Kind: esa.ConnectionClosed, Time: at.Add(time.Minute), ICID: icid}}}})
		}
	}
	shuffleKeepingLives(r, w.steps)
	w.delay()
	return w
}

// delay moves some of the steps far back: what happens days later.
func (w *world) delay() {
	last := map[esa.MID]bool{}
	for i := len(w.steps) - 1; i >= 0; i-- {
		mid := w.steps[i].mid
		if mid != 0 && !last[mid] && w.r.IntN(8) == 0 {
			s := w.steps[i]
			w.steps = slices.Insert(slices.Delete(w.steps, i, i+1), i+w.r.IntN(len(w.steps)-i), s)
		}
		last[mid] = true
	}
}

func (w *world) reopen() {
	w.o.FS = w.fs
	s, err := openStore(w.o) // the keeper's work is done step by step
	if err != nil {
		w.t.Fatal(err)
	}
	s.wg.Go(s.syncLoop)
	w.s = s
}

func (w *world) query() Query {
	return randomQuery(w.r, worldStart, worldLives)
}

func (w *world) step(i int) {
	events := w.steps[i].steps[0]
	if err := w.s.Commit(events, nil); err != nil {
		w.t.Fatal(err)
	}
	for _, e := range events {
		switch {
		case w.steps[i].mid > w.gone:
			w.model[w.steps[i].mid] = append(w.model[w.steps[i].mid], e)
		case w.steps[i].mid == 0 && e.ICID > w.goneC:
			w.conns[e.ICID] = append(w.conns[e.ICID], e)
		}
	}
	if w.steps[i].mid != 0 && w.steps[i].mid <= w.gone {
		// Late for a message that is gone: what is left of it is its end.
		w.model[w.steps[i].mid] = append(w.model[w.steps[i].mid], events...)
	}
	if w.steps[i].mid == 0 && events[0].ICID <= w.goneC {
		w.conns[events[0].ICID] = append(w.conns[events[0].ICID], events...)
	}
	switch w.r.IntN(24) {
	case 0, 1, 2:
		w.seal()
	case 3:
		if g, n, _ := w.s.most(nil); n > 0 {
			w.do(func() error { return w.s.merge(g) })
		}
	case 4:
		w.do(w.s.trim)
	case 5:
		w.restart()
	case 6:
		w.removeOldest()
	case 7, 8, 9:
		checkSearch(w.t, w.s, w.model, w.query())
	}
}

func (w *world) do(f func() error) {
	w.t.Helper()
	if err := f(); err != nil {
		w.t.Fatal(err)
	}
}

// seal seals whatever there is, finished or not: time passes in jumps here.
func (w *world) seal() {
	w.s.mu.Lock()
	for t := range w.s.open {
		for _, r := range w.s.open[t].rows {
			r.at = time.Time{}
		}
	}
	w.s.mu.Unlock()
	w.do(func() error {
		for {
			if sealed, err := w.s.seal(); !sealed {
				return err
			}
		}
	})
}

func (w *world) restart() {
	if w.r.IntN(2) == 0 { // a crash: what was committed must be there
		clone := w.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: w.r.IntN(101), RNG: w.r})
		w.s.Close()
		w.fs = clone
	} else {
		w.s.Close()
	}
	w.reopen()
}

func (w *world) removeOldest() {
	w.s.sealing.Lock()
	defer w.s.sealing.Unlock()
	list := w.s.segments
	if len(list) < 6 {
		return
	}
	n := 1 + w.r.IntN(2)
	w.do(func() error { return w.s.remove(list[:n], list[n:]) })
	w.do(func() error { return w.s.db.LogData(nil, pebble.Sync) })
	var gone esa.MID // now: a segment may have connections only, and then no message goes
	var goneC esa.ICID
	for _, g := range list[:n] {
		gone = max(gone, esa.MID(g.dir.Last[segment.Messages]))
		goneC = max(goneC, esa.ICID(g.dir.Last[segment.Connections]))
	}
	w.gone, w.goneC = max(w.gone, gone), max(w.goneC, goneC)
	maps.DeleteFunc(w.model, func(mid esa.MID, _ []esa.Event) bool { return mid <= gone })
	maps.DeleteFunc(w.conns, func(icid esa.ICID, _ []esa.Event) bool { return icid <= goneC })
}

// checkRest looks up each message and connection, and the list of open ones.
func (w *world) checkRest() {
	ctx := context.Background()
	var open []esa.MID
	for mid := esa.MID(1); mid <= worldLives; mid++ {
		m, err := w.s.Message(ctx, mid)
		if w.model[mid] == nil {
			if !errors.Is(err, ErrNotFound) {
				w.t.Errorf("MID %d: %v, want not found", mid, err)
			}
			continue
		}
		if err != nil {
			w.t.Fatal(err)
		}
		if d := cmp.Diff(w.model[mid], m.Events, cmp.Comparer(sameAddr)); d != "" {
			w.t.Fatalf("MID %d (-want +got):\n%s", mid, d)
		}
		if ready, known := stillOpen(m.Events); known && ready {
			open = append(open, mid)
		}
	}
	if got, err := w.s.Open(ctx); err != nil || !slices.Equal(got, open) {
		w.t.Errorf("open: %v, want %v, %v", got, open, err)
	}
	for icid, want := range w.conns {
		got, err := w.s.Connection(ctx, icid)
		if d := cmp.Diff(want, got, cmp.Comparer(sameAddr)); err != nil || d != "" {
			w.t.Errorf("ICID %d: %v (-want +got):\n%s", icid, err, d)
		}
	}
}

// TestSearchRare: messages such as few are, sealed, are found as a look at each
// finds them.
func TestSearchRare(t *testing.T) {
	epoch := time.Unix(0, 0).UTC()
	message := func(at time.Time, icid esa.ICID, more ...esa.Event) []esa.Event {
		return append([]esa.Event{{Kind: esa.MessageStarted, Time: at, ICID: icid}}, more...)
	}
	header := func(name, text string) esa.Event { return esa.Event{Kind: esa.HeaderSeen, Name: name, Text: text} }
	w := &world{t: t, r: rand.New(rand.NewPCG(1, 1)), o: Options{Dir: "tracking", SegmentRows: 1000}, fs: vfs.NewCrashableMem(), model: map[esa.MID][]esa.Event{}}
	w.reopen()
	defer func() { w.s.Close() }()
	all := [][]esa.Event{
		message(epoch, 5, header("Reply-To", "a@example.com"), header("Reply-To", "")),
		message(epoch, 0, header("From", "x@example.com"), esa.Event{Kind: esa.MessageIDSeen, Text: "< 1@host.test >"}),
		message(epoch, 7, esa.Event{Kind: esa.RecipientGiven, RIDs: []esa.RID{0}}, esa.Event{Kind: esa.MessageIDSeen, Text: " <2@host.test>"}),
		message(epoch, 7, esa.Event{Kind: esa.RecipientGiven, Address: "r@x.test", RIDs: []esa.RID{0}},
			esa.Event{Kind: esa.MessageQuarantined, Name: "Policy"}, esa.Event{Kind: esa.MessageSplit, Other: 9, RIDs: []esa.RID{0}}),
		message(epoch, 7, esa.Event{Kind: esa.SenderGiven, Address: "a@domain.test"}, esa.Event{Kind: esa.MessageIDSeen, Text: "< 3@domain.test >"}),
	}
	for i, events := range all {
		mid := esa.MID(i + 1)
		for j := range events {
			events[j].MID = mid
			if events[j].Time.IsZero() {
				events[j].Time = epoch
			}
		}
		w.model[mid] = events
		w.do(func() error { return w.s.Commit(events, nil) })
	}
	w.s.o.SegmentRows = 1
	for range all {
		w.seal()
	}
	for _, q := range []Query{
		{ICID: 5}, {ICID: 7}, {From: epoch.Add(-time.Hour)}, {To: epoch.Add(time.Hour)}, {From: epoch, To: epoch.Add(1)},
		{ReplyTo: Text{Op: Empty}}, {ReplyTo: Text{Is, "a@example.com"}}, {Recipient: Text{Op: Empty}},
		{Held: []string{"policy"}}, {MessageID: "1@host.test"}, {MessageID: "< 1@host.test >"}, {MessageID: "2@host.test"}, {MessageID: "3@domain.test"},
		{Events: []EventMatch{{Kind: esa.HeaderSeen, Name: "from"}}}, {Events: []EventMatch{{Kind: esa.HeaderSeen, Name: "Reply-To"}}},
	} {
		checkSearch(t, w.s, w.model, q)
	}
	w.s.Close()
	w.reopen()
	checkSearch(t, w.s, w.model, Query{From: epoch.Add(-time.Hour)})
	checkSearch(t, w.s, w.model, Query{ICID: 5})
}

// TestManyLateRows: however many messages are late, and of none of them anything
// sealed, the store can be opened again.
func TestManyLateRows(t *testing.T) {
	k := openKept(t, vfs.NewMem(), Keep{})
	const last = 140_000
	k.take(last, delivered, 1)
	k.o.SegmentRows = 1
	k.maintain(received(last))
	var events []esa.Event
	for mid := esa.MID(1); mid < last; mid++ {
		events = append(events[:0:0], esa.Event{Kind: esa.MessageFinished, Time: received(mid), MID: mid})
		if err := k.Append(events); err != nil {
			t.Fatal(err)
		}
	}
	k.maintain(received(last))
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	k = openKept(t, k.o.FS, Keep{})
	for _, mid := range []esa.MID{1, last / 2, last - 1, last} {
		if m, err := k.Message(t.Context(), mid); err != nil || !m.Finished {
			t.Errorf("MID %d: %v", mid, err)
		}
	}
}
