package tracking

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"esasim/esa"
)

// followBatch bounds how many entries a follower is handed at a time.
const followBatch = 2048

// Follower reads the log from a place onward and waits for more at its end. It
// sees only what is synced: an entry that a crash could still undo must not be
// told to anyone outside. Not for use by several goroutines.
type Follower struct {
	s    *Store
	next uint64
}

// Follow begins behind the entry with the given number; 0 is the beginning.
func (s *Store) Follow(after uint64) *Follower { return &Follower{s: s, next: after + 1} }

// Next waits for entries and returns them, in order. The error is ctx's cause,
// or why the store cannot be read.
func (f *Follower) Next(ctx context.Context) ([]esa.Entry, error) {
	if err := f.s.waitDurable(ctx, f.next); err != nil {
		return nil, err
	}
	durable, _ := f.s.mark()
	last := min(durable, f.next+followBatch-1)
	entries := f.s.window.entries(f.next, last)
	if entries == nil {
		var err error
		if entries, err = f.s.entries(f.next, last); err != nil {
			return nil, fmt.Errorf("follow log from %d: %w", f.next, err)
		}
	}
	f.next += uint64(len(entries))
	return entries, nil
}

// entries reads the entries first to last.
func (s *Store) entries(first, last uint64) ([]esa.Entry, error) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: key(prefixLog, first), UpperBound: key(prefixLog, last+1)})
	if err != nil {
		return nil, err
	}
	defer it.Close()
	out := make([]esa.Entry, 0, last-first+1)
	for ok := it.First(); ok; ok = it.Next() {
		v, err := it.ValueAndErr()
		if err != nil {
			return nil, err
		}
		seq := number(it.Key(), 0)
		events, err := decodeEntry(v)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", seq, err)
		}
		if seq != first+uint64(len(out)) {
			return nil, fmt.Errorf("entry %d: %w: missing", first+uint64(len(out)), errEntry)
		}
		out = append(out, esa.Entry{Seq: seq, Events: events})
	}
	if err := it.Error(); err != nil {
		return nil, err
	}
	if next := first + uint64(len(out)); next <= last {
		return nil, fmt.Errorf("entry %d: %w: missing", next, errEntry)
	}
	return out, nil
}

// Last is the number of the last entry that is safely on disk.
func (s *Store) Last() uint64 {
	durable, _ := s.mark()
	return durable
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
	if len(v) < 8 {
		return 0, nil, fmt.Errorf("read cursor %s: %w", name, errEntry)
	}
	return binary.BigEndian.Uint64(v), append([]byte(nil), v[8:]...), nil
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
