package tracking

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"esasim/esa"
	"esasim/tracking/segment"
)

const (
	// segmentRows is how many messages and connections are sealed together. More
	// of them pack a little better; fewer are read faster when one of them is
	// wanted, and fewer are open (docs/benchmarks.md has the figures).
	segmentRows = 2048
	// openBytes is about how much memory open rows may take before they are sealed,
	// however few they are.
	openBytes = 24 << 20
	// quiet is how long a message that is not finished keeps its neighbours from
	// being sealed; it is waited for, because what comes later is late.
	quiet = 30 * time.Second
	// impatience is how many times as many rows as are sealed together may be open
	// before nobody is waited for.
	impatience = 4
)

// unsealed tells how many open rows are not sealed, and about what they weigh.
// s.mu is held.
func (s *Store) unsealed() (rows, weight int) {
	for t := range s.open {
		rows += len(s.open[t].rows) - s.open[t].late
		weight += s.open[t].weight - s.open[t].lateWeight
	}
	return rows, weight
}

// sealable tells whether that is enough for a segment. s.mu is held.
func (s *Store) sealable() bool {
	rows, weight := s.unsealed()
	return rows >= s.o.SegmentRows || weight >= openBytes
}

// picked are the rows that go into a segment.
type picked [2][]*openRow

// pick chooses the oldest rows that are not sealed. It gives none when they are
// too few, or when some of them are better waited for.
func (s *Store) pick(now time.Time) (p picked) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.sealable() {
		return picked{}
	}
	rows, weight := s.unsealed()
	patient := rows < impatience*s.o.SegmentRows && weight < impatience*openBytes
	for t := range p {
		p[t] = s.open[t].rows[s.open[t].late:]
	}
	p.cut(s.o.SegmentRows)
	if patient && slices.ContainsFunc(p[segment.Messages], func(r *openRow) bool { return !r.done && now.Sub(r.at) < quiet }) {
		return picked{}
	}
	for t := range p {
		p[t] = slices.Clone(p[t])
	}
	return p
}

// cut leaves as many messages as belong into a segment, and not too heavy ones.
// Connections are all taken: those that are open still are few.
func (p *picked) cut(rows int) {
	weight := 0
	for i, r := range p[segment.Messages] {
		weight += r.weight
		if i == rows || i > 0 && weight > openBytes {
			p[segment.Messages] = p[segment.Messages][:i]
			break
		}
	}
	if c := p[segment.Connections]; len(c) > impatience*rows {
		p[segment.Connections] = c[:impatience*rows]
	}
}

// seal seals the oldest open rows, if it is time. It tells whether it did.
func (s *Store) seal() (bool, error) {
	s.sealing.Lock()
	defer s.sealing.Unlock()
	p := s.pick(time.Now())
	if len(p[0])+len(p[1]) == 0 {
		return false, nil
	}
	b := segment.NewBuilder(s.packer)
	var events []esa.Event // the builder keeps nothing of it
	for t, rows := range p {
		for _, r := range rows {
			events = r.appendTo(events[:0])
			b.Add(segment.Table(t), r.number, events)
		}
	}
	if err := s.commitSealed(b.Finish(1), p); err != nil {
		return false, fmt.Errorf("seal segment %d: %w", s.sealed.nextSegment, err)
	}
	return true, nil
}

// commitSealed puts a segment in the place of the rows it was made from. What
// happened to them meanwhile is late.
func (s *Store) commitSealed(seg segment.Segment, p picked) error {
	// Pebble gives the memory of a batch to the next one, which is that of a message.
	batch := s.db.NewBatch(pebble.WithMaxRetainedSizeBytes(64 << 10))
	defer batch.Close()
	g := &sealedSegment{number: s.sealed.nextSegment, dir: &seg.Directory}
	gr := s.putSegment(batch, g, seg)

	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.sealed
	next.nextSegment, next.last = g.number+1, s.last
	late := [2][]*openRow{}
	for t := range p {
		if n := len(p[t]); n > 0 {
			next.bounds[t] = max(next.bounds[t], p[t][n-1].number)
		}
		late[t] = s.lateOnes(batch, segment.Table(t), p[t], next.bounds[t])
	}
	next.from = s.firstUnsealed(next.bounds)
	_ = batch.Set([]byte{prefixState}, next.append(nil), nil)
	if err := s.db.Apply(batch, pebble.NoSync); err != nil {
		return err
	}
	for t := range p {
		i, _ := s.open[t].find(next.bounds[t] + 1)
		s.open[t].set(slices.Concat(late[t], s.open[t].rows[i:]))
	}
	for _, r := range p[segment.Messages] {
		if r.open {
			s.unfinished[esa.MID(r.number)] = struct{}{}
		}
	}
	for _, r := range late[segment.Messages] {
		s.noteOpen(segment.Messages, r.number, r.events())
	}
	s.sealed = next
	s.install(len(s.segments), g, gr)
	return nil
}

// lateOnes are the rows up to the bound that stay open: those that were late
// before, and what happened to rows, or became of new ones, while others were
// being sealed. s.mu is held.
func (s *Store) lateOnes(b *pebble.Batch, t segment.Table, sealed []*openRow, bound uint64) (out []*openRow) {
	at := 0
	for _, r := range s.open[t].rows {
		if r.number > bound {
			break
		}
		for at < len(sealed) && sealed[at].number < r.number {
			at++
		}
		now := r
		if !r.late {
			if at < len(sealed) && sealed[at].number == r.number {
				if t == segment.Messages && sealed[at].open {
					_ = b.Set(key(prefixOpen, r.number), nil, nil)
				}
				now = r.after(sealed[at])
			} else {
				now = r.after(&openRow{})
			}
			putParts(b, t, now)
			if now != nil {
				putOpen(b, t, now.number, now.events())
			}
		}
		if now != nil {
			out = append(out, now)
		}
	}
	return out
}

// putParts keeps what a row knows beyond its segment; nil knows nothing. The
// entries' numbers are no longer known; any that rise will do.
func putParts(b *pebble.Batch, t segment.Table, r *openRow) {
	if r == nil {
		return
	}
	for i, part := range r.parts {
		_ = b.Set(keyLate(t, r.number, r.last-uint64(len(r.parts))+1+uint64(i)), appendEntry(nil, part), nil)
	}
}

// firstUnsealed is the first event of the rows beyond the bounds. s.mu is held.
func (s *Store) firstUnsealed(bounds [2]uint64) uint64 {
	first := s.last + 1
	for t := range s.open {
		for _, r := range slices.Backward(s.open[t].rows) {
			if r.number <= bounds[t] {
				break
			}
			first = min(first, r.first)
		}
	}
	return first
}

// groupWith is the group of a segment with its trigrams added.
func (s *Store) groupWith(number uint64, t *segment.Trigrams) *group {
	out := &group{trigrams: &segment.Trigrams{}}
	if old := s.groups[number/groupSize]; old != nil { // only who holds sealing changes them
		out.trigrams.Add(old.trigrams)
	}
	out.trigrams.Add(t)
	return out
}

// putSegment puts a segment's keys into the batch, and those of its group, which
// it gives. s.sealing is held.
func (s *Store) putSegment(b *pebble.Batch, g *sealedSegment, seg segment.Segment) *group {
	_ = b.Set(key(prefixDirectory, g.number), segment.AppendDirectory(nil, g.dir), nil)
	for _, p := range g.dir.Parts() {
		_ = b.Set(keyPart(g.number, p), seg.Parts[p], nil)
	}
	gr := s.groupWith(g.number, seg.Trigrams)
	_ = b.Set(key(prefixGroup, g.number/groupSize), gr.trigrams.Append(nil, s.packer), nil)
	return gr
}

// install makes a segment that has been written the one at a place of the list, or
// behind its end. Views keep the lists they have, so these are changed as copies.
// s.mu is held.
func (s *Store) install(at int, g *sealedSegment, gr *group) {
	s.segments = append(slices.Clone(s.segments[:at]), append([]*sealedSegment{g}, s.segments[min(at+1, len(s.segments)):]...)...)
	s.groups = maps.Clone(s.groups)
	s.groups[g.number/groupSize] = gr
}

// loadSegments reads the directories and the trigrams, side by side: with ten
// million messages they are ninety megabytes, and most of a start.
func (s *Store) loadSegments() error {
	trigrams := make(chan error, 1)
	go func() { trigrams <- s.loadGroups() }()
	err := s.each(prefixDirectory, func(n uint64, v []byte) error {
		dir, err := segment.ReadDirectory(v)
		if err != nil {
			return fmt.Errorf("directory of segment %d: %w", n, err)
		}
		s.segments = append(s.segments, &sealedSegment{n, dir})
		if n >= s.sealed.nextSegment {
			return fmt.Errorf("segment %d: %w: the store knows only %d", n, segment.ErrDamaged, s.sealed.nextSegment-1)
		}
		return nil
	})
	if err = errors.Join(err, <-trigrams); err != nil {
		return err
	}
	for _, g := range s.segments {
		if s.groups[g.number/groupSize] == nil {
			return fmt.Errorf("trigrams of segment %d: %w: they are missing", g.number, segment.ErrDamaged)
		}
	}
	return nil
}

func (s *Store) loadGroups() error {
	return s.each(prefixGroup, func(n uint64, v []byte) error {
		t, err := segment.ReadTrigrams(v, s.packer)
		s.groups[n] = &group{t}
		if err != nil {
			return fmt.Errorf("trigrams of group %d: %w", n, err)
		}
		return nil
	})
}

// each calls f for the numbers and values under a prefix. The value is valid
// during the call.
func (s *Store) each(prefix byte, f func(n uint64, v []byte) error) error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: key(prefix, 0), UpperBound: upper(prefix)})
	if err != nil {
		return err
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		v, err := it.ValueAndErr()
		if err == nil {
			err = f(number(it.Key()), v)
		}
		if err != nil {
			return err
		}
	}
	return it.Error()
}
