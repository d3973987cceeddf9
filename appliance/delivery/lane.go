package delivery

import (
	"context"
	"math"
	"strings"
	"time"

	"esasim/esa"
)

// idleTime is how long a connection waits for the next message.
const idleTime = 5 * time.Second

// mostFailures are how many connections that fail, one after another, make a lane's
// hosts count as down. Then no other is made before the bounce profile's initial
// retry is over, and it is a single one.
const mostFailures = 3

// lane is one route under one destination control, with its connections.
// Queue.Run's goroutine alone touches it, but for what is never changed.
type lane struct {
	Route
	Control
	simulated bool
	wait      time.Duration // of a simulated host: how long it takes to answer
	waiting   []job         // for a connection, the oldest first
	running   int           // attempts under way
	idle      []*link       // connections nobody uses, the one that ends first first
	gone      bool          // the settings have it no more: its connections are not kept

	began  time.Time // of the period that the limit of recipients is for
	sent   int       // recipients in it
	full   bool      // somebody waits for its end
	failed int       // connections that failed, since one did not
	down   time.Time // until when no other is made
	reply  string    // what the last one came to
}

// mostRecipients are how many recipients go in one transaction.
func (l *lane) mostRecipients() int {
	n := math.MaxInt
	for _, limit := range []int{l.MaxRecipients, l.Limit} {
		if limit > 0 {
			n = min(n, limit)
		}
	}
	return n
}

// connections are how many there may be at a time.
func (l *lane) connections() int {
	if l.failed >= mostFailures {
		return 1
	}
	return l.Concurrency
}

// counts counts recipients, unless that would be too many for this period.
func (l *lane) counts(n int, now time.Time) bool {
	if l.Limit == 0 {
		return true
	}
	if !now.Before(l.began.Add(l.Period)) {
		l.began, l.sent = now, 0
	}
	l.full = l.sent+n > l.Limit
	if !l.full {
		l.sent += n
	}
	return !l.full
}

// learn notes whether an attempt found a host that could be spoken to.
func (l *lane) learn(r *report, now time.Time, pause time.Duration) {
	switch {
	case r.called || r.refused || l.simulated:
	case r.dcid != 0 || strings.HasPrefix(r.replies[0], "5"): // who refuses for good is there
		l.failed = 0
	default:
		if l.failed++; l.failed >= mostFailures {
			l.down, l.reply = now.Add(pause), r.replies[0]
		}
	}
}

// keep keeps the connection for the next message, unless it is worn.
func (q *Queue) keep(r *report) error {
	switch {
	case r.link == nil:
	case r.called && r.link.used < 2: // nothing is told of it
		r.link.close()
	case r.called:
		return q.Log.AppendEach([][]esa.Event{{q.closeLink(r.link)}})
	case r.lane.gone || r.link.used >= r.lane.MaxMessages:
		r.after = append(r.after, q.closeLink(r.link))
	default:
		r.link.until = time.Now().Add(idleTime)
		r.lane.idle = append(r.lane.idle, r.link)
	}
	return nil
}

// closeLink takes leave of a host, beside; the event says so.
func (q *Queue) closeLink(l *link) esa.Event {
	q.beside.Go(l.quit)
	return esa.Event{Kind: esa.DeliveryClosed, Time: time.Now(), DCID: l.dcid}
}

// closeIdle closes the connections that nobody has used until a moment.
func (q *Queue) closeIdle(now time.Time) error {
	var events []esa.Event
	for _, l := range q.lanes {
		for len(l.idle) > 0 && !l.idle[0].until.After(now) {
			events = append(events, q.closeLink(l.idle[0]))
			l.idle = l.idle[1:]
		}
	}
	if len(events) == 0 {
		return nil
	}
	return q.Log.AppendEach([][]esa.Event{events})
}

// finish waits for the attempts, which have been called off, and tells what those
// came to that had an answer already.
func (q *Queue) finish(ctx context.Context) error {
	var first error
	for q.attempted > 0 {
		if err := q.conclude(ctx, <-q.reports); err != nil && first == nil {
			first = err
		}
	}
	if first != nil {
		return first
	}
	if err := q.told.flush(q.Log); err != nil {
		return err
	}
	return q.closeIdle(time.Now().Add(2 * idleTime))
}
