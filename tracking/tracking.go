// Package tracking keeps what happened to every message, in order, and answers
// questions about it.
//
// Events are appended to one log. Everything else follows it: [Store.Follow]
// hands out what is safely on disk, from any place; [Store.Search] and
// [Store.Message] read the messages that the events tell of. Nothing is kept
// twice: a message is folded from its entries whenever it is asked for, and the
// index beside the log (keys.go) is written in the same batch as the entry it
// points to, so the two cannot disagree, also after a crash.
//
// The store does not know the box it is in.
package tracking

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/esa"
)

var (
	// ErrNotFound says that no such message, connection or content is kept.
	ErrNotFound = errors.New("not found")
	// ErrClosed says that the store has been closed.
	ErrClosed = errors.New("tracking store is closed")
)

// format is the version of the keys and the entries on disk.
const format = 1

// Options of a store.
type Options struct {
	FS     vfs.FS       // nil: the disk
	Dir    string       // the store's own directory, made if missing
	Logger *slog.Logger // nil: silent
}

// Store is one appliance's log and index. Its methods may be called from any
// goroutine until Close is called.
type Store struct {
	db     *pebble.DB
	cancel context.CancelCauseFunc
	ctx    context.Context
	wg     sync.WaitGroup // the syncer
	dirty  chan struct{}  // holds one token while something is not yet synced

	// mu orders the log: a sequence number is taken and its batch is applied
	// under it, so the order of numbers is the order of commits. Nothing waits
	// for the disk while holding it.
	mu   sync.Mutex
	next uint64 // the next entry's number

	// markMu guards the watermark. It may be taken while holding mu, not the
	// other way round.
	markMu  sync.Mutex
	durable uint64        // entries up to here survive a crash
	advance chan struct{} // closed, and replaced, when durable moves

	icid, mid, dcid numbers
	window          *window // the end of the log in memory
}

// Open opens the store, or makes it.
func Open(o Options) (*Store, error) {
	db, err := openDB(o)
	if err != nil {
		return nil, fmt.Errorf("open tracking store %s: %w", o.Dir, err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	s := &Store{db: db, ctx: ctx, cancel: cancel,
		dirty: make(chan struct{}, 1), advance: make(chan struct{})}
	if err := s.load(); err != nil {
		cancel(err)
		return nil, errors.Join(fmt.Errorf("open tracking store %s: %w", o.Dir, err), db.Close())
	}
	s.wg.Go(s.syncLoop)
	return s, nil
}

func (s *Store) load() error {
	if err := s.checkFormat(); err != nil {
		return err
	}
	last, err := s.lastSeq()
	if err != nil {
		return err
	}
	// What was read back from the disk at start is as durable as it gets.
	s.next, s.durable = last+1, last
	s.window = newWindow(s.next)
	for name, n := range map[string]*numbers{"icid": &s.icid, "mid": &s.mid, "dcid": &s.dcid} {
		if err := n.load(s.db, name); err != nil {
			return err
		}
	}
	return nil
}

// openDB opens the database. A new one is closed and opened again: only from
// the second write-ahead log on does Pebble notice a flipped byte.
func openDB(o Options) (*pebble.DB, error) {
	db, err := pebble.Open(o.Dir, pebbleOptions(o))
	if err != nil {
		return nil, err
	}
	_, closer, err := db.Get([]byte{prefixFormat})
	if err == nil {
		_ = closer.Close() // it only gives back what Get lent
		return db, nil
	}
	if errors.Is(err, pebble.ErrNotFound) {
		err = db.Set([]byte{prefixFormat}, binary.AppendUvarint(nil, format), pebble.Sync)
	}
	if err = errors.Join(err, db.Close()); err != nil {
		return nil, err
	}
	return pebble.Open(o.Dir, pebbleOptions(o))
}

func (s *Store) checkFormat() error {
	v, closer, err := s.db.Get([]byte{prefixFormat})
	if err != nil {
		return fmt.Errorf("read format version: %w", err)
	}
	defer closer.Close()
	if got, _ := binary.Uvarint(v); got != format {
		return fmt.Errorf("format version %d, this esasim reads version %d", got, format)
	}
	return nil
}

func (s *Store) lastSeq() (uint64, error) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: key(prefixLog, 0), UpperBound: upper(prefixLog)})
	if err != nil {
		return 0, fmt.Errorf("find end of log: %w", err)
	}
	defer it.Close()
	if it.Last() {
		return number(it.Key(), 0), nil
	}
	return 0, it.Error()
}

// Close ends the store. Its users must have ended before.
func (s *Store) Close() error {
	s.cancel(ErrClosed)
	s.wg.Wait()
	for _, n := range []*numbers{&s.icid, &s.mid, &s.dcid} {
		if err := n.store(); err != nil {
			return errors.Join(err, s.db.Close())
		}
	}
	return errors.Join(s.db.LogData(nil, pebble.Sync), s.db.Close())
}

// Append adds events, which became true together, as one entry at the end of
// the log. It returns at once; the entry becomes durable, and visible to
// followers, soon after. The events must not be changed afterwards.
func (s *Store) Append(events []esa.Event) error {
	_, err := s.append(events, nil)
	return err
}

// Commit is Append, with the rest of a message's content (nil: none), and
// returns when all of it is safely on disk. It cannot be called off: once the
// entry is in the log it will be durable, and whoever gave up waiting would
// believe otherwise. An error means that the store has failed.
func (s *Store) Commit(events []esa.Event, c *Content) error {
	seq, err := s.append(events, c)
	if err != nil {
		return err
	}
	return s.waitDurable(context.Background(), seq)
}

func (s *Store) append(events []esa.Event, c *Content) (uint64, error) {
	for i := range events { // as they will be read back
		events[i].Time = events[i].Time.UTC().Truncate(time.Microsecond)
		events[i].Until = events[i].Until.UTC().Truncate(time.Microsecond)
	}
	value := appendEntry(make([]byte, 0, 128*len(events)), events)
	b := s.db.NewBatchWithSize(len(value) + c.tail() + 512)
	defer b.Close()
	c.flushTo(b)

	s.mu.Lock()
	defer s.mu.Unlock()
	seq := s.next
	index(b, seq, events, value)
	if err := s.db.Apply(b, pebble.NoSync); err != nil {
		return 0, fmt.Errorf("append to log: %w", err)
	}
	s.window.put(esa.Entry{Seq: seq, Events: events})
	s.next++
	select {
	case s.dirty <- struct{}{}:
	default: // the syncer is already called for
	}
	return seq, nil
}

// index puts an entry and the keys that lead to it into the batch. Errors of a
// batch's Set are nil as long as the batch is not closed.
func index(b *pebble.Batch, seq uint64, events []esa.Event, value []byte) {
	_ = b.Set(key(prefixLog, seq), value, nil)
	eachMID(events, func(mid esa.MID) { _ = b.Set(key2(prefixMessage, uint64(mid), seq), nil, nil) })
	var icid esa.ICID
	for i := range events {
		e := &events[i]
		if e.MID == 0 && e.ICID != icid {
			icid = e.ICID
			_ = b.Set(key2(prefixConnection, uint64(icid), seq), nil, nil)
		}
		switch e.Kind {
		case esa.MessageReady:
			_ = b.Set(key(prefixOpen, uint64(e.MID)), nil, nil)
		case esa.MessageFinished:
			_ = b.Delete(key(prefixOpen, uint64(e.MID)), nil)
		}
	}
}
