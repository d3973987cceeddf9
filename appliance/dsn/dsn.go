// Package dsn makes bounce messages: messages that tell a sender which recipients
// his message did not reach, and why. Delivery makes them for what hosts refuse,
// the work queue for what a filter or an engine bounces.
package dsn

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"esasim/esa"
)

// NoAnswer is the code, in the place of a reply's, of what no host answered.
const NoAnswer = "000"

// MostOriginal is how many octets of the original a bounce message has. Source:
// AsyncOS user guide, default bounce profile: 10 KB.
const MostOriginal = 10 << 10

// Log is what the making of bounce messages needs of the event log.
type Log interface {
	NextMID() (esa.MID, error)
	// Content gives a message as it was received.
	Content(mid esa.MID) (io.ReadCloser, error)
}

// Maker makes bounce messages.
type Maker struct {
	Log    Log
	Host   string // the appliance's name
	Logger *slog.Logger
}

// Message is a bounce message that is not in the log yet. Its events and its
// content go there in one step with those of the message that bounced.
type Message struct {
	MID     esa.MID
	Events  []esa.Event // from its start to its place in the delivery queue
	Content []byte
}

// Bounce makes the bounce message for the recipients of m that events say are
// bounced; those are of the kinds RecipientBounced and MessageBounced. It also gives
// the events that say so of m. Who has no sender to be told has double bounced:
// then there is no message, and the events say that.
func (k *Maker) Bounce(m *esa.Message, bounced []esa.Event, now time.Time) (*Message, []esa.Event, error) {
	if m.Sender == "" {
		return nil, doubled(m, bounced), nil
	}
	mid, err := k.Log.NextMID()
	if err != nil {
		return nil, nil, fmt.Errorf("bounce MID %d: %w", m.MID, err)
	}
	original, err := k.beginning(m.MID)
	if err != nil {
		k.Logger.Error("a bounce message is without the original", "mid", m.MID, "error", err)
	}
	n := notice{m: m, mid: mid, bounced: bounced, host: k.Host, now: now, original: original}
	text := n.text()
	return &Message{MID: mid, Content: text, Events: []esa.Event{
		{Kind: esa.MessageStarted, Time: now, MID: mid, Other: m.MID, Source: &esa.Source{Outgoing: true}}, // it goes out from here
		{Kind: esa.SenderGiven, Time: now, MID: mid},
		{Kind: esa.RecipientGiven, Time: now, MID: mid, Address: m.Sender, RIDs: []esa.RID{0}},
		{Kind: esa.MessageQueued, Time: now, MID: mid, Size: int64(len(text))},
	}}, []esa.Event{{Kind: esa.BounceGenerated, Time: now, MID: m.MID, Other: mid}}, nil
}

// doubled says of each bounce that nobody is told of it. What a stage bounced has no
// answer of a host.
func doubled(m *esa.Message, bounced []esa.Event) []esa.Event {
	out := make([]esa.Event, len(bounced))
	for i, e := range bounced {
		if e.Kind == esa.MessageBounced {
			e.Text = ""
		}
		if e.Kind, e.Engine = esa.DoubleBounced, esa.NoEngine; e.RIDs == nil {
			for _, r := range m.Recipients {
				if r.State != esa.Replaced {
					e.RIDs = append(e.RIDs, r.RID)
				}
			}
		}
		out[i] = e
	}
	return out
}

// beginning is a message as received, or as much of it as a bounce message has, up
// to the end of a line.
func (k *Maker) beginning(mid esa.MID) ([]byte, error) {
	r, err := k.Log.Content(mid)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(r, MostOriginal+1))
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("read MID %d: %w", mid, err)
	}
	if len(b) > MostOriginal {
		b = b[:bytes.LastIndexByte(b[:MostOriginal], '\n')+1]
	}
	return b, nil
}
