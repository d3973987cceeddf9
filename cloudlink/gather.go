package cloudlink

import (
	"context"
	"errors"

	"esasim/esa"
)

// What is held at most: messages, and the bytes of what their events say. Beyond
// it all are let go, and those that come to rest are asked for.
const (
	maxOpen  = 20_000
	maxBytes = 64 << 20
)

// messageBytes is about what a message takes without its texts.
const messageBytes = 1000

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
	open  map[esa.MID]*held
	bytes int // of all in open, about
}

// held is a message that is not finished.
type held struct {
	message esa.Message
	bytes   int
}

func newGather(log Log) *gather { return &gather{log: log, open: map[esa.MID]*held{}} }

// take reads entries and gives the messages that came to rest in them, or
// changed at rest, each once and in the order of the log. Of a message that was
// rewritten nothing is told: it never rests, and the one it became is a message
// of its own. A release is not told either: the next rest is.
func (g *gather) take(ctx context.Context, entries []esa.Entry) ([]esa.Message, error) {
	var rested, done []esa.MID
	seen := map[esa.MID]bool{}
	for i := range entries {
		for events := entries[i].Events; len(events) > 0; {
			mid, n := events[0].MID, together(events)
			if mid != 0 {
				g.hold(events[:n])
				rests, ends := came(events[:n])
				if rests && !seen[mid] {
					seen[mid] = true
					rested = append(rested, mid)
				}
				if ends {
					done = append(done, mid)
				}
			}
			events = events[n:]
		}
	}
	out, err := g.messages(ctx, rested)
	for _, mid := range done {
		if h := g.open[mid]; h != nil {
			g.bytes -= h.bytes
			delete(g.open, mid)
		}
	}
	if len(g.open) > maxOpen || g.bytes > maxBytes {
		clear(g.open)
		g.bytes = 0
	}
	return out, err
}

// together is how many events at the beginning are of the same message.
func together(events []esa.Event) int {
	for i := range events {
		if events[i].MID != events[0].MID {
			return i
		}
	}
	return len(events)
}

// came tells whether a message came to rest in events, or changed at rest, and
// whether they end it.
func came(events []esa.Event) (rests, ends bool) {
	for i := range events {
		switch events[i].Kind {
		case esa.RecipientDelivered, esa.RecipientDelayed, esa.RecipientBounced, esa.MessageDropped,
			esa.MessageQuarantined, esa.QuarantineDeleted:
			rests = true
		case esa.MessageFinished:
			ends = true
		}
	}
	return rests, ends
}

// hold adds events to their message, if that is held or begins with them.
func (g *gather) hold(events []esa.Event) {
	mid := events[0].MID
	h := g.open[mid]
	if h == nil {
		if events[0].Kind != esa.MessageStarted {
			return
		}
		h = &held{bytes: messageBytes}
		g.open[mid], g.bytes = h, g.bytes+h.bytes
	}
	h.message.Add(events)
	for i := range events {
		n := size(&events[i])
		h.bytes, g.bytes = h.bytes+n, g.bytes+n
	}
}

// size is about what a message grows by an event.
func size(e *esa.Event) int {
	n := len(e.Address) + len(e.Name) + len(e.Text)
	if e.Kind == esa.RecipientGiven {
		n += recipientBytes
	}
	if a := e.Attachment; a != nil {
		n += recipientBytes + len(a.Name) + len(a.Type) + len(a.SHA256)
	}
	return n
}

// recipientBytes is about what a recipient, or an attachment, takes without its
// texts.
const recipientBytes = 100

func (g *gather) messages(ctx context.Context, mids []esa.MID) ([]esa.Message, error) {
	out := make([]esa.Message, 0, len(mids))
	for _, mid := range mids {
		var m esa.Message
		if h := g.open[mid]; h != nil {
			m = h.message
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
