package tracking

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"esasim/esa"
	"esasim/tracking/segment"
)

// Op is how a text criterion compares, always without regard to case.
type Op uint8

const (
	BeginsWith Op = iota // the default of the search form
	Is
	Contains
	Empty // the text is empty or absent ("Is Empty" of the search form's subject)
)

// ParseOp reads the operator's name in the tracking API: begins_with, is,
// contains; is_empty is named in their style (inferred: the form alone has it).
func ParseOp(s string) (Op, error) {
	op, err := lookUp(opNames[:], s)
	if err != nil {
		return 0, fmt.Errorf("operator %w", err)
	}
	return Op(op), nil
}

func (o Op) String() string { return nameOf(opNames[:], o) }

// Text is one text criterion. An empty Value matches everything, except with the
// operator Empty, which takes no other.
type Text struct {
	Op    Op
	Value string
}

// Query is a search of messages. All criteria that are set must hold; the zero
// Query finds everything. Answers come newest first. Its text, made by String
// and read by ParseQuery, is described in docs/query.md. Source of the criteria:
// AsyncOS API, GET /message-tracking/messages.
type Query struct {
	Sender     Text           // envelope sender
	Recipient  Text           // any envelope recipient
	Subject    Text           // decoded
	Attachment Text           // any attachment's name
	ReplyTo    Text           // Reply-To header
	Domain     Text           // of the envelope sender: what follows its last @
	Host       Text           // the sending host's name by reverse DNS
	SHA256     string         // of any attachment, hexadecimal
	MessageID  string         // Message-ID header, with or without angle brackets
	MID        esa.MID        // 0: any
	ICID       esa.ICID       // 0: any
	SenderIP   netip.Prefix   // an address is a prefix of full length; invalid: any
	Direction  *esa.Direction // nil: any
	Group      string         // the sender group's name, without regard to case
	Country    string         // of the sending host's address, without regard to case
	Policy     string         // the mail policy's name, without regard to case
	From       time.Time      // received at or after; zero: from the beginning
	To         time.Time      // received before; zero: until now

	// Of these five lists at least one line must hold, unless all are empty
	// ("message events" of the search form, which are OR-ed among themselves).
	States    []esa.State  // its state now
	Held      []string     // a quarantine that holds it now, without regard to case
	Events    []EventMatch // something that happened to it
	Countries []string     // of the sending host's address, without regard to case
	Scores    []int        // of the sending host: its IP reputation without what follows the point

	Before  esa.MID       // only MIDs below this one: the cursor of the next page; 0: from the newest
	Limit   int           // rows at most; 0: DefaultLimit, more than MaxLimit: MaxLimit
	Timeout time.Duration // how long a search may take; 0: DefaultTimeout

	// Want says what is read of the messages that are found, for those who need not
	// all of it: their events, and what is folded of them, lack the rest. nil: all.
	// It is no part of the text. Of some messages all may be read nevertheless.
	Want *Want
}

// Want is what is read of a message.
type Want = segment.Want

// EventMatch is an event of the given kind whose engine, verdict and name are
// the given ones, where these are set. The name compares without regard to case:
// of the virus, the filter, the quarantine.
type EventMatch struct {
	Kind    esa.Kind
	Engine  esa.Engine  // NoEngine: any
	Verdict esa.Verdict // NotEvaluated: any
	Name    string      // "": any
}

const (
	// DefaultLimit is the page length when a query names none (the search
	// form's "Items per page 20").
	DefaultLimit = 20
	// MaxLimit is the longest page: the most "Max. Results Returned" the search
	// form offers.
	MaxLimit = 1000
	// DefaultTimeout is how long a search may take when the query does not say.
	// The product's search form offers 1 to 10 minutes as "Query Timeout"; ours
	// is shorter, because who waits here is a test.
	DefaultTimeout = 10 * time.Second
)

// String prints the query, for people, logs and ParseQuery: the criteria that are
// set, separated by blanks. A query that Check refuses is printed as well as can
// be.
func (q Query) String() string {
	var out []string
	for _, c := range criteria {
		if v := c.print(&q); v != "" {
			out = append(out, c.name+"="+v)
		}
	}
	return strings.Join(out, " ")
}

// Check tells what is wrong with the query, if anything: a value that no message
// could have, or a text longer than ParseQuery reads. A search that merely finds
// nothing is not wrong.
func (q Query) Check() error {
	if name, err := q.wrong(); err != nil {
		return fmt.Errorf("query: %s: %w", name, err)
	}
	if n := len(q.String()); n > maxQuery {
		return fmt.Errorf("query: %d bytes as text, want at most %d", n, maxQuery)
	}
	return nil
}

// wrong names the first criterion that is wrong, and says how.
func (q *Query) wrong() (name string, err error) {
	for _, c := range criteria {
		if err := c.check(q); err != nil {
			return c.name, err
		}
	}
	if !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		return "to", errors.New("want a moment after from")
	}
	return "", nil
}

// A criterion is one field of Query in the language.
type criterion struct {
	name  string
	list  bool                             // may be given again
	print func(*Query) string              // what follows name=; "" if it is not set
	parse func(*queryParser, *Query) error // reads that
	check func(*Query) error
}

// criteria are all of them, in the order in which they are printed.
var criteria = []criterion{
	one("sender", func(q *Query) *Text { return &q.Sender }, Text.print, (*queryParser).operand, Text.check),
	one("domain", func(q *Query) *Text { return &q.Domain }, Text.print, (*queryParser).operand, Text.check),
	one("recipient", func(q *Query) *Text { return &q.Recipient }, Text.print, (*queryParser).operand, Text.check),
	one("subject", func(q *Query) *Text { return &q.Subject }, Text.print, (*queryParser).operand, Text.check),
	one("attachment", func(q *Query) *Text { return &q.Attachment }, Text.print, (*queryParser).operand, Text.check),
	one("reply-to", func(q *Query) *Text { return &q.ReplyTo }, Text.print, (*queryParser).operand, Text.check),
	one("host", func(q *Query) *Text { return &q.Host }, Text.print, (*queryParser).operand, Text.check),
	one("sha256", func(q *Query) *string { return &q.SHA256 }, printSHA256, word(asIs), checkSHA256),
	one("message-id", func(q *Query) *string { return &q.MessageID }, quote, word(asIs), checkMessageID),
	one("sender-ip", func(q *Query) *netip.Prefix { return &q.SenderIP }, printPrefix, word(parsePrefix), checkPrefix),
	one("direction", func(q *Query) **esa.Direction { return &q.Direction }, printDirection, word(parseDirection), checkDirection),
	one("mid", func(q *Query) *esa.MID { return &q.MID }, printNumber, word(parseNumber[esa.MID]), fine),
	one("icid", func(q *Query) *esa.ICID { return &q.ICID }, printNumber, word(parseNumber[esa.ICID]), fine),
	one("group", func(q *Query) *string { return &q.Group }, quote, word(asIs), fine),
	one("country", func(q *Query) *string { return &q.Country }, quote, word(asIs), fine),
	one("policy", func(q *Query) *string { return &q.Policy }, quote, word(asIs), fine),
	one("from", func(q *Query) *time.Time { return &q.From }, printTime, word(parseTime), checkTime),
	one("to", func(q *Query) *time.Time { return &q.To }, printTime, word(parseTime), checkTime),
	many("state", func(q *Query) *[]esa.State { return &q.States }, printState, parseState, checkState),
	many("held", func(q *Query) *[]string { return &q.Held }, strconv.Quote, (*queryParser).item, checkHeld),
	many("event", func(q *Query) *[]EventMatch { return &q.Events }, EventMatch.String, (*queryParser).event, EventMatch.check),
	many("any-country", func(q *Query) *[]string { return &q.Countries }, strconv.Quote, (*queryParser).item, checkCountry),
	many("any-score", func(q *Query) *[]int { return &q.Scores }, strconv.Itoa, (*queryParser).score, checkScore),
	one("before", func(q *Query) *esa.MID { return &q.Before }, printNumber, word(parseNumber[esa.MID]), fine),
	one("limit", func(q *Query) *int { return &q.Limit }, printNumber, word(parseLimit), notNegative),
	one("timeout", func(q *Query) *time.Duration { return &q.Timeout }, printTimeout, word(parseTimeout), notNegative),
}

// one makes the criterion of a field. It is not set when it prints as "".
func one[T any](name string, of func(*Query) *T, print func(T) string, parse func(*queryParser) (T, error), check func(T) error) criterion {
	return criterion{name: name,
		print: func(q *Query) string { return print(*of(q)) },
		parse: func(p *queryParser, q *Query) error {
			v, err := parse(p)
			if err == nil && print(v) == "" {
				err = errors.New("want a value: leave it out for this one")
			}
			*of(q) = v
			return err
		},
		check: func(q *Query) error { return check(*of(q)) },
	}
}

// many makes the criterion of a list.
func many[T any](name string, of func(*Query) *[]T, print func(T) string, parse func(*queryParser) (T, error), check func(T) error) criterion {
	return criterion{name: name, list: true,
		print: func(q *Query) string {
			var out []string
			for _, v := range *of(q) {
				out = append(out, print(v))
			}
			return strings.Join(out, ",")
		},
		parse: func(p *queryParser, q *Query) error {
			for {
				v, err := parse(p)
				if err != nil {
					return err
				}
				*of(q) = append(*of(q), v)
				if !p.next(',') {
					return nil
				}
				p.pos++
			}
		},
		check: func(q *Query) error {
			for _, v := range *of(q) {
				if err := check(v); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// word makes the parser of a criterion whose value is one word.
func word[T any](parse func(string) (T, error)) func(*queryParser) (T, error) {
	return func(p *queryParser) (T, error) {
		s, err := p.value("")
		if err != nil {
			var none T
			return none, err
		}
		return parse(s)
	}
}

func asIs(s string) (string, error) { return s, nil }

func fine[T any](T) error { return nil }

func notNegative[T ~int | ~int64](n T) error {
	if n < 0 {
		return errors.New("want no negative value")
	}
	return nil
}

func (t Text) print() string {
	switch {
	case t.Value != "":
		return t.Op.String() + ":" + strconv.Quote(t.Value)
	case t.Op == Empty:
		return t.Op.String()
	}
	return ""
}

func (t Text) check() error {
	switch {
	case t.Op > Empty:
		return fmt.Errorf("unknown operator %d", t.Op)
	case t.Op == Empty && t.Value != "":
		return errors.New("is_empty takes no value")
	}
	return nil
}

func quote(s string) string {
	if s == "" {
		return ""
	}
	return strconv.Quote(s)
}

func printSHA256(s string) string {
	if _, err := hex.DecodeString(s); err != nil {
		return quote(s)
	}
	return s
}

func checkSHA256(s string) error {
	if b, err := hex.DecodeString(s); s != "" && (err != nil || len(b) != sha256.Size) {
		return fmt.Errorf("%.80q: want %d hexadecimal digits", s, 2*sha256.Size)
	}
	return nil
}

func checkMessageID(s string) error {
	if s != "" && trimID(s) == "" {
		return fmt.Errorf("%.40q: nothing within the brackets", s)
	}
	return nil
}

func printPrefix(p netip.Prefix) string {
	switch {
	case p.IsValid():
		return p.String()
	case p == netip.Prefix{}:
		return ""
	}
	return quote(p.String())
}

func checkPrefix(p netip.Prefix) error {
	if p != (netip.Prefix{}) && !p.IsValid() {
		return errors.New("want an address, or a prefix not longer than its address")
	}
	return nil
}

func printDirection(d *esa.Direction) string {
	if d == nil {
		return ""
	}
	return nameOf(directionNames[:], *d)
}

func checkDirection(d *esa.Direction) error {
	if d != nil && *d > esa.Outgoing {
		return fmt.Errorf("unknown direction %d", *d)
	}
	return nil
}

func printNumber[T ~int | ~uint64](n T) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d", n)
}

func printTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// checkTime refuses the years that RFC 3339 cannot write.
func checkTime(t time.Time) error {
	if y := t.UTC().Year(); y < 1 || y > 9999 {
		return fmt.Errorf("year %d: want 1 to 9999", y)
	}
	return nil
}

func printTimeout(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func printState(s esa.State) string { return nameOf(stateNames[:], s) }

func checkState(s esa.State) error {
	if s >= esa.States {
		return fmt.Errorf("unknown state %d", s)
	}
	return nil
}

func checkCountry(name string) error {
	if name == "" {
		return errors.New("want a country")
	}
	return nil
}

// checkScore: no host has another one. Source: AsyncOS user guide, "IP Reputation".
func checkScore(n int) error {
	if n < -10 || n > 10 {
		return fmt.Errorf("%d: want a number from -10 to 10", n)
	}
	return nil
}

func checkHeld(name string) error {
	if name == "" {
		return errors.New("want a quarantine's name")
	}
	return nil
}

// String prints the event as in a query's text: verdict/antispam/positive,
// quarantined/"Policy".
func (e EventMatch) String() string {
	s := nameOf(kindNames[:], e.Kind)
	if e.Engine != esa.NoEngine {
		s += "/" + nameOf(engineNames[:], e.Engine)
	}
	if e.Verdict != esa.NotEvaluated {
		s += "/" + nameOf(verdictNames[:], e.Verdict)
	}
	if e.Name != "" {
		s += "/" + strconv.Quote(e.Name)
	}
	return s
}

func (e EventMatch) check() error {
	if e.Kind < 1 || e.Kind >= esa.Kinds || e.Engine >= esa.Engines || e.Verdict >= esa.Verdicts {
		return fmt.Errorf("%s: unknown kind, engine or verdict", e)
	}
	return nil
}
