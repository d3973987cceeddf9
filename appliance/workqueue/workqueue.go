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
	"time"

	"esasim/esa"
)

// Log is what the work queue needs of the event log.
type Log interface {
	// AppendEach adds entries, each of events that became true together.
	AppendEach(entries [][]esa.Event) error
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

// Job is one message on its way through the stages.
type Job struct {
	Message *esa.Message
	log     Log
	buf     []byte // for stages to read into, at least readSize; used again for the next message
}

// readSize is how much of a message is read at a time.
const readSize = 8 << 10

// Content opens the message as it was received; the caller closes it.
func (j *Job) Content() (io.ReadCloser, error) { return j.log.Content(j.Message.MID) }

// Finding is what a stage says: its verdict, and whether the message goes no
// further.
type Finding struct {
	Verdict esa.Verdict
	Name    string // of what was found: a virus, a rule
	Drop    string // not empty: the message is dropped, in the words of the logs ("Dropped by CASE")
}

// Stage is one scanner. It looks at a message and says what it found; it
// changes nothing.
type Stage struct {
	Engine esa.Engine
	Scan   func(*Job) (Finding, error)
}

// Stages are the verdict stages in AsyncOS order: a message meets them one
// after another, until one drops it. Source: AsyncOS user guide, "Understanding
// the Email Pipeline".
func Stages() []Stage {
	return []Stage{
		{esa.AntiSpam, antispam},
		{esa.AntiVirus, antivirus},
		{esa.AMP, amp},
	}
}

// Queue takes messages through the stages.
type Queue struct {
	Log    Log
	Stages []Stage
	Policy string // the mail policy that every recipient matches: "DEFAULT"
	Logger *slog.Logger

	// again are the messages taken from Log.Open: their entries may still come.
	// Touched by Run's goroutine alone.
	again map[esa.MID]struct{}
	told  [][]esa.Event // entries on their way into the log
	job   Job           // the one under way: a new one for each message would be most of what there is to collect
	m     esa.Message   // likewise
}

// Run processes the messages that a restart left over, then those that the
// reader tells of, until ctx ends.
func (q *Queue) Run(ctx context.Context, leftOver []esa.MID, r Reader) error {
	for _, mid := range leftOver {
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
	}
	return q.flush()
}

func (q *Queue) take(ctx context.Context, entries []esa.Entry) error {
	for i := range entries {
		if ctx.Err() != nil { // what is left is left over
			break
		}
		events := entries[i].Events
		if len(events) == 0 || events[len(events)-1].Kind != esa.MessageReady {
			continue
		}
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
	}
	return q.flush()
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
	now := time.Now()
	events := make([]esa.Event, 0, len(q.Stages)+3)
	events = append(events, esa.Event{Kind: esa.PolicyMatched, Time: now, MID: m.MID, Name: q.Policy, Direction: m.Direction})
	if q.job.buf == nil {
		q.job = Job{log: q.Log, buf: make([]byte, readSize)}
	}
	q.job.Message = m
	for _, s := range q.Stages {
		f, err := s.Scan(&q.job)
		if err != nil { // one message must not stop the others
			q.Logger.Error("message not scanned", "mid", m.MID, "error", err)
			f = Finding{Verdict: esa.Unscannable}
		}
		events = append(events, esa.Event{Kind: esa.EngineVerdict, Time: now, MID: m.MID, Engine: s.Engine, Verdict: f.Verdict, Name: f.Name})
		if f.Drop != "" {
			events = append(events,
				esa.Event{Kind: esa.MessageDropped, Time: now, MID: m.MID, Engine: s.Engine, Text: f.Drop},
				esa.Event{Kind: esa.MessageFinished, Time: now, MID: m.MID, Text: "aborted"})
			return q.tell(events)
		}
	}
	events = append(events, esa.Event{Kind: esa.MessageQueued, Time: now, MID: m.MID})
	return q.tell(events)
}
