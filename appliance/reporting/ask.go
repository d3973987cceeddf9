package reporting

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"
)

// Question is what a report or a chart asks.
type Question struct {
	Table    Table
	From, To time.Time // to the hour, or to the minute for what is young; To is not within
	// Step, if not 0, asks for one series of buckets; otherwise there is one for the
	// whole span.
	Step Step
	// Key, if set, picks keys by what it says of them.
	Key func(key string) bool
}

// Interval is a bucket of an answer.
type Interval struct {
	Begin, End time.Time
	Rows       []Row // by key
}

// Row is what was counted of one key.
type Row struct {
	Key  string
	Host Host // of tables of sending hosts
	row  *row
}

// Get is one of the row's counters.
func (r *Row) Get(c Counter) uint64 {
	if r.row == nil {
		return 0
	}
	return r.row.get(c)
}

// Find is the row of a key; nil: there is none. The rows are by key.
func Find(rows []Row, key string) *Row {
	i, ok := slices.BinarySearchFunc(rows, key, func(r Row, key string) int { return strings.Compare(r.Key, key) })
	if !ok {
		return nil
	}
	return &rows[i]
}

// Join adds rows together that have the same key. Both lists are by key, and so is
// what comes of them.
func Join(a, b []Row) []Row {
	out := make([]Row, 0, max(len(a), len(b)))
	for len(a) > 0 && len(b) > 0 {
		switch strings.Compare(a[0].Key, b[0].Key) {
		case -1:
			out, a = append(out, a[0]), a[1:]
		case 1:
			out, b = append(out, b[0]), b[1:]
		default:
			sum := &row{}
			sum.merge(a[0].row)
			sum.merge(b[0].row)
			out = append(out, Row{Key: a[0].Key, Host: readHost(sum.last), row: sum})
			a, b = a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// Rest is the key of a row for all that is no longer told apart.
const Rest = rest

// mostAnswered bounds the keys that are told apart while many pages are added up.
const mostAnswered = 20_000

// Ask answers a question. The buckets at the edges are the smallest that are still
// kept: of a week ago that is hours, of a month ago days, which then count as a whole.
func (r *Reports) Ask(ctx context.Context, q Question) ([]Interval, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now, in := time.Now(), r.in.Load()
	var out []Interval
	for _, s := range r.intervals(&q, now.In(in)) {
		p, err := r.sum(ctx, &q, s, now.In(in))
		if err != nil {
			return nil, err
		}
		one := Interval{Begin: s.from, End: s.to}
		for _, k := range slices.Sorted(maps.Keys(p)) {
			one.Rows = append(one.Rows, Row{Key: k, Host: readHost(p[k].last), row: p[k]})
		}
		out = append(out, one)
	}
	return out, nil
}

// mostIntervals bounds an answer: two years of days, a month of hours.
const mostIntervals = 800

// Fits tells whether an answer in such steps is not too long.
func (q *Question) Fits() bool {
	least := map[Step]time.Duration{Minute: time.Minute, Hour: 30 * time.Minute, Day: 23 * time.Hour}[q.Step]
	return q.Step == 0 || q.To.Sub(q.From)/least <= mostIntervals
}

// intervals are the spans of an answer. Where buckets of the step are no longer kept
// they are larger.
func (r *Reports) intervals(q *Question, now time.Time) []span {
	if q.Step == 0 {
		return []span{{from: q.From.In(now.Location()), to: q.To.In(now.Location())}}
	}
	var out []span
	from := later(q.From, r.o.Keep.horizon(Day, now)).In(now.Location())
	to := earlier(q.To, q.Step.end(q.Step.begin(now))).In(now.Location())
	for at := from; at.Before(to) && len(out) < 2*mostIntervals; {
		step := q.Step
		for step < Day && step.begin(at).Before(r.o.Keep.horizon(step, now)) {
			step++
		}
		e := step.end(step.begin(at))
		out = append(out, span{from: at, to: earlier(e, to)})
		at = e
	}
	return out
}

// sum adds up the pages of a span, and what is not yet among them.
func (r *Reports) sum(ctx context.Context, q *Question, s span, now time.Time) (page, error) {
	p := page{}
	pieces := r.o.Keep.cover(s.from, s.to, now)
	take := func(k string, one *row) {
		if q.Key == nil || q.Key(k) {
			p.row(k).merge(one)
		}
	}
	for _, piece := range pieces {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		b, err := r.o.Shelf.Row(rowKey(piece.step, piece.begin, q.Table))
		if err != nil {
			return nil, err
		}
		if b == nil {
			continue
		}
		if err := readPage(b, take); err != nil {
			return nil, err
		}
		p.bound(mostAnswered)
	}
	for _, m := range r.tally.sorted() {
		at := time.Unix(m.unix, 0)
		inside := slices.ContainsFunc(pieces, func(x piece) bool { return !at.Before(x.begin) && at.Before(x.end) })
		if !inside {
			continue
		}
		for k, one := range m.tables[q.Table] {
			take(k, one)
		}
	}
	return p, nil
}

// Order puts rows in the order of what is asked of them, the rest of what is no longer
// told apart last, and keys that are alike by name.
func Order(rows []Row, by func(*Row) uint64, ascending bool) {
	slices.SortFunc(rows, func(a, b Row) int {
		if (a.Key == Rest) != (b.Key == Rest) {
			if a.Key == Rest {
				return 1
			}
			return -1
		}
		n := cmp.Compare(by(&b), by(&a))
		if ascending {
			n = -n
		}
		return cmp.Or(n, strings.Compare(a.Key, b.Key))
	})
}
