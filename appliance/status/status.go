// Package status counts what the appliance does: messages and recipients received,
// rejected, bounced and delivered, since the last reset, since the start and in all
// its life; how many of them in an hour; and the last numbers that were given out.
// It is what "status detail" of the command line, /xml/status and the health calls
// of the API show.
//
// It follows the event log. Its counts are kept with its place in the log as one
// value, so that a crash neither loses nor doubles any: what was counted behind the
// place that is kept is counted again. Counting begins with the data directory; of
// a past that was made for it nothing is counted.
package status

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"esasim/esa"
	"esasim/internal/due"
)

// Log is what keeps the counts with a place in the event log.
type Log interface {
	// Cursor gives the place and the note that were kept; 0 and none: nothing was.
	Cursor(name string) (seq uint64, note []byte, err error)
	SetCursor(name string, seq uint64, note []byte) error
	// Last is the end of the log.
	Last() uint64
}

// Reader hands out the event log from a place onward.
type Reader interface {
	Next(ctx context.Context) ([]esa.Entry, error)
}

// cursor is the name of the place.
const cursor = "status"

// keepEvery is how much time passes between two times that the counts are kept,
// while there is something to count.
const keepEvery = time.Second

// IDs are the last numbers that were given out, as far as the log tells.
type IDs struct {
	MID  esa.MID
	ICID esa.ICID
	DCID esa.DCID
}

// Status is what was counted. It is safe for concurrent use.
type Status struct {
	log    Log
	logger *slog.Logger
	since  time.Time // of this start
	start  uint64    // the end of the log then

	mu       sync.Mutex // guards the rest
	seq      uint64     // what is counted up to
	life     Counts
	before   Counts    // of life, at the last reset
	reset    time.Time // zero: never
	up       Counts    // since the start
	ids      IDs
	entered  uint64 // messages that entered the work queue since the start
	recently seconds
	dirty    bool // something is to be kept
}

// note is what is kept with the place. Counters go by their names, so that there
// can be others later.
type note struct {
	Life   map[string]uint64 `json:"lifetime"`
	Before map[string]uint64 `json:"before_reset"`
	Reset  time.Time         `json:"reset,omitzero"`
	IDs    IDs               `json:"ids"`
}

// Open reads what was counted so far. What is in the log by now is of the time
// before this start.
func Open(log Log, logger *slog.Logger) (*Status, error) {
	s := &Status{log: log, logger: logger, since: time.Now(), start: log.Last()}
	seq, b, err := log.Cursor(cursor)
	if err != nil {
		return nil, err
	}
	if b == nil {
		// From now on, whatever happens: an entry that survives a crash lies behind
		// this note, which survives then, too.
		s.seq = s.start
		return s, s.keep()
	}
	var n note
	if err := json.Unmarshal(b, &n); err != nil {
		return nil, fmt.Errorf("read counters: %w", err)
	}
	s.seq, s.reset, s.ids = seq, n.Reset, n.IDs
	for c := range Counters {
		s.life[c], s.before[c] = n.Life[c.String()], n.Before[c.String()]
	}
	return s, nil
}

// Seq is the place in the log that the reader of Run must begin behind.
func (s *Status) Seq() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seq
}

// Run counts until ctx ends.
func (s *Status) Run(ctx context.Context, r Reader) error {
	kept := time.Now()
	for {
		entries, err := due.Until(ctx, s.next(kept), r.Next)
		if ctx.Err() != nil {
			return s.keep()
		}
		if lost := (*esa.Overtaken)(nil); errors.As(err, &lost) {
			s.logger.Warn("the counters fell behind the event log: what they missed is not counted", "events", lost.Events)
			err = nil
		}
		if err != nil {
			return fmt.Errorf("counters: %w", err)
		}
		s.take(entries)
		if now := time.Now(); now.Sub(kept) >= keepEvery {
			if err := s.keep(); err != nil {
				return err
			}
			kept = now
		}
	}
}

// next is when the counts are to be kept; zero: there is nothing to keep.
func (s *Status) next(kept time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.dirty {
		return time.Time{}
	}
	return kept.Add(keepEvery)
}

func (s *Status) take(entries []esa.Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range entries {
		s.entry(&entries[i])
	}
}

// entry counts one entry. s.mu is held.
func (s *Status) entry(e *esa.Entry) {
	var d Counts
	d.count(e.Events)
	for i := range e.Events {
		ev := &e.Events[i]
		s.ids = IDs{max(s.ids.MID, ev.MID), max(s.ids.ICID, ev.ICID), max(s.ids.DCID, dcid(ev))}
	}
	s.seq, s.dirty = e.Seq, true
	last, counted := &e.Events[len(e.Events)-1], d != Counts{}
	if counted {
		s.life.add(&d)
	}
	if e.Seq <= s.start { // of the run before, which did not come to keeping it
		return
	}
	if counted {
		s.up.add(&d)
		s.recently.add(last.Time, &d)
	}
	if last.Kind == esa.MessageReady || last.Kind == esa.MessageReleased && last.Name == "" {
		s.entered++
	}
}

// dcid is the number of a delivery connection. That of a message in the spam
// quarantine numbers something else.
func dcid(e *esa.Event) esa.DCID {
	if e.Kind == esa.MessageQuarantined {
		return 0
	}
	return e.DCID
}

// keep writes the counts and the place as one value.
func (s *Status) keep() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write()
}

// write is keep. s.mu is held.
func (s *Status) write() error {
	n := note{Life: byName(&s.life), Before: byName(&s.before), Reset: s.reset, IDs: s.ids}
	b, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("write counters: %w", err)
	}
	s.dirty = false
	return s.log.SetCursor(cursor, s.seq, b)
}

func byName(c *Counts) map[string]uint64 {
	out := make(map[string]uint64, Counters)
	for i, n := range c {
		out[Counter(i).String()] = n
	}
	return out
}
