package delivery

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"esasim/esa"
)

// Destination is how delivery to one domain stands. Its counts begin when the
// domain comes into memory. Source: AsyncOS user guide, "hoststatus".
type Destination struct {
	Domain      string
	Status      string // one of the words below
	Unattempted int    // recipients that no attempt has ended for
	Attempted   int    // recipients that are tried again
	Delivered   uint64
	SoftBounces uint64 // counted each time
	HardBounces uint64
	Connections int       // that carry something to it just now
	Activity    time.Time // when something last happened to one of its recipients
	Error5XX    string    // the last answer that was for good; "": none
}

// Active are the recipients in the queue.
func (d *Destination) Active() int { return d.Unattempted + d.Attempted }

// What is known of a domain's hosts. Source: AsyncOS user guide, "hoststatus".
const (
	HostUnknown = "unknown" // nothing was sent there yet
	HostUp      = "up"      // the last attempt found one
	HostDown    = "down"
)

// Standing is how the whole queue stands.
type Standing struct {
	Messages     int
	Octets       int64 // of these
	Unattempted  int   // recipients
	Attempted    int
	Destinations int     // in memory
	Connections  int     // that are open, used or not
	Oldest       esa.MID // 0: there is none
}

// remembered is for how long a domain without recipients stays in memory. Source:
// AsyncOS user guide, "Destinations in Memory".
const remembered = 3 * time.Hour

// mostIdle is how many of those there are at most (ours): who sends mail chooses
// the domains.
const mostIdle = 100_000

// hosts are the domains that are delivered to. The queue's goroutine changes them,
// others look.
type hosts struct {
	mu       sync.Mutex // guards the rest
	byDomain map[string]*Destination
	queued   map[esa.MID]int64 // messages in the queue, with their octets
	sum      Standing          // Destinations and Oldest are not kept
	sweepAt  int               // destinations
}

// forget begins anew: who is in the queue is not known.
func (h *hosts) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.queued)
	h.sum = Standing{Connections: h.sum.Connections}
	for _, d := range h.byDomain {
		d.Unattempted, d.Attempted = 0, 0
	}
}

// of is the domain of an address. h.mu is held.
func (h *hosts) of(address string, now time.Time) *Destination {
	domain := Domain(address)
	d := h.byDomain[domain]
	if d == nil {
		h.sweep(now)
		d = &Destination{Domain: domain, Status: HostUnknown}
		if h.byDomain == nil {
			h.byDomain = map[string]*Destination{}
		}
		h.byDomain[domain] = d
	}
	d.Activity = now
	return d
}

// sweep forgets domains when there are many: those that nothing has happened to for
// long, and if too many are left all without recipients. h.mu is held.
func (h *hosts) sweep(now time.Time) {
	if len(h.byDomain) < max(h.sweepAt, 1000) {
		return
	}
	idle := func(d *Destination) bool { return d.Active() == 0 && d.Connections == 0 }
	maps.DeleteFunc(h.byDomain, func(_ string, d *Destination) bool { return idle(d) && now.Sub(d.Activity) > remembered })
	if len(h.byDomain) > mostIdle {
		maps.DeleteFunc(h.byDomain, func(_ string, d *Destination) bool { return idle(d) })
	}
	h.sweepAt = min(2*len(h.byDomain), len(h.byDomain)+mostIdle/2)
}

// enter notes that a message is in the queue, if that is not known.
func (h *hosts) enter(m *esa.Message, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, known := h.queued[m.MID]; known {
		return
	}
	waits := false
	for i := range m.Recipients {
		r := &m.Recipients[i]
		if r.State != esa.Queued && r.State != esa.Delayed {
			continue
		}
		waits = true
		h.count(h.of(r.Address, now), r.Attempts > 0, 1)
	}
	if !waits {
		return
	}
	if h.queued == nil {
		h.queued = map[esa.MID]int64{}
	}
	h.queued[m.MID] = m.Size
	h.sum.Messages++
	h.sum.Octets += m.Size
}

// count adds recipients to a domain. h.mu is held.
func (h *hosts) count(d *Destination, attempted bool, n int) {
	if attempted {
		d.Attempted += n
		h.sum.Attempted += n
		return
	}
	d.Unattempted += n
	h.sum.Unattempted += n
}

// ended notes what became of recipients; m is the message as it stood before.
func (h *hosts) ended(m *esa.Message, events []esa.Event, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, known := h.queued[m.MID]; !known {
		return
	}
	for i := range events {
		e := &events[i]
		if e.Kind != esa.RecipientDelivered && e.Kind != esa.RecipientDelayed && e.Kind != esa.RecipientBounced {
			continue
		}
		for at, rid := range e.RIDs {
			if r := recipient(m, rid, at); r != nil && (r.State == esa.Queued || r.State == esa.Delayed) {
				h.one(h.of(r.Address, now), r, e)
			}
		}
	}
}

// one notes what became of one recipient. h.mu is held.
func (h *hosts) one(d *Destination, r *esa.Recipient, e *esa.Event) {
	h.count(d, r.Attempts > 0, -1)
	if d.Status = HostUp; e.DCID == 0 && (e.Text == "" || e.Text[0] != '5') {
		d.Status = HostDown
	}
	switch e.Kind {
	case esa.RecipientDelivered:
		d.Delivered++
	case esa.RecipientBounced:
		d.HardBounces++
	default:
		d.SoftBounces++
		h.count(d, true, 1)
	}
	if e.Kind != esa.RecipientDelivered && e.Text != "" && e.Text[0] == '5' {
		d.Error5XX = e.Text
	}
}

// recipient is one of a message; most are named in order.
func recipient(m *esa.Message, rid esa.RID, at int) *esa.Recipient {
	for _, i := range []int{at, int(rid)} {
		if i < len(m.Recipients) && m.Recipients[i].RID == rid {
			return &m.Recipients[i]
		}
	}
	i := slices.IndexFunc(m.Recipients, func(r esa.Recipient) bool { return r.RID == rid })
	if i < 0 {
		return nil
	}
	return &m.Recipients[i]
}

// leave notes that a message is finished.
func (h *hosts) leave(mid esa.MID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if size, known := h.queued[mid]; known {
		delete(h.queued, mid)
		h.sum.Messages--
		h.sum.Octets -= size
	}
}

// carry notes that a connection begins, or ends (-1), to carry something to a domain.
func (h *hosts) carry(domain string, n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.of(domain, time.Now()).Connections += n
}

// open notes that a connection is there, or gone (-1).
func (h *hosts) open(n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sum.Connections += n
}

// Standing tells how the queue stands.
func (q *Queue) Standing() Standing {
	h := &q.hosts
	h.mu.Lock()
	defer h.mu.Unlock()
	out := h.sum
	out.Destinations = len(h.byDomain)
	for mid := range h.queued {
		if out.Oldest == 0 || mid < out.Oldest {
			out.Oldest = mid
		}
	}
	return out
}

// Destinations are the domains in memory, those with the most recipients first.
func (q *Queue) Destinations() []Destination {
	h := &q.hosts
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]Destination, 0, len(h.byDomain))
	for _, d := range h.byDomain {
		out = append(out, *d)
	}
	slices.SortFunc(out, func(a, b Destination) int {
		return cmp.Or(cmp.Compare(b.Active(), a.Active()), cmp.Compare(a.Domain, b.Domain))
	})
	return out
}

// Destination is one domain, if it is in memory.
func (q *Queue) Destination(domain string) (Destination, bool) {
	h := &q.hosts
	h.mu.Lock()
	defer h.mu.Unlock()
	if d := h.byDomain[Domain(domain)]; d != nil {
		return *d, true
	}
	return Destination{}, false
}
