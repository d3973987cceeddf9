package portal

import (
	"fmt"
	"time"
)

// timeline is the sightings by day (UTC) as bars. Lengths are units of the SVG's
// own coordinates.
type timeline struct {
	Bars        []bar
	First, Last string // "May 14, 2020"
	Most        int    // the highest count
	Left        int    // sightings before the first day drawn
	Label       string // what it shows, in words
}

type bar struct {
	X, Y, Width, Height float64
	Title               string
}

const (
	chartWidth  = 640.0
	chartHeight = 96.0
	minDays     = 7
	maxDays     = 180
	dayForm     = "January 2, 2006"
	day         = 24 * time.Hour
)

// drawTimeline counts sightings by day, from the first to the last day that has
// one, but at least a week and at most half a year. It is nil without sightings.
func drawTimeline(all []found) *timeline {
	if len(all) == 0 {
		return nil
	}
	counts := map[time.Time]int{}
	first, last := dayOf(all[0]), dayOf(all[0])
	for _, s := range all {
		d := dayOf(s)
		counts[d]++
		if d.Before(first) {
			first = d
		}
		if d.After(last) {
			last = d
		}
	}
	oldest := first
	span := int(last.Sub(first)/day) + 1
	days := min(max(span, minDays), maxDays)
	if span > days {
		first = last.AddDate(0, 0, 1-days)
	} else {
		first = first.AddDate(0, 0, -(days-span)/2) // a lone day stands in the middle
	}
	t := &timeline{Left: len(all)}
	for i := range days {
		n := counts[first.AddDate(0, 0, i)]
		t.Most = max(t.Most, n)
		t.Left -= n
	}
	step := chartWidth / float64(days)
	for i := range days {
		d := first.AddDate(0, 0, i)
		if n := counts[d]; n > 0 {
			h := chartHeight * float64(n) / float64(t.Most)
			c := named(n, "sighting", "sightings")
			t.Bars = append(t.Bars, bar{X: round((float64(i) + 0.15) * step), Y: round(chartHeight - h), Width: round(step * 0.7), Height: round(h),
				Title: fmt.Sprintf("%s: %d %s", d.Format(dayForm), c.Count, c.Name)})
		}
	}
	t.First, t.Last = first.Format(dayForm), first.AddDate(0, 0, days-1).Format(dayForm)
	c := named(len(all), "sighting", "sightings")
	t.Label = fmt.Sprintf("%d %s on %s", c.Count, c.Name, last.Format(dayForm))
	if span > 1 {
		t.Label = fmt.Sprintf("%d %s from %s to %s", c.Count, c.Name, oldest.Format(dayForm), last.Format(dayForm))
	}
	return t
}

func dayOf(s found) time.Time { return s.ObservedTime.Start.UTC().Truncate(day) }
