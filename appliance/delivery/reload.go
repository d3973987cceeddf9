package delivery

import (
	"reflect"
	"slices"
	"time"

	"esasim/esa"
)

// Settings are what an administrator can change of a queue that runs.
type Settings struct {
	Host   Host    // of the domains that no route sends elsewhere
	Routes []Route // where mail for other domains goes
	// Controls say how domains are delivered to; see [Control].
	Controls []Control
	Profile  Profile // of domains whose control names no other
	Headers  Headers
}

// Reload has the queue go by other settings, all at once, for every attempt that has
// not begun. An attempt under way is finished as it began. What is delayed is tried
// when it was to be; how long it waits then is said by the new bounce profile.
func (q *Queue) Reload(s Settings) {
	q.orders.settings.Store(&s)
	q.orders.tell()
}

func (q *Queue) goBy(s *Settings) { q.by, q.controls = s, complete(s.Controls, &s.Profile) }

// reload goes by the settings that were ordered last. A lane whose route and control
// are as they were goes on, with its connections and with what is known of its hosts;
// of the others the connections are closed when no attempt uses them. Who waits for a
// connection is looked at again, since he may have another lane now.
func (q *Queue) reload() error {
	if q.orders.settings.Load() == nil { // as for nearly every message
		return nil
	}
	s := q.orders.settings.Swap(nil)
	q.goBy(s)
	now := time.Now()
	var closed []esa.Event
	for name, l := range q.lanes {
		for _, j := range l.waiting {
			q.back(j)
			q.remind(j.mid, now)
		}
		l.waiting, l.full = nil, false
		if q.remains(l) {
			continue
		}
		l.gone = true
		for _, idle := range l.idle {
			closed = append(closed, q.closeLink(idle))
		}
		l.idle = nil
		delete(q.lanes, name)
	}
	if len(closed) == 0 {
		return nil
	}
	return q.Log.AppendEach([][]esa.Event{closed})
}

// remains tells whether the settings still have a lane as it is.
func (q *Queue) remains(l *lane) bool {
	same := func(c Control) bool {
		c.Profile = l.Profile // which is asked for by domain, not of the lane
		return c == l.Control
	}
	rest := q.controls.rest
	if l.simulated {
		rest.Concurrency = manyHosts
	}
	if !same(rest) && !slices.ContainsFunc(q.controls.named, same) {
		return false
	}
	return l.simulated || slices.ContainsFunc(q.by.Routes, func(r Route) bool { return reflect.DeepEqual(r, l.Route) })
}
