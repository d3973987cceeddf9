package cloudlink

import (
	"context"
	"fmt"

	"esasim/esa"
)

// TellPast tells the cloud of messages that the log does not speak of, because
// they were put into the tracking data as they are. each hands them out, and ends
// with the error that it is given. told, if set, is called with the number of
// messages that have been looked at.
//
// Sightings have their names from the message, so telling of one twice, or of one
// that the log speaks of after all, changes nothing. The error is ErrNotDevice when
// the appliance is not registered.
func (l *Link) TellPast(ctx context.Context, each func(yield func(*esa.Message) error) error, told func(messages uint64)) error {
	reg, ok, _ := l.registration()
	if !ok {
		return ErrNotDevice
	}
	var some []esa.Message
	var n uint64
	err := each(func(m *esa.Message) error {
		if m.State.AtRest() {
			some = append(some, *m)
		}
		if n++; told != nil {
			told(n)
		}
		if len(some) < batchSightings {
			return nil
		}
		err := l.tell(ctx, reg, some)
		some = some[:0]
		return err
	})
	if err == nil {
		err = l.tell(ctx, reg, some)
	}
	if err != nil {
		return fmt.Errorf("tell of the past: %w", err)
	}
	return nil
}
