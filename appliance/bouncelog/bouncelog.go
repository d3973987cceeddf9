// Package bouncelog writes the bounce log: each recipient that a message could not
// be delivered to, for good or for now.
package bouncelog

import (
	"context"
	"errors"
	"fmt"

	"esasim/appliance/logs"
	"esasim/appliance/maillog"
	"esasim/esa"
	"esasim/esa/gather"
)

// Log is the content of a subscription of the type bounces.
type Log struct {
	store gather.Store
	open  gather.Messages
}

// New is a log that asks the store for messages whose beginning it has not seen.
func New(s gather.Store) *Log { return &Log{store: s} }

// Write writes a line for each recipient that bounced or was delayed. Who sent the
// message and who was to get it does not change once it is accepted, so it does
// not matter when the store is asked.
func (l *Log) Write(ctx context.Context, out *logs.Lines, entries []esa.Entry) error {
	defer l.open.Bound()
	return gather.Each(entries, func(mid esa.MID, events []esa.Event) error {
		if mid == 0 {
			return nil
		}
		return l.message(ctx, out, events)
	})
}

// Forget lets go of the messages that are remembered.
func (l *Log) Forget() { l.open.Forget() }

func (l *Log) message(ctx context.Context, out *logs.Lines, events []esa.Event) error {
	l.open.Add(events)
	for i := range events {
		switch e := &events[i]; e.Kind {
		case esa.RecipientBounced, esa.RecipientDelayed:
			m, err := l.open.Of(ctx, e.MID, l.store)
			if err != nil && !errors.Is(err, gather.ErrGone) {
				return fmt.Errorf("bounce of MID %d: %w", e.MID, err)
			}
			say(out, e, &m)
		case esa.MessageFinished:
			l.open.Done(e.MID)
		}
	}
	return nil
}

// say writes the lines of an event. Of a message that is no longer kept nobody
// knows the addresses: they are empty.
func say(out *logs.Lines, e *esa.Event, m *esa.Message) {
	what := "Bounced"
	if e.Kind == esa.RecipientDelayed {
		what = "Delayed"
	}
	for _, r := range e.RIDs {
		out.Begin(e.Time, logs.Info)
		out.Buf = fmt.Appendf(out.Buf, `%s: %d:%d From:<%s> To:<%s> Reason: "%s" Response: "%s"`, what, e.MID, r,
			logs.Clean(m.Sender), logs.Clean(address(m, r)), logs.Clean(e.Name), logs.Clean(maillog.Answer(e.Text)))
		out.End()
	}
}

func address(m *esa.Message, rid esa.RID) string {
	if i := int(rid); i < len(m.Recipients) && m.Recipients[i].RID == rid {
		return m.Recipients[i].Address // most have them in order
	}
	for i := range m.Recipients {
		if m.Recipients[i].RID == rid {
			return m.Recipients[i].Address
		}
	}
	return ""
}
