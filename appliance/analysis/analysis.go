// Package analysis finds out of files what is not known when messages with them pass:
// what their analysis says, and what the cloud learns later. It follows the log, which
// says when AMP looked at which file, and holds nothing but the moments at which there
// is something to tell.
package analysis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"esasim/appliance/engine"
	"esasim/esa"
	"esasim/internal/due"
)

// Log is what the analysis needs of the event log.
type Log interface {
	// Judged calls yield for every message with files that AMP spoke of.
	Judged(ctx context.Context, yield func(*esa.Message) error) error
	// Family is a message with those it was made from and those made from it.
	Family(ctx context.Context, mid esa.MID) ([]esa.Message, error)
	// Commit adds events and returns when they are safely on disk.
	Commit(events []esa.Event) error
}

// Reader hands out the event log from a place onward.
type Reader interface {
	Next(ctx context.Context) ([]esa.Entry, error)
}

// Options are what an Analysis is made of.
type Options struct {
	Log   Log
	Files engine.Files // what the cloud knows of files
	// Release lets a message go from a quarantine; how is for the logs. That the
	// quarantine does not hold it is no error.
	Release func(ctx context.Context, mid esa.MID, quarantine, how string) error
	// Remediates tells whether a message that turns out to be malicious is taken out of
	// mailboxes, and Remove takes it out of one; what is not there is no error.
	Remediates func(m *esa.Message) bool
	Remove     func(ctx context.Context, address string, mid esa.MID, why string) error
	Logger     *slog.Logger
}

// Analysis is the simulated cloud's second look at files.
type Analysis struct {
	o     Options
	tasks due.Queue[*task]
}

// task is something that will be found out.
type task struct {
	due.Item
	mid     esa.MID
	file    esa.Attachment
	verdict esa.Verdict
	malware string
	how     string // esa.FileAnalysed, if by analysis
}

// New makes an Analysis; Run does its work.
func New(o Options) *Analysis { return &Analysis{o: o} }

// again is when a message is looked at again that was on its way through the work
// queue.
const again = time.Minute

// Run tells what is found out, until ctx ends. The reader must begin no later than
// the log's end at this call. What was to be found out while nobody ran is found out
// at once.
func (a *Analysis) Run(ctx context.Context, r Reader) error {
	if err := a.rebuild(ctx); err != nil {
		return err
	}
	for ctx.Err() == nil {
		if err := a.finish(ctx); err != nil {
			return err
		}
		entries, err := a.next(ctx, r)
		if lost := (*esa.Overtaken)(nil); errors.As(err, &lost) {
			a.o.Logger.Warn("file analysis fell behind the event log: it looks which files are to be analysed", "events", lost.Events)
			err = a.rebuild(ctx)
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("file analysis: %w", err)
		}
		for i := range entries {
			for j := range entries[i].Events {
				a.note(&entries[i].Events[j])
			}
		}
	}
	return nil
}

// next waits for entries, until there is something to tell.
func (a *Analysis) next(ctx context.Context, r Reader) ([]esa.Entry, error) {
	var at time.Time
	if a.tasks.Len() > 0 {
		at = a.tasks.First().When()
	}
	return due.Until(ctx, at, r.Next)
}

// rebuild looks which files there is something to be found out of.
func (a *Analysis) rebuild(ctx context.Context) error {
	a.tasks = due.Queue[*task]{}
	if !a.o.Files.Change() {
		return nil
	}
	err := a.o.Log.Judged(ctx, func(m *esa.Message) error {
		for i := range m.Events {
			a.note(&m.Events[i])
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("look which files are to be analysed: %w", err)
	}
	return nil
}

// note plans what is to be found out of a file that AMP spoke of.
func (a *Analysis) note(e *esa.Event) {
	if e.Kind != esa.FileJudged || e.Attachment == nil {
		return
	}
	known := a.o.Files.Of(e.Attachment)
	if known == nil {
		return
	}
	plan := func(c engine.Change, how string) {
		t := &task{Item: due.At(e.Time.Add(c.After)), mid: e.MID, file: *e.Attachment, verdict: c.Verdict, how: how}
		if c.Verdict == esa.Positive {
			t.malware = known.Malware
		}
		a.tasks.Add(t)
	}
	if e.Text == engine.Uploaded && known.Analysis.Verdict != esa.NotEvaluated {
		plan(known.Analysis, esa.FileAnalysed)
	}
	if known.Later.Verdict != esa.NotEvaluated {
		plan(known.Later, "")
	}
}

// finish tells what is found out by now.
func (a *Analysis) finish(ctx context.Context) error {
	for ctx.Err() == nil && a.tasks.Len() > 0 && !a.tasks.First().When().After(time.Now()) {
		t := a.tasks.Pop()
		wait, err := a.found(ctx, t)
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("file analysis: MID %d: %w", t.mid, err)
		}
		if wait {
			t.Item = due.At(time.Now().Add(again))
			a.tasks.Add(t)
		}
	}
	return nil
}
