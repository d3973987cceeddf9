package status

import "time"

// Rate is a number of events in an hour, reckoned from the last 1, 5 and 15
// minutes: 100 recipients within a minute are 6,000, 1,200 and 400. Source: AsyncOS
// user guide, "Reading the Rates".
type Rate struct{ One, Five, Fifteen uint64 }

// Rated are the counters that there are rates of, in the order of the appliance's
// status.
func Rated() []Counter {
	return []Counter{Messages, Recipients, SoftBounces, Completed, HardBounced, Delivered}
}

// span is for how long the counts of single seconds are kept.
const span = 15 * 60

// seconds are the counts of the last quarter of an hour, by the second in which
// what is counted happened.
type seconds [span]second

type second struct {
	at int64 // seconds since 1970
	n  Counts
}

// add counts for the second in which something happened. What comes later than the
// span does not count any more.
func (s *seconds) add(at time.Time, d *Counts) {
	sec := at.Unix()
	one := &s[uint64(sec)%span]
	if sec < one.at {
		return
	}
	if sec > one.at {
		*one = second{at: sec}
	}
	one.n.add(d)
}

// rates are those of a moment.
func (s *seconds) rates(now time.Time) map[Counter]Rate {
	var one, five, fifteen Counts
	for i := range s {
		age := now.Unix() - s[i].at
		if age < 0 || age >= span {
			continue
		}
		fifteen.add(&s[i].n)
		if age < 5*60 {
			five.add(&s[i].n)
		}
		if age < 60 {
			one.add(&s[i].n)
		}
	}
	out := map[Counter]Rate{}
	for _, c := range Rated() {
		out[c] = Rate{one[c] * 60, five[c] * 12, fifteen[c] * 4}
	}
	return out
}
