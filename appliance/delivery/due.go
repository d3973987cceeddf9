package delivery

import (
	"context"
	"strings"
	"time"

	"esasim/esa"
	"esasim/internal/due"
)

// dueRecipients are those to be tried now; those at the domains in a hurry are,
// whenever their next attempt was to be. Those at held domains are not.
func (q *Queue) dueRecipients(m *esa.Message, now time.Time, hurry, held []string) []esa.Recipient {
	var out []esa.Recipient
	away := q.away[m.MID]
	for _, r := range m.Recipients {
		due := r.State == esa.Queued || r.State == esa.Delayed && (!r.Until.After(now) || len(hurry) > 0 && amongDomains(hurry, Domain(r.Address)))
		if _, gone := away[r.RID]; due && !gone && !holds(held, r.Address) {
			out = append(out, r)
		}
	}
	return out
}

// earliest is when the next of the message's recipients is due; zero when none
// waits for his moment. Those at held domains wait for something else.
func (q *Queue) earliest(m *esa.Message, held []string) time.Time {
	var at time.Time
	away := q.away[m.MID]
	for _, r := range m.Recipients {
		if _, gone := away[r.RID]; gone || holds(held, r.Address) {
			continue
		}
		switch {
		case r.State == esa.Queued:
			return m.Changed
		case r.State == esa.Delayed && (at.IsZero() || r.Until.Before(at)):
			at = r.Until
		}
	}
	return at
}

// group are recipients of a message who are visited together: those of one route
// in one transaction, those of the simulated hosts by domain.
type group struct {
	lane   *lane // nil: a simulated host that answers at once
	domain string
	rcpts  []esa.Recipient
}

// groups groups recipients, in the order in which the groups come first.
func (q *Queue) groups(m *esa.Message, rcpts []esa.Recipient) []group {
	type key struct {
		lane   *lane
		domain string
	}
	var out []group
	at := map[key]int{}
	for _, r := range rcpts {
		k := key{q.laneOf(m, r), Domain(r.Address)}
		if k.lane != nil && !k.lane.simulated { // one route, one transaction
			k.domain = ""
		}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, group{lane: k.lane, domain: k.domain})
		}
		out[i].rcpts = append(out[i].rcpts, r)
	}
	return out
}

// Domain is what follows the last @ of an address, in lower case.
func Domain(address string) string {
	return strings.ToLower(address[strings.LastIndexByte(address, '@')+1:])
}

// deliverDue delivers what is due.
func (q *Queue) deliverDue(ctx context.Context) error {
	for ctx.Err() == nil && !q.orders.suspended.Load() && q.due.Len() > 0 && !q.due.First().When().After(time.Now()) {
		if err := q.deliver(ctx, q.due.Pop().mid); err != nil {
			return err
		}
	}
	return q.told.flush(q.Log)
}

// rung does what the alarm rang for, but for what is due, which is looked at in any
// case.
func (q *Queue) rung() error {
	for _, l := range q.lanes {
		q.pump(l)
	}
	return q.closeIdle(time.Now())
}

// alarm rings when something is due, if anything is: an attempt, the end of a
// period in which a domain has had all its recipients, or that of a connection that
// nobody uses.
func (q *Queue) alarm() *time.Timer {
	var at time.Time
	if q.due.Len() > 0 && !q.orders.suspended.Load() {
		at = q.due.First().When()
	}
	for _, l := range q.lanes {
		if len(l.idle) > 0 && (at.IsZero() || l.idle[0].until.Before(at)) {
			at = l.idle[0].until
		}
		if end := l.began.Add(l.Period); l.full && !q.orders.suspended.Load() && (at.IsZero() || end.Before(at)) {
			at = end
		}
	}
	if at.IsZero() {
		at = time.Now().Add(time.Hour) // for nothing
	}
	return time.NewTimer(time.Until(at))
}

// timer is the moment of a message's next attempt.
type timer struct {
	due.Item
	mid esa.MID
}

// remind has the message looked at when one of its recipients is due.
func (q *Queue) remind(mid esa.MID, at time.Time) { q.due.Add(&timer{due.At(at), mid}) }
