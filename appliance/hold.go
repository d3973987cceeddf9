package appliance

import (
	"context"
	"errors"
	"fmt"

	"esasim/appliance/quarantine"
	"esasim/esa"
	"esasim/tracking"
)

// quarantineLog is the store as the quarantines see it.
type quarantineLog struct{ queueLog }

func (l quarantineLog) Message(ctx context.Context, mid esa.MID) (esa.Message, error) {
	m, err := l.Store.Message(ctx, mid)
	return m, notHeld(err)
}

func (l quarantineLog) Standing(ctx context.Context, mid esa.MID) (esa.Message, error) {
	m, err := l.Store.Standing(ctx, mid)
	return m, notHeld(err)
}

func (l quarantineLog) Held(ctx context.Context, of quarantine.Among, yield func(*esa.Message) error) error {
	q := tracking.Query{Held: of.Quarantines, Limit: heldPage,
		Sender: narrowed(of.Sender), Recipient: narrowed(of.Recipient), Subject: narrowed(of.Subject), Attachment: narrowed(of.Attachment)}
	if len(of.Quarantines) == 0 {
		q.States = []esa.State{esa.Quarantined}
	}
	err := l.heldBy(ctx, q, yield)
	if err != nil || q.Subject == (tracking.Text{}) {
		return err
	}
	// Quarantines show subjects that were not logged. Tracking has none of those.
	q.Subject = tracking.Text{Op: tracking.Empty}
	return l.heldBy(ctx, q, yield)
}

func (l quarantineLog) Holds(ctx context.Context, yield func(*esa.Message) error) error {
	return l.heldBy(ctx, tracking.Query{States: []esa.State{esa.Quarantined}, Want: holds(), Limit: heldPageAtLeisure}, yield)
}

// holds are the events by which a message comes into a quarantine, or leaves it.
func holds() *tracking.Want {
	return &tracking.Want{
		Whole: []esa.Kind{esa.MessageQuarantined, esa.MessageReleased, esa.QuarantineDeleted, esa.QuarantineMoved, esa.QuarantineDelayed},
		Bare: []esa.Kind{esa.RecipientGiven, esa.MessageReady, esa.MessageAborted, esa.MessageDropped, esa.MessageBounced, esa.MessageQueued,
			esa.RecipientDelivered, esa.RecipientDelayed, esa.RecipientBounced, esa.MessageRewritten, esa.MessageSplit, esa.MessageReinjected},
	}
}

func (l quarantineLog) heldBy(ctx context.Context, q tracking.Query, yield func(*esa.Message) error) error {
	for {
		page, err := l.Store.Search(ctx, q)
		if err != nil {
			return err
		}
		for i := range page.Messages {
			if err := yield(&page.Messages[i]); err != nil {
				return err
			}
		}
		if q.Before = page.Next; page.Next == 0 {
			return nil
		}
	}
}

// How many held messages are read at a time. Few are held of many, so a long page
// would have the parts of a hundred segments in memory, when nobody is in a hurry.
const (
	heldPage          = 500
	heldPageAtLeisure = 16
)

// narrowed is what message tracking can look for of a criterion of quarantines: it
// finds all that this one does, and maybe more.
func narrowed(t quarantine.Text) tracking.Text {
	const most = 1000 // octets; a query of tracking is not longer than some of these
	op, ok := map[quarantine.Op]tracking.Op{"": tracking.Contains, quarantine.Contains: tracking.Contains, quarantine.EndsWith: tracking.Contains,
		quarantine.Is: tracking.Is, quarantine.StartsWith: tracking.BeginsWith}[t.Op]
	if !ok || len(t.Value) > most || t.Value == "" {
		return tracking.Text{}
	}
	return tracking.Text{Op: op, Value: t.Value}
}

// notHeld is the error for those that do not know the store.
func notHeld(err error) error {
	if errors.Is(err, tracking.ErrNotFound) {
		return fmt.Errorf("%w: %w", quarantine.ErrNotHeld, err)
	}
	return err
}
