// Package gather puts messages together from the entries of the log as they come
// by, so that telling of one takes no look-up, however far behind the follower is.
package gather

import (
	"context"
	"errors"

	"esasim/esa"
)

// What is held at most: messages, and the bytes of what their events say. Beyond
// it all are let go, and those that are wanted are asked for.
const (
	maxOpen  = 20_000
	maxBytes = 64 << 20
)

// messageBytes is about what a message takes without its texts, recipientBytes
// what a recipient, or an attachment, does.
const (
	messageBytes   = 1000
	recipientBytes = 100
)

// ErrGone says that the appliance no longer keeps what was asked for.
var ErrGone = errors.New("no longer kept")

// Store is asked for messages whose beginning went by unseen.
type Store interface {
	// Message gives a message as it stands now; the error is ErrGone when it is
	// no longer kept.
	Message(ctx context.Context, mid esa.MID) (esa.Message, error)
}

// Messages are those that are not finished, as they stood after the entries that
// were added: never ahead of what is synced. The zero value is empty.
type Messages struct {
	open  map[esa.MID]*held
	bytes int // of all in open, about
}

type held struct {
	message esa.Message
	bytes   int
}

// Add adds events to their message, which is the same for all, if that is held or
// begins with them.
func (g *Messages) Add(events []esa.Event) {
	mid := events[0].MID
	h := g.open[mid]
	if h == nil {
		if events[0].Kind != esa.MessageStarted {
			return
		}
		h = &held{bytes: messageBytes}
		if g.open == nil {
			g.open = map[esa.MID]*held{}
		}
		g.open[mid], g.bytes = h, g.bytes+h.bytes
	}
	h.message.Add(events)
	for i := range events {
		n := size(&events[i])
		h.bytes, g.bytes = h.bytes+n, g.bytes+n
	}
}

// Of is a message, without its events if it is held. One that is not, because its
// beginning lies before the first entry or too much was held, is asked for. Then it
// is as it stands now, which may be further than the entries added, or than what
// is synced.
func (g *Messages) Of(ctx context.Context, mid esa.MID, s Store) (esa.Message, error) {
	if h := g.open[mid]; h != nil {
		return h.message, nil
	}
	return s.Message(ctx, mid)
}

// Done lets go of a message: it is finished.
func (g *Messages) Done(mid esa.MID) {
	if h := g.open[mid]; h != nil {
		g.bytes -= h.bytes
		delete(g.open, mid)
	}
}

// Held is how many messages are held, and about how many bytes they take.
func (g *Messages) Held() (messages, bytes int) { return len(g.open), g.bytes }

// Bound lets go of all if they have become too many.
func (g *Messages) Bound() {
	if len(g.open) > maxOpen || g.bytes > maxBytes {
		g.Forget()
	}
}

// Forget lets go of all: entries have been lost, so they may lack events.
func (g *Messages) Forget() {
	clear(g.open)
	g.bytes = 0
}

// Each hands out the events of the entries, those of one message that follow each
// other in an entry together, until one is not taken: its error. MID 0 are those of
// no message.
func Each(entries []esa.Entry, take func(mid esa.MID, events []esa.Event) error) error {
	for i := range entries {
		for events := entries[i].Events; len(events) > 0; {
			n := together(events)
			if err := take(events[0].MID, events[:n]); err != nil {
				return err
			}
			events = events[n:]
		}
	}
	return nil
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
