package cloudlink

import (
	"context"

	"esasim/esa"
)

// maxOpen bounds the messages whose events are held; beyond it they are asked
// for again.
const maxOpen = 20_000

// gather puts messages together from the entries as they come by, so that
// telling of one takes no look-up, however far behind the link is. What it
// makes is how the message stood after the entries it was given: never ahead of
// what is synced. Only a message whose beginning lies before the cursor is
// asked for.
type gather struct {
	log  Log
	open map[esa.MID][]esa.Event
}

func newGather(log Log) *gather { return &gather{log: log, open: map[esa.MID][]esa.Event{}} }

// take reads entries and gives the messages that came to rest in them, or
// changed at rest, each once and in the order of the log.
func (g *gather) take(ctx context.Context, entries []esa.Entry) ([]esa.Message, error) {
	var rested []esa.MID
	seen := map[esa.MID]bool{}
	var done []esa.MID
	for i := range entries {
		for j := range entries[i].Events {
			e := &entries[i].Events[j]
			if e.MID == 0 {
				continue
			}
			if _, known := g.open[e.MID]; known || e.Kind == esa.MessageStarted {
				g.open[e.MID] = append(g.open[e.MID], *e)
			}
			switch e.Kind {
			case esa.RecipientDelivered, esa.RecipientDelayed, esa.RecipientBounced, esa.MessageDropped:
				if !seen[e.MID] {
					seen[e.MID] = true
					rested = append(rested, e.MID)
				}
			case esa.MessageFinished:
				done = append(done, e.MID)
			}
		}
	}
	out, err := g.messages(ctx, rested)
	for _, mid := range done {
		delete(g.open, mid)
	}
	if len(g.open) > maxOpen {
		clear(g.open)
	}
	return out, err
}

func (g *gather) messages(ctx context.Context, mids []esa.MID) ([]esa.Message, error) {
	out := make([]esa.Message, 0, len(mids))
	for _, mid := range mids {
		var m esa.Message
		if events, held := g.open[mid]; held {
			m = esa.Fold(events)
		} else {
			var err error
			if m, err = g.log.Message(ctx, mid); err != nil {
				return nil, err
			}
		}
		if m.State.AtRest() { // else it is on its way again; the next rest is another entry
			out = append(out, m)
		}
	}
	return out, nil
}
