package cloudlink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"esasim/esa"
)

const (
	cursorName = "cloudlink"
	// A batch ends with whichever comes first; both are half of what the cloud
	// takes (docs/wire.md).
	batchSightings = 500
	batchBytes     = 4 << 20
	// pace is the shortest time between two looks at the log. Under load it
	// makes a batch of what would be many requests, each with a sync of its own
	// in the cloud; a lone message is told at once.
	pace = 20 * time.Millisecond
)

// batch is what goes to the cloud in one request.
type batch struct {
	mids  []esa.MID
	docs  []json.RawMessage
	bytes int
}

// push tells the cloud of every message that came to rest, in the order of the
// log, until ctx ends.
func (l *Link) push(ctx context.Context, reg Registration) error {
	seq, _, err := l.o.Log.Cursor(cursorName)
	if err != nil {
		return err
	}
	r := l.o.Follow(seq)
	for next := time.Now(); ; next = time.Now().Add(pace) {
		if wait := time.Until(next); wait > 0 && !sleep(ctx, wait) {
			return nil
		}
		entries, err := r.Next(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("push sightings: %w", err)
		}
		if err := l.tell(ctx, reg, rested(entries)); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("push sightings: %w", err)
		}
		last := entries[len(entries)-1].Seq
		if err := l.o.Log.SetCursor(cursorName, last, nil); err != nil {
			return err
		}
		l.update(func(s *Status) { s.Seq = last })
	}
}

// rested lists the messages that came to rest, or changed at rest, in these
// entries; each once, because its sighting tells how it stands now.
func rested(entries []esa.Entry) []esa.MID {
	var out []esa.MID
	seen := map[esa.MID]bool{}
	for i := range entries {
		for j := range entries[i].Events {
			e := &entries[i].Events[j]
			switch e.Kind {
			case esa.RecipientDelivered, esa.RecipientDelayed, esa.RecipientBounced, esa.MessageDropped:
				if !seen[e.MID] {
					seen[e.MID] = true
					out = append(out, e.MID)
				}
			}
		}
	}
	return out
}

// tell pushes the sightings of the messages, in as many batches as it takes. A
// sighting says how its message stands now: that may be an event ahead of what
// is synced, but its MID is safe, and should a crash take the event, the next
// one replaces the sighting.
func (l *Link) tell(ctx context.Context, reg Registration, mids []esa.MID) error {
	var b batch
	for _, mid := range mids {
		m, err := l.o.Log.Message(ctx, mid)
		if err != nil {
			return err
		}
		if !m.State.AtRest() {
			continue // it is on its way again; the next rest is another entry
		}
		doc, err := json.Marshal(l.sightings.of(&m))
		if err != nil {
			return fmt.Errorf("sighting of MID %d: %w", mid, err)
		}
		if len(b.docs) == batchSightings || len(b.docs) > 0 && b.bytes+len(doc) > batchBytes {
			if err := l.send(ctx, reg, b); err != nil {
				return err
			}
			b = batch{}
		}
		b.mids, b.docs, b.bytes = append(b.mids, mid), append(b.docs, doc), b.bytes+len(doc)
	}
	if len(b.docs) == 0 {
		return nil
	}
	return l.send(ctx, reg, b)
}

// send pushes one batch. One that is refused as a whole is sent again one by
// one, so that a bad sighting never takes others with it, nor stops the link.
func (l *Link) send(ctx context.Context, reg Registration, b batch) error {
	var ans sightingsResponse
	err := l.retry(ctx, func() error {
		ans = sightingsResponse{}
		return l.do(ctx, call{
			method: http.MethodPost, url: reg.device() + "/sightings", credential: reg.Credential,
			body: b.request(), answer: &ans,
		})
	})
	if errors.Is(err, ErrRefused) {
		return l.sendEach(ctx, reg, b, err)
	}
	if err != nil {
		return err
	}
	for _, r := range ans.Refused {
		l.o.Logger.Error("sighting refused", "external_id", r.ExternalID, "reason", r.Reason)
	}
	l.update(func(s *Status) { s.Pushed += uint64(ans.Taken); s.Refused += uint64(len(ans.Refused)) })
	return nil
}

// request is the body of sightingsRequest, put together by hand: the encoder
// would read through every sighting a second time.
func (b batch) request() json.RawMessage {
	out := make([]byte, 0, b.bytes+len(b.docs)+32)
	out = append(out, `{"sightings":[`...)
	for i, doc := range b.docs {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, doc...)
	}
	return append(out, "]}"...)
}

func (l *Link) sendEach(ctx context.Context, reg Registration, b batch, cause error) error {
	if len(b.docs) == 1 {
		l.o.Logger.Error("sighting refused", "mid", b.mids[0], "reason", cause)
		l.update(func(s *Status) { s.Refused++ })
		return nil
	}
	for i := range b.docs {
		if err := l.send(ctx, reg, batch{mids: b.mids[i : i+1], docs: b.docs[i : i+1]}); err != nil {
			return err
		}
	}
	return nil
}
