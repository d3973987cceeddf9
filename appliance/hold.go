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

func (l quarantineLog) Held(ctx context.Context, names []string, yield func(*esa.Message) error) error {
	q := tracking.Query{Held: names}
	if len(names) == 0 {
		q.States = []esa.State{esa.Quarantined}
	}
	return l.Store.Each(ctx, q, yield)
}

// notHeld is the error for those that do not know the store.
func notHeld(err error) error {
	if errors.Is(err, tracking.ErrNotFound) {
		return fmt.Errorf("%w: %w", quarantine.ErrNotHeld, err)
	}
	return err
}
