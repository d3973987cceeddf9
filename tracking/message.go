package tracking

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"esasim/esa"
	"esasim/tracking/segment"
)

// Message is one message with all its events. The error is ErrNotFound when
// the MID was never given out, or is no longer kept.
func (s *Store) Message(ctx context.Context, mid esa.MID) (esa.Message, error) {
	if r := s.young(mid); r != nil {
		m := esa.Fold(r.events())
		m.MID = mid
		return m, nil
	}
	v := s.view()
	defer v.close()
	return v.whole(mid)
}

// Standing is how a message stands: Message without its events. Of a young one it
// costs neither a view nor a copy of anything, so delivery can ask for every
// message that it is to take.
func (s *Store) Standing(ctx context.Context, mid esa.MID) (m esa.Message, err error) {
	r := s.young(mid)
	if r == nil {
		m, err = s.Message(ctx, mid)
		m.Events = nil
		return m, err
	}
	for _, part := range r.parts {
		m.Add(part)
	}
	m.MID = mid
	return m, nil
}

// young is a message that is not sealed; nil if it is.
func (s *Store) young(mid esa.MID) *openRow {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &s.open[segment.Messages]
	if i, ok := t.find(uint64(mid)); ok && !t.rows[i].late {
		return t.rows[i]
	}
	return nil
}

func (v *view) whole(mid esa.MID) (esa.Message, error) {
	events, err := v.events(segment.Messages, uint64(mid))
	if err != nil {
		return esa.Message{}, fmt.Errorf("MID %d: %w", mid, err)
	}
	if len(events) == 0 {
		return esa.Message{}, fmt.Errorf("MID %d: %w", mid, ErrNotFound)
	}
	m := esa.Fold(events)
	m.MID = mid
	return m, nil
}

// maxFamily bounds a family: a message split for each of its recipients.
const maxFamily = 1000

// Family is a message with those it was made from and those made from it, by
// MID: what a rewritten or split message became. One whose relatives are no
// longer kept has fewer. The error is ErrNotFound when the message itself is not
// kept.
func (s *Store) Family(ctx context.Context, mid esa.MID) ([]esa.Message, error) {
	v := s.view()
	defer v.close()
	m, err := v.whole(mid)
	if err != nil {
		return nil, err
	}
	out := []esa.Message{m}
	seen := map[esa.MID]bool{0: true, mid: true}
	for i := 0; i < len(out) && ctx.Err() == nil; i++ {
		for _, relative := range append(slices.Clone(out[i].Into), out[i].From) {
			if seen[relative] || len(out) == maxFamily {
				continue
			}
			seen[relative] = true
			events, err := v.events(segment.Messages, uint64(relative))
			if err != nil {
				return nil, fmt.Errorf("MID %d: %w", relative, err)
			}
			if len(events) > 0 {
				r := esa.Fold(events)
				r.MID = relative
				out = append(out, r)
			}
		}
	}
	slices.SortFunc(out, func(a, b esa.Message) int { return cmp.Compare(a.MID, b.MID) })
	return out, context.Cause(ctx)
}

// Connection is what happened on an injection connection, apart from its
// messages.
func (s *Store) Connection(ctx context.Context, icid esa.ICID) ([]esa.Event, error) {
	v := s.view()
	defer v.close()
	events, err := v.events(segment.Connections, uint64(icid))
	if err != nil {
		return nil, fmt.Errorf("ICID %d: %w", icid, err)
	}
	if len(events) == 0 {
		return nil, fmt.Errorf("ICID %d: %w", icid, ErrNotFound)
	}
	return events, nil
}

// Oldest is the lowest MID of the messages that are kept; 0 when there are none.
func (s *Store) Oldest(ctx context.Context) (esa.MID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.segments {
		if g.dir.Rows[segment.Messages] > 0 {
			return esa.MID(g.dir.First[segment.Messages]), nil
		}
	}
	if rows := s.open[segment.Messages].rows; len(rows) > 0 {
		return esa.MID(rows[0].number), nil
	}
	return 0, nil
}

// Span is when the first and the last message that are kept were received; zero
// when there are none.
func (s *Store) Span(ctx context.Context) (first, last time.Time, err error) {
	v := s.view()
	defer v.close()
	note := func(oldest, newest time.Time) {
		if !oldest.IsZero() && (first.IsZero() || oldest.Before(first)) {
			first = oldest
		}
		if newest.After(last) {
			last = newest
		}
	}
	for _, g := range v.segments {
		note(g.dir.Oldest, g.dir.Newest)
	}
	for _, r := range v.rows[segment.Messages] {
		if !r.late {
			note(r.began, r.began)
		}
	}
	return first, last, nil
}

// Open lists the messages that are accepted, not finished and not held in a
// quarantine, oldest first: what a restart must take up again. All it lists is
// safely on disk.
func (s *Store) Open(ctx context.Context) ([]esa.MID, error) {
	s.mu.Lock()
	out, last := s.lockedOpen(), s.last
	s.mu.Unlock()
	if err := s.waitDurable(ctx, last); err != nil {
		return nil, fmt.Errorf("list open messages: %w", err)
	}
	return out, nil
}

func (s *Store) lockedOpen() []esa.MID {
	var out []esa.MID
	for mid := range s.unfinished {
		out = append(out, mid)
	}
	for _, r := range s.open[segment.Messages].rows {
		if !r.late && r.open {
			out = append(out, esa.MID(r.number))
		}
	}
	slices.Sort(out)
	return out
}

// Unfinished tells of all the events of a message whether it belongs into Open.
func Unfinished(events []esa.Event) bool {
	open, known := stillOpen(events)
	return known && open
}
