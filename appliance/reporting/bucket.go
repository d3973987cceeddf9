package reporting

import (
	"encoding/binary"
	"time"
)

// Step is how long a bucket of time is.
type Step uint8

// The steps, from the smallest. They are written to disk.
const (
	Minute Step = iota + 1
	Hour
	Day
)

// begin is when the bucket begins that a moment is in. Hours and days are those of
// the time zone: a day may have 23 or 25 hours, and where clocks are off by half an
// hour, hours begin there.
func (s Step) begin(t time.Time) time.Time {
	switch s {
	case Minute:
		return t.Add(-time.Duration(t.Second())*time.Second - time.Duration(t.Nanosecond()))
	case Hour: // not by time.Date: one hour of the year is there twice
		return Minute.begin(t).Add(-time.Duration(t.Minute()) * time.Minute)
	}
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, t.Location())
}

// end is when the bucket ends that begins at a moment.
func (s Step) end(begin time.Time) time.Time {
	switch s {
	case Minute:
		return begin.Add(time.Minute)
	case Hour:
		// Where clocks change by half an hour, the hour before is half as long, or the
		// one behind begins later.
		if e := s.begin(begin.Add(time.Hour)); e.After(begin) {
			return e
		}
		return begin.Add(time.Hour)
	}
	y, m, d := begin.Date()
	e := time.Date(y, m, d+1, 0, 0, 0, 0, begin.Location())
	if !e.After(begin) { // a zone that left out a day
		return begin.Add(24 * time.Hour)
	}
	return e
}

// rowKey is where a page is kept: by step, bucket and table, so that what is too old
// is one range.
func rowKey(s Step, begin time.Time, t Table) string {
	b := append(make([]byte, 0, 10), byte(s))
	b = binary.BigEndian.AppendUint64(b, uint64(begin.Unix()))
	return string(append(b, byte(t)))
}

// below is the range of all pages of a step before a moment.
func below(s Step, t time.Time) [2]string {
	return [2]string{rowKey(s, time.Unix(0, 0), 0), rowKey(s, t, 0)}
}

// Keep is for how long buckets are kept, by step, behind their end.
type Keep struct{ Minutes, Hours, Days time.Duration }

// DefaultKeep is what the appliance keeps; the real figures are not public, except
// that reports go back some two years.
func DefaultKeep() Keep {
	return Keep{Minutes: 3 * time.Hour, Hours: 8 * 24 * time.Hour, Days: 2 * 366 * 24 * time.Hour}
}

func (k Keep) of(s Step) time.Duration {
	switch s {
	case Minute:
		return k.Minutes
	case Hour:
		return k.Hours
	}
	return k.Days
}

// horizon is when the oldest bucket begins that is kept in full at a moment.
func (k Keep) horizon(s Step, now time.Time) time.Time {
	return s.begin(now.Add(-k.of(s)))
}

// piece is a bucket of a span.
type piece struct {
	step       Step
	begin, end time.Time
}

// cover finds the buckets that make up a span: as large as possible where they are
// within it, and as small as are still kept at its edges. Where none that is small
// enough is kept, the larger one counts as a whole. An end that is not before now is
// no edge: nothing is counted behind now.
func (k Keep) cover(from, to, now time.Time) []piece {
	open := !to.Before(now)
	if open {
		to = Minute.end(Minute.begin(now))
	}
	if oldest := k.horizon(Day, now); from.Before(oldest) {
		from = oldest
	}
	var out []piece
	k.split(&out, Day, span{from, to, open}, now)
	return out
}

// span is a range of time.
type span struct {
	from, to time.Time
	open     bool // nothing is counted behind its end
}

func (k Keep) split(out *[]piece, s Step, in span, now time.Time) {
	for b := s.begin(in.from); b.Before(in.to); {
		e := s.end(b)
		whole := !b.Before(in.from) && (in.open || !e.After(in.to))
		finer := s > Minute && !b.Before(k.horizon(s-1, now))
		if whole || !finer {
			*out = append(*out, piece{s, b, e})
		} else {
			inner := span{later(b, in.from), earlier(e, in.to), in.open && e.After(in.to)}
			k.split(out, s-1, inner, now)
		}
		b = e
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
