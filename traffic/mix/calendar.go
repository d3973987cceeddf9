package mix

import (
	"math/bits"
	"sort"
	"time"
)

// calendar spreads the messages of a past over its hours, by the hour of the day
// (UTC) and the day of the week.
type calendar struct {
	hours []hour // the first and the last may be shorter; then one of no length
	zero  int64  // microseconds since 1970 where the first full clock hour begins that has the begin in it
}

// hour is one hour. Times are microseconds since 1970.
type hour struct {
	from, long int64
	first      uint64 // messages before it
	work       bool
}

// load is how much mail comes in an hour of a working day.
var hourLoad = [24]uint64{12, 10, 9, 9, 11, 18, 40, 75, 100, 105, 100, 95, 80, 95, 100, 95, 85, 60, 40, 30, 26, 22, 18, 15}

const hourLong = int64(time.Hour / time.Microsecond)

func newCalendar(seed, messages uint64, begin, end time.Time) calendar {
	from, to := begin.UnixMicro(), end.UnixMicro()
	c := calendar{zero: begin.Truncate(time.Hour).UnixMicro()}
	var weights []uint64
	var total uint64
	for t := c.zero; t < to; t += hourLong {
		h := hour{from: max(t, from)}
		h.long = min(t+hourLong, to) - h.from
		at := time.UnixMicro(t).UTC()
		var w uint64
		w, h.work = weight(seed, at)
		c.hours = append(c.hours, h)
		weights = append(weights, w*uint64(h.long/1000))
		total += weights[len(weights)-1]
	}
	var sum uint64
	for i := range c.hours {
		hi, lo := bits.Mul64(sum, messages)
		c.hours[i].first, _ = bits.Div64(hi, lo, total)
		sum += weights[i]
	}
	c.hours = append(c.hours, hour{from: to, first: messages})
	return c
}

// weight of an hour: weekends have a quarter of the mail, and no day is quite
// like another.
func weight(seed uint64, at time.Time) (w uint64, work bool) {
	w = hourLoad[at.Hour()] * 100
	work = at.Hour() >= 6 && at.Hour() < 18
	if day := at.Weekday(); day == time.Saturday || day == time.Sunday {
		w, work = w/5+500, false
	}
	return w * (90 + spread(seed^uint64(at.Unix()/86_400))%21) / 100, work
}

// of is the index of the hour that message n comes in.
func (c *calendar) of(n uint64) int {
	return sort.Search(len(c.hours)-1, func(i int) bool { return c.hours[i+1].first > n })
}

// at is when message n comes, in its hour. Later messages never come earlier.
func (c *calendar) at(i int, seed, n uint64) int64 {
	h := &c.hours[i]
	count := c.hours[i+1].first - h.first
	jitter, _ := bits.Mul64(spread(seed+n), uint64(h.long))
	return h.from + int64(((n-h.first)*uint64(h.long)+jitter)/count)
}

// halves is twice the number of messages that came before a moment, about.
func (c *calendar) halves(t int64) uint64 {
	i := min(max(int((t-c.zero)/hourLong), 0), len(c.hours)-2)
	h := &c.hours[i]
	in := uint64(min(max(t-h.from, 0), h.long))
	hi, lo := bits.Mul64(in, 2*(c.hours[i+1].first-h.first))
	q, _ := bits.Div64(hi, lo, uint64(h.long))
	return 2*h.first + q
}
