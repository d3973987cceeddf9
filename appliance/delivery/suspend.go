package delivery

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"esasim/esa"
)

// orders are what people ask of a queue that runs. They are given from any goroutine;
// the queue's looks at them when it is woken.
type orders struct {
	suspended atomic.Bool
	held      atomic.Pointer[[]string] // domains whose deliveries are suspended, sorted; never changed
	wake      atomic.Pointer[chan struct{}]
	settings  atomic.Pointer[Settings] // to go by from now on; nil: as before

	mu    sync.Mutex // held while the held domains are changed; guards retry
	retry []string   // domains to be tried at once; "" is all
}

// Suspend stops deliveries to domains, example.org or .example.org for all below
// it, or without any to all hosts, until Resume, as suspenddel of the appliance's
// command line does: attempts under way are finished, mail is queued. A restart
// resumes them.
func (q *Queue) Suspend(domains ...string) {
	q.orders.change(domains, true)
}

// Resume begins deliveries to domains again; without any, all deliveries.
func (q *Queue) Resume(domains ...string) {
	q.orders.change(domains, false)
}

// Suspended tells whether all deliveries are suspended, and otherwise those to
// which domains.
func (q *Queue) Suspended() (all bool, domains []string) {
	return q.orders.suspended.Load(), slices.Clone(q.orders.domains())
}

// Retry has what waits for its next attempt tried at once, to domains or without any
// to all, as delivernow of the appliance's command line does. What is suspended is
// tried when it is resumed.
func (q *Queue) Retry(domains ...string) {
	if len(domains) == 0 {
		domains = []string{""}
	}
	q.orders.mu.Lock()
	for _, d := range domains {
		if d = strings.ToLower(d); !slices.Contains(q.orders.retry, d) {
			q.orders.retry = append(q.orders.retry, d)
		}
	}
	q.orders.mu.Unlock()
	q.orders.tell()
}

func (o *orders) domains() []string {
	if p := o.held.Load(); p != nil {
		return *p
	}
	return nil
}

// change suspends or resumes.
func (o *orders) change(domains []string, suspend bool) {
	o.mu.Lock()
	held := slices.Clone(o.domains())
	for _, d := range domains {
		d = strings.ToLower(d)
		if held = slices.DeleteFunc(held, func(h string) bool { return h == d }); suspend {
			held = append(held, d)
		}
	}
	if len(domains) == 0 {
		if o.suspended.Store(suspend); !suspend {
			held = nil
		}
	}
	slices.Sort(held)
	o.held.Store(&held)
	o.mu.Unlock()
	o.tell()
}

// tell wakes the queue.
func (o *orders) tell() {
	if wake := o.wake.Load(); wake != nil { // else Run has not begun, and will look
		select {
		case *wake <- struct{}{}:
		default: // it is awake already
		}
	}
}

// holds tells whether deliveries to a recipient are suspended by his domain. Who
// asks several times asks of the same domains: the orders may change in between.
func holds(held []string, address string) bool {
	return len(held) > 0 && amongDomains(held, Domain(address))
}

// amongDomains tells whether one of the patterns fits a domain; "" fits all.
func amongDomains(patterns []string, domain string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return p == "" || fits(p, domain) > 0 })
}

// turn does what was ordered.
func (q *Queue) turn() error {
	if err := q.reload(); err != nil {
		return err
	}
	said := q.suspensions()
	q.orders.mu.Lock()
	retry := q.orders.retry
	q.orders.retry = nil
	q.orders.mu.Unlock()
	now := time.Now()
	for mid := range q.parked { // who is still held is parked again
		q.remind(mid, now)
	}
	clear(q.parked)
	if len(retry) > 0 {
		q.hasten(retry, now)
	}
	for _, l := range q.lanes {
		if len(q.orders.domains()) > 0 { // those who wait for a connection are looked at again
			for _, j := range l.waiting {
				q.back(j)
				q.remind(j.mid, now)
			}
			l.waiting = nil
		}
		q.pump(l)
	}
	if len(said) == 0 {
		return nil
	}
	return q.Log.AppendEach([][]esa.Event{said})
}

// suspensions say what has been suspended since they were asked for.
func (q *Queue) suspensions() (out []esa.Event) {
	const text = "Deliveries are currently suspended"
	say := func(text string) {
		out = append(out, esa.Event{Kind: esa.DeliveryTrouble, Time: time.Now(), Text: text})
	}
	all, held := q.Suspended()
	if all && !q.wasAll {
		say(text)
	}
	for _, d := range held {
		if !slices.Contains(q.wasHeld, d) {
			say(text + " " + d)
		}
	}
	q.wasAll, q.wasHeld = all, held
	return out
}

// hasten makes all that waits for its next attempt due. Hosts that were down may be
// up again.
func (q *Queue) hasten(domains []string, now time.Time) {
	var waiting []esa.MID
	for q.due.Len() > 0 {
		waiting = append(waiting, q.due.Pop().mid)
	}
	for _, mid := range waiting {
		q.remind(mid, now)
		q.hurried[mid] = domains
	}
	for _, l := range q.lanes {
		l.failed, l.down = 0, time.Time{}
	}
}
