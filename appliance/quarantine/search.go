package quarantine

import (
	"context"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/cases"

	"esasim/appliance/successor"
	"esasim/esa"
)

// Op is how a text of a search compares, without regard to case. The names are those
// of the quarantine calls of the AsyncOS API.
type Op string

// The operators. Those with Not match what the others do not.
const (
	Contains      Op = "contains"
	Is            Op = "is"
	StartsWith    Op = "begins_with"
	EndsWith      Op = "ends_with"
	NotContains   Op = "does_not_contain"
	IsNot         Op = "does_not_match"
	NotStartsWith Op = "does_not_start_with"
	NotEndsWith   Op = "does_not_end_with"
)

// Text is one text criterion; an empty Value matches all.
type Text struct {
	Op    Op // empty: Contains
	Value string
}

// Match tells whether one of the texts is meant, or for an operator with Not that
// none of them is.
func (t Text) Match(texts ...string) bool {
	if t.Value == "" {
		return true
	}
	want, op, not := folded(t.Value), t.Op, true
	switch t.Op {
	case NotContains:
		op = Contains
	case IsNot:
		op = Is
	case NotStartsWith:
		op = StartsWith
	case NotEndsWith:
		op = EndsWith
	default:
		not = false
	}
	found := slices.ContainsFunc(texts, func(s string) bool { return compare(op, folded(s), want) })
	return found != not
}

// folded takes the case off a text, as message tracking does.
func folded(s string) string {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return cases.Fold().String(s)
		}
	}
	return strings.ToLower(s)
}

func compare(op Op, s, want string) bool {
	switch op {
	case Is:
		return s == want
	case StartsWith:
		return strings.HasPrefix(s, want)
	case EndsWith:
		return strings.HasSuffix(s, want)
	}
	return strings.Contains(s, want)
}

// Known tells whether it is one of the operators.
func (o Op) Known() bool {
	return slices.Contains([]Op{Contains, Is, StartsWith, EndsWith, NotContains, IsNot, NotStartsWith, NotEndsWith}, o)
}

func (t Text) check(key string) error {
	if t.Op != "" && !t.Op.Known() {
		return fmt.Errorf("%s: the operator %.40q %w: want contains, is, begins_with, ends_with, does_not_contain, does_not_match, does_not_start_with or does_not_end_with", key, t.Op, ErrInvalid)
	}
	return nil
}

// Among are held messages that may be left out unasked: all that is set must hold.
type Among struct {
	Quarantines []string // in one of these; none: in any
	Sender      Text     // of the envelope
	Recipient   Text     // any of the envelope
	Subject     Text
	Attachment  Text // any attachment's name
}

// hasTexts is true when messages themselves must be looked at.
func (a *Among) hasTexts() bool {
	return a.Sender.Value+a.Recipient.Value+a.Subject.Value+a.Attachment.Value != ""
}

// Search asks for messages in quarantines. All that is set must hold.
type Search struct {
	Among
	From time.Time // came into the quarantine at or after; zero: any time
	To   time.Time // came before; zero: any time
	// Also is asked of what else must hold; nil: nothing.
	Also func(*Held) bool
	// Sort is by what the matches are ordered: received (when it came into the
	// quarantine; also if empty), exit, sender, from (of the header), recipient (the
	// first), subject or size.
	Sort      string
	Ascending bool // else the latest, or largest, first
	Offset    int
	Limit     int // of the page; 0: DefaultLimit
}

// Bounds of a page of a search.
const (
	DefaultLimit = 20
	MostLimit    = 1000
	// MostOffset bounds what a search holds in memory.
	MostOffset = 100_000
)

// Held is a message in quarantines.
type Held struct {
	Message esa.Message // without its events
	Stays   []Stay      // all of them, whatever was searched for
}

// Recipients are those that the message is held for: none that a split took to
// another one.
func (h *Held) Recipients() []string { return successor.Recipients(&h.Message) }

// From are the addresses of the header's From, alone. One that cannot be read is as it
// stands.
func (h *Held) From() []string {
	field := h.Message.HeaderFrom
	if field == "" {
		return nil
	}
	if list, err := mail.ParseAddressList(field); err == nil {
		var out []string
		for _, a := range list {
			out = append(out, a.Address)
		}
		return out
	}
	if i := strings.LastIndexByte(field, '<'); i >= 0 {
		if address, _, ok := strings.Cut(field[i+1:], ">"); ok && address != "" {
			return []string{address}
		}
	}
	return []string{field}
}

// received is when it came into the first quarantine.
func (h *Held) received() time.Time {
	out := h.Stays[0].Since
	for _, s := range h.Stays {
		if s.Since.Before(out) {
			out = s.Since
		}
	}
	return out
}

// exit is when it leaves the first quarantine by itself.
func (h *Held) exit() time.Time {
	out := h.Stays[0].Until
	for _, s := range h.Stays {
		if s.Until.Before(out) {
			out = s.Until
		}
	}
	return out
}

// Page is a part of what a search found.
type Page struct {
	Total int // of all matches
	Held  []Held
}

// sortKey is by what a message is ordered: a number or a text.
type sortKey struct {
	number int64
	text   string
}

// sortKeys are the orders there are; nil: there is no such order.
func sortKeys(by string) func(*Held) sortKey {
	text := func(of func(*Held) string) func(*Held) sortKey {
		return func(h *Held) sortKey { return sortKey{text: of(h)} }
	}
	switch by {
	case "", "received":
		return func(h *Held) sortKey { return sortKey{number: h.received().UnixNano()} }
	case "exit":
		return func(h *Held) sortKey { return sortKey{number: h.exit().UnixNano()} }
	case "size":
		return func(h *Held) sortKey { return sortKey{number: h.Message.Size} }
	case "sender":
		return text(func(h *Held) string { return h.Message.Sender })
	case "from":
		return text(func(h *Held) string { return slices.Concat(h.From(), []string{""})[0] })
	case "recipient":
		return text(func(h *Held) string { return slices.Concat(h.Recipients(), []string{""})[0] })
	case "subject":
		return text(func(h *Held) string { return h.Message.OwnSubject() })
	}
	return nil
}

// Check says what is wrong with the search.
func (q *Search) Check() error {
	for key, t := range map[string]Text{"sender": q.Sender, "recipient": q.Recipient, "subject": q.Subject, "attachment": q.Attachment} {
		if err := t.check(key); err != nil {
			return err
		}
	}
	switch {
	case sortKeys(q.Sort) == nil:
		return fmt.Errorf("sort: %.40q %w: want received, exit, sender, from, recipient, subject or size", q.Sort, ErrInvalid)
	case q.Offset < 0 || q.Offset > MostOffset:
		return fmt.Errorf("offset: %d %w: want 0 to %d", q.Offset, ErrInvalid, MostOffset)
	case q.Limit < 0 || q.Limit > MostLimit:
		return fmt.Errorf("limit: %d %w: want 1 to %d", q.Limit, ErrInvalid, MostLimit)
	}
	return nil
}

// there tells whether a stay in a quarantine, from a moment on, is meant.
func (q *Search) there(quarantine string, since time.Time) bool {
	return (len(q.Quarantines) == 0 || slices.Contains(q.Quarantines, quarantine)) && !since.Before(q.From) && (q.To.IsZero() || since.Before(q.To))
}

// match tells whether a message is meant.
func (q *Search) match(h *Held) bool {
	if !slices.ContainsFunc(h.Stays, func(s Stay) bool { return q.there(s.Quarantine, s.Since) }) {
		return false
	}
	m := &h.Message
	var files []string
	for _, a := range m.Attachments {
		files = append(files, a.Name)
	}
	return q.Sender.Match(m.Sender) && q.Recipient.Match(h.Recipients()...) && q.Subject.Match(m.OwnSubject()) && q.Attachment.Match(files...) &&
		(q.Also == nil || q.Also(h))
}

// Get is one message in quarantines, with its events. The error is ErrNotHeld if
// it is in none.
func (k *Keeper) Get(ctx context.Context, mid esa.MID) (Held, error) {
	m, err := k.Log.Message(ctx, mid)
	if err != nil {
		return Held{}, err
	}
	h := Held{Message: m, Stays: k.Options.Load().stays(&m)}
	if len(h.Stays) == 0 {
		return Held{}, fmt.Errorf("MID %d: %w", mid, ErrNotHeld)
	}
	return h, nil
}
