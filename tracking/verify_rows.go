package tracking

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"esasim/esa"
	"esasim/tracking/segment"
)

// lateEvents reads what came late.
func (v *verifier) lateEvents() error {
	var seen seenNumbers
	err := v.each(prefixLate, func(k, value []byte) {
		if len(k) != 19 || k[2] > 1 {
			v.say(fmt.Sprintf("key %q", k), "it is no late event's")
			return
		}
		t, n, seq := lateKey(k)
		where := fmt.Sprintf("late events of %s %d", t.Name(), n)
		events, err := decodeEntry(value)
		if err != nil || len(events) == 0 {
			v.wrong(where, errors.Join(err, errEntry))
			return
		}
		if n > v.sealed.bounds[t] {
			v.say(where, "only those up to %d are said to be sealed", v.sealed.bounds[t])
		}
		if seq == 0 {
			v.say(where, "event 0")
		}
		seen.note(events)
		v.late[t][n] = append(v.late[t][n], events...)
	})
	v.saw(seen)
	return err
}

func (v *verifier) unfinishedList() error {
	return v.numbered(prefixOpen, func(n uint64, _ []byte) { v.unfinished[n] = true })
}

// allSegments reads the segments side by side, a group's in one go.
func (v *verifier) allSegments() error {
	v.met = map[segment.Table]map[uint64]bool{segment.Messages: {}, segment.Connections: {}}
	work := make(chan []extent)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for some := range work {
				v.group(some)
			}
		})
	}
	for rest := v.segments; len(rest) > 0 && v.ctx.Err() == nil; {
		n := slices.IndexFunc(rest, func(e extent) bool { return e.number/groupSize != rest[0].number/groupSize })
		if n < 0 {
			n = len(rest)
		}
		work <- rest[:n]
		rest = rest[n:]
	}
	close(work)
	wg.Wait()
	return nil
}

// get reads a value.
func (v *verifier) get(k []byte) ([]byte, error) {
	b, closer, err := v.db.Get(k)
	if err != nil {
		return nil, damagedIfMissing(err)
	}
	return slices.Clone(b), closer.Close()
}

func (v *verifier) group(some []extent) {
	var trigrams *segment.Trigrams
	if b, err := v.get(key(prefixGroup, some[0].number/groupSize)); err == nil {
		trigrams, _ = segment.ReadTrigrams(b, v.packer) // that they do not read has been said
	}
	for _, e := range some {
		if v.ctx.Err() != nil {
			return
		}
		v.segment(e, trigrams)
		v.mu.Lock()
		v.done++
		if v.told != nil {
			v.told(v.done, len(v.segments))
		}
		v.mu.Unlock()
	}
}

func (v *verifier) segment(e extent, trigrams *segment.Trigrams) {
	where := fmt.Sprintf("segment %d", e.number)
	b, err := v.get(key(prefixDirectory, e.number))
	if err != nil {
		v.wrong(where, err)
		return
	}
	d, err := segment.ReadDirectory(b)
	if err != nil {
		return // it has been said
	}
	v.oddParts(where, e.number, d)
	var seen seenNumbers
	var rows [2]uint64
	// A part that cannot be read is wanted again for each of its rows. It is not
	// read again: Pebble tries for long to find the bit that changed.
	broken := map[segment.Part]error{}
	r := segment.NewReader(d, v.packer, segment.NewState(), func(p segment.Part) ([]byte, error) {
		if err := broken[p]; err != nil {
			return nil, err
		}
		b, err := v.get(keyPart(e.number, p))
		if err != nil {
			broken[p] = fmt.Errorf("part %s: %w", p, err)
		}
		return b, broken[p]
	})
	r.Check(trigrams, func(row segment.Row) {
		seen.note(row.Events)
		seen[row.Table] = max(seen[row.Table], row.Number)
		rows[row.Table]++
		v.row(where, row.Table, row.Number, row.Events)
	}, func(err error) { v.wrong(where, err) })
	v.saw(seen)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.report.Messages += rows[segment.Messages]
	v.report.Connections += rows[segment.Connections]
	v.report.Octets += d.Size
}

// oddParts looks for parts that a segment has not.
func (v *verifier) oddParts(where string, n uint64, d *segment.Directory) {
	it, err := v.db.NewIter(&pebble.IterOptions{LowerBound: key(prefixSegment, n), UpperBound: key(prefixSegment, n+1)})
	if err != nil {
		v.wrong(where, err)
		return
	}
	known := map[string]bool{}
	for _, p := range d.Parts() {
		known[string(keyPart(n, p))] = true
	}
	for ok := it.First(); ok; ok = it.Next() {
		if !known[string(it.Key())] {
			v.say(where, "%x is no part", it.Key()[10:])
		}
	}
	if err := errors.Join(it.Error(), it.Close()); err != nil {
		v.wrong(where, err)
	}
}

// row looks whether a sealed row is rightly in the list of unfinished messages, or
// not in it. events are those in its segment.
func (v *verifier) row(where string, t segment.Table, n uint64, events []esa.Event) {
	late := v.late[t][n]
	listed := t == segment.Messages && v.unfinished[n]
	if late != nil || listed {
		v.mu.Lock()
		v.met[t][n] = true
		v.mu.Unlock()
	}
	if t == segment.Messages {
		v.listed(where, n, slices.Concat(events, late), listed)
	}
}

func (v *verifier) listed(where string, n uint64, events []esa.Event, listed bool) {
	if open := Unfinished(events); open != listed {
		v.say(where, "MID %d: unfinished: %t; in the list of such: %t", n, open, listed)
	}
}

// log reads the log.
func (v *verifier) log() error {
	var seen seenNumbers
	var begin uint64
	open := [2]map[uint64]bool{{}, {}}
	err := v.numbered(prefixLog, func(n uint64, value []byte) {
		where := fmt.Sprintf("log entry %d", n)
		events, err := decodeEntry(value)
		if err == nil && (len(events) == 0 || uint64(len(events)) > n) {
			err = errEntry
		}
		v.report.Entries++
		v.report.Octets += int64(len(value))
		if err != nil {
			v.wrong(where, err)
			v.end = n
			return
		}
		first := n - uint64(len(events)) + 1
		if begin == 0 {
			begin = first
		} else if first != v.end+1 {
			v.say(where, "it begins with event %d, the one before ends with %d", first, v.end)
		}
		v.end = n
		seen.note(events)
		for _, r := range rowsOf(events) {
			if r.number <= v.sealed.bounds[r.table] {
				continue
			}
			open[r.table][r.number] = true
			if n < v.sealed.from {
				v.say(where, "%s %d: it is not sealed, but all before event %d is said to be", r.table.Name(), r.number, v.sealed.from)
			}
		}
	})
	if begin > v.sealed.from {
		v.say("log", "it begins with event %d, but what is not sealed begins with %d", begin, v.sealed.from)
	}
	if v.end < v.sealed.last || v.end+1 < v.sealed.from {
		v.say("log", "it ends with event %d, but had reached %d", v.end, max(v.sealed.last, v.sealed.from-1))
	}
	if err := checkLast(v.o.FS, v.o.Dir, v.end); err != nil {
		v.wrong("log", err)
	}
	v.report.Messages += uint64(len(open[segment.Messages]))
	v.report.Connections += uint64(len(open[segment.Connections]))
	v.saw(seen)
	return err
}

// rest looks at the late rows and the unfinished messages that no segment has.
func (v *verifier) rest() error {
	for n, events := range v.late[segment.Messages] {
		if !v.met[segment.Messages][n] {
			v.listed("late events", n, events, v.unfinished[n])
			v.report.Messages++
		}
	}
	for n := range v.late[segment.Connections] {
		if !v.met[segment.Connections][n] {
			v.report.Connections++
		}
	}
	for n := range v.unfinished {
		if !v.met[segment.Messages][n] && v.late[segment.Messages][n] == nil {
			v.say(fmt.Sprintf("MID %d", n), "it is in the list of unfinished messages, but nothing of it is sealed")
		}
	}
	return nil
}
