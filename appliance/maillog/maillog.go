// Package maillog writes the text mail logs: what happened to connections and
// messages, in the appliance's own sentences, one function a sentence. They are
// product output, which parsers and SIEMs read, not a log of this program.
//
// The writer follows the event log with a durable cursor that also says how
// long the file was, so that after a crash every line is there once. Should the
// log be cut off before the writer has read it, a line says how much is missing.
package maillog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/esa"
)

// Log is what the writer reads, and where it keeps its place.
type Log interface {
	Cursor(name string) (seq uint64, note []byte, err error)
	SetCursor(name string, seq uint64, note []byte) error
}

// Reader hands out the event log from a place onward.
type Reader interface {
	Next(ctx context.Context) ([]esa.Entry, error)
}

// Options of a writer.
type Options struct {
	FS       vfs.FS
	Dir      string // the subscription's directory, "mail_logs"
	Version  string // "13.0.0-392"
	Serial   string
	RollSize int64 // bytes after which a new file begins; 0: 10 MiB, the appliance's default
	Keep     int   // finished files kept; 0: 10, the appliance's default
	Location *time.Location
}

const (
	cursorName = "mail_logs"
	// settle is how often the file is synced and the cursor moved.
	settle = time.Second
)

// Writer writes the files of one subscription.
type Writer struct {
	o      Options
	log    Log
	file   vfs.File
	stem   string // the file's name without its ending
	size   int64
	seq    uint64 // the last event written
	synced uint64 // the last event the cursor speaks of
	lines  lines  // not yet in the file
}

// place is the cursor's note: in which file, and where in it, the lines of the
// last event ended.
type place struct {
	File string `json:"file"` // its name without the ending
	Size int64  `json:"size"`
}

// Open begins a new file, as the appliance does at start. What was written
// behind the place that the cursor speaks of is taken back first, so that lines
// that are written again stand once.
func Open(o Options, log Log) (*Writer, error) {
	w := &Writer{o: o, log: log}
	if w.o.RollSize == 0 {
		w.o.RollSize = 10 << 20
	}
	if w.o.Keep == 0 {
		w.o.Keep = 10
	}
	if w.o.Location == nil {
		w.o.Location = time.UTC
	}
	w.lines.in = w.o.Location
	if err := w.open(); err != nil {
		return nil, fmt.Errorf("open mail log %s: %w", o.Dir, err)
	}
	return w, nil
}

func (w *Writer) open() error {
	seq, note, err := w.log.Cursor(cursorName)
	if err != nil {
		return err
	}
	var p place
	if note != nil {
		if err := json.Unmarshal(note, &p); err != nil {
			return fmt.Errorf("read place: %w", err)
		}
	}
	w.seq, w.synced = seq, seq
	if err := w.o.FS.MkdirAll(w.o.Dir, 0o755); err != nil {
		return err
	}
	if err := w.syncDir(w.o.FS.PathDir(w.o.Dir)); err != nil {
		return err
	}
	if err := w.recover(p); err != nil {
		return err
	}
	return w.begin()
}

// Seq is the number of the event up to which the log has been written.
func (w *Writer) Seq() uint64 { return w.seq }

// Run writes what the reader hands out, which must begin behind Seq, until ctx
// ends. What it has read by then is written and synced before it returns.
func (w *Writer) Run(ctx context.Context, r Reader) (err error) {
	defer func() { err = errors.Join(err, w.settle(), w.Close()) }()
	last := time.Now()
	for {
		entries, err := w.next(ctx, r)
		lost := (*esa.Overtaken)(nil)
		switch {
		case errors.As(err, &lost):
			err = w.skip(lost.Events)
		case err == nil && entries == nil && ctx.Err() != nil:
			return nil
		case err == nil:
			err = w.write(entries)
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

// Close closes the file; Run does it at its end. Closing again does nothing.
func (w *Writer) Close() error {
	if w.file == nil {
		return nil
	}
	err := w.file.Close()
	w.file = nil
	return err
}

// next waits for entries, but not longer than until the file should be synced.
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
func (w *Writer) skip(events uint64) error {
	w.lines.buf = warning(w.lines.buf[:0], time.Now().In(w.o.Location), lostEvents(events))
	w.seq += events
	return w.flush()
}

func (w *Writer) write(entries []esa.Entry) error {
	w.lines.buf = w.lines.buf[:0]
	for i := range entries {
		for j := range entries[i].Events {
			w.lines.sentences(&entries[i].Events[j])
		}
		w.seq = entries[i].Seq
	}
	return w.flush()
}

// flush writes the lines to the file.
func (w *Writer) flush() error {
	if _, err := w.file.Write(w.lines.buf); err != nil {
		return fmt.Errorf("write mail log: %w", err)
	}
	w.size += int64(len(w.lines.buf))
	if w.size < w.o.RollSize {
		return nil
	}
	return w.roll()
}

// settle syncs the file, then moves the cursor: in this order, so that the
// cursor never speaks of lines that a crash could take.
func (w *Writer) settle() error {
	if w.synced == w.seq {
		return nil
	}
	if err := w.file.Sync(); err != nil {
		return fmt.Errorf("sync mail log: %w", err)
	}
	return w.place()
}

func (w *Writer) place() error {
	note, err := json.Marshal(place{File: w.stem, Size: w.size})
	if err != nil {
		return err
	}
	w.synced = w.seq
	return w.log.SetCursor(cursorName, w.seq, note)
}
