package tracking

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"esasim/esa"
	"esasim/tracking/segment"
)

// contents counts what is kept of messages as received.
type contents struct {
	mu        sync.Mutex           // guards the rest; may be taken while holding Store.mu
	total     uint64               // octets, about: what a crash or compression does to it is not followed
	receiving map[esa.MID]struct{} // messages of which chunks are kept, but no entry speaks yet
}

func (c *contents) begin(mid esa.MID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.receiving == nil {
		c.receiving = map[esa.MID]struct{}{}
	}
	c.receiving[mid] = struct{}{}
}

func (c *contents) end(mid esa.MID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.receiving, mid)
}

func (c *contents) received() map[esa.MID]struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.receiving)
}

func (c *contents) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total += uint64(n)
}

func (c *contents) sub(n uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total -= min(n, c.total)
}

func (c *contents) size() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total
}

// retainContent removes the contents that are too old or too much, the oldest
// first; not those of messages that are still being received or worked on, or
// held in a quarantine.
func (s *Store) retainContent(now time.Time, aged bool) error {
	keep := s.o.Keep.orDefault()
	upTo := esa.MID(0)
	if keep.ContentAge > 0 && aged {
		upTo = s.receivedBefore(now.Add(-keep.ContentAge))
	}
	var excess uint64
	if size := s.content.size(); keep.ContentSize > 0 && size > uint64(keep.ContentSize) {
		// A tenth more than must be, so that it is not done for each message.
		excess = size - uint64(keep.ContentSize) + uint64(keep.ContentSize)/10
	}
	if upTo == 0 && excess == 0 {
		return nil
	}
	return s.removeContent(upTo, excess)
}

// receivedBefore is the highest MID up to which all messages were received before t.
func (s *Store) receivedBefore(t time.Time) (mid esa.MID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.segments {
		if g.dir.Rows[segment.Messages] == 0 {
			continue
		}
		if !g.dir.Newest.Before(t) {
			return mid
		}
		mid = esa.MID(g.dir.Last[segment.Messages])
	}
	for _, r := range s.open[segment.Messages].rows {
		if r.late {
			continue
		}
		if !r.parts[0][0].Time.Before(t) {
			return mid
		}
		mid = esa.MID(r.number)
	}
	return mid
}

// removeContent removes contents from the lowest MID on: all up to upTo, and more
// until excess octets are gone.
func (s *Store) removeContent(upTo esa.MID, excess uint64) error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefixContent}, UpperBound: upper(prefixContent)})
	if err != nil {
		return fmt.Errorf("remove contents: %w", err)
	}
	defer it.Close()
	// Asked for after the iterator was made: what it sees is of a message in one
	// of the two.
	needed := needed{s: s, receiving: s.content.received()}
	b := s.db.NewBatch()
	defer b.Close()
	var gone uint64
	for ok := it.First(); ok; ok = it.Next() {
		mid := esa.MID(number(it.Key()))
		if mid > upTo && gone >= excess {
			break
		}
		if needs, err := needed.has(mid); err != nil {
			return fmt.Errorf("remove contents: %w", err)
		} else if needs {
			continue
		}
		value := it.LazyValue()
		gone += uint64(value.Len())
		_ = b.Delete(slices.Clone(it.Key()), nil)
		if b.Len() > 1<<20 {
			if err := s.db.Apply(b, pebble.NoSync); err != nil {
				return fmt.Errorf("remove contents: %w", err)
			}
			b.Reset()
		}
	}
	if err := it.Error(); err != nil {
		return fmt.Errorf("remove contents: %w", err)
	}
	if err := s.db.Apply(b, pebble.NoSync); err != nil {
		return fmt.Errorf("remove contents: %w", err)
	}
	s.content.sub(gone)
	return nil
}

// neededStep is for how many MIDs it is asked at a time which are needed.
const neededStep = 4096

// needed tells which messages' contents must stay. It is asked with rising MIDs.
type needed struct {
	s         *Store
	receiving map[esa.MID]struct{}
	upTo      esa.MID // known of the MIDs up to here
	mids      map[esa.MID]struct{}
}

func (n *needed) has(mid esa.MID) (bool, error) {
	if _, ok := n.receiving[mid]; ok {
		return true, nil
	}
	if mid > n.upTo {
		n.upTo = mid + neededStep - 1
		var err error
		if n.mids, err = n.s.unfinishedOf(mid, n.upTo); err != nil {
			return false, err
		}
	}
	_, ok := n.mids[mid]
	return ok, nil
}

// unfinishedOf gives the messages between two MIDs to which something is still to
// happen, held ones too. Segments without any are not read.
func (s *Store) unfinishedOf(first, last esa.MID) (map[esa.MID]struct{}, error) {
	w := &walker{view: s.view(), plan: newPlan(Query{States: []esa.State{esa.Receiving, esa.Processing, esa.Queued, esa.Delayed, esa.Quarantined}})}
	defer w.view.close()
	w.explained.Pruned = map[string]int{}
	w.plan.lower, w.plan.above = uint64(first), uint64(last)+1
	out := map[esa.MID]struct{}{}
	err := w.all(s.ctx, func(h hit) error {
		if !h.sure {
			if m, err := w.fold(h); err != nil || m == nil {
				return err
			}
		}
		out[esa.MID(h.number)] = struct{}{}
		return nil
	})
	return out, err
}

// contentUpTo is how many octets of contents are kept up to a MID.
func (s *Store) contentUpTo(mid esa.MID) (n uint64, err error) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: key(prefixContent, 0), UpperBound: keyChunk(mid+1, 0)})
	if err != nil {
		return 0, fmt.Errorf("size of contents: %w", err)
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		value := it.LazyValue()
		n += uint64(value.Len())
	}
	if err := it.Error(); err != nil {
		return 0, fmt.Errorf("size of contents: %w", err)
	}
	return n, nil
}

// dropOrphans removes contents of messages that were being received when the
// process ended: they were never accepted, so no entry of the log speaks of
// them. They can only be those with the highest MIDs.
func (s *Store) dropOrphans() error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefixContent}, UpperBound: upper(prefixContent)})
	if err != nil {
		return fmt.Errorf("look for contents: %w", err)
	}
	defer it.Close()
	for ok := it.Last(); ok; ok = it.Prev() {
		mid := number(it.Key())
		if mid <= s.sealed.bounds[segment.Messages] {
			break
		}
		if _, known := s.open[segment.Messages].find(mid); !known {
			if err := s.db.Delete(slices.Clone(it.Key()), pebble.NoSync); err != nil {
				return fmt.Errorf("remove contents of MID %d: %w", mid, err)
			}
		}
	}
	return it.Error()
}
