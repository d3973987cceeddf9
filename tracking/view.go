package tracking

import (
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/cockroachdb/pebble/v2"

	"esasim/esa"
	"esasim/tracking/segment"
)

// sealedSegment is what is known of a segment in memory.
type sealedSegment struct {
	number uint64
	dir    *segment.Directory
}

// groupSize is how many segments share their trigrams: one segment's would be as
// large as its columns, and the words of a group are nearly the same.
const groupSize = 32

// group is the trigrams of up to groupSize segments. They only grow: one that is
// handed out is never changed.
type group struct {
	trigrams *segment.Trigrams
}

// view is the store at one moment: what is sealed, what is open, and the state of
// the disk that goes with it. It must be closed.
type view struct {
	s        *Store
	snap     *pebble.Snapshot
	segments []*sealedSegment
	groups   map[uint64]*group
	rows     [2][]*openRow                 // by number, rising
	read     func(part string, octets int) // told of each part read; nil: nobody wants to know
}

func (s *Store) view() *view {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := &view{s: s, snap: s.db.NewSnapshot(), segments: s.segments, groups: s.groups}
	for t := range v.rows {
		v.rows[t] = slices.Clone(s.open[t].rows)
	}
	return v
}

func (v *view) close() { _ = v.snap.Close() }

// reader reads a segment as it is in this view.
func (v *view) reader(g *sealedSegment) *segment.Reader {
	state := v.s.cache.get(g.number, g.dir.Version)
	return segment.NewReader(g.dir, v.s.packer, state, func(p segment.Part) ([]byte, error) {
		b, closer, err := v.snap.Get(keyPart(g.number, p))
		if err != nil {
			return nil, fmt.Errorf("part %s: %w", p, damagedIfMissing(err))
		}
		b = slices.Clone(b)
		if v.read != nil {
			v.read(p.Name(), len(b))
		}
		return b, closer.Close()
	})
}

// damagedIfMissing says that something is damaged when what must be there is
// not.
func damagedIfMissing(err error) error {
	if errors.Is(err, pebble.ErrNotFound) {
		return fmt.Errorf("%w: it is missing", segment.ErrDamaged)
	}
	return err
}

// openRow finds an open row.
func (v *view) openRow(t segment.Table, number uint64) *openRow {
	rows := v.rows[t]
	i := sort.Search(len(rows), func(i int) bool { return rows[i].number >= number })
	if i < len(rows) && rows[i].number == number {
		return rows[i]
	}
	return nil
}

// holding finds the segment that may have a row.
func (v *view) holding(t segment.Table, number uint64) *sealedSegment {
	for i := len(v.segments) - 1; i >= 0; i-- {
		if v.segments[i].dir.Holds(t, number) {
			return v.segments[i]
		}
	}
	return nil
}

// sealedEvents are the events of a row in its segment; none if it is not there.
func (v *view) sealedEvents(t segment.Table, number uint64) ([]esa.Event, error) {
	g := v.holding(t, number)
	if g == nil {
		return nil, nil
	}
	r := v.reader(g)
	row, ok, err := r.Find(t, number)
	if err != nil || !ok {
		return nil, g.wrap(err)
	}
	events, err := r.Events(t, row)
	return events, g.wrap(err)
}

func (g *sealedSegment) wrap(err error) error {
	if err != nil {
		return fmt.Errorf("segment %d: %w", g.number, err)
	}
	return nil
}

// events are all events of a row, wherever they are; none if nothing is kept.
func (v *view) events(t segment.Table, number uint64) ([]esa.Event, error) {
	r := v.openRow(t, number)
	if r != nil {
		return v.eventsOf(t, r)
	}
	return v.sealedEvents(t, number)
}

// eventsOf are all events of an open row.
func (v *view) eventsOf(t segment.Table, r *openRow) ([]esa.Event, error) {
	if !r.late {
		return r.events(), nil
	}
	sealed, err := v.sealedEvents(t, r.number)
	if err != nil {
		return nil, err
	}
	return append(sealed, r.events()...), nil
}

// message folds an open message. Without events it is made only once.
func (v *view) message(r *openRow, withEvents bool) (*esa.Message, error) {
	if m := r.folded.Load(); m != nil && !withEvents {
		return m, nil
	}
	if !withEvents && !r.late { // most: a search under load meets thousands of them for the first time
		m := &esa.Message{}
		for _, p := range r.parts {
			m.Add(p)
		}
		m.MID = esa.MID(r.number)
		r.folded.Store(m)
		return m, nil
	}
	events, err := v.eventsOf(segment.Messages, r)
	if err != nil {
		return nil, err
	}
	m := esa.Fold(events)
	m.MID = esa.MID(r.number)
	if withEvents {
		return &m, nil
	}
	m.Events = nil
	r.folded.Store(&m)
	return &m, nil
}
