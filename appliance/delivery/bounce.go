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
	bounced := q.toTell(m, events)
	if len(bounced) == 0 {
		return nil, events, nil
	}
	k := dsn.Maker{Log: q.Log, Host: q.Name, Logger: q.Logger}
	made, said, err := k.Bounce(m, bounced, now)
	if err != nil {
		return nil, nil, err
	}
	return made, beforeClose(events, said), nil
}

// toTell are the events of recipients who bounced and whose bounce profile has the
// sender told.
func (q *Queue) toTell(m *esa.Message, events []esa.Event) (out []esa.Event) {
	var silent map[esa.RID]bool
	for _, e := range events {
		if e.Kind != esa.RecipientBounced {
			continue
		}
		if silent == nil {
			silent = make(map[esa.RID]bool, len(m.Recipients))
			for _, r := range m.Recipients {
				silent[r.RID] = !q.profile(r.Address).Bounces
			}
		}
		e.RIDs = slices.DeleteFunc(slices.Clone(e.RIDs), func(rid esa.RID) bool { return silent[rid] })
		if len(e.RIDs) > 0 {
			out = append(out, e)
		}
	}
	return out
}

// beforeClose adds events before the end of the connection that they came of.
func beforeClose(events, said []esa.Event) []esa.Event {
	at := len(events)
	if events[at-1].Kind == esa.DeliveryClosed {
		at--
	}
	return slices.Insert(events, at, said...)
}
