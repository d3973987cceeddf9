package status

import (
	"fmt"
	"strings"
	"time"
)

// Stamp is how "status" shows a moment: "Mon Jan 20 14:41:06 2020 GMT". Source:
// AsyncOS user guide.
func (r *Report) Stamp(t time.Time) string {
	t = t.In(r.Location)
	zone := t.Format("MST")
	if zone == "UTC" {
		zone = "GMT"
	}
	return t.Format("Mon Jan 02 15:04:05 2006 ") + zone
}

// UpSince is since when the appliance is up, and for how long: "Mon Jan 20 10:00:00
// 2020 GMT (4h 41m 6s)".
func (r *Report) UpSince() string {
	return r.Stamp(r.Since) + " (" + Uptime(r.At.Sub(r.Since)) + ")"
}

// LastReset is when the counters were reset last: a moment, or "Never".
func (r *Report) LastReset() string {
	if r.Reset.IsZero() {
		return "Never"
	}
	return r.Stamp(r.Reset)
}

// Oldest is the age of the oldest message in the delivery queue: "24 weeks 16 hours
// 30 mins 48 secs", or "No Messages".
func (r *Report) Oldest() string {
	if r.Gauges.Oldest.MID == 0 {
		return "No Messages"
	}
	return age(r.Gauges.Oldest.Age)
}

// unit is one that a span of time is told in.
type unit struct {
	of   time.Duration
	name string
}

const day = 24 * time.Hour

// Uptime is a span of time as in "12d 6h 37m 28s": from its first unit on.
func Uptime(d time.Duration) string {
	return spell(d, []unit{{day, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}}, func(n int64, name string) string {
		return fmt.Sprint(n, name)
	}, false)
}

// age is a span of time in words, without the units of which there are none.
func age(d time.Duration) string {
	return spell(d, []unit{{7 * day, "week"}, {day, "day"}, {time.Hour, "hour"}, {time.Minute, "min"}, {time.Second, "sec"}}, func(n int64, name string) string {
		if n != 1 {
			name += "s"
		}
		return fmt.Sprint(n, " ", name)
	}, true)
}

func spell(d time.Duration, units []unit, say func(n int64, name string) string, skip bool) string {
	var out []string
	for i, u := range units {
		n := int64(d / u.of)
		d %= u.of
		if n > 0 || !skip && len(out) > 0 || len(out) == 0 && i == len(units)-1 {
			out = append(out, say(n, u.name))
		}
	}
	return strings.Join(out, " ")
}

// Size is a number of octets as gauges show it: "388G".
func Size(octets int64) string {
	for _, u := range []unit{{1 << 30, "G"}, {1 << 20, "M"}, {1 << 10, "K"}} {
		if octets >= int64(u.of) {
			return fmt.Sprint(octets/int64(u.of), u.name)
		}
	}
	return fmt.Sprint(octets)
}
