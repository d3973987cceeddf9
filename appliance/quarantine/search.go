package quarantine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

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

// match tells whether one of the texts is meant, or for an operator with Not that
// none of them is.
func (t Text) match(texts ...string) bool {
	if t.Value == "" {
		return true
	}
	want, op, not := strings.ToLower(t.Value), t.Op, true
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
	found := slices.ContainsFunc(texts, func(s string) bool { return compare(op, strings.ToLower(s), want) })
	return found != not
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

// Search asks for messages in quarantines. All that is set must hold.
type Search struct {
	Quarantines []string // in one of these; none: in any
	Sender      Text     // of the envelope
	Recipient   Text     // any of the envelope
	Subject     Text
	Attachment  Text      // any attachment's name
	From        time.Time // came into the quarantine at or after; zero: any time
	To          time.Time // came before; zero: any time
	// Sort is by what the matches are ordered: received (when it came into the
	// quarantine; also if empty), exit, sender, subject or size.
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
	MostOffset = 10000
)

// Held is a message in quarantines.
type Held struct {
	Message esa.Message // without its events
	Stays   []Stay      // all of them, whatever was searched for
}

// Recipients are those that the message is held for: none that a split took to
// another one.
func (h *Held) Recipients() []string { return successor.Recipients(&h.Message) }

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

// orders are by what matches can be sorted.
func orders(by string) func(a, b *Held) int {
	switch by {
	case "", "received":
		return func(a, b *Held) int { return a.received().Compare(b.received()) }
	case "exit":
		return func(a, b *Held) int { return a.exit().Compare(b.exit()) }
	case "sender":
		return func(a, b *Held) int { return strings.Compare(a.Message.Sender, b.Message.Sender) }
	case "subject":
		return func(a, b *Held) int { return strings.Compare(a.Message.Subject, b.Message.Subject) }
	case "size":
		return func(a, b *Held) int { return cmp.Compare(a.Message.Size, b.Message.Size) }
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
	case orders(q.Sort) == nil:
		return fmt.Errorf("sort: %.40q %w: want received, exit, sender, subject or size", q.Sort, ErrInvalid)
	case q.Offset < 0 || q.Offset > MostOffset:
		return fmt.Errorf("offset: %d %w: want 0 to %d", q.Offset, ErrInvalid, MostOffset)
	case q.Limit < 0 || q.Limit > MostLimit:
		return fmt.Errorf("limit: %d %w: want 1 to %d", q.Limit, ErrInvalid, MostLimit)
	}
	return nil
}

// match tells whether a message is meant.
func (q *Search) match(h *Held) bool {
	there := func(s Stay) bool {
		return (len(q.Quarantines) == 0 || slices.Contains(q.Quarantines, s.Quarantine)) && !s.Since.Before(q.From) && (q.To.IsZero() || s.Since.Before(q.To))
	}
	if !slices.ContainsFunc(h.Stays, there) {
		return false
	}
	m := &h.Message
	var files []string
	for _, a := range m.Attachments {
		files = append(files, a.Name)
	}
	return q.Sender.match(m.Sender) && q.Recipient.match(h.Recipients()...) && q.Subject.match(m.Subject) && q.Attachment.match(files...)
}

// Search finds messages in quarantines. It looks at all that are held. The error
// is ErrInvalid or ErrUnknown for a search that cannot be made.
func (k *Keeper) Search(ctx context.Context, q Search) (Page, error) {
	o := k.Options.Load()
	if err := q.Check(); err != nil {
		return Page{}, err
	}
	for _, name := range q.Quarantines {
		if !slices.ContainsFunc(k.List(), func(s Status) bool { return s.Name == name }) {
			return Page{}, fmt.Errorf("%.120q: %w", name, ErrUnknown)
		}
	}
	found := top{order: q.order(), most: q.Offset + cmp.Or(q.Limit, DefaultLimit)}
	err := k.Log.Held(ctx, q.Quarantines, func(m *esa.Message) error {
		h := Held{Message: *m, Stays: o.stays(m)}
		if h.Message.Events = nil; q.match(&h) {
			found.add(h)
		}
		return nil
	})
	if err != nil {
		return Page{}, fmt.Errorf("search quarantines: %w", err)
	}
	return Page{Total: found.total, Held: found.rows()[min(q.Offset, len(found.list)):]}, nil
}

// order is the order of matches; those that are equal in it come by their MID.
func (q *Search) order() func(a, b Held) int {
	by, sign := orders(q.Sort), -1
	if q.Ascending {
		sign = 1
	}
	return func(a, b Held) int {
		return sign * cmp.Or(by(&a, &b), cmp.Compare(a.Message.MID, b.Message.MID))
	}
}

// top keeps the first of what it is given, in an order.
type top struct {
	order func(a, b Held) int
	most  int
	total int
	list  []Held // at most twice as many
}

func (t *top) add(h Held) {
	t.total++
	if t.list = append(t.list, h); len(t.list) >= 2*t.most {
		t.rows()
	}
}

// rows are the first ones, in order.
func (t *top) rows() []Held {
	slices.SortFunc(t.list, t.order)
	if len(t.list) > t.most {
		clear(t.list[t.most:])
		t.list = t.list[:t.most]
	}
	return t.list
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
