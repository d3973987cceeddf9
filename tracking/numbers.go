package tracking

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"esasim/esa"
)

// block is how many numbers are reserved at a time. A crash skips what is left
// of a block, a proper end skips nothing.
const block = 1000

// numbers gives out ever rising numbers, none twice, also across a crash. The
// reservation need not be synced: it lies in the write-ahead log before every
// entry that uses one of its numbers, so when such an entry survives, the
// reservation does; and what did not survive was never promised to anyone.
type numbers struct {
	db   *pebble.DB
	name string

	mu       sync.Mutex
	next     uint64
	reserved uint64 // numbers below this are reserved
}

func (n *numbers) load(db *pebble.DB, name string) error {
	n.db, n.name, n.next = db, name, 1
	v, closer, err := db.Get(keyName(prefixNumber, name))
	if errors.Is(err, pebble.ErrNotFound) {
		n.reserved = n.next
		return nil
	}
	if err != nil {
		return fmt.Errorf("read number %s: %w", name, err)
	}
	defer closer.Close()
	n.next, _ = binary.Uvarint(v)
	n.reserved = n.next
	return nil
}

func (n *numbers) take() (uint64, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.next == n.reserved {
		if err := n.put(n.reserved + block); err != nil {
			return 0, err
		}
		n.reserved += block
	}
	n.next++
	return n.next - 1, nil
}

func (n *numbers) put(v uint64) error {
	err := n.db.Set(keyName(prefixNumber, n.name), binary.AppendUvarint(nil, v), pebble.NoSync)
	if err != nil {
		return fmt.Errorf("reserve %s: %w", n.name, err)
	}
	return nil
}

// store gives back what is left of the block.
func (n *numbers) store() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.put(n.next)
}

// NextICID gives out the number of a new injection connection.
func (s *Store) NextICID() (esa.ICID, error) {
	n, err := s.icid.take()
	return esa.ICID(n), err
}

// NextMID gives out the number of a new message.
func (s *Store) NextMID() (esa.MID, error) {
	n, err := s.mid.take()
	return esa.MID(n), err
}

// NextDCID gives out the number of a new delivery connection.
func (s *Store) NextDCID() (esa.DCID, error) {
	n, err := s.dcid.take()
	return esa.DCID(n), err
}
