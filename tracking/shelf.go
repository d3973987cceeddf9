package tracking

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// Shelf is what a follower keeps of what it has read: rows of its own, which change
// in one batch with its place in the log. So after a crash either both are there or
// neither is: reading on from the place neither loses nor repeats anything.
type Shelf struct {
	s    *Store
	name string
}

// Shelf is the one of a follower; its place is the cursor of that name.
func (s *Store) Shelf(follower string) Shelf { return Shelf{s, follower} }

func (h Shelf) key(k string) []byte { return keyName(prefixShelf, h.name+"/"+k) }

// Place tells how far the follower has come, and the note it left; 0 and nothing for
// one that has not begun.
func (h Shelf) Place() (seq uint64, note []byte, err error) { return h.s.Cursor(h.name) }

// Row is what is kept under a key; nil: nothing.
func (h Shelf) Row(key string) ([]byte, error) {
	v, closer, err := h.s.db.Get(h.key(key))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read row of %s: %w", h.name, err)
	}
	defer closer.Close()
	return append([]byte{}, v...), nil
}

// Put notes that the follower is done with everything up to seq, and what it keeps
// by then: rows are set, and those from the first key of a range up to, not with, the
// second are dropped before. It is not synced: what is lost is lost as a whole.
func (h Shelf) Put(seq uint64, note []byte, rows map[string][]byte, drop [][2]string) error {
	b := h.s.db.NewBatch()
	defer b.Close()
	for _, r := range drop {
		_ = b.DeleteRange(h.key(r[0]), h.key(r[1]), nil) // a batch takes everything
	}
	for k, v := range rows {
		_ = b.Set(h.key(k), v, nil)
	}
	_ = b.Set(keyName(prefixCursor, h.name), append(binary.BigEndian.AppendUint64(nil, seq), note...), nil)
	if err := h.s.db.Apply(b, pebble.NoSync); err != nil {
		return fmt.Errorf("write rows of %s: %w", h.name, err)
	}
	return nil
}
