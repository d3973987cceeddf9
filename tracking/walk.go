package tracking

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"esasim/esa"
	"esasim/tracking/segment"
)

// walker goes through the messages of a view, newest first.
type walker struct {
	view      *view
	plan      *plan
	explained Explained
	start     time.Time
	timeout   time.Duration
	stopped   bool   // by its time limit
	reached   uint64 // everything from this MID up has been looked at
	open      int    // so many of the view's open messages are still to come

	settle  func(*walker) error // see visitor; nil: the walk takes no turns
	turns   turns
	turn    time.Time // when this turn began
	waiting bool      // for the next one

	want, found int    // how many messages are wanted, and have been found
	why         string // what the last segments were pruned by, and how many they are
	pruned      int

	filtered int     // from this segment up the filters have been asked
	answers  []uint8 // of the segments from there, see plan.absent
}

// absent is what the filter of the i-th segment says. It is asked for a falling i.
func (w *walker) absent(i int) uint8 {
	if len(w.plan.hashes) == 0 {
		return 0
	}
	if w.answers == nil || i < w.filtered {
		w.askFilters(i)
	}
	return w.answers[i-w.filtered]
}

// askedAtOnce is how many filters are asked in a row.
const askedAtOnce = 256

// askFilters asks the filters of the i-th segment and of some before it. Who comes
// here a second time looks for something rare: then all are asked, side by side.
func (w *walker) askFilters(i int) {
	w.filtered = 0
	if w.answers == nil {
		w.filtered = max(0, i+1-askedAtOnce)
	}
	list := w.view.segments[w.filtered : i+1]
	w.answers = make([]uint8, len(list))
	type row struct {
		segments []*sealedSegment
		out      []uint8
	}
	var rows []row
	for from := 0; from < len(list); from += askedAtOnce {
		to := min(from+askedAtOnce, len(list))
		rows = append(rows, row{list[from:to], w.answers[from:to]})
	}
	sideBySide(rows, func(r row) { w.plan.absent(r.segments, r.out) })
}

// visitor is told what a walk finds.
type visitor struct {
	// found is called for each message that matches or may match, newest first, until
	// it returns an error; errEnough is a good end.
	found func(*walker, hit) error
	// settle is called before the walk rests, and at its good end: what was found is
	// to be read now. nil: found has done so.
	settle func(*walker) error
}

// walk looks for the messages of a query, until the visitor has enough, which is
// expected after want messages. The walker must be closed, also after an error.
func (s *Store) walk(ctx context.Context, q Query, want int, v visitor) (*walker, error) {
	w := &walker{start: time.Now(), timeout: cmp.Or(q.Timeout, DefaultTimeout), want: want, turns: s.turns, waiting: true}
	if err := q.Check(); err != nil {
		return w, fmt.Errorf("search %s: %w", q, err)
	}
	if v.settle == nil {
		v.settle = func(*walker) error { return nil }
	}
	w.settle = v.settle
	limited, cancel := context.WithTimeoutCause(ctx, w.timeout, errTime)
	defer cancel()
	w.plan = newPlan(q)
	w.reached = w.plan.above
	err := s.turns.take(limited)
	if err == nil {
		defer w.endTurn()
		w.turn, w.waiting = time.Now(), false
		err = w.look(limited, s.view(), v.found)
	}
	switch {
	case err == nil || err == errEnough:
		err = v.settle(w)
	case errors.Is(err, errTime):
		w.stopped, err = true, v.settle(w)
	}
	if err != nil {
		err = fmt.Errorf("search %s: %w", q, err)
	}
	return w, err
}

func (w *walker) endTurn() {
	if !w.waiting {
		w.turns.give()
	}
}

// look walks through a view, which it keeps.
func (w *walker) look(ctx context.Context, v *view, found func(*walker, hit) error) error {
	w.view = v
	w.explained.Segments, w.explained.Pruned, w.explained.Parts = len(v.segments), map[string]int{}, map[string]int{}
	v.read = w.explained.part
	err := w.all(ctx, func(h hit) error {
		w.found++
		return found(w, h)
	})
	w.prune("")
	return err
}

func (w *walker) close() {
	if w.view != nil {
		w.view.close()
	}
}

// all walks down: the open messages above a segment, then the segment, and so on.
func (w *walker) all(ctx context.Context, found func(hit) error) error {
	w.open = len(w.view.rows[segment.Messages])
	next := len(w.view.segments)
	for size, before := 1, 0; next > 0; size = w.more(size, before) {
		before = w.found
		var some []*candidates
		for ; next > 0 && len(some) < size; next-- {
			g := w.view.segments[next-1]
			why := w.plan.outside(g.dir)
			if why == "" {
				why = w.plan.lacks(w.view.groups[g.number/groupSize], w.absent(next-1))
			}
			if why == "" {
				some = append(some, &candidates{segment: g})
			} else {
				w.prune(why)
			}
		}
		w.evaluate(ctx, some)
		for i, c := range some {
			if err := w.segment(ctx, c, found); err != nil {
				w.explained.Beyond = next + len(some) - i - 1
				return err
			}
		}
		if err := w.pause(ctx); err != nil {
			w.explained.Beyond = next
			return err
		}
	}
	return w.openDownTo(ctx, 0, found)
}

// more is how many segments to read side by side after so many, before which so
// many messages had been found. Most searches end in the first segments. The rest
// of the page is expected to be found as often as what there is; where nothing is
// found, many segments are soon read at a time.
func (w *walker) more(size, before int) int {
	next := 2 * size
	if w.found > before {
		missing := max(1, w.want-w.found)
		next = (missing*w.explained.Read + w.found - 1) / w.found
	}
	return min(next, 16*runtime.GOMAXPROCS(0))
}

// prune counts a segment that was left out; with "" none. Mostly many in a row are
// left out for the same reason, and there may be thousands.
func (w *walker) prune(why string) {
	if why != w.why {
		if w.pruned > 0 {
			w.explained.Pruned[w.why] += w.pruned
		}
		w.why, w.pruned = why, 0
	}
	w.pruned++
}

// candidates are the messages of a segment that the columns let through.
type candidates struct {
	segment    *sealedSegment
	reader     *segment.Reader
	rows, sure segment.Rows
	err        error
}

// evaluate asks the columns of the segments, side by side if there are several.
func (w *walker) evaluate(ctx context.Context, some []*candidates) {
	w.explained.Read += len(some)
	sideBySide(some, func(c *candidates) {
		if c.err = context.Cause(ctx); c.err == nil {
			c.reader = w.view.reader(c.segment)
			c.rows, c.sure, c.err = w.plan.rows(c.reader)
			c.err = c.segment.wrap(c.err)
		}
	})
}

// sideBySide does something with each of a list, on all processors.
func sideBySide[T any](list []T, do func(T)) {
	if len(list) == 1 {
		do(list[0])
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(len(list), runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(list)); i = next.Add(1) - 1 {
				do(list[i])
			}
		})
	}
	wg.Wait()
}

// segment walks down a segment, together with those of its messages that are
// open again: what is open hides what is sealed.
func (w *walker) segment(ctx context.Context, c *candidates, found func(hit) error) error {
	d := c.segment.dir
	if err := w.openDownTo(ctx, d.Last[segment.Messages]+1, found); err != nil {
		return err
	}
	if c.err != nil {
		return c.err
	}
	n := c.rows.Len()
	w.explained.Candidates += n
	if n == 0 {
		return w.below(ctx, d, found)
	}
	numbers, err := c.reader.Numbers(segment.Messages)
	if err != nil {
		return c.segment.wrap(err)
	}
	for row := c.rows.Last(len(numbers)); row >= 0; row = c.rows.Last(row) {
		n := numbers[row]
		if err := w.openDownTo(ctx, n+1, found); err != nil {
			return err
		}
		if w.view.openRow(segment.Messages, n) != nil {
			continue // the next openDownTo comes to it
		}
		if err := found(hit{number: n, reader: c.reader, row: row, sure: c.sure.Has(row)}); err != nil {
			return c.segment.wrapFound(err)
		}
		w.reached = n
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return w.below(ctx, d, found)
}

// below walks down the rest of a segment: the open messages within it.
func (w *walker) below(ctx context.Context, d *segment.Directory, found func(hit) error) error {
	if err := w.openDownTo(ctx, d.First[segment.Messages], found); err != nil {
		return err
	}
	w.reached = min(w.reached, d.First[segment.Messages])
	return nil
}

// wrapFound names the segment of an error, unless it is no trouble.
func (g *sealedSegment) wrapFound(err error) error {
	if err == errEnough {
		return err
	}
	return g.wrap(err)
}

// openDownTo walks down the open messages from the last one looked at to the
// number, this one included.
func (w *walker) openDownTo(ctx context.Context, number uint64, found func(hit) error) error {
	rows := w.view.rows[segment.Messages]
	for ; w.open > 0 && rows[w.open-1].number >= number; w.open-- {
		r := rows[w.open-1]
		if r.number < w.plan.lower || r.number >= w.plan.above {
			continue
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		w.explained.Open++
		m, err := w.view.message(r, len(w.plan.q.Events) > 0)
		if err != nil {
			return err
		}
		if w.plan.matches(m) {
			if err := found(hit{number: r.number, open: r, sure: true}); err != nil {
				return err
			}
		}
		w.reached = r.number
	}
	return nil
}

// foldAll puts the messages of a page together, side by side: they may be in many
// segments.
func (w *walker) foldAll(hits []hit, page []esa.Message) error {
	errs := make([]error, len(page))
	sideBySide(hits, func(h hit) {
		m, err := w.fold(h)
		if errs[h.slot] = err; err == nil {
			page[h.slot] = *m
		}
	})
	return errors.Join(errs...)
}

// fold puts a message together from all its events; nil if it does not match,
// seen closely.
func (w *walker) fold(h hit) (*esa.Message, error) {
	w.explained.folded.Add(1)
	if h.open != nil {
		return w.view.message(h.open, true)
	}
	want := w.plan.q.Want
	if !h.sure { // the matcher may ask for anything
		want = nil
	}
	events, err := h.reader.Some(segment.Messages, h.row, want)
	if err != nil {
		return nil, err
	}
	m := esa.Fold(events)
	m.MID = esa.MID(h.number)
	if !h.sure && !w.plan.matches(&m) {
		return nil, nil
	}
	return &m, nil
}
