// Package delivery brings messages to the recipients' hosts: by SMTP to those
// that a route names, to a simulated host otherwise. It has retries, and bounce
// messages that tell the sender what did not arrive.
//
// Like the work queue it follows the event log and keeps no queue of its own:
// a message is in the delivery queue because the log says so. Only the moments
// of the next attempts, and who waits for a connection, are held in memory; a
// restart reads them from the messages that are not finished, and so does a
// queue that the log was cut off before.
//
// The queue's goroutine alone reads and writes the log and judges answers.
// Attempts that take time (network, slow hosts) run beside it and report to it,
// so that no host holds up the others.
package delivery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"esasim/esa"
	"esasim/internal/due"
)

// Log is what delivery needs of the event log.
type Log interface {
	// AppendEach adds entries, each of events that became true together.
	AppendEach(entries [][]esa.Event) error
	// AppendMade is AppendEach with the content of a message made here.
	AppendMade(entries [][]esa.Event, mid esa.MID, content []byte) error
	// Message gives a message as it stands; its events are not asked for.
	Message(ctx context.Context, mid esa.MID) (esa.Message, error)
	// Content gives a message as it was received.
	Content(mid esa.MID) (io.ReadCloser, error)
	NextMID() (esa.MID, error)
	// NextDCID and Content are asked by several goroutines.
	NextDCID() (esa.DCID, error)
	// Open lists the messages that are accepted and not finished; all of it is
	// safely on disk.
	Open(ctx context.Context) ([]esa.MID, error)
}

// Reader hands out the event log from a place onward.
type Reader interface {
	Next(ctx context.Context) ([]esa.Entry, error)
}

// Headers adds what the appliance adds to a message for hosts.
type Headers interface {
	Deliver(m *esa.Message, content io.Reader) io.Reader
}

// Queue delivers. Settings are those to begin with; [Queue.Reload] changes them.
type Queue struct {
	Log Log
	Settings
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
	Name   string     // of the appliance, as in EHLO
	Local  netip.Addr // the interface that deliveries go out from
	Logger *slog.Logger

	orders orders
	hosts  hosts

	// Touched by Run's goroutine alone.
	due      due.Queue[*timer]
	told     told
	lanes    map[string]*lane
	controls controls
	by       *Settings                        // those that the queue goes by; never changed, attempts read them, too
	away     map[esa.MID]map[esa.RID]struct{} // recipients whom an attempt is made for, or who wait for a connection
	parked   map[esa.MID]struct{}             // with recipients whose domain is suspended
	hurried  map[esa.MID][]string             // domains whose recipients are due whatever was said
	wasAll   bool                             // what is known to be suspended
	wasHeld  []string

	attempts  context.Context // ends all attempts
	reports   chan report
	beside    sync.WaitGroup // attempts, and connections that are being closed
	attempted int            // attempts that have not reported
}

// Run delivers what a restart left over, then what the reader tells of, and
// tries again what was delayed, until ctx ends. What attempts have come to by
// then is told.
func (q *Queue) Run(ctx context.Context, leftOver []esa.MID, r Reader) error {
	attempts, end := context.WithCancel(ctx)
	q.attempts, q.reports = attempts, make(chan report)
	q.goBy(&q.Settings)
	q.lanes, q.away = map[string]*lane{}, map[esa.MID]map[esa.RID]struct{}{}
	q.parked, q.hurried = map[esa.MID]struct{}{}, map[esa.MID][]string{}
	wake := make(chan struct{}, 1)
	q.orders.wake.Store(&wake)
	q.orders.tell() // what was ordered before
	heard := make(chan news)
	q.beside.Go(func() { read(attempts, r, heard) })
	err := q.takeUp(ctx, leftOver)
	if err == nil {
		err = q.loop(ctx, heard, wake)
	}
	end()
	err = errors.Join(err, q.finish(context.WithoutCancel(ctx)))
	q.beside.Wait()
	return err
}

// news is what the reader gave.
type news struct {
	entries []esa.Entry
	err     error
}

// read passes on what the reader gives, so that the queue can wait for it and for
// other things. It ends with the first error that is not that of being overtaken.
func read(ctx context.Context, r Reader, heard chan<- news) {
	for {
		entries, err := r.Next(ctx)
		select {
		case heard <- news{entries, err}:
		case <-ctx.Done():
			return
		}
		if lost := (*esa.Overtaken)(nil); err != nil && !errors.As(err, &lost) {
			return
		}
	}
}

func (q *Queue) loop(ctx context.Context, heard <-chan news, wake <-chan struct{}) error {
	for {
		if err := q.deliverDue(ctx); err != nil {
			return err
		}
		alarm := q.alarm()
		var err error
		select {
		case <-ctx.Done():
		case n := <-heard:
			err = q.hear(ctx, n)
		case r := <-q.reports:
			err = q.conclude(ctx, r)
		case <-wake:
			err = q.turn()
		case <-alarm.C:
			err = q.rung()
		}
		alarm.Stop()
		if err != nil || ctx.Err() != nil {
			return err
		}
	}
}

// hear takes in what the reader gave.
func (q *Queue) hear(ctx context.Context, n news) error {
	err := n.err
	if lost := (*esa.Overtaken)(nil); errors.As(err, &lost) {
		q.Logger.Warn("delivery fell behind the event log: it asks which messages are open", "events", lost.Events)
		err = q.recover(ctx)
	}
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("delivery: %w", err)
	}
	return q.take(ctx, n.entries)
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
			q.hosts.enter(&m, time.Now())
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
	q.due = due.Queue[*timer]{}
	q.hosts.forget()
	return q.takeUp(ctx, open)
}

// take delivers what entries tell of.
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
	return q.told.flush(q.Log)
}

// deliver makes one attempt for all recipients of the message that are due. What
// came of those that took no time is told in one entry.
func (q *Queue) deliver(ctx context.Context, mid esa.MID) error {
	if err := q.reload(); err != nil {
		return err
	}
	m, err := q.standing(ctx, mid)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("deliver MID %d: %w", mid, err)
	}
	now := time.Now()
	q.hosts.enter(&m, now)
	if q.orders.suspended.Load() {
		q.wait(&m)
		return nil
	}
	hurry, held := q.hurried[mid], q.orders.domains()
	delete(q.hurried, mid)
	events := make([]esa.Event, 0, 6)
	sent := false
	for _, g := range q.groups(&m, q.dueRecipients(&m, now, hurry, held)) {
		if g.lane != nil {
			for rcpts := range slices.Chunk(g.rcpts, g.lane.mostRecipients()) {
				q.send(g.lane, newJob(mid, rcpts))
			}
			sent = true
			continue
		}
		dcid, err := q.Log.NextDCID()
		if err != nil {
			return err
		}
		events = q.visit(events, visit{m: &m, dcid: dcid, domain: g.domain, rcpts: g.rcpts, now: now})
	}
	if len(events) == 0 {
		if sent || hurry != nil || len(held) > 0 {
			q.wait(&m)
		}
		return nil // or nobody waits: it was finished meanwhile
	}
	return q.tell(&m, events, now)
}

// standing is the message with all that has been told of it.
func (q *Queue) standing(ctx context.Context, mid esa.MID) (esa.Message, error) {
	if q.told.of(mid) { // else the attempt before this one would not be known
		if err := q.told.flush(q.Log); err != nil {
			return esa.Message{}, err
		}
	}
	return q.Log.Message(ctx, mid)
}

// tell puts what came of an attempt into the log, and what follows from it: a
// bounce message, the end of the message, or the next attempt.
func (q *Queue) tell(m *esa.Message, events []esa.Event, now time.Time) error {
	q.hosts.ended(m, events, now)
	m.Add(events)
	made, events, err := q.bounce(m, events, now)
	if err != nil {
		return err
	}
	var end []esa.Event
	if m.State == esa.Delivered || m.State == esa.Bounced {
		end = []esa.Event{{Kind: esa.MessageFinished, Time: now, MID: m.MID, Text: "done"}}
		q.hosts.leave(m.MID)
	} else {
		q.wait(m)
	}
	if made == nil {
		// The logs say that it is finished before they say that the connection closes.
		return q.told.add(q.Log, m.MID, beforeClose(events, end))
	}
	if err := q.told.flush(q.Log); err != nil {
		return err
	}
	entries := [][]esa.Event{events, made.Events}
	if end != nil {
		entries = append(entries, end)
	}
	return q.Log.AppendMade(entries, made.MID, made.Content)
}

// wait notes when the message is due, if any of its recipients waits, and whether
// one waits for his domain to be resumed.
func (q *Queue) wait(m *esa.Message) {
	held := q.orders.domains()
	if slices.ContainsFunc(m.Recipients, func(r esa.Recipient) bool {
		return (r.State == esa.Queued || r.State == esa.Delayed) && holds(held, r.Address)
	}) {
		q.parked[m.MID] = struct{}{}
	}
	if at := q.earliest(m, held); !at.IsZero() {
		q.remind(m.MID, at)
	}
}
