package cloudlink

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"esasim/cloud/ctim"
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
	seq, err := l.told(reg)
	if err != nil {
		return err
	}
	l.setSeq(reg, seq)
	r, g := l.o.Follow(seq), newGather(l.o.Log)
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
		last := entries[len(entries)-1].Seq
		if err := l.o.Log.SetCursor(cursorName, last, []byte(reg.DeviceID)); err != nil {
			return err
		}
		l.setSeq(reg, last)
	}
}

// told is the last entry that the cloud knows of. The cursor's note names the
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
	var b batch
	for i := range messages {
		m := &messages[i]
		doc, err := encode(l.sightings.of(m))
		if err != nil {
			return fmt.Errorf("sighting of MID %d: %w", m.MID, err)
		}
		if len(b.docs) == batchSightings || len(b.docs) > 0 && b.bytes+len(doc) > batchBytes {
			if err := l.send(ctx, reg, b); err != nil {
				return err
			}
			b = batch{}
		}
		b.mids, b.docs, b.bytes = append(b.mids, m.MID), append(b.docs, doc), b.bytes+len(doc)
	}
	if len(b.docs) == 0 {
		return nil
	}
	return l.send(ctx, reg, b)
}

// encode writes a sighting. Without the escapes for HTML, which would make six
// bytes of an ampersand.
func encode(s ctim.Sighting) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(s)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

// send pushes one batch. One that is refused as a whole is sent again one by
// one, so that a bad sighting never takes others with it, nor stops the link.
func (l *Link) send(ctx context.Context, reg Registration, b batch) error {
	var ans sightingsResponse
	err := l.retry(ctx, func() error {
		ans = sightingsResponse{}
		return l.do(ctx, call{
			method: http.MethodPost, url: reg.device() + "/sightings", credential: reg.Credential,
			body: b.request(), pack: true, answer: &ans,
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
