// Package consolidated writes the Consolidated Event Log: all that is known of a
// message in one line, in the Common Event Format, when it has come to its end.
package consolidated

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"esasim/appliance/logs"
	"esasim/esa"
	"esasim/esa/gather"
)

// Store is asked for what went by before the log was begun to be read.
type Store interface {
	// Message gives a message with its events; the error is gather.ErrGone when it
	// is no longer kept.
	Message(ctx context.Context, mid esa.MID) (esa.Message, error)
	// Connection gives what happened on an injection connection; likewise.
	Connection(ctx context.Context, icid esa.ICID) ([]esa.Event, error)
}

// Log is the content of a subscription of the type consolidated_event.
type Log struct {
	device Device
	in     *time.Location
	store  Store
	open   gather.Messages
	tls    map[esa.ICID]TLS
	out    map[esa.DCID]TLS
}

// maxConnections is of how many connections of each kind it is remembered whether
// they are encrypted. Beyond it all are forgotten, and asked for.
const maxConnections = 20_000

// New is the log of a device, with times in a time zone.
func New(d Device, in *time.Location, s Store) *Log {
	return &Log{device: d, in: in, store: s, tls: map[esa.ICID]TLS{}, out: map[esa.DCID]TLS{}}
}

// Write writes a line for each message that the entries end, and for each that they
// put into a quarantine, which may be its end. A message that was rewritten has
// none: the one it became has.
func (l *Log) Write(ctx context.Context, out *logs.Lines, entries []esa.Entry) error {
	defer l.bound()
	return gather.Each(entries, func(mid esa.MID, events []esa.Event) error {
		if mid == 0 {
			l.connections(events)
			return nil
		}
		return l.message(ctx, out, events)
	})
}

func (l *Log) bound() {
	l.open.Bound()
	if len(l.tls) > maxConnections {
		clear(l.tls)
	}
	if len(l.out) > maxConnections {
		clear(l.out)
	}
}

// Forget lets go of the messages and connections that are remembered.
func (l *Log) Forget() {
	l.open.Forget()
	clear(l.tls)
	clear(l.out)
}

func (l *Log) connections(events []esa.Event) {
	for i := range events {
		switch e := &events[i]; e.Kind {
		case esa.ConnectionOpened:
			l.tls[e.ICID] = TLS{}
		case esa.TLSStarted:
			l.tls[e.ICID] = tlsOf(e)
		case esa.DeliveryTLSStarted:
			l.out[e.DCID] = tlsOf(e)
		}
	}
}

// message takes events of one message, and writes its line if they end it.
func (l *Log) message(ctx context.Context, out *logs.Lines, events []esa.Event) error {
	l.open.Add(events)
	for i := range events {
		if noTLS(&events[i]) {
			l.out[events[i].DCID] = TLS{Failed: true}
		}
	}
	held, ends := came(events)
	if !held && !ends {
		return nil
	}
	mid, last := events[0].MID, &events[len(events)-1]
	m, err := l.open.Of(ctx, mid, l.store)
	if ends {
		l.open.Done(mid)
	}
	if errors.Is(err, gather.ErrGone) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("consolidated event of MID %d: %w", mid, err)
	}
	upTo(&m, last)
	if m.State == esa.Replaced || !ends && m.State != esa.Quarantined {
		return nil
	}
	in, err := l.secure(ctx, &m)
	if err != nil {
		return fmt.Errorf("consolidated event of MID %d: %w", mid, err)
	}
	out.Begin(last.Time, logs.Info)
	out.Buf = l.device.Append(out.Buf, &m, Ways{In: in, Out: l.outOf(&m)}, l.in)
	out.End()
	return nil
}

// came tells whether events put a message into a quarantine, and whether they end
// it.
func came(events []esa.Event) (held, ends bool) {
	for i := range events {
		held = held || events[i].Kind == esa.MessageQuarantined
		ends = ends || events[i].Kind == esa.MessageFinished
	}
	return held, ends
}

// upTo makes a message that was asked for, and may have gone on since, what it was
// after an event. One that was held has no events, and is that already.
func upTo(m *esa.Message, last *esa.Event) {
	for i := len(m.Events) - 1; i >= 0; i-- {
		e := &m.Events[i]
		if e.Kind == last.Kind && e.Time.UnixMilli() == last.Time.UnixMilli() && e.Engine == last.Engine && e.Name == last.Name {
			mid := m.MID
			*m = esa.Fold(m.Events[:i+1])
			m.MID = mid
			return
		}
	}
}

// outOf is the encryption of the last connection that a message went out by. That
// began with this message or with one before it; the log may have been read from
// between the two, and then it is not known.
func (l *Log) outOf(m *esa.Message) TLS {
	known, ok := l.out[m.DCID]
	for i := 0; i < len(m.Events) && !ok; i++ { // it was asked for: the log was begun to be read later
		switch e := &m.Events[i]; {
		case e.DCID != m.DCID:
		case e.Kind == esa.DeliveryTLSStarted:
			known = tlsOf(e)
		case noTLS(e):
			known = TLS{Failed: true}
		}
	}
	return known
}

// noTLS tells whether a delivery connection goes on without the TLS that was tried.
func noTLS(e *esa.Event) bool {
	return e.Kind == esa.DeliveryTrouble && strings.HasPrefix(e.Text, "DCID "+e.DCID.String()+" TLS failed: ")
}

// secure is the encryption of the connection that a message came by: the message
// says it itself, or it is that of the connection. That of one is told before its
// first message is, so what the store says of it now it said then.
func (l *Log) secure(ctx context.Context, m *esa.Message) (TLS, error) {
	if protocol, cipher, ok := strings.Cut(m.TLS, " "); ok {
		return TLS{Protocol: protocol, Cipher: cipher}, nil
	}
	icid := m.ICID
	known, ok := l.tls[icid]
	if ok || icid == 0 {
		return known, nil
	}
	events, err := l.store.Connection(ctx, icid)
	if err != nil && !errors.Is(err, gather.ErrGone) {
		return TLS{}, err
	}
	for i := range events {
		if events[i].Kind == esa.TLSStarted {
			known = tlsOf(&events[i])
		}
	}
	l.tls[icid] = known
	return known, nil
}

func tlsOf(e *esa.Event) TLS { return TLS{Protocol: e.Name, Cipher: e.Text} }
