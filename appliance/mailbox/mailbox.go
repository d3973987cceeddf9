// Package mailbox is what recipients find in their mailboxes behind the simulated
// hosts, and how something is taken out of one again (mailbox remediation). There
// is no store of mailboxes: what is in one is a function of the log, which knows who
// was delivered to, and of the messages as they were received.
package mailbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"esasim/appliance/delivery"
	"esasim/esa"
	"esasim/tracking"
)

// Log is what mailboxes need of the event log.
type Log interface {
	// Search finds messages, newest first, one page at a time.
	Search(ctx context.Context, q tracking.Query) (tracking.Page, error)
	// Message is one message with all its events; tracking.ErrNotFound.
	Message(ctx context.Context, mid esa.MID) (esa.Message, error)
	// Content is a message as it was received; tracking.ErrNotFound.
	Content(mid esa.MID) (io.ReadCloser, error)
	// Commit adds events and returns when they are safely on disk.
	Commit(events []esa.Event) error
}

// Headers adds what the appliance adds to a message for hosts.
type Headers interface {
	Deliver(m *esa.Message, content io.Reader) io.Reader
}

// Hosts tells which address the simulated host of a domain has. What went to other
// hosts is in mailboxes that nobody here can look into.
type Hosts interface {
	Addr(domain string) netip.Addr
}

// Mailboxes are all there are.
type Mailboxes struct {
	Log     Log
	Headers Headers
	Hosts   Hosts

	removing sync.Mutex // held from the look at a letter to the event that removes it
}

// ErrNone says that a letter is not in the mailbox: it never was, or it was taken
// out.
var ErrNone = errors.New("not in the mailbox")

// ErrGone says that a letter is in the mailbox, but the message is no longer kept.
var ErrGone = errors.New("the message is no longer kept")

// Letter is a message in a mailbox.
type Letter struct {
	Arrived time.Time
	Message esa.Message // as it stood when it arrived
	rids    []esa.RID   // all by which it came to this mailbox
}

// Page is a part of what is in a mailbox.
type Page struct {
	Letters []Letter // newest message first
	Next    esa.MID  // goes on before this one; 0: there is no more
}

// mostSearches bounds what one page costs where most of what is addressed to a
// mailbox is not in it. Then the page is shorter, and Next goes on.
const mostSearches = 10

// List gives what is in the mailbox of an address: at most limit letters (0: as many
// as a page of tracking has), of messages before a MID (0: the newest).
func (b *Mailboxes) List(ctx context.Context, address string, before esa.MID, limit int) (Page, error) {
	if limit <= 0 {
		limit = tracking.DefaultLimit
	}
	out := Page{Next: before}
	for range mostSearches {
		found, err := b.Log.Search(ctx, tracking.Query{Recipient: tracking.Text{Op: tracking.Is, Value: address},
			Events: []tracking.EventMatch{{Kind: esa.RecipientDelivered}}, Before: out.Next, Limit: limit - len(out.Letters)})
		if err != nil {
			return Page{}, fmt.Errorf("mailbox of %.100q: %w", address, err)
		}
		for i := range found.Messages {
			if l, ok := b.letter(&found.Messages[i], address); ok {
				out.Letters = append(out.Letters, l)
			}
		}
		if out.Next = found.Next; out.Next == 0 || len(out.Letters) == limit {
			break
		}
	}
	return out, nil
}

// Letter gives one letter. The error is ErrNone if it is not there.
func (b *Mailboxes) Letter(ctx context.Context, address string, mid esa.MID) (Letter, error) {
	m, err := b.Log.Message(ctx, mid)
	if errors.Is(err, tracking.ErrNotFound) {
		return Letter{}, fmt.Errorf("MID %d: %w of %.100q", mid, ErrNone, address)
	}
	if err != nil {
		return Letter{}, fmt.Errorf("mailbox of %.100q: %w", address, err)
	}
	l, ok := b.letter(&m, address)
	if !ok {
		return Letter{}, fmt.Errorf("MID %d: %w of %.100q", mid, ErrNone, address)
	}
	return l, nil
}

// Holding gives the addresses that a message was delivered to and not taken out of
// again, each once. Of those at hosts that are not simulated nobody can say more.
func (b *Mailboxes) Holding(ctx context.Context, mid esa.MID) ([]string, error) {
	m, err := b.Log.Message(ctx, mid)
	if errors.Is(err, tracking.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("mailboxes with MID %d: %w", mid, err)
	}
	var out []string
	seen := map[string]bool{}
	for _, r := range m.Recipients {
		if address := strings.ToLower(r.Address); r.State == esa.Delivered && !r.Removed && !seen[address] {
			seen[address] = true
			out = append(out, r.Address)
		}
	}
	return out, nil
}

// Open reads a letter as it was delivered; the caller closes it. The error is
// ErrGone if the message is no longer kept.
func (b *Mailboxes) Open(l *Letter) (io.ReadCloser, error) {
	content, err := b.Log.Content(l.Message.MID)
	if errors.Is(err, tracking.ErrNotFound) {
		return nil, fmt.Errorf("MID %d: %w", l.Message.MID, ErrGone)
	}
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{b.Headers.Deliver(&l.Message, content), content}, nil
}

// Remove takes a letter out of the mailbox; why is for the log. The error is ErrNone
// if it is not there.
func (b *Mailboxes) Remove(ctx context.Context, address string, mid esa.MID, why string) error {
	b.removing.Lock()
	defer b.removing.Unlock()
	l, err := b.Letter(ctx, address, mid)
	if err != nil {
		return err
	}
	return b.Log.Commit([]esa.Event{{Kind: esa.MessageRemediated, Time: time.Now(), MID: mid, RIDs: l.rids, Text: "deleted", Name: why}})
}

// letter is a message as it is in the mailbox of an address, if it is.
func (b *Mailboxes) letter(m *esa.Message, address string) (Letter, bool) {
	var l Letter
	for _, r := range m.Recipients {
		if r.State == esa.Delivered && !r.Removed && strings.EqualFold(r.Address, address) {
			l.rids = append(l.rids, r.RID)
		}
	}
	if len(l.rids) == 0 {
		return l, false
	}
	at := slices.IndexFunc(m.Events, func(e esa.Event) bool { return e.Kind == esa.RecipientDelivered && slices.Contains(e.RIDs, l.rids[0]) })
	if at < 0 || !b.simulated(m.Events[:at], m.Events[at].DCID, address) {
		return l, false
	}
	l.Arrived, l.Message = m.Events[at].Time, esa.Fold(m.Events[:at+1])
	l.Message.MID = m.MID
	return l, true
}

// simulated tells whether a delivery connection, which the events tell of, was one
// to the simulated host of an address.
func (b *Mailboxes) simulated(events []esa.Event, dcid esa.DCID, address string) bool {
	host := b.Hosts.Addr(delivery.Domain(address))
	return slices.ContainsFunc(events, func(e esa.Event) bool {
		return e.Kind == esa.DeliveryOpened && e.DCID == dcid && e.Source != nil && e.Source.Remote == host
	})
}
