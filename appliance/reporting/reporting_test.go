package reporting

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"esasim/esa"
	"esasim/tracking"
)

// TestCountsEqualMail holds the counters against what the mail was meant to be,
// however often the process ends well or badly in between. ESASIM_SEED=n runs one seed
// again.
func TestCountsEqualMail(t *testing.T) {
	seed := rand.Uint64()
	if v, err := strconv.ParseUint(os.Getenv("ESASIM_SEED"), 10, 64); err == nil {
		seed = v
	}
	for _, rows := range []int{2, 16, 1000} {
		t.Run(fmt.Sprintf("%d rows a segment", rows), func(t *testing.T) {
			t.Logf("to repeat: ESASIM_SEED=%d", seed)
			r := rand.New(rand.NewPCG(seed, uint64(rows)))
			m := &maker{r: r, at: time.Now().Add(-2 * time.Hour), want: expected{}}
			first := m.at
			w := &world{t: t, r: r, rows: rows, fs: vfs.NewCrashableMem()}
			w.open()
			for _, step := range m.lives(300) {
				w.step(step)
			}
			w.catchUp()
			got := w.counted(first, m.want)
			if d := cmp.Diff(map[string]uint64(m.want), got); d != "" {
				t.Error(d)
			}
			w.stepsAgree(first)
			if err := w.store.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// world is a store and its reports, which end in every way.
type world struct {
	t       *testing.T
	r       *rand.Rand
	rows    int
	fs      *vfs.MemFS
	store   *tracking.Store
	reports *Reports
	follow  *tracking.Follower
}

func (w *world) open() {
	w.store = openStore(w.t, w.fs, w.rows)
	var err error
	w.reports, err = Open(Options{Shelf: w.store.Shelf(Follower), Store: keptIn{w.store}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.follow = w.store.Follow(w.reports.Seq())
}

// step makes one step of the mail true, and sometimes more happens.
func (w *world) step(entries [][]esa.Event) {
	if err := w.store.AppendEach(entries); err != nil {
		w.t.Fatal(err)
	}
	switch w.r.IntN(12) {
	case 0, 1, 2:
		w.catchUp()
	case 3:
		if err := w.reports.Flush(); err != nil {
			w.t.Fatal(err)
		}
	case 4: // an end by kill -9
		if err := w.store.Sync(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		clone := w.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: w.r.IntN(101), RNG: w.r})
		if err := w.store.Close(); err != nil {
			w.t.Fatal(err)
		}
		w.fs = clone
		w.open()
	case 5: // a proper one
		if err := w.reports.Flush(); err != nil {
			w.t.Fatal(err)
		}
		if err := w.store.Close(); err != nil {
			w.t.Fatal(err)
		}
		w.open()
	}
}

// catchUp counts what there is.
func (w *world) catchUp() {
	if err := w.store.Sync(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	for w.reports.Seq() < w.store.Last() {
		entries, err := w.follow.Next(w.t.Context())
		if err == nil {
			err = w.reports.count(context.Background(), entries)
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

// counted is what reports say of everything that mail expects something of.
func (w *world) counted(from time.Time, want expected) map[string]uint64 {
	got := map[string]uint64{}
	for t := Incoming; t < Tables; t++ {
		for _, one := range w.ask(Question{Table: t, From: from, To: time.Now().Add(time.Hour)}) {
			for _, r := range one.Rows {
				for _, c := range t.Counters() {
					k := fmt.Sprintf("%d %q %s", t, r.Key, c)
					if _, ok := want[k]; ok {
						got[k] = r.Get(c)
					}
				}
			}
		}
	}
	return got
}

func (w *world) ask(q Question) []Interval {
	out, err := w.reports.Ask(w.t.Context(), q)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// stepsAgree: a series of minutes, one of hours and one of days add up to the same, and
// nothing is counted that its table does not list.
func (w *world) stepsAgree(from time.Time) {
	for t := Incoming; t < Tables; t++ {
		sums := map[Step]map[string]uint64{}
		for s := Step(0); s <= Day; s++ {
			sums[s] = map[string]uint64{}
			for _, one := range w.ask(Question{Table: t, From: from.Add(-time.Minute), To: time.Now(), Step: s}) {
				for _, r := range one.Rows {
					for _, c := range r.row.cells {
						sums[s][r.Key+" "+c.c.String()] += c.n
						if !slices.Contains(t.Counters(), c.c) {
							w.t.Errorf("table %d counts %s and does not say so", t, c.c)
						}
					}
				}
			}
			if d := cmp.Diff(sums[0], sums[s]); d != "" {
				w.t.Errorf("table %d in steps of %d: %s", t, s, d)
			}
		}
	}
}
