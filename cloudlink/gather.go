package cloudlink

import (
	"context"
	"errors"

	"esasim/esa"
)

// What is held at most: messages, and the bytes of their events. Beyond it all
// are let go, and those that come to rest are asked for.
const (
	maxOpen  = 20_000
	maxBytes = 64 << 20
)

// eventBytes is about what an event takes without its texts.
const eventBytes = 200

// gather puts messages together from the entries as they come by, so that
// telling of one takes no look-up, however far behind the link is. What it
// makes is how the message stood after the entries it was given: never ahead of
// what is synced.
//
// A message that is not held, because its beginning lies before the cursor or
// too much was held, is asked for. It is as it stands now, which may be further
// than the entries given, or than what is synced. That does no harm: each later
// rest is told again and replaces the sighting.
type gather struct {
	log   Log
	open  map[esa.MID][]esa.Event
	bytes int // of the events in open, about
}

func newGather(log Log) *gather { return &gather{log: log, open: map[esa.MID][]esa.Event{}} }

// take reads entries and gives the messages that came to rest in them, or
// changed at rest, each once and in the order of the log. Of a message that was
// rewritten nothing is told: it never rests, and the one it became is a message
// of its own. A release is not told either: the next rest is.
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
				g.bytes += size(e)
			}
			switch e.Kind {
			case esa.RecipientDelivered, esa.RecipientDelayed, esa.RecipientBounced, esa.MessageDropped,
				esa.MessageQuarantined, esa.QuarantineDeleted:
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
		for i := range g.open[mid] {
			g.bytes -= size(&g.open[mid][i])
		}
		delete(g.open, mid)
	}
	if len(g.open) > maxOpen || g.bytes > maxBytes {
		clear(g.open)
		g.bytes = 0
	}
	return out, err
}

// size is about what an event takes in memory.
func size(e *esa.Event) int {
	n := eventBytes + len(e.Address) + len(e.Name) + len(e.Text) + 4*len(e.RIDs)
	if s := e.Source; s != nil {
		n += eventBytes + len(s.Host) + len(s.Match)
	}
	if a := e.Attachment; a != nil {
		n += len(a.Name) + len(a.Type) + len(a.SHA256)
	}
	return n
}

func (g *gather) messages(ctx context.Context, mids []esa.MID) ([]esa.Message, error) {
	out := make([]esa.Message, 0, len(mids))
	for _, mid := range mids {
		var m esa.Message
		if events, held := g.open[mid]; held {
			m = esa.Fold(events)
		} else {
			var err error
			if m, err = g.log.Message(ctx, mid); errors.Is(err, ErrGone) {
				continue // nobody can look at it any more, on the appliance neither
			} else if err != nil {
				return nil, err
			}
		}
		if m.State.AtRest() { // else it is on its way again; the next rest is another entry
			out = append(out, m)
		}
	}
	return out, nil
}
