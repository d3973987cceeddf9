package tracking

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"esasim/esa"
	"esasim/tracking/segment"
)

// Append adds events, which became true together, as one entry at the end of
// the log. It returns at once; the entry becomes durable, and visible to
// followers, soon after. The events must not be changed afterwards.
func (s *Store) Append(events []esa.Event) error {
	_, err := s.append([]newEntry{{events: events}})
	return err
}

// AppendEach is Append of several entries in one step: for those who are handed many
// entries at a time and have one to add for each.
func (s *Store) AppendEach(entries [][]esa.Event) error {
	return s.AppendWith(entries)
}

// AppendMade is AppendEach with the content of a message that the appliance made
// itself: entries and content are kept together or not at all.
func (s *Store) AppendMade(entries [][]esa.Event, mid esa.MID, content []byte) error {
	c := s.NewContent(mid)
	if _, err := c.Write(content); err != nil {
		return errors.Join(err, c.Discard())
	}
	return s.AppendWith(entries, c)
}

// AppendWith is AppendMade of several messages, whose contents were written before.
func (s *Store) AppendWith(entries [][]esa.Event, made ...*Content) error {
	if len(entries) == 0 {
		return nil
	}
	all := make([]newEntry, len(entries))
	for i, events := range entries {
		all[i].events = events
	}
	_, err := s.append(all, made...)
	return err
}

// Commit is Append, with the rest of a message's content (nil: none), and
// returns when all of it is safely on disk. It cannot be called off: once the
// entry is in the log it will be durable, and whoever gave up waiting would
// believe otherwise. An error means that the store has failed.
func (s *Store) Commit(events []esa.Event, c *Content) error {
	seq, err := s.append([]newEntry{{events: events}}, c)
	if err != nil {
		return err
	}
	return s.waitDurable(context.Background(), seq)
}

// newEntry is an entry on its way into the log.
type newEntry struct {
	events []esa.Event
	value  []byte // as it is written
	rows   []rowPart
	weight int
	seq    uint64
}

// prepare does what needs no lock. It writes the entry behind b.
func (e *newEntry) prepare(b []byte) ([]byte, error) {
	if len(e.events) == 0 {
		return b, errors.New("append to log: no events")
	}
	for i := range e.events { // as they will be read back
		e.events[i].Time = e.events[i].Time.UTC().Truncate(time.Millisecond)
		e.events[i].Until = e.events[i].Until.UTC().Truncate(time.Millisecond)
	}
	from := len(b)
	b = appendEntry(b, e.events)
	e.value = b[from:]
	e.rows, e.weight = rowsOf(e.events), weight(e.events)
	return b, nil
}

// append adds entries and gives the number of the last event.
func (s *Store) append(entries []newEntry, contents ...*Content) (uint64, error) {
	if err := context.Cause(s.ctx); err != nil { // nothing is taken by a store that has failed
		return 0, fmt.Errorf("append to log: %w", err)
	}
	buf := s.takeBuffer()
	defer s.giveBuffer(buf)
	var err error
	for i := range entries {
		if *buf, err = entries[i].prepare(*buf); err != nil {
			return 0, err
		}
	}
	size := len(*buf) + 512
	for _, c := range contents {
		size += c.tail()
	}
	b := s.db.NewBatchWithSize(size)
	defer b.Close()
	for _, c := range contents {
		c.flushTo(b)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	seq := s.last
	for i := range entries {
		e := &entries[i]
		seq += uint64(len(e.events))
		e.seq = seq
		s.put(b, e)
	}
	if err := s.db.Apply(b, pebble.NoSync); err != nil {
		return 0, fmt.Errorf("append to log: %w", err)
	}
	for i := range entries {
		s.take(&entries[i])
	}
	for _, c := range contents {
		c.kept()
	}
	token(s.dirty)
	if s.sealable() {
		token(s.work)
	}
	return seq, nil
}

// put puts an entry into the batch. Errors of a batch's Set are nil as long as the
// batch is not closed. s.mu is held.
func (s *Store) put(b *pebble.Batch, e *newEntry) {
	_ = b.Set(key(prefixLog, e.seq), e.value, nil)
	for _, r := range e.rows {
		if r.number <= s.sealed.bounds[r.table] {
			_ = b.Set(keyLate(r.table, r.number, e.seq), appendEntry(nil, r.events), nil)
			putOpen(b, r.table, r.number, r.events)
		}
	}
}

// take makes an entry that is in the log known. s.mu is held.
func (s *Store) take(n *newEntry) {
	e := esa.Entry{Seq: n.seq, Events: n.events}
	s.last = e.Seq
	s.window.put(e, n.weight)
	for _, r := range n.rows {
		late := r.number <= s.sealed.bounds[r.table]
		s.open[r.table].add(r.number, late, e, r.events)
		if late {
			s.noteOpen(r.table, r.number, r.events)
		}
	}
}

// maxBuffer is how large a buffer may have grown to be used again.
const maxBuffer = 256 << 10

func (s *Store) takeBuffer() *[]byte {
	if b, ok := s.buffers.Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, 0, 4<<10)
	return &b
}

func (s *Store) giveBuffer(b *[]byte) {
	if cap(*b) <= maxBuffer {
		*b = (*b)[:0]
		s.buffers.Put(b)
	}
}

// putOpen keeps whether a message that is sealed is to be taken up again, if what
// happened to it since tells.
func putOpen(b *pebble.Batch, t segment.Table, number uint64, since []esa.Event) {
	if open, known := stillOpen(since); t != segment.Messages || !known {
		return
	} else if open {
		_ = b.Set(key(prefixOpen, number), nil, nil)
	} else {
		_ = b.Delete(key(prefixOpen, number), nil)
	}
}

// noteOpen keeps in memory what putOpen keeps on disk. s.mu is held.
func (s *Store) noteOpen(t segment.Table, number uint64, since []esa.Event) {
	if open, known := stillOpen(since); t != segment.Messages || !known {
		return
	} else if open {
		s.unfinished[esa.MID(number)] = struct{}{}
	} else {
		delete(s.unfinished, esa.MID(number))
	}
}

// stillOpen tells whether a restart must take a message up after these events, if
// they tell: it was accepted, is not finished, and no quarantine holds it. One that
// several hold is open when all have let it go.
func stillOpen(part []esa.Event) (open, known bool) {
	for i := range part {
		switch part[i].Kind {
		case esa.MessageReady, esa.MessageQueued: // a bounce message is made in the queue
			open, known = true, true
		case esa.MessageReleased:
			if part[i].Name == "" {
				open, known = true, true
			}
		case esa.MessageFinished, esa.MessageQuarantined:
			open, known = false, true
		}
	}
	return open, known
}
