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
	sightingBytes  = 3 << 10 // most take less
	// pace is the shortest time between two looks at the log. Under load it
	// makes a batch of what would be many requests, each with a sync of its own
	// in the cloud; a lone message is told at once.
	pace = 20 * time.Millisecond
)

// batch is what goes to the cloud in one request.
type batch struct {
	mids []esa.MID
	ends []int  // where the sighting of each ends in the body
	body []byte // sightingsRequest as it goes over the wire, but for its end
}

const bodyBegin, bodyEnd = `{"sightings":[`, `]}`

// full is true when a sighting of so many bytes belongs into the next batch.
func (b *batch) full(more int) bool {
	return len(b.mids) == batchSightings || len(b.mids) > 0 && len(b.body)+more > batchBytes
}

func (b *batch) add(mid esa.MID, doc []byte) {
	if len(b.mids) == 0 {
		b.body = append(b.body, bodyBegin...)
	} else {
		b.body = append(b.body, ',')
	}
	b.body = append(b.body, doc...)
	b.mids, b.ends = append(b.mids, mid), append(b.ends, len(b.body))
}

// one is the batch of the i-th sighting alone.
func (b *batch) one(i int) batch {
	from := len(bodyBegin)
	if i > 0 {
		from = b.ends[i-1] + len(",")
	}
	var one batch
	one.add(b.mids[i], b.body[from:b.ends[i]])
	return one
}

// push tells the cloud of every message that came to rest, in the order of the
// log, until ctx ends. What the log no longer has is lost to a device that had
// begun; for a new one the log begins with what is kept.
func (l *Link) push(ctx context.Context, reg Registration) error {
	seq, err := l.told(reg)
	if err != nil {
		return err
	}
	// The cursor holds the log from here on, until the cloud has taken what follows:
	// the reader alone would let go of what it has handed out.
	if err := l.move(reg, seq); err != nil {
		return err
	}
	r, g, begun := l.o.Follow(seq), newGather(l.o.Log), seq > 0
	for next := time.Now(); ; next = time.Now().Add(pace) {
		if wait := time.Until(next); wait > 0 && !sleep(ctx, wait) {
			return nil
		}
		entries, err := r.Next(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if lost := (*esa.Overtaken)(nil); errors.As(err, &lost) {
			// What is held of messages may lack events now.
			g = newGather(l.o.Log)
			if begun {
				l.o.Logger.Warn("the event log was cut off before the cloud was told of it", "events", lost.Events, "region", reg.Region)
				l.update(func(s *Status) { s.Lost += lost.Events })
			}
			begun, seq = true, seq+lost.Events
			if err := l.move(reg, seq); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("push sightings: %w", err)
		}
		messages, err := g.take(ctx, entries)
		if err == nil {
			err = l.tell(ctx, reg, messages)
		}
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("push sightings: %w", err)
		}
		begun, seq = true, entries[len(entries)-1].Seq
		if err := l.move(reg, seq); err != nil {
			return err
		}
	}
}

// move notes that the cloud has been told the log up to an event, or never will
// be.
func (l *Link) move(reg Registration, seq uint64) error {
	if err := l.o.Log.SetCursor(cursorName, seq, []byte(reg.DeviceID)); err != nil {
		return err
	}
	l.setSeq(reg, seq)
	return nil
}

// told is the last event that the cloud knows of. The cursor's note names the
// device that it belongs to: the cloud knows nothing yet of another one, so
// that is told the log from its beginning. Nobody has to reset the cursor, and
// an old device's push can do no harm, however late it comes.
func (l *Link) told(reg Registration) (uint64, error) {
	seq, device, err := l.o.Log.Cursor(cursorName)
	if err != nil || string(device) != reg.DeviceID {
		return 0, err
	}
	return seq, nil
}

func (l *Link) setSeq(reg Registration, seq uint64) {
	l.update(func(s *Status) {
		if s.DeviceID == reg.DeviceID {
			s.Seq = seq
		}
	})
}

// tell pushes the sightings of the messages, in as many batches as it takes.
func (l *Link) tell(ctx context.Context, reg Registration, messages []esa.Message) error {
	room := min(len(messages), batchSightings) * sightingBytes
	b, doc := batch{body: make([]byte, 0, room)}, []byte(nil)
	for i := range messages {
		m := &messages[i]
		s := l.sightings.of(m)
		doc = s.Append(doc[:0])
		if b.full(len(doc)) {
			if err := l.send(ctx, reg, b); err != nil {
				return err
			}
			b = batch{body: make([]byte, 0, room)}
		}
		b.add(m.MID, doc)
	}
	if len(b.mids) == 0 {
		return nil
	}
	return l.send(ctx, reg, b)
}

// send pushes one batch. One that is refused as a whole is sent again one by
// one, so that a bad sighting never takes others with it, nor stops the link.
func (l *Link) send(ctx context.Context, reg Registration, b batch) error {
	var ans sightingsResponse
	body := json.RawMessage(append(b.body, bodyEnd...))
	err := l.retry(ctx, func() error {
		ans = sightingsResponse{}
		return l.do(ctx, call{
			method: http.MethodPost, url: reg.device() + "/sightings", credential: reg.Credential,
			body: body, pack: true, answer: &ans,
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

func (l *Link) sendEach(ctx context.Context, reg Registration, b batch, cause error) error {
	if len(b.mids) == 1 {
		l.o.Logger.Error("sighting refused", "mid", b.mids[0], "reason", cause)
		l.update(func(s *Status) { s.Refused++ })
		return nil
	}
	for i := range b.mids {
		if err := l.send(ctx, reg, b.one(i)); err != nil {
			return err
		}
	}
	return nil
}
