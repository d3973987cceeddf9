package logs

import (
	"context"
	"errors"
	"fmt"

	"esasim/esa"
	"esasim/esa/gather"
)

// OfMessages is the content of a log whose lines are about single events and say
// something of the event's message that does not change once it is accepted; so it
// does not matter when the store is asked for it.
type OfMessages struct {
	Store gather.Store // asked for messages whose beginning has not been seen
	// Wanted tells which events have lines.
	Wanted func(e *esa.Event) bool
	// Say writes them; the message is nil when it is no longer kept.
	Say func(out *Lines, e *esa.Event, m *esa.Message)

	open gather.Messages
}

// Write writes the lines of the entries' events.
func (l *OfMessages) Write(ctx context.Context, out *Lines, entries []esa.Entry) error {
	defer l.open.Bound()
	return gather.Each(entries, func(mid esa.MID, events []esa.Event) error {
		if mid == 0 {
			return nil
		}
		l.open.Add(events)
		for i := range events {
			if err := l.event(ctx, out, &events[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// Held tells how many messages are remembered, and about what they take.
func (l *OfMessages) Held() (messages, bytes int) { return l.open.Held() }

// Forget lets go of the messages that are remembered.
func (l *OfMessages) Forget() { l.open.Forget() }

func (l *OfMessages) event(ctx context.Context, out *Lines, e *esa.Event) error {
	if e.Kind == esa.MessageFinished {
		l.open.Done(e.MID)
	}
	if !l.Wanted(e) {
		return nil
	}
	m, err := l.open.Of(ctx, e.MID, l.Store)
	switch {
	case errors.Is(err, gather.ErrGone):
		l.Say(out, e, nil)
	case err != nil:
		return fmt.Errorf("log line about MID %d: %w", e.MID, err)
	default:
		l.Say(out, e, &m)
	}
	return nil
}
