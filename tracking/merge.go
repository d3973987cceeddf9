package tracking

import (
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"esasim/esa"
	"esasim/tracking/segment"
)

// lateRows is how many late rows a segment may have before it is written again.
// Each costs a search a look at all its events. When nothing else is to be done,
// fewer are worth it.
const (
	lateRows     = 64
	lateRowsIdle = 8
)

// mergeSome folds late events into their segments: into those with many of them,
// and, when nothing else is to be done, into the one with the most. When late
// events take too much memory, each is worth it.
func (s *Store) mergeSome(idle bool) error {
	tried := map[uint64]bool{} // once each: there may be no room in it for more
	for s.ctx.Err() == nil {
		g, n, heavy := s.most(tried)
		if n == 0 || !heavy && (n < lateRowsIdle || n < lateRows && !idle) {
			return nil
		}
		if err := s.merge(g); err != nil {
			return fmt.Errorf("merge segment %d: %w", g.number, err)
		}
		tried[g.number] = true
		idle = false
	}
	return nil
}

// most is the segment with the most late rows that are finished: one that is not
// will be late again. When late rows are heavy it is the one whose take the most
// memory, finished or not.
func (s *Store) most(tried map[uint64]bool) (best *sealedSegment, n int, heavy bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	heavy = s.open[segment.Messages].lateWeight+s.open[segment.Connections].lateWeight >= openBytes
	count := map[*sealedSegment]int{}
	for t := range s.open {
		home := homes(s.segments, segment.Table(t))
		for _, r := range s.open[t].rows[:s.open[t].late] {
			switch {
			case heavy:
				count[home(r.number)] += r.weight
			case r.done:
				count[home(r.number)]++
			}
		}
	}
	for g, more := range count {
		if g != nil && !tried[g.number] && (more > n || more == n && g.number < best.number) {
			best, n = g, more
		}
	}
	return best, n, heavy
}

// homes tells which segment a late row belongs to: the one that has it, or the last
// one that begins before it, or the first; nil if there is none. It is asked with
// rising numbers.
func homes(list []*sealedSegment, t segment.Table) func(number uint64) *sealedSegment {
	var best *sealedSegment
	if len(list) > 0 {
		best = list[0]
	}
	return func(number uint64) *sealedSegment {
		for ; len(list) > 0 && (list[0].dir.Rows[t] == 0 || list[0].dir.First[t] <= number); list = list[1:] {
			if list[0].dir.Rows[t] > 0 {
				best = list[0]
			}
		}
		return best
	}
}

// merge writes a segment again, with what came late for it.
func (s *Store) merge(g *sealedSegment) error {
	s.sealing.Lock()
	defer s.sealing.Unlock()
	v := s.view()
	defer v.close()
	i := slices.Index(v.segments, g)
	if i < 0 {
		return nil // it has been removed or written again meanwhile
	}
	late, err := v.lateOf(g)
	if err != nil || len(late[0])+len(late[1]) == 0 {
		return err
	}
	b := segment.NewBuilder(s.packer)
	for t := range late {
		if err := v.rebuild(b, g, segment.Table(t), late[t]); err != nil {
			return err
		}
	}
	return s.commitMerged(b.Finish(g.dir.Version+1), g, i, late)
}

// lateOf are the late rows that are merged into a segment: all that it has, and of
// those of which nothing is sealed as many as there is room for. The others stay
// late until the segment is removed.
func (v *view) lateOf(g *sealedSegment) (late picked, err error) {
	for t := range late {
		r := v.reader(g)
		room := segment.MostRows - r.Len(segment.Table(t))
		home := homes(v.segments, segment.Table(t))
		for _, row := range v.rows[t] {
			if !row.late || home(row.number) != g {
				continue
			}
			_, sealed, err := r.Find(segment.Table(t), row.number)
			if err != nil {
				return late, err
			}
			if !sealed {
				if room == 0 {
					continue
				}
				room--
			}
			late[t] = append(late[t], row)
		}
	}
	return late, nil
}

// rebuild adds the rows of a table, sealed and late together.
func (v *view) rebuild(b *segment.Builder, g *sealedSegment, t segment.Table, late []*openRow) error {
	addBelow := func(number uint64) { // of these nothing was sealed
		for ; len(late) > 0 && late[0].number < number; late = late[1:] {
			b.Add(t, late[0].number, late[0].events())
		}
	}
	err := v.reader(g).All(t, func(number uint64, events []esa.Event) bool {
		addBelow(number)
		if len(late) > 0 && late[0].number == number {
			events = append(events, late[0].events()...)
			late = late[1:]
		}
		b.Add(t, number, events)
		return true
	})
	addBelow(^uint64(0))
	return err
}

// commitMerged puts the new form of a segment in the place of the old, and takes
// away what came late, unless more has come since.
func (s *Store) commitMerged(seg segment.Segment, old *sealedSegment, at int, late picked) error {
	b := s.db.NewBatch()
	defer b.Close()
	g := &sealedSegment{number: old.number, dir: &seg.Directory}
	gr := s.putSegment(b, g, seg)

	s.mu.Lock()
	defer s.mu.Unlock()
	var still [2]map[*openRow]*openRow // what is left of each row
	for t := range late {
		still[t] = map[*openRow]*openRow{}
		for _, r := range late[t] {
			i, _ := s.open[t].find(r.number)
			now := s.open[t].rows[i]
			_ = b.DeleteRange(keyLate(segment.Table(t), r.number, 0), keyLate(segment.Table(t), r.number+1, 0), nil)
			still[t][now] = now.after(r)
			putParts(b, segment.Table(t), still[t][now])
		}
	}
	if err := s.db.Apply(b, pebble.NoSync); err != nil {
		return err
	}
	for t := range still {
		s.open[t].replace(still[t])
	}
	s.install(at, g, gr)
	return nil
}

// replace puts other rows in the place of some; nil takes one away.
func (t *openTable) replace(by map[*openRow]*openRow) {
	kept := make([]*openRow, 0, len(t.rows))
	for _, r := range t.rows {
		if now, ok := by[r]; ok {
			r = now
		}
		if r != nil {
			kept = append(kept, r)
		}
	}
	t.set(kept)
}
