package tracking

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"esasim/esa"
)

// Op is how a text criterion compares, always without regard to case.
type Op uint8

const (
	BeginsWith Op = iota // the default of the search form
	Is
	Contains
)

// ParseOp reads the operator's name in the tracking API: begins_with, is,
// contains.
func ParseOp(s string) (Op, error) {
	for op, name := range opNames {
		if s == name {
			return Op(op), nil
		}
	}
	return 0, fmt.Errorf("operator %q: want begins_with, is or contains", s)
}

func (o Op) String() string { return opNames[o] }

var opNames = [...]string{"begins_with", "is", "contains"}

// Text is one text criterion. An empty Value matches everything.
type Text struct {
	Op    Op
	Value string
}

// Query is a search of messages. All criteria that are set must hold; the zero
// Query finds everything. Answers come newest first.
type Query struct {
	Sender     Text           // envelope sender
	Recipient  Text           // any envelope recipient
	Subject    Text           // decoded
	Attachment Text           // any attachment's name
	SHA256     string         // of any attachment, hexadecimal
	MessageID  string         // Message-ID header, with or without angle brackets
	MID        esa.MID        // 0: any
	ICID       esa.ICID       // 0: any
	SenderIP   netip.Prefix   // an address is a prefix of full length; invalid: any
	Direction  *esa.Direction // nil: any
	From       time.Time      // received at or after; zero: from the beginning
	To         time.Time      // received before; zero: until now

	Before esa.MID // only MIDs below this one: the cursor of the next page; 0: from the newest
	Limit  int     // rows at most; 0: DefaultLimit
}

// DefaultLimit is the page length when a query names none (the search form's
// "Items per page 20").
const DefaultLimit = 20

// Page is one page of answers.
type Page struct {
	Messages []esa.Message // newest first
	Next     esa.MID       // Query.Before of the next page; 0: this was the last
}

// String prints the query for logs and error messages: the criteria that are
// set, separated by blanks.
func (q Query) String() string {
	var b strings.Builder
	put := func(name, value string) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(name + "=" + value)
	}
	text := func(name string, t Text) {
		if t.Value != "" {
			put(name, t.Op.String()+":"+strconv.Quote(t.Value))
		}
	}
	text("sender", q.Sender)
	text("recipient", q.Recipient)
	text("subject", q.Subject)
	text("attachment", q.Attachment)
	for _, p := range q.plain() {
		if p.value != "" {
			put(p.name, p.value)
		}
	}
	return b.String()
}

type named struct{ name, value string }

// plain lists the criteria that are not texts with an operator, printed.
func (q Query) plain() []named {
	out := []named{{"sha256", q.SHA256}}
	if q.MessageID != "" {
		out = append(out, named{"message-id", strconv.Quote(q.MessageID)})
	}
	if q.SenderIP.IsValid() {
		out = append(out, named{"sender-ip", q.SenderIP.String()})
	}
	if q.Direction != nil {
		out = append(out, named{"direction", q.Direction.String()})
	}
	number := func(name string, n uint64) {
		if n != 0 {
			out = append(out, named{name, strconv.FormatUint(n, 10)})
		}
	}
	moment := func(name string, t time.Time) {
		if !t.IsZero() {
			out = append(out, named{name, t.UTC().Format(time.RFC3339)})
		}
	}
	number("mid", uint64(q.MID))
	number("icid", uint64(q.ICID))
	moment("from", q.From)
	moment("to", q.To)
	number("before", uint64(q.Before))
	number("limit", uint64(max(q.Limit, 0)))
	return out
}
