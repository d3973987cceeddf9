// Package workqueue does what happens to a message between its acceptance and
// its delivery: the verdict stages, in the appliance's order.
//
// The queue follows the event log: an accepted message is an entry of it, and
// what the stages say of the message becomes the next entry. There is no other
// queue; after a crash, or when the log was cut off before the queue had read it,
// the store says which messages are still to be done.
package workqueue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"esasim/appliance/stage"
	"esasim/esa"
)

// Log is what the work queue needs of the event log.
type Log interface {
	// AppendEach adds entries, each of events that became true together.
	AppendEach(entries [][]esa.Event) error
	// AppendWith is AppendEach with the contents of messages made here.
	AppendWith(entries [][]esa.Event, made []Content) error
	NewContent(mid esa.MID) Content
	NextMID() (esa.MID, error)
	Message(ctx context.Context, mid esa.MID) (esa.Message, error)
	Content(mid esa.MID) (io.ReadCloser, error)
	// Open lists the messages that are accepted and not finished; all of it is
	// safely on disk.
	Open(ctx context.Context) ([]esa.MID, error)
}

// Reader hands out the event log from a place onward.
type Reader interface {
	Next(ctx context.Context) ([]esa.Entry, error)
}

// Options are what the stages are, and where they let messages go to.
type Options struct {
	// Filters are the message filters, by the direction of the message; a stage
	// without Scan: there are none.
	Filters [2]stage.Stage
	// Policies are the mail policies by direction. Each has at least one.
	Policies [2]Table
	// Keep is for how long each quarantine holds a message.
	Keep map[string]time.Duration
	// Bounces tells senders of messages that a stage bounced; Host is the appliance's
	// name in that.
	Bounces bool
	Host    string
}

// Queue takes messages through the stages.
type Queue struct {
	Log    Log
	Logger *slog.Logger
	// Options may be changed at any time: messages that come after that meet the
	// new ones.
	Options atomic.Pointer[Options]

	gate gate

	passed atomic.Uint64 // messages that need not be taken up any more

	// again are the messages taken from Log.Open: their entries may still come.
	// Touched by Run's goroutine alone, as is all that follows.
	again map[esa.MID]struct{}
	told  [][]esa.Event // entries on their way into the log
	o     *Options      // those that the message under way meets
	job   *stage.Job    // the one under way: a new one for each message would be most of what there is to collect
	m     esa.Message   // likewise
	rcids uint64        // given out
}

// Run processes the messages that a restart left over, then those that the
// reader tells of, until ctx ends.
func (q *Queue) Run(ctx context.Context, leftOver []esa.MID, r Reader) error {
	for _, mid := range leftOver {
		q.gate.pass(ctx)
		m, err := q.Log.Message(ctx, mid)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("take up MID %d: %w", mid, err)
		}
		if err := q.process(&m); err != nil {
			return err
		}
		q.passed.Add(1)
	}
	if err := q.flush(); err != nil {
		return err
	}
	for {
		entries, err := r.Next(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if lost := (*esa.Overtaken)(nil); errors.As(err, &lost) {
			q.Logger.Warn("work queue fell behind the event log: it asks which messages are open", "events", lost.Events)
			err = q.recover(ctx)
		}
		if err != nil {
			return fmt.Errorf("work queue: %w", err)
		}
		if err := q.take(ctx, entries); err != nil {
			return err
		}
	}
}

// recover processes the messages of which the reader may have lost the entry.
// Nobody else takes a message out of the state Processing, so what is in it is
// still to be done, and what is done here must not be done again when its entry
// comes after all.
func (q *Queue) recover(ctx context.Context) error {
	open, err := q.Log.Open(ctx)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	q.again = map[esa.MID]struct{}{}
	for _, mid := range open {
		m, err := q.Log.Message(ctx, mid)
		if ctx.Err() != nil { // what is left is left over
			return nil
		}
		if err != nil {
			return fmt.Errorf("take up MID %d: %w", mid, err)
		}
		if m.State != esa.Processing {
			continue
		}
		q.again[mid] = struct{}{}
		if err := q.process(&m); err != nil {
			return err
		}
		q.passed.Add(1)
	}
	return q.flush()
}

// Passed is how many messages have gone through since Run began, those that were
// left over with them.
func (q *Queue) Passed() uint64 { return q.passed.Load() }

func (q *Queue) take(ctx context.Context, entries []esa.Entry) error {
	for i := range entries {
		events := entries[i].Events
		if len(events) == 0 {
			continue
		}
		if q.Paused() {
			if err := q.flush(); err != nil {
				return err
			}
			q.gate.pass(ctx)
		}
		if ctx.Err() != nil { // what is left is left over
			break
		}
		switch last := &events[len(events)-1]; {
		case last.Kind == esa.MessageReady:
			// An accepting entry holds everything that was said of the message so
			// far, and ends with MessageReady.
			q.m.Fold(events)
			if _, done := q.again[q.m.MID]; done {
				delete(q.again, q.m.MID)
				continue
			}
			if err := q.process(&q.m); err != nil {
				return err
			}
			q.passed.Add(1)
		case last.Kind == esa.MessageReleased && last.Name == "":
			if err := q.released(ctx, last.MID); err != nil {
				return err
			}
		}
	}
	return q.flush()
}

// released takes up a message that all quarantines have let go.
func (q *Queue) released(ctx context.Context, mid esa.MID) error {
	if err := q.flush(); err != nil {
		return err
	}
	m, err := q.Log.Message(ctx, mid)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("take up MID %d: %w", mid, err)
	}
	if m.State != esa.Processing { // it was taken up already
		return nil
	}
	defer q.passed.Add(1)
	return q.process(&m)
}

// together is how many messages' entries go into the log in one step at most.
// Under load that saves more than half of what each would cost alone; more would
// make those wait who have something to add meanwhile.
const together = 32

// tell adds an entry to the log, soon: at the latest when all that was handed out
// has been looked at.
func (q *Queue) tell(events []esa.Event) error {
	if q.told = append(q.told, events); len(q.told) < together {
		return nil
	}
	return q.flush()
}

func (q *Queue) flush() error {
	err := q.Log.AppendEach(q.told)
	clear(q.told)
	q.told = q.told[:0]
	return err
}

func (q *Queue) process(m *esa.Message) error {
	if q.job == nil {
		q.job = stage.NewJob(q.Log.Content)
	}
	q.o = q.Options.Load()
	q.job.Take(m)
	p := passage{q: q, m: m, job: q.job, now: time.Now(), asked: asked(m), skip: m.Skips, said: make([]esa.Event, 0, 8)}
	if err := p.walk(); err != nil {
		return fmt.Errorf("work queue: MID %d: %w", m.MID, errors.Join(err, p.discard()))
	}
	return p.store()
}

// asked is where a message is still to go to. The spam quarantine comes last: those
// that let it go have had it for all others, or one of them in the place of another.
func asked(m *esa.Message) []esa.Hold {
	if !m.Released {
		return m.Asked
	}
	return slices.DeleteFunc(slices.Clone(m.Asked), func(h esa.Hold) bool { return h.Quarantine != stage.SpamQuarantine })
}

// filters are the message filters of a direction.
func (q *Queue) filters(d esa.Direction) stage.Stage { return q.o.Filters[d] }

// hold is a hold with the moment when the quarantine lets the message go by itself.
// One that was taken out of the configuration after somebody had asked for it has
// another in its place. Not ok: there is none at all.
func (q *Queue) hold(h esa.Hold, mid esa.MID, now time.Time) (esa.Hold, bool) {
	keep, ok := q.o.Keep[h.Quarantine]
	if !ok {
		q.Logger.Error("there is no such quarantine", "mid", mid, "quarantine", h.Quarantine, "instead", stage.Unclassified)
		h.Quarantine = stage.Unclassified
		keep, ok = q.o.Keep[h.Quarantine]
	}
	if h.Until.IsZero() { // who asked for it did not say for how long
		h.Until = now.Add(keep)
	}
	return h, ok
}

// held is the event that says so.
func held(h *esa.Hold) esa.Event {
	return esa.Event{Kind: esa.MessageQuarantined, Engine: h.Engine, Name: h.Quarantine, Text: h.Reason, Until: h.Until}
}

// rcid numbers a connection to the spam quarantine. It is seen in a log line only,
// and counts from 1 at each start (the appliance's goes on: ours is inferred).
func (q *Queue) rcid() uint64 {
	q.rcids++
	return q.rcids
}
