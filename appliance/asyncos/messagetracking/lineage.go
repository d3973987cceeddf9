package messagetracking

import (
	"context"
	"errors"
	"slices"

	"esasim/esa"
	"esasim/tracking"
)

// A lineage is a received message with all that it turned into: what was rewritten,
// split, or released from the spam quarantine as another message. They are by MID,
// the received one first. A bounce message, a notification or a copy that a filter
// made is a received message of its own.
type lineage []esa.Message

// root is the message that was received; if it is no longer kept, the first of
// those that are.
func (l lineage) root() *esa.Message { return &l[0] }

// final are those that did not turn into others.
func (l lineage) final() []*esa.Message {
	var out []*esa.Message
	for i := range l {
		if l[i].State != esa.Replaced {
			out = append(out, &l[i])
		}
	}
	if out == nil { // what the last one became is not kept
		out = append(out, &l[len(l)-1])
	}
	return out
}

// became lists what a message turned into.
func became(m *esa.Message) []esa.MID {
	var out []esa.MID
	for i := range m.Events {
		switch e := &m.Events[i]; e.Kind {
		case esa.MessageRewritten, esa.MessageSplit, esa.MessageReinjected:
			out = append(out, e.Other)
		}
	}
	return out
}

// lineageOf finds the lineage of a message. Most messages are alone.
func (a *api) lineageOf(ctx context.Context, m *esa.Message) (lineage, error) {
	if m.From == 0 && len(became(m)) == 0 {
		return lineage{*m}, nil
	}
	family, err := a.Tracker.Family(ctx, m.MID)
	if errors.Is(err, tracking.ErrNotFound) { // gone since it was found
		return lineage{*m}, nil
	}
	if err != nil {
		return nil, err
	}
	return related(family, m.MID), nil
}

// related are those of a family that belong to the lineage of one.
func related(family []esa.Message, mid esa.MID) lineage {
	links := map[esa.MID][]esa.MID{}
	for i := range family {
		for _, other := range became(&family[i]) {
			links[family[i].MID] = append(links[family[i].MID], other)
			links[other] = append(links[other], family[i].MID)
		}
	}
	in, next := map[esa.MID]bool{mid: true}, []esa.MID{mid}
	for len(next) > 0 {
		one := next[0]
		next = next[1:]
		for _, other := range links[one] {
			if !in[other] {
				in[other] = true
				next = append(next, other)
			}
		}
	}
	return slices.DeleteFunc(family, func(m esa.Message) bool { return !in[m.MID] })
}
