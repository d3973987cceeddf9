package tracking

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"esasim/esa"
	"esasim/tracking/segment"
)

// Keep says for how long things are kept. What is too old or too much goes in
// whole segments, the oldest first; a segment with a message that is still being
// worked on stays.
type Keep struct {
	Age         time.Duration // of tracking data; 0: for ever
	Size        int64         // octets of tracking data; 0: DefaultKeep's, negative: any
	ContentAge  time.Duration // of messages as received; 0: DefaultKeep's, negative: for ever
	ContentSize int64         // octets of them; 0: DefaultKeep's, negative: any
	LogSize     int64         // octets of log that slow followers may hold back; 0: DefaultKeep's
	LogTail     uint64        // events of log kept in any case, for a cloud registered with later; 0: DefaultKeep's
}

// DefaultKeep is what a Keep's zeros mean.
func DefaultKeep() Keep {
	return Keep{Size: 10 << 30, ContentAge: 7 * 24 * time.Hour, ContentSize: 1 << 30, LogSize: 1 << 30, LogTail: 200_000}
}

func (k Keep) orDefault() Keep {
	d := DefaultKeep()
	return Keep{Age: k.Age, Size: cmp.Or(k.Size, d.Size), ContentAge: cmp.Or(k.ContentAge, d.ContentAge),
		ContentSize: cmp.Or(k.ContentSize, d.ContentSize), LogSize: cmp.Or(k.LogSize, d.LogSize), LogTail: cmp.Or(k.LogTail, d.LogTail)}
}

// rounds is how often the keeper looks for what is too old, and for rows to seal
// that it waited for.
const rounds = 30 * time.Second

// sealsARound is how many segments are sealed before the other work is looked at.
const sealsARound = 8

// pause is what lies between two rounds at least.
const pause = 50 * time.Millisecond

// keep is the goroutine that seals, merges, and removes what is no longer to be
// kept. Appending never waits for it, except for the moment a batch takes.
func (s *Store) keep() {
	tick := time.NewTicker(rounds)
	defer tick.Stop()
	for {
		aged := false
		select {
		case <-s.ctx.Done():
			return
		case <-s.work:
		case <-tick.C:
			aged = true
		}
		if err := s.maintain(time.Now(), aged); err != nil && s.ctx.Err() == nil {
			// What is not sealed or removed is still right where it was, so mail goes
			// on; only a damaged or full disk brings us here.
			if s.o.Logger != nil {
				s.o.Logger.Error("tracking store: " + err.Error())
			}
		}
		// When rows are waited for, every entry calls again.
		select {
		case <-s.ctx.Done():
			return
		case <-time.After(pause):
		}
		s.callAgain()
	}
}

// callAgain calls the keeper if there is something left to seal.
func (s *Store) callAgain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sealable() {
		token(s.work)
	}
}

// maintain does what is to be done now.
func (s *Store) maintain(now time.Time, aged bool) error {
	// Not until nothing is left: under a load that never ends, the rest must have
	// its turn, too.
	var err error
	for sealed, i := true, 0; sealed && err == nil && i < sealsARound; i++ {
		sealed, err = s.seal()
	}
	// One that fails, because of a damaged segment perhaps, does not keep the others
	// from bounding what is kept.
	return errors.Join(err, s.mergeSome(aged), s.trim(), s.retain(now), s.retainContent(now, aged))
}

// trimStep is how many events the log is cut off by at least: each cut costs a
// range tombstone.
const trimStep = 32 << 10

// trim cuts off the part of the log that is sealed and that every follower has
// read. Followers that hold back too much are overtaken.
func (s *Store) trim() error {
	keep := s.o.Keep.orDefault()
	slowest, err := s.slowest()
	if err != nil {
		return err
	}
	s.mu.Lock()
	kept, upTo := s.kept, s.sealed.from
	tail := s.last - min(keep.LogTail, s.last)
	s.mu.Unlock()
	// What is not synced yet stays: no follower has seen it.
	upTo = min(upTo, tail+1, s.Last())
	if slowest < upTo {
		size, err := s.db.EstimateDiskUsage(key(prefixLog, kept), key(prefixLog, upTo))
		if err != nil {
			return fmt.Errorf("size of log: %w", err)
		}
		if size < uint64(max(keep.LogSize, 0)) {
			upTo = slowest
		}
	}
	if upTo < kept+max(1, min(trimStep, keep.LogTail)) {
		return nil
	}
	// The cut must not go through an entry: keep the one that the place is in.
	first, err := s.entries(upTo, ^uint64(0)-1, 1)
	if err != nil {
		return fmt.Errorf("cut off log: %w", err)
	}
	begin := first[0].Seq - uint64(len(first[0].Events)) + 1
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.db.DeleteRange(key(prefixLog, 0), key(prefixLog, begin), pebble.NoSync); err != nil {
		return fmt.Errorf("cut off log: %w", err)
	}
	s.kept = begin
	return nil
}

// slowest is the first event that some follower has still to read.
func (s *Store) slowest() (uint64, error) {
	s.mu.Lock()
	first := s.last + 1
	for p := range s.followers {
		if f := p.Value(); f != nil {
			first = min(first, f.next.Load())
		} else { // nobody holds it any more
			delete(s.followers, p)
		}
	}
	s.mu.Unlock()
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefixCursor, '/'}, UpperBound: upper(prefixCursor)})
	if err != nil {
		return 0, fmt.Errorf("read cursors: %w", err)
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		v, err := it.ValueAndErr()
		if err != nil {
			return 0, fmt.Errorf("read cursors: %w", err)
		}
		seq, _, err := readCursor(v)
		if err != nil {
			return 0, fmt.Errorf("read cursor %s: %w", it.Key()[2:], err)
		}
		first = min(first, seq+1)
	}
	return first, it.Error()
}

// retain removes the segments that are too old or too much.
func (s *Store) retain(now time.Time) error {
	keep := s.o.Keep.orDefault()
	s.sealing.Lock()
	defer s.sealing.Unlock()
	s.mu.Lock()
	list := s.segments
	s.mu.Unlock()
	var size int64
	for _, g := range list {
		size += g.dir.Size + g.dir.Filter.Size()
	}
	n := 0
	for i, g := range list {
		d := g.dir
		// Connections alone have no age: they go with the messages after them.
		timeless := d.Rows[segment.Messages] == 0
		old := keep.Age > 0 && !timeless && now.Sub(d.Newest) > keep.Age
		much := keep.Size > 0 && size > keep.Size
		if !old && !much && !timeless || s.busy(d) {
			break
		}
		if old || much {
			n = i + 1
		}
		size -= d.Size + d.Filter.Size()
	}
	if n == 0 {
		return nil
	}
	return s.remove(list[:n], list[n:])
}

// busy tells whether a message that is still being worked on would go with a
// segment: one of its own, or one before it that came late.
func (s *Store) busy(d *segment.Directory) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for mid := range s.unfinished {
		if uint64(mid) <= d.Last[segment.Messages] {
			return true
		}
	}
	return false
}

// remove removes whole segments, with all that belongs to their messages. s.sealing
// is held.
func (s *Store) remove(gone, rest []*sealedSegment) error {
	b := s.db.NewBatch()
	defer b.Close()
	last := gone[len(gone)-1].number
	var bounds [2]uint64
	for _, g := range gone {
		for t := range bounds {
			bounds[t] = max(bounds[t], g.dir.Last[t])
		}
	}
	_ = b.DeleteRange(key(prefixDirectory, 0), key(prefixDirectory, last+1), nil)
	_ = b.DeleteRange(key(prefixSegment, 0), key(prefixSegment, last+1), nil)
	content, err := s.contentUpTo(esa.MID(bounds[0]))
	if err != nil {
		return err
	}
	_ = b.DeleteRange(key(prefixContent, 0), keyChunk(esa.MID(bounds[0]+1), 0), nil)
	for t := range bounds {
		_ = b.DeleteRange(keyLate(segment.Table(t), 0, 0), keyLate(segment.Table(t), bounds[t]+1, 0), nil)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	groups := map[uint64]*group{}
	for n, g := range s.groups {
		if len(rest) > 0 && n >= rest[0].number/groupSize {
			groups[n] = g
		} else {
			_ = b.Delete(key(prefixGroup, n), nil)
		}
	}
	_ = b.DeleteRange(key(prefixOpen, 0), key(prefixOpen, bounds[0]+1), nil)
	if err := s.db.Apply(b, pebble.NoSync); err != nil {
		return fmt.Errorf("remove segments up to %d: %w", last, err)
	}
	maps.DeleteFunc(s.unfinished, func(mid esa.MID, _ struct{}) bool { return uint64(mid) <= bounds[0] })
	for t := range bounds {
		s.open[t].remove(func(r *openRow) bool { return r.late && r.number <= bounds[t] })
	}
	s.segments, s.groups = rest, groups
	s.content.sub(content)
	return nil
}
