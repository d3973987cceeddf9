package delivery

import (
	"slices"
	"time"

	"esasim/appliance/dsn"
	"esasim/esa"
)

// bounce makes the bounce message for the recipients that events, the last of m,
// say are bounced; nil if there are none, or nobody is to be told. The events come
// back with what is said of it, in the order of the appliance's logs.
func (q *Queue) bounce(m *esa.Message, events []esa.Event, now time.Time) (*dsn.Message, []esa.Event, error) {
	var bounced []esa.Event
	for i := range events {
		if events[i].Kind == esa.RecipientBounced {
			bounced = append(bounced, events[i])
		}
	}
	if len(bounced) == 0 || !q.Bounces {
		return nil, events, nil
	}
	k := dsn.Maker{Log: q.Log, Host: q.Name, Logger: q.Logger}
	made, said, err := k.Bounce(m, bounced, now)
	if err != nil {
		return nil, nil, err
	}
	return made, beforeClose(events, said), nil
}

// beforeClose adds events before the end of the connection that they came of.
func beforeClose(events, said []esa.Event) []esa.Event {
	at := len(events)
	if events[at-1].Kind == esa.DeliveryClosed {
		at--
	}
	return slices.Insert(events, at, said...)
}
