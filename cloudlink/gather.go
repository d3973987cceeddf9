package cloudlink

import (
	"context"
	"errors"

	"esasim/esa"
	"esasim/esa/gather"
)

// gatherer finds the messages that came to rest.
//
// A message that has to be asked for may be further than the entries given. That
// does no harm: each later rest is told again and replaces the sighting.
type gatherer struct {
	log  Log
	open gather.Messages
}

func newGather(log Log) *gatherer { return &gatherer{log: log} }

// take reads entries and gives the messages that came to rest in them, or
// changed at rest, each once and in the order of the log. Of a message that was
// rewritten nothing is told: it never rests, and the one it became is a message
// of its own; unless a quarantine had held it, which was told and is over. A release
// is not told otherwise: the next rest is.
func (g *gatherer) take(ctx context.Context, entries []esa.Entry) ([]esa.Message, error) {
	var rested, done []esa.MID
	seen := map[esa.MID]bool{}
	_ = gather.Each(entries, func(mid esa.MID, events []esa.Event) error {
		if mid == 0 {
			return nil
		}
		g.open.Add(events)
		rests, ends := came(events)
		if rests && !seen[mid] {
			seen[mid] = true
			rested = append(rested, mid)
		}
		if ends {
			done = append(done, mid)
		}
		return nil
	})
	out, err := g.messages(ctx, rested)
	for _, mid := range done {
		g.open.Done(mid)
	}
	g.open.Bound()
	return out, err
}

// came tells whether a message came to rest in events, or changed at rest, and
// whether they end it.
func came(events []esa.Event) (rests, ends bool) {
	released := false
	for i := range events {
		switch events[i].Kind {
		case esa.MessageReleased:
			released = true
		case esa.MessageRewritten:
			rests = released
		case esa.RecipientDelivered, esa.RecipientDelayed, esa.RecipientBounced, esa.MessageDropped,
			esa.MessageBounced, esa.MessageQuarantined, esa.QuarantineDeleted, esa.VerdictChanged, esa.MessageReinjected:
			rests = true
		case esa.MessageFinished:
			ends = true
		}
	}
	return rests, ends
}

func (g *gatherer) messages(ctx context.Context, mids []esa.MID) ([]esa.Message, error) {
	out := make([]esa.Message, 0, len(mids))
	for _, mid := range mids {
		m, err := g.open.Of(ctx, mid, g.log)
		if errors.Is(err, ErrGone) {
			continue // nobody can look at it any more, on the appliance neither
		}
		if err != nil {
			return nil, err
		}
		if m.State.AtRest() || m.State == esa.Replaced { // else it is on its way again; the next rest is another entry
			out = append(out, m)
		}
	}
	return out, nil
}
