package tracking

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"weak"

	"github.com/cockroachdb/pebble/v2"

	"esasim/esa"
)

// followBatch bounds how many entries a follower is handed at a time.
const followBatch = 2048

// Follower reads the log from a place onward and waits for more at its end. It
// sees only what is synced: an entry that a crash could still undo must not be
// told to anyone outside. As long as somebody holds it, the log is kept from its
// place on, unless it grows too large (Keep.LogSize). Not for use by several
// goroutines.
type Follower struct {
	s    *Store
	next atomic.Uint64 // the event to be read next
}

// Follow begins behind the event with the given number; 0 is the beginning.
func (s *Store) Follow(after uint64) *Follower {
	f := &Follower{s: s}
	f.next.Store(after + 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.followers[weak.Make(f)] = struct{}{}
	return f
}

// Next waits for entries and returns them, in order. The error is ctx's cause,
// why the store cannot be read, or an *esa.Overtaken if the log has been cut off
// before the follower's place: then the next call goes on with what is kept.
func (f *Follower) Next(ctx context.Context) ([]esa.Entry, error) {
	next := f.next.Load()
	if err := f.s.waitDurable(ctx, next); err != nil {
		return nil, err
	}
	durable, _ := f.s.mark()
	entries := f.s.window.entries(next, durable, followBatch)
	if entries == nil {
		var err error
		if entries, err = f.s.entries(next, durable, followBatch); err != nil {
			// All up to durable may have been cut off since it was asked for.
			if kept := f.s.firstKept(); kept > durable {
				return nil, f.overtaken(next, kept)
			}
			return nil, fmt.Errorf("follow log from %d: %w", next, err)
		}
	}
	if first := entries[0].Seq - uint64(len(entries[0].Events)) + 1; first > next {
		return nil, f.overtaken(next, first)
	}
	f.next.Store(entries[len(entries)-1].Seq + 1)
	return entries, nil
}

// overtaken goes on at the first event that is kept.
func (f *Follower) overtaken(next, kept uint64) error {
	f.next.Store(kept)
	return &esa.Overtaken{Events: kept - next}
}

func (s *Store) firstKept() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept
}

// entries reads the entries from the event first on, up to the event last, at
// most n of them. The first may be a later one, if the log has been cut off.
func (s *Store) entries(first, last uint64, n int) ([]esa.Entry, error) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: key(prefixLog, first), UpperBound: key(prefixLog, last+1)})
	if err != nil {
		return nil, err
	}
	defer it.Close()
	var out []esa.Entry
	var behind uint64
	for ok := it.First(); ok && len(out) < n; ok = it.Next() {
		e, err := entryAt(it)
		if err != nil {
			return nil, err
		}
		if begin := e.Seq - uint64(len(e.Events)); len(out) > 0 && begin != behind {
			return nil, fmt.Errorf("%w: between events %d and %d some are missing", errEntry, behind, begin+1)
		}
		behind = e.Seq
		out = append(out, e)
	}
	if err := it.Error(); err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: the events from %d to %d are missing", errEntry, first, last)
	}
	return out, nil
}

// Last is the number of the last event that is safely on disk.
func (s *Store) Last() uint64 {
	durable, _ := s.mark()
	return durable
}

// Sync returns when all that was appended before the call is safely on disk.
func (s *Store) Sync(ctx context.Context) error {
	s.mu.Lock()
	last := s.last
	s.mu.Unlock()
	return s.waitDurable(ctx, last)
}

// Cursor tells how far a follower has come, and the note it left; 0 and nothing
// for one that has not begun.
func (s *Store) Cursor(name string) (seq uint64, note []byte, err error) {
	v, closer, err := s.db.Get(keyName(prefixCursor, name))
	if errors.Is(err, pebble.ErrNotFound) {
		return 0, nil, nil
	}
	if err != nil {
		return 0, nil, fmt.Errorf("read cursor %s: %w", name, err)
	}
	defer closer.Close()
	if seq, note, err = readCursor(v); err != nil {
		return 0, nil, fmt.Errorf("read cursor %s: %w", name, err)
	}
	return seq, append([]byte(nil), note...), nil
}

func readCursor(v []byte) (seq uint64, note []byte, err error) {
	if len(v) < 8 {
		return 0, nil, errEntry
	}
	return binary.BigEndian.Uint64(v), v[8:], nil
}

// SetCursor notes that a follower is done with everything up to seq. It is not
// synced: losing it repeats work, and repeating must change nothing.
func (s *Store) SetCursor(name string, seq uint64, note []byte) error {
	v := append(binary.BigEndian.AppendUint64(nil, seq), note...)
	if err := s.db.Set(keyName(prefixCursor, name), v, pebble.NoSync); err != nil {
		return fmt.Errorf("write cursor %s: %w", name, err)
	}
	return nil
}

// Cursors lists the names of those that have a cursor and a name that begins with
// the prefix.
func (s *Store) Cursors(prefix string) (names []string, err error) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: keyName(prefixCursor, prefix), UpperBound: upper(prefixCursor)})
	if err != nil {
		return nil, fmt.Errorf("list cursors: %w", err)
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		name := string(it.Key()[2:])
		if !strings.HasPrefix(name, prefix) {
			break
		}
		names = append(names, name)
	}
	if err := it.Error(); err != nil {
		return nil, fmt.Errorf("list cursors: %w", err)
	}
	return names, nil
}

// DropCursor forgets how far a follower has come: the log is not kept any longer
// for one that will not come again.
func (s *Store) DropCursor(name string) error {
	if err := s.db.Delete(keyName(prefixCursor, name), pebble.NoSync); err != nil {
		return fmt.Errorf("drop cursor %s: %w", name, err)
	}
	return nil
}
