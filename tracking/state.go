package tracking

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"esasim/esa"
)

// sealState is what the store must know of its past to go on: written with each
// segment, in the same batch.
type sealState struct {
	nextSegment uint64    // the number of the next segment
	last        uint64    // the last event of the log when this was written
	from        uint64    // every event before this one is sealed
	bounds      [2]uint64 // every message and connection up to here is sealed; what comes later of one is late
}

func (h *sealState) append(b []byte) []byte {
	for _, v := range [...]uint64{h.nextSegment, h.last, h.from, h.bounds[0], h.bounds[1]} {
		b = binary.AppendUvarint(b, v)
	}
	return b
}

func (h *sealState) read(b []byte) error {
	for _, v := range [...]*uint64{&h.nextSegment, &h.last, &h.from, &h.bounds[0], &h.bounds[1]} {
		n := 0
		if *v, n = binary.Uvarint(b); n <= 0 {
			return fmt.Errorf("state of the segments: %w", errEntry)
		}
		b = b[n:]
	}
	return nil
}

// load reads what is kept in memory: directories, trigrams, open rows.
func (s *Store) load() error {
	if err := s.checkFormat(); err != nil {
		return err
	}
	s.sealed = sealState{nextSegment: 1, from: 1}
	v, closer, err := s.db.Get([]byte{prefixState})
	if err == nil {
		err = errors.Join(s.sealed.read(v), closer.Close())
	} else if errors.Is(err, pebble.ErrNotFound) {
		err = nil
	}
	if err != nil {
		return err
	}
	for _, step := range []func() error{s.loadSegments, s.loadLog, s.loadLate, s.loadUnfinished, s.dropOrphans} {
		if err := step(); err != nil {
			return err
		}
	}
	for name, n := range map[string]*numbers{"icid": &s.icid, "mid": &s.mid, "dcid": &s.dcid} {
		if err := n.load(s.db, name); err != nil {
			return err
		}
	}
	if err := checkLast(s.o.FS, s.o.Dir, s.last); err != nil {
		return err
	}
	s.content.total, err = s.db.EstimateDiskUsage([]byte{prefixContent}, upper(prefixContent))
	return err
}

// loadLog finds the ends of the log and reads what is not sealed of it.
func (s *Store) loadLog() error {
	s.last = s.sealed.last
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: key(prefixLog, 0), UpperBound: upper(prefixLog)})
	if err != nil {
		return fmt.Errorf("read log: %w", err)
	}
	defer it.Close()
	if it.First() {
		first, err := entryAt(it)
		if err != nil {
			return err
		}
		s.kept = first.Seq - uint64(len(first.Events)) + 1
	}
	behind := s.sealed.from - 1
	for ok := it.SeekGE(key(prefixLog, s.sealed.from)); ok; ok = it.Next() {
		e, err := entryAt(it)
		if err != nil {
			return err
		}
		// The first may begin before: it is sealed in part only.
		if begin := e.Seq - uint64(len(e.Events)); begin > behind || begin < behind && behind >= s.sealed.from {
			return fmt.Errorf("read log: %w: events from %d to %d", errEntry, behind+1, begin)
		}
		behind = e.Seq
		s.note(e)
		s.last = max(s.last, e.Seq)
	}
	if err := it.Error(); err != nil {
		return fmt.Errorf("read log: %w", err)
	}
	if behind < s.sealed.last {
		return fmt.Errorf("read log: %w: it ends with event %d, but had reached %d", errEntry, behind, s.sealed.last)
	}
	if s.kept == 0 {
		s.kept = s.last + 1
	}
	// What was read back from the disk at start is as durable as it gets.
	s.durable = s.last
	return nil
}

func entryAt(it *pebble.Iterator) (esa.Entry, error) {
	v, err := it.ValueAndErr()
	if err != nil {
		return esa.Entry{}, fmt.Errorf("read log: %w", err)
	}
	e := esa.Entry{Seq: number(it.Key())}
	if e.Events, err = decodeEntry(v); err == nil && (len(e.Events) == 0 || uint64(len(e.Events)) > e.Seq) {
		err = errEntry
	}
	if err != nil {
		return esa.Entry{}, fmt.Errorf("log entry %d: %w", e.Seq, err)
	}
	return e, nil
}

// note takes an entry into the open rows: what is not sealed yet. What came late
// of sealed rows is kept apart.
func (s *Store) note(e esa.Entry) {
	for _, r := range rowsOf(e.Events) {
		if r.number > s.sealed.bounds[r.table] {
			s.open[r.table].add(r.number, false, e, r.events)
		}
	}
}

// loadLate reads what came late.
func (s *Store) loadLate() error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefixLate, '/'}, UpperBound: upper(prefixLate)})
	if err != nil {
		return fmt.Errorf("read late events: %w", err)
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		v, err := it.ValueAndErr()
		if err != nil {
			return fmt.Errorf("read late events: %w", err)
		}
		if len(it.Key()) != 19 || it.Key()[2] > 1 {
			return fmt.Errorf("late events: key %x: %w", it.Key(), errEntry)
		}
		t, number, seq := lateKey(it.Key())
		events, err := decodeEntry(v)
		if err != nil || len(events) == 0 {
			return fmt.Errorf("late events of %d: %w", number, errors.Join(err, errEntry))
		}
		s.open[t].add(number, true, esa.Entry{Seq: seq, Events: events}, events)
	}
	if err := it.Error(); err != nil {
		return fmt.Errorf("read late events: %w", err)
	}
	return nil
}

// loadUnfinished reads the list of what is sealed and not finished.
func (s *Store) loadUnfinished() error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: key(prefixOpen, 0), UpperBound: upper(prefixOpen)})
	if err != nil {
		return fmt.Errorf("read unfinished messages: %w", err)
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		s.unfinished[esa.MID(number(it.Key()))] = struct{}{}
	}
	if err := it.Error(); err != nil {
		return fmt.Errorf("read unfinished messages: %w", err)
	}
	return nil
}
