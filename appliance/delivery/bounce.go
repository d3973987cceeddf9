package delivery

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"esasim/esa"
)

// made is a message that delivery made: its events, from its start to its place in
// the queue, and its content.
type made struct {
	mid     esa.MID
	events  []esa.Event
	content []byte
}

// bounce makes the bounce message for the recipients that events, the last of m,
// say are bounced; nil if there are none, or nobody is to be told. The events come
// back with what is said of it, in the order of the appliance's logs. What bounces
// and has no sender to be told is a double bounce.
func (q *Queue) bounce(m *esa.Message, events []esa.Event, now time.Time) (*made, []esa.Event, error) {
	var bounced []esa.Event
	for i := range events {
		if events[i].Kind == esa.RecipientBounced {
			bounced = append(bounced, events[i])
		}
	}
	if len(bounced) == 0 || !q.Bounces {
		return nil, events, nil
	}
	if m.Sender == "" {
		for _, e := range bounced {
			e.Kind = esa.DoubleBounced
			events = beforeClose(events, e)
		}
		return nil, events, nil
	}
	mid, err := q.Log.NextMID()
	if err != nil {
		return nil, nil, err
	}
	original, err := q.beginning(m.MID)
	if err != nil {
		q.Logger.Error("a bounce message is without the original", "mid", m.MID, "error", err)
	}
	d := notice{m: m, mid: mid, bounced: bounced, host: q.Name, now: now, original: original}
	events = beforeClose(events, esa.Event{Kind: esa.BounceGenerated, Time: now, MID: m.MID, Other: mid})
	return &made{mid: mid, content: d.text(), events: []esa.Event{
		{Kind: esa.MessageStarted, Time: now, MID: mid, Other: m.MID, Source: &esa.Source{Outgoing: true}}, // it goes out from here
		{Kind: esa.SenderGiven, Time: now, MID: mid},
		{Kind: esa.RecipientGiven, Time: now, MID: mid, Address: m.Sender, RIDs: []esa.RID{0}},
		{Kind: esa.MessageQueued, Time: now, MID: mid},
	}}, events, nil
}

// beforeClose adds an event before the end of the connection that it came of.
func beforeClose(events []esa.Event, e esa.Event) []esa.Event {
	at := len(events)
	if events[at-1].Kind == esa.DeliveryClosed {
		at--
	}
	return slices.Insert(events, at, e)
}

// mostOriginal is how much of the original a bounce message has. Source: AsyncOS
// user guide, default bounce profile: 10 KB.
const mostOriginal = 10 << 10

// beginning is a message as received, or as much of it as a bounce message has, up
// to the end of a line.
func (q *Queue) beginning(mid esa.MID) ([]byte, error) {
	r, err := q.Log.Content(mid)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(r, mostOriginal+1))
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("read MID %d: %w", mid, err)
	}
	if len(b) > mostOriginal {
		b = b[:bytes.LastIndexByte(b[:mostOriginal], '\n')+1]
	}
	return b, nil
}
