package tracking

import (
	"fmt"
	"maps"
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
// and, when nothing else is to be done, into the one with the most.
func (s *Store) mergeSome(idle bool) error {
	for s.ctx.Err() == nil {
		g, n := s.most()
		if n < lateRowsIdle || n < lateRows && !idle {
			return nil
		}
		if err := s.merge(g); err != nil {
			return fmt.Errorf("merge segment %d: %w", g.number, err)
		}
		idle = false
	}
	return nil
}

// most is the segment with the most late rows that are finished: one that is not
// will be late again.
func (s *Store) most() (*sealedSegment, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.segments) == 0 {
		return nil, 0
	}
	count := map[*sealedSegment]int{}
	for t := range s.open {
		for _, r := range s.open[t].rows {
			if !r.late {
				break
			}
			if r.done {
				count[s.home(segment.Table(t), r.number)]++
			}
		}
	}
	var best *sealedSegment
	for g, n := range count {
		if best == nil || n > count[best] || n == count[best] && g.number < best.number {
			best = g
		}
	}
	return best, count[best]
}

// home is the segment a late row belongs to: the one that has it, or the last one
// that begins before it.
func (s *Store) home(t segment.Table, number uint64) *sealedSegment {
	best := s.segments[0]
	for _, g := range s.segments {
		if g.dir.Rows[t] > 0 && g.dir.First[t] <= number {
			best = g
		}
	}
	return best
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
	b := segment.NewBuilder(s.packer)
	var late picked
	for t := range late {
		for _, r := range v.rows[t] {
			if r.late && s.homeIn(v, segment.Table(t), r.number) == g {
				late[t] = append(late[t], r)
			}
		}
		if err := v.rebuild(b, g, segment.Table(t), late[t]); err != nil {
			return err
		}
	}
	return s.commitMerged(b.Finish(g.dir.Version+1), g, i, late)
}

func (s *Store) homeIn(v *view, t segment.Table, number uint64) *sealedSegment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.home(t, number)
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
	putSegment(b, g, seg)
	gr := s.groupWith(g.number, seg.Trigrams)
	_ = b.Set(key(prefixGroup, g.number/groupSize), gr.trigrams.Append(nil, s.packer), nil)

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
			if rest := still[t][now]; rest != nil {
				for j, part := range rest.parts {
					_ = b.Set(keyLate(segment.Table(t), r.number, rest.last-uint64(len(rest.parts))+1+uint64(j)), appendEntry(nil, part), nil)
				}
			}
		}
	}
	if err := s.db.Apply(b, pebble.NoSync); err != nil {
		return err
	}
	for t := range still {
		s.open[t].replace(still[t])
	}
	s.segments = slices.Clone(s.segments)
	s.segments[at] = g
	s.groups = maps.Clone(s.groups)
	s.groups[g.number/groupSize] = gr
	return nil
}

// replace puts other rows in the place of some; nil takes one away.
func (t *openTable) replace(by map[*openRow]*openRow) {
	kept := make([]*openRow, 0, len(t.rows))
	t.weight = 0
	for _, r := range t.rows {
		if now, ok := by[r]; ok {
			r = now
		}
		if r != nil {
			kept = append(kept, r)
			t.weight += r.weight
		}
	}
	t.rows = kept
}
