// Package reporting counts what the event log tells, by key and by time, for reports:
// so many recipients of spam from this domain in that hour.
//
// It is a follower of the log. What it has counted, and its place in the log, change
// in one batch of the store: after a crash nothing is lost and nothing is counted
// twice. In memory is only what was counted since the last batch, and those messages
// that are not through the work queue or not delivered.
package reporting

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"esasim/esa"
	"esasim/internal/due"
)

// Follower is the name of the place in the log.
const Follower = "reporting"

// Shelf keeps pages and the place in the log together.
type Shelf interface {
	// Place tells how far the log has been counted, and the note left there.
	Place() (seq uint64, note []byte, err error)
	// Row is what is kept under a key; nil: nothing.
	Row(key string) ([]byte, error)
	// Put sets rows, drops ranges before, and moves the place, all or nothing.
	Put(seq uint64, note []byte, rows map[string][]byte, drop [][2]string) error
}

// Store is asked for what began before the place in the log; gather.ErrGone when it
// is no longer kept.
type Store interface {
	// Message gives a message with its events, oldest first.
	Message(ctx context.Context, mid esa.MID) (esa.Message, error)
	// Connection gives what happened on an injection connection.
	Connection(ctx context.Context, icid esa.ICID) ([]esa.Event, error)
}

// Reader hands out the event log from a place onward.
type Reader interface {
	Next(ctx context.Context) ([]esa.Entry, error)
}

// Options of Reports.
type Options struct {
	Shelf    Shelf
	Store    Store
	Location *time.Location // in which days begin; nil: UTC
	Keep     Keep           // the zero value: DefaultKeep
	Keys     int            // told apart in a bucket, of each table, at least; 0: DefaultKeys
	Logger   *slog.Logger   // nil: slog.Default()
}

// DefaultKeys is how many keys a table has in a bucket before the smallest are added
// together. There may be twice as many for a while.
const DefaultKeys = 1000

// settle is how often what was counted is put on the shelf; mostRows is how many rows
// may be waiting for it.
const (
	settle   = 10 * time.Second
	mostRows = 50_000
)

// Reports is what the log came to. Its methods may be called from any goroutine, apart
// from Run, which is called once.
type Reports struct {
	o  Options
	in atomic.Pointer[time.Location]

	// mu guards what follows. Whoever asks holds it while pages are read, so that they
	// and what is not yet among them fit together.
	mu      sync.Mutex
	seq     uint64 // the last event counted
	placed  uint64 // the last event the place speaks of
	lost    uint64 // events that the log no longer had
	began   bool   // it has had a place
	halved  bool   // an entry is counted in part: nothing may be kept any more
	tally   tally
	trimmed [Day + 1]time.Time // up to when pages were dropped, by step
}

// Open finds the place in the log.
func Open(o Options) (*Reports, error) {
	if o.Location == nil {
		o.Location = time.UTC
	}
	if o.Keep == (Keep{}) {
		o.Keep = DefaultKeep()
	}
	if o.Keys <= 0 {
		o.Keys = DefaultKeys
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	r := &Reports{o: o}
	r.in.Store(o.Location)
	r.tally.store = o.Store
	r.tally.forget()
	seq, note, err := o.Shelf.Place()
	if err != nil {
		return nil, fmt.Errorf("open reports: %w", err)
	}
	r.seq, r.placed = seq, seq
	var n int
	if r.lost, n = binary.Uvarint(note); n > 0 {
		r.began = len(note) > n && note[n] == 1
		return r, nil
	}
	// From now on the log is kept for it.
	if err := o.Shelf.Put(seq, r.note(), nil, nil); err != nil {
		return nil, fmt.Errorf("open reports: %w", err)
	}
	return r, nil
}

// note is what is kept with the place: what was lost, and whether it has begun.
func (r *Reports) note() []byte {
	began := byte(0)
	if r.began {
		began = 1
	}
	return append(binary.AppendUvarint(nil, r.lost), began)
}

// Reload goes over to another time zone: days and hours begin in it from now on. What
// was counted stays where it is.
func (r *Reports) Reload(in *time.Location) { r.in.Store(in) }

// Seq is the number of the event up to which the log has been counted.
func (r *Reports) Seq() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seq
}

// Lost is how many events could not be counted: the log had been cut off before.
func (r *Reports) Lost() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lost
}

// Run counts what the reader hands out, which must begin behind Seq, until ctx ends.
// What it has counted by then is on the shelf.
func (r *Reports) Run(ctx context.Context, from Reader) (err error) {
	defer func() { err = errors.Join(err, r.Flush()) }()
	last := time.Now()
	for ctx.Err() == nil {
		entries, err := r.next(ctx, from)
		lost := (*esa.Overtaken)(nil)
		switch {
		case errors.As(err, &lost):
			r.skip(lost.Events)
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return fmt.Errorf("reports: %w", err)
		case entries != nil:
			if err := r.count(ctx, entries); err != nil {
				if ctx.Err() != nil {
					return nil // not counted: the next start does it
				}
				return fmt.Errorf("reports: %w", err)
			}
		}
		if time.Since(last) >= settle || r.waiting() > mostRows {
			if err := r.Flush(); err != nil {
				return err
			}
			last = time.Now()
		}
	}
	return nil
}

// next waits for entries, but not longer than until what is counted should be kept.
func (r *Reports) next(ctx context.Context, from Reader) ([]esa.Entry, error) {
	var at time.Time
	if r.waiting() > 0 {
		at = time.Now().Add(settle)
	}
	return due.Until(ctx, at, from.Next)
}

func (r *Reports) waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tally.rows
}

// skip goes on behind events that the log no longer has. One that begins with what
// the log still has, in a directory that is older than reports, has lost nothing.
func (r *Reports) skip(events uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seq += events
	r.tally.forget()
	if !r.began { // it may only skip once
		r.began = true
		r.o.Logger.Info("reports begin with what the event log still has", "before", events)
		return
	}
	r.lost += events
	r.o.Logger.Warn("reports fell behind the event log: what some events tell is not counted", "events", events)
}

// count counts what entries tell. If one cannot be counted as a whole, nothing that is
// not on the shelf goes there: the next start counts it again.
func (r *Reports) count(ctx context.Context, entries []esa.Entry) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range entries {
		if err := r.tally.entry(ctx, entries[i].Events); err != nil {
			r.halved = true
			return err
		}
		r.seq, r.began = entries[i].Seq, true
	}
	r.tally.bound()
	return nil
}

// Flush puts what was counted on the shelf, together with the place.
func (r *Reports) Flush() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seq == r.placed || r.halved {
		return nil
	}
	now := time.Now()
	pages, err := r.pages(now)
	if err != nil {
		return fmt.Errorf("keep reports: %w", err)
	}
	rows := make(map[string][]byte, len(pages))
	for k, p := range pages {
		p.bound(r.o.Keys)
		rows[k] = p.append(nil)
	}
	drop := r.outdated(now)
	if err := r.o.Shelf.Put(r.seq, r.note(), rows, drop); err != nil {
		return fmt.Errorf("keep reports: %w", err)
	}
	r.placed = r.seq
	r.tally.clear()
	return nil
}

// pages are those that what was counted changes, as they are with it.
func (r *Reports) pages(now time.Time) (map[string]page, error) {
	in, out := r.in.Load(), map[string]page{}
	for _, m := range r.tally.sorted() {
		at := time.Unix(m.unix, 0).In(in)
		for s := Minute; s <= Day; s++ {
			begin := s.begin(at)
			if begin.Before(r.o.Keep.horizon(s, now.In(in))) {
				continue
			}
			for t := range m.tables {
				if m.tables[t] == nil {
					continue
				}
				k := rowKey(s, begin, Table(t))
				p := out[k]
				if p == nil {
					var err error
					if p, err = r.page(k); err != nil {
						return nil, err
					}
					out[k] = p
				}
				p.merge(m.tables[t])
			}
		}
	}
	return out, nil
}

func (r *Reports) page(k string) (page, error) {
	b, err := r.o.Shelf.Row(k)
	if err != nil || b == nil {
		return page{}, err
	}
	p := page{}
	return p, readPage(b, func(key string, one *row) { p[key] = one })
}

// outdated are the ranges of pages that are no longer to be kept, when there are new
// ones: each range costs the store a little.
func (r *Reports) outdated(now time.Time) (drop [][2]string) {
	for s := Minute; s <= Day; s++ {
		every := time.Hour
		if s > Minute {
			every = 24 * time.Hour
		}
		horizon := r.o.Keep.horizon(s, now.In(r.in.Load()))
		if horizon.Sub(r.trimmed[s]) >= every {
			drop, r.trimmed[s] = append(drop, below(s, horizon)), horizon
		}
	}
	return drop
}
