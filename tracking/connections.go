package tracking

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"esasim/esa"
	"esasim/tracking/segment"
)

// Connections is a search of injection connections, apart from their messages.
// Connections that were refused are no messages, so there is another search for
// them. Answers come newest first.
type Connections struct {
	Rules    []string     // of the Host Access Table, one of which was applied: "REJECT"
	SenderIP netip.Prefix // invalid: any
	From     time.Time    // begun at or after; zero: from the beginning
	To       time.Time    // begun before; zero: until now
	Before   esa.ICID     // only ICIDs below this one; 0: from the newest
	Limit    int          // connections at most; 0: DefaultLimit
}

// matches tells whether the events are those of a connection that is meant.
func (q *Connections) matches(events []esa.Event) bool {
	if len(events) == 0 || !q.From.IsZero() && events[0].Time.Before(q.From) || !q.To.IsZero() && !events[0].Time.Before(q.To) {
		return false
	}
	return slices.ContainsFunc(events, func(e esa.Event) bool {
		return e.Kind == esa.HATDecided && e.Source != nil && slices.Contains(q.Rules, e.Source.Rule) &&
			(!q.SenderIP.IsValid() || unmapped(q.SenderIP).Contains(e.Source.Remote.Unmap().WithZone("")))
	})
}

// Connections finds connections, each with all its events, which have its ICID. It
// reads whole segments, but only those in which somebody has met one of the rules,
// and ends when ctx does.
func (s *Store) Connections(ctx context.Context, q Connections) ([][]esa.Event, error) {
	v := s.view()
	defer v.close()
	c := &connectionWalk{Connections: q, view: v, above: uint64(cmp.Or(q.Before, ^esa.ICID(0))), limit: cmp.Or(q.Limit, DefaultLimit)}
	rows := v.rows[segment.Connections]
	for i := len(rows) - 1; i >= 0 && !c.full(); i-- {
		if !rows[i].late { // those that are, belong to a segment
			c.take(rows[i].number, rows[i].events())
		}
	}
	for i := len(v.segments) - 1; i >= 0 && !c.full(); i-- {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		older, err := c.segment(v.segments[i])
		if err != nil {
			return nil, fmt.Errorf("search connections: %w", v.segments[i].wrap(err))
		}
		if older {
			break
		}
	}
	return c.out, nil
}

type connectionWalk struct {
	Connections
	view  *view
	above uint64
	limit int
	out   [][]esa.Event
}

func (c *connectionWalk) full() bool { return len(c.out) >= c.limit }

func (c *connectionWalk) take(icid uint64, events []esa.Event) {
	if icid < c.above && c.matches(events) && !c.full() {
		c.out = append(c.out, events)
	}
}

// segment takes the connections of a segment. It is true when those of the segments
// before are older than any that is meant: their numbers rise with the time.
func (c *connectionWalk) segment(g *sealedSegment) (older bool, err error) {
	if g.dir.Rows[segment.Connections] == 0 || g.dir.First[segment.Connections] >= c.above {
		return false, nil
	}
	r := c.view.reader(g)
	first, last, err := r.Began(segment.Connections)
	if err != nil || !c.To.IsZero() && !first.Before(c.To) {
		return false, err
	}
	if !c.From.IsZero() && last.Before(c.From) {
		return true, nil
	}
	any, err := r.HasProfile(func(src *esa.Source) bool { return slices.Contains(c.Rules, src.Rule) })
	if err != nil || !any {
		return false, err
	}
	return false, c.rows(r)
}

// rows takes the rows of a segment, from the last one down.
func (c *connectionWalk) rows(r *segment.Reader) error {
	var numbers []uint64
	var found [][]esa.Event
	err := r.All(segment.Connections, func(icid uint64, events []esa.Event) bool {
		if icid < c.above && c.matches(events) {
			numbers, found = append(numbers, icid), append(found, events)
		}
		return true
	})
	if err != nil {
		return err
	}
	for i := len(found) - 1; i >= 0; i-- {
		if late := c.view.openRow(segment.Connections, numbers[i]); late != nil {
			found[i] = append(found[i], late.events()...)
		}
		c.take(numbers[i], found[i])
	}
	return nil
}
