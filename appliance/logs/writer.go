// Package logs writes log subscriptions: each says in its own words what the event
// log tells, to files or to a syslog server. They are product output, which parsers
// and SIEMs read, not a log of this program.
//
// A writer follows the event log with a durable cursor. For files that also says
// how long the file was, so that after a crash every line is there once. Should the
// log be cut off before the writer has read it, a line says how much is missing.
package logs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"esasim/esa"
)

// Log is where a writer keeps its place.
type Log interface {
	Cursor(name string) (seq uint64, note []byte, err error)
	SetCursor(name string, seq uint64, note []byte) error
}

// Reader hands out the event log from a place onward.
type Reader interface {
	Next(ctx context.Context) ([]esa.Entry, error)
}

// Content is what one type of log says. It is asked by one goroutine.
type Content interface {
	// Write says what the entries tell. Given the same entries again it says the
	// same, whatever has happened since: a crash may ask for that.
	Write(ctx context.Context, l *Lines, entries []esa.Entry) error
	// Forget lets go of what is remembered of entries: some have been lost.
	Forget()
}

// Options of a writer: Files or Syslog, not both.
type Options struct {
	Name     string // of the subscription, "mail_logs", and its syslog program
	Content  Content
	Level    Level          // lines that are less severe are left out
	Location *time.Location // of the times in lines; nil: UTC
	From     uint64         // behind which event a subscription begins that is new
	Files    *Files
	Syslog   *Syslog
}

// CursorPrefix is before the name of a subscription in that of its cursor.
const CursorPrefix = "log/"

// settle is how often files are synced and the cursor moved.
const settle = time.Second

// Writer writes one subscription.
type Writer struct {
	o      Options
	log    Log
	to     sink
	seq    uint64 // the last event written
	synced uint64 // the last event the cursor speaks of
	lines  Lines  // not yet written
	pulse  pulse
}

// A sink is where lines go.
type sink interface {
	// open begins, behind what a cursor's note speaks of.
	open(note []byte) error
	// write takes whole lines; settled says that the cursor should move at once.
	write(ctx context.Context, lines []byte) (settled bool, err error)
	// sync makes sure of what was written, and gives the cursor's note, which is
	// not empty: that is how a place is told from none.
	sync() (note []byte, err error)
	close() error
}

// Open begins a new file, as the appliance does at start. What was written
// behind the place that the cursor speaks of is taken back first, so that lines
// that are written again stand once.
func Open(o Options, log Log) (*Writer, error) {
	w := &Writer{o: o, log: log}
	w.lines = Lines{In: o.Location, least: o.Level}
	if o.Syslog != nil {
		w.lines.name, w.lines.pri = o.Name, o.Syslog.Facility*8
		w.to = &server{o: o.Syslog}
	} else {
		w.to = newFiles(o.Files, o.Location)
	}
	if err := w.open(); err != nil {
		return nil, fmt.Errorf("open log subscription %s: %w", o.Name, errors.Join(err, w.Close()))
	}
	return w, nil
}

func (w *Writer) open() error {
	seq, note, err := w.log.Cursor(CursorPrefix + w.o.Name)
	if err != nil {
		return err
	}
	if len(note) == 0 { // it has no place yet
		seq = w.o.From
	}
	w.seq, w.synced = seq, seq
	if err := w.to.open(note); err != nil {
		return err
	}
	return w.move()
}

// Seq is the number of the event up to which the log has been written.
func (w *Writer) Seq() uint64 { return w.seq }

// Run writes what the reader hands out, which must begin behind Seq, until ctx
// ends. What it has written by then is safe before it returns.
func (w *Writer) Run(ctx context.Context, r Reader) (err error) {
	defer func() { err = errors.Join(err, w.settle(), w.Close()) }()
	last := time.Now()
	for {
		entries, err := w.next(ctx, r)
		lost := (*esa.Overtaken)(nil)
		switch {
		case errors.As(err, &lost):
			err = w.skip(ctx, lost.Events)
		case err == nil && entries == nil && ctx.Err() != nil:
			return nil
		case err == nil && entries != nil:
			err = w.write(ctx, entries)
		}
		if err != nil && ctx.Err() != nil && errors.Is(err, context.Cause(ctx)) {
			return nil // not written: the next start does it
		}
		if err != nil {
			return err
		}
		if time.Since(last) < settle {
			continue
		}
		if err := w.settle(); err != nil {
			return err
		}
		last = time.Now()
	}
}

// Close closes what is written to; Run does it at its end. Closing again does
// nothing.
func (w *Writer) Close() error {
	defer w.pulse.beat()
	return w.to.close()
}

// next waits for entries, but not longer than until what is written should be
// synced.
func (w *Writer) next(ctx context.Context, r Reader) ([]esa.Entry, error) {
	wait := ctx
	if w.synced < w.seq {
		var cancel context.CancelFunc
		wait, cancel = context.WithTimeout(ctx, settle)
		defer cancel()
	}
	entries, err := r.Next(wait)
	if err != nil && !errors.Is(err, context.Cause(wait)) {
		return nil, err
	}
	return entries, nil
}

// skip goes on behind events that the log no longer has, and says in their place
// how many they are.
func (w *Writer) skip(ctx context.Context, events uint64) error {
	w.o.Content.Forget()
	w.lines.Buf = w.lines.Buf[:0]
	w.lines.Say(time.Now(), Warning, LostEvents(w.o.Name, events))
	return w.flush(ctx, w.seq+events)
}

// LostEvents is written where lines are missing: the event log was cut off before
// they were written.
func LostEvents(subscription string, n uint64) string {
	if n == 1 {
		return "Log subscription " + subscription + ": 1 event was lost because writing fell behind."
	}
	return fmt.Sprintf("Log subscription %s: %d events were lost because writing fell behind.", subscription, n)
}

func (w *Writer) write(ctx context.Context, entries []esa.Entry) error {
	w.lines.Buf = w.lines.Buf[:0]
	if err := w.o.Content.Write(ctx, &w.lines, entries); err != nil {
		return fmt.Errorf("log subscription %s: %w", w.o.Name, err)
	}
	return w.flush(ctx, entries[len(entries)-1].Seq)
}

// flush writes the lines of all events up to seq.
func (w *Writer) flush(ctx context.Context, seq uint64) error {
	settled, err := w.to.write(ctx, w.lines.Buf)
	w.pulse.beat()
	if err != nil {
		return fmt.Errorf("write log subscription %s: %w", w.o.Name, err)
	}
	if w.seq = seq; settled {
		return w.settle()
	}
	return nil
}

func (w *Writer) settle() error {
	if w.synced == w.seq {
		return nil
	}
	return w.move()
}

// move makes sure of what was written, then moves the cursor: in this order, so
// that the cursor never speaks of lines that a crash could take.
func (w *Writer) move() error {
	note, err := w.to.sync()
	if err != nil {
		return fmt.Errorf("sync log subscription %s: %w", w.o.Name, err)
	}
	w.synced = w.seq
	return w.log.SetCursor(CursorPrefix+w.o.Name, w.seq, note)
}
