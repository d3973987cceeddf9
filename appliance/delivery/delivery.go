// Package delivery brings messages to the recipients' hosts: one delivery
// connection for each domain of a message, retries, bounces.
//
// Like the work queue it follows the event log and keeps no queue of its own:
// a message is in the delivery queue because the log says so. Only the moments
// of the next attempts are held in memory; a restart reads them from the
// messages that are not finished, and so does a queue that the log was cut off
// before.
package delivery

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"esasim/esa"
)

// Log is what delivery needs of the event log.
type Log interface {
	// AppendEach adds entries, each of events that became true together.
	AppendEach(entries [][]esa.Event) error
	// Message gives a message as it stands; its events are not asked for.
	Message(ctx context.Context, mid esa.MID) (esa.Message, error)
	NextDCID() (esa.DCID, error)
	// Open lists the messages that are accepted and not finished; all of it is
	// safely on disk.
	Open(ctx context.Context) ([]esa.MID, error)
}

// Reader hands out the event log from a place onward.
type Reader interface {
	Next(ctx context.Context) ([]esa.Entry, error)
}

// Attempt is one try to hand a message over to a host.
type Attempt struct {
	MID       esa.MID
	Sender    string
	Recipient string
	Tries     int // attempts made before this one
}

// Host is the remote host of a domain. It answers for one recipient with a
// complete SMTP reply: "250 ok:  Message 8 accepted".
type Host interface {
	Deliver(Attempt) (reply string)
	Addr(domain string) netip.Addr
}

// Profile is a bounce profile: when a delivery is tried again, and when it is
// given up. Source: AsyncOS user guide, "Default bounce profile".
type Profile struct {
	InitialRetry time.Duration // 60 s
	MaxRetry     time.Duration // 3600 s
	MaxTime      time.Duration // 259200 s in the queue
	MaxRetries   int           // 100
}

// wait is the time to the attempt after the given number of attempts. It
// doubles up to the maximum (inferred: the documents give the two ends).
func (p Profile) wait(tries int) time.Duration {
	d := p.InitialRetry
	for range tries - 1 {
		if d *= 2; d >= p.MaxRetry {
			return p.MaxRetry
		}
	}
	return min(d, p.MaxRetry)
}

// Queue delivers.
type Queue struct {
	Log     Log
	Host    Host
	Profile Profile
	Local   netip.Addr // the interface that deliveries go out from
	Logger  *slog.Logger

	// Touched by Run's goroutine alone.
	due  timers
	told told
}

// Run delivers what a restart left over, then what the reader tells of, and
// tries again what was delayed, until ctx ends.
func (q *Queue) Run(ctx context.Context, leftOver []esa.MID, r Reader) error {
	if err := q.takeUp(ctx, leftOver); err != nil {
		return err
	}
	for ctx.Err() == nil {
		entries, err := q.next(ctx, r)
		if ctx.Err() != nil {
			return nil
		}
		if lost := (*esa.Overtaken)(nil); errors.As(err, &lost) {
			q.Logger.Warn("delivery fell behind the event log: it asks which messages are open", "events", lost.Events)
			err = q.recover(ctx)
		}
		if err != nil {
			return fmt.Errorf("delivery: %w", err)
		}
		if err := q.take(ctx, entries); err != nil {
			return err
		}
	}
	return nil
}

// takeUp puts messages into the queue: each waits for the first of its
// recipients that is due.
func (q *Queue) takeUp(ctx context.Context, mids []esa.MID) error {
	for _, mid := range mids {
		m, err := q.Log.Message(ctx, mid)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("take up MID %d: %w", mid, err)
		}
		if m.State != esa.Processing && m.State != esa.Quarantined {
			q.wait(&m)
		}
	}
	return nil
}

// recover makes the queue anew when the reader has lost entries. Whoever is in
// it is open. A message whose entry comes after all is looked at once more, and
// then no recipient is due.
func (q *Queue) recover(ctx context.Context) error {
	open, err := q.Log.Open(ctx)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	q.due = nil
	return q.takeUp(ctx, open)
}

// next waits for entries, but not beyond the next attempt that is due.
func (q *Queue) next(ctx context.Context, r Reader) ([]esa.Entry, error) {
	if len(q.due) == 0 {
		return r.Next(ctx)
	}
	if !q.due[0].at.After(time.Now()) {
		return nil, nil
	}
	wait, cancel := context.WithDeadline(ctx, q.due[0].at)
	defer cancel()
	entries, err := r.Next(wait)
	if err != nil && errors.Is(err, wait.Err()) && ctx.Err() == nil {
		return nil, nil
	}
	return entries, err
}

// take delivers what entries tell of, and what is due.
func (q *Queue) take(ctx context.Context, entries []esa.Entry) error {
	for i := range entries {
		events := entries[i].Events
		if ctx.Err() != nil { // what is left is left over
			break
		}
		if n := len(events); n > 0 && events[n-1].Kind == esa.MessageQueued {
			if err := q.deliver(ctx, events[n-1].MID); err != nil {
				return err
			}
		}
	}
	for ctx.Err() == nil && len(q.due) > 0 && !q.due[0].at.After(time.Now()) {
		t := heap.Pop(&q.due).(timer)
		if err := q.deliver(ctx, t.mid); err != nil {
			return err
		}
	}
	return q.told.flush(q.Log)
}

// deliver makes one attempt for all recipients of the message that are due,
// and tells what came of it in one entry.
func (q *Queue) deliver(ctx context.Context, mid esa.MID) error {
	if q.told.of(mid) { // else the attempt before this one would not be known
		if err := q.told.flush(q.Log); err != nil {
			return err
		}
	}
	m, err := q.Log.Message(ctx, mid)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("deliver MID %d: %w", mid, err)
	}
	now := time.Now()
	events := make([]esa.Event, 0, 6)
	for _, g := range byDomain(dueRecipients(&m, now)) {
		dcid, err := q.Log.NextDCID()
		if err != nil {
			return err
		}
		events = q.visit(events, visit{m: &m, dcid: dcid, domain: g.domain, rcpts: g.rcpts, now: now})
	}
	if len(events) == 0 {
		return nil // nobody waits: it was finished meanwhile
	}
	m.Add(events)
	if m.State == esa.Delivered || m.State == esa.Bounced {
		events = append(events, esa.Event{Kind: esa.MessageFinished, Time: now, MID: mid, Text: "done"})
	} else {
		q.wait(&m)
	}
	return q.told.add(q.Log, mid, events)
}

// wait notes when the message is due, if any of its recipients waits.
func (q *Queue) wait(m *esa.Message) {
	if at := earliest(m); !at.IsZero() {
		heap.Push(&q.due, timer{at: at, mid: m.MID})
	}
}

// visit is one delivery connection to one domain.
type visit struct {
	m      *esa.Message
	dcid   esa.DCID
	domain string
	rcpts  []esa.Recipient
	now    time.Time
}

func (q *Queue) visit(events []esa.Event, v visit) []esa.Event {
	all := make([]esa.RID, len(v.rcpts))
	for i, r := range v.rcpts {
		all[i] = r.RID
	}
	src := &esa.Source{Local: q.Local, Remote: q.Host.Addr(v.domain)}
	events = append(events,
		esa.Event{Kind: esa.DeliveryOpened, Time: v.now, DCID: v.dcid, Source: src, Size: 25},
		esa.Event{Kind: esa.DeliveryStarted, Time: v.now, DCID: v.dcid, MID: v.m.MID, RIDs: all})
	for _, o := range q.outcomes(v) {
		o.Time, o.DCID, o.MID = v.now, v.dcid, v.m.MID
		events = append(events, o)
	}
	return append(events, esa.Event{Kind: esa.DeliveryClosed, Time: v.now, DCID: v.dcid})
}

// outcomes asks the host about every recipient. Recipients with the same
// answer share an event, as they share a line in the logs.
func (q *Queue) outcomes(v visit) []esa.Event {
	var out []esa.Event
	for _, r := range v.rcpts {
		reply := q.Host.Deliver(Attempt{MID: v.m.MID, Sender: v.m.Sender, Recipient: r.Address, Tries: r.Attempts})
		e := q.judge(reply, r, v)
		if i := same(out, e); i >= 0 {
			out[i].RIDs = append(out[i].RIDs, r.RID)
			continue
		}
		e.RIDs = []esa.RID{r.RID}
		out = append(out, e)
	}
	return out
}

func same(list []esa.Event, e esa.Event) int {
	for i := range list {
		if list[i].Kind == e.Kind && list[i].Text == e.Text && list[i].Until.Equal(e.Until) {
			return i
		}
	}
	return -1
}

// judge turns a reply into what it means for a recipient.
func (q *Queue) judge(reply string, r esa.Recipient, v visit) esa.Event {
	code, text, _ := strings.Cut(reply, " ")
	if strings.HasPrefix(code, "2") {
		return esa.Event{Kind: esa.RecipientDelivered, Text: text}
	}
	if strings.HasPrefix(code, "5") {
		return esa.Event{Kind: esa.RecipientBounced, Name: "5.1.0 - Unknown address error", Text: reply}
	}
	until := v.now.Add(q.Profile.wait(r.Attempts + 1))
	if r.Attempts+1 > q.Profile.MaxRetries || until.After(v.m.Received.Add(q.Profile.MaxTime)) {
		return esa.Event{Kind: esa.RecipientBounced, Name: "5.4.7 - Delivery expired (message too old)", Text: reply}
	}
	return esa.Event{Kind: esa.RecipientDelayed, Name: "4.1.0 - Unknown address error", Text: reply, Until: until}
}
