// Package tracking keeps what happened to every message, in order, and answers
// questions about it.
//
// Events are appended to one log. Everything else follows it: [Store.Follow]
// hands out what is safely on disk, from any place; [Store.Search] and
// [Store.Message] read the messages that the events tell of.
//
// A message is at one of two places. While it is young it is open: its events
// are in the log, and in memory ([openRow]). Some thousand messages later it is
// sealed: a [segment] holds its events as columns, and the log is cut off behind
// it. Whatever happens to it then (a bounce after days, a release from a
// quarantine) is late: kept beside the segment, and folded in when the segment
// is written again. Nothing is kept twice but for the moment it takes to seal.
//
// The store does not know the box it is in.
package tracking

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"weak"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/esa"
	"esasim/tracking/segment"
)

var (
	// ErrNotFound says that no such message, connection or content is kept.
	ErrNotFound = errors.New("not found")
	// ErrFormat says that the store was written by an esasim whose format this one
	// does not read.
	ErrFormat = errors.New("unknown format")
	// ErrClosed says that the store has been closed.
	ErrClosed = errors.New("tracking store is closed")
)

// format is the version of the keys and the entries on disk.
const format = 3

// Options of a store.
type Options struct {
	FS     vfs.FS       // nil: the disk
	Dir    string       // the store's own directory, made if missing
	Logger *slog.Logger // nil: silent
	Keep   Keep         // for how long
	// SegmentRows is how many messages and connections are sealed together; 0: 2,048.
	// Small numbers are for tests.
	SegmentRows int
}

// Store is one appliance's log and what is known from it. Its methods may be
// called from any goroutine until Close is called.
type Store struct {
	db     *pebble.DB
	o      Options
	packer *segment.Packer
	cancel context.CancelCauseFunc
	ctx    context.Context
	wg     sync.WaitGroup // the syncer, the keeper, and who writes the floor
	dirty  chan struct{}  // holds one token while something is not yet synced
	work   chan struct{}  // holds one token when there may be something to seal
	watch  *watch
	floor  floor // floorLoop's, from Open to Close

	// mu orders the log: a number is taken and its batch is applied under it, so
	// the order of numbers is the order of commits. It guards what is known of the
	// store's content, too: whoever reads it takes a view (view.go), which holds mu
	// for as long as it takes to copy some pointers. Nothing waits for the disk
	// while holding it.
	mu         sync.Mutex
	last       uint64       // the last event's number
	kept       uint64       // the first event's that the log still has
	open       [2]openTable // what is not sealed, by segment.Table
	sealed     sealState
	segments   []*sealedSegment     // by number; a changed list is a new one
	groups     map[uint64]*group    // by number
	unfinished map[esa.MID]struct{} // sealed, accepted and not finished
	followers  map[weak.Pointer[Follower]]struct{}

	// markMu guards the watermark. It may be taken while holding mu, not the
	// other way round.
	markMu  sync.Mutex
	durable uint64        // events up to here survive a crash
	advance chan struct{} // closed, and replaced, when durable moves

	sealing         sync.Mutex // held by whoever writes segments; taken before mu
	icid, mid, dcid numbers
	window          window // the end of the log in memory
	cache           cache  // segments read lately
	turns           turns  // of searches
	content         contents
	buffers         sync.Pool // of *[]byte, in which entries are written
}

// Open opens the store, or makes it.
func Open(o Options) (*Store, error) {
	s, err := openStore(o)
	if err != nil {
		return nil, err
	}
	s.wg.Go(s.syncLoop)
	s.wg.Go(s.keep)
	s.wg.Go(s.floorLoop)
	return s, nil
}

// openStore opens the store without its goroutines.
func openStore(o Options) (*Store, error) {
	o.SegmentRows = cmp.Or(o.SegmentRows, segmentRows)
	if o.FS == nil {
		o.FS = vfs.Default
	}
	packer, err := segment.NewPacker()
	if err != nil {
		return nil, fmt.Errorf("open tracking store %s: %w", o.Dir, err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	w := newWatch(cancel)
	db, err := openDB(o, w)
	if err != nil {
		cancel(err)
		packer.Close()
		return nil, fmt.Errorf("open tracking store %s: %w", o.Dir, err)
	}
	s := &Store{db: db, o: o, packer: packer, ctx: ctx, cancel: cancel, watch: w,
		turns: newTurns(), dirty: make(chan struct{}, 1), work: make(chan struct{}, 1), advance: make(chan struct{}),
		groups: map[uint64]*group{}, unfinished: map[esa.MID]struct{}{}, followers: map[weak.Pointer[Follower]]struct{}{}}
	if err = s.load(); err == nil {
		err = s.floor.write(o.FS, o.Dir, s.last)
	}
	if err != nil {
		cancel(err)
		packer.Close()
		return nil, errors.Join(fmt.Errorf("open tracking store %s: %w", o.Dir, damaged(err)), db.Close())
	}
	w.setSound(o.FS)
	return s, nil
}

// openDB opens the database. A new one is closed and opened again: only from
// the second write-ahead log on does Pebble notice a flipped byte.
func openDB(o Options, w *watch) (*pebble.DB, error) {
	if err := checkManifest(o.FS, o.Dir); err != nil {
		return nil, err
	}
	options := pebbleOptions(o)
	w.attach(options, o.Logger)
	db, err := openPebble(o.Dir, options)
	if err != nil {
		return nil, err
	}
	_, closer, err := db.Get([]byte{prefixFormat})
	if err == nil {
		_ = closer.Close() // it only gives back what Get lent
		return db, nil
	}
	if errors.Is(err, pebble.ErrNotFound) {
		if err = checkLast(o.FS, o.Dir, 0); err == nil {
			err = db.Set([]byte{prefixFormat}, binary.AppendUvarint(nil, format), pebble.Sync)
		}
	}
	if err = errors.Join(damaged(err), db.Close()); err != nil {
		return nil, err
	}
	return openPebble(o.Dir, options)
}

func (s *Store) checkFormat() error {
	v, closer, err := s.db.Get([]byte{prefixFormat})
	if err != nil {
		return fmt.Errorf("read format version: %w", err)
	}
	defer closer.Close()
	switch got, _ := binary.Uvarint(v); {
	case got < format:
		return fmt.Errorf("%w: format version %d is that of an older esasim (before 2, steps were numbered and not events; before 3, microseconds were kept); this one reads version %d: begin with a new directory", ErrFormat, got, format)
	case got > format:
		return fmt.Errorf("%w: format version %d is that of a newer esasim; this one reads version %d", ErrFormat, got, format)
	}
	return nil
}

// Close ends the store. Its users must have ended before.
func (s *Store) Close() error {
	s.cancel(ErrClosed)
	s.wg.Wait()
	defer s.packer.Close()
	for _, n := range []*numbers{&s.icid, &s.mid, &s.dcid} {
		if err := n.store(); err != nil {
			return errors.Join(err, s.db.Close())
		}
	}
	err := s.db.LogData(nil, pebble.Sync)
	if err = errors.Join(err, s.db.Close()); err != nil {
		return err
	}
	return s.floor.write(s.o.FS, s.o.Dir, s.last)
}

// token leaves a token in the channel, if none is there.
func token(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // whoever takes it is already called for
	}
}
