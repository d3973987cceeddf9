package tracking

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"esasim/esa"
)

// maxQuery is the longest text of a query, in bytes.
const maxQuery = 64 << 10

// The words of the language. They are ours; where the tracking API has a word,
// as for the operators, it is that one.
var (
	opNames = [Empty + 1]string{"begins_with", "is", "contains", "is_empty"}

	directionNames = [...]string{esa.Incoming: esa.Incoming.String(), esa.Outgoing: esa.Outgoing.String()}

	stateNames = [esa.States]string{
		esa.Receiving: "receiving", esa.Processing: "processing", esa.Queued: "queued", esa.Delayed: "delayed",
		esa.Delivered: "delivered", esa.Bounced: "bounced", esa.Dropped: "dropped", esa.Aborted: "aborted",
		esa.Quarantined: "quarantined", esa.Replaced: "replaced",
	}
	// The first of kinds, engines and verdicts have no name: no event is of kind
	// 0, and the others stand for any.
	kindNames = [esa.Kinds]string{
		esa.ConnectionOpened: "connection-opened", esa.HATDecided: "hat-decided", esa.TLSStarted: "tls-started",
		esa.MessageStarted: "started", esa.SenderGiven: "sender", esa.RecipientGiven: "recipient",
		esa.RecipientRejected: "recipient-rejected", esa.MessageIDSeen: "message-id", esa.SubjectSeen: "subject",
		esa.HeaderSeen: "header", esa.AttachmentSeen: "attachment", esa.MessageReady: "ready",
		esa.MessageAborted: "aborted", esa.PolicyMatched: "policy", esa.EngineVerdict: "verdict",
		esa.MessageDropped: "dropped", esa.MessageQueued: "queued", esa.DeliveryOpened: "delivery-opened",
		esa.DeliveryStarted: "delivery-started", esa.RecipientDelivered: "delivered", esa.RecipientDelayed: "delayed",
		esa.RecipientBounced: "bounced", esa.DeliveryClosed: "delivery-closed", esa.MessageFinished: "finished", esa.ConnectionTrouble: "connection-trouble",
		esa.ConnectionClosed: "connection-closed", esa.MessageRewritten: "rewritten", esa.MessageSplit: "split",
		esa.BounceGenerated: "bounce-generated", esa.MessageQuarantined: "quarantined",
		esa.MessageReleased: "released", esa.QuarantineDeleted: "deleted", esa.AuthChecked: "authentication",
		esa.DeliveryTLSStarted: "delivery-tls", esa.DeliveryTrouble: "delivery-trouble", esa.DoubleBounced: "double-bounced",
		esa.AuthTried: "smtp-auth", esa.Inherited: "inherited", esa.QuarantineAsked: "quarantine-asked", esa.MessageBounced: "bounced-by-policy",
		esa.MessageGenerated: "generated", esa.LogEntered: "log-entry", esa.QuarantineMoved: "moved", esa.QuarantineDelayed: "quarantine-delayed",
		esa.MessageReinjected: "reinjected", esa.FileJudged: "file", esa.VerdictChanged: "verdict-changed", esa.MessageRemediated: "remediated",
		esa.URLMatched: "url", esa.DLPMatched: "dlp-match", esa.Audited: "audit",
	}
	engineNames = [esa.Engines]string{
		esa.MessageFilters: "message-filters", esa.AntiSpam: "antispam", esa.AntiVirus: "antivirus", esa.AMP: "amp",
		esa.Graymail: "graymail", esa.ContentFilters: "content-filters", esa.OutbreakFilters: "outbreak-filters",
		esa.DLP: "dlp",
	}
	verdictNames = [esa.Verdicts]string{
		esa.Negative: "negative", esa.Positive: "positive", esa.Suspect: "suspect", esa.Unknown: "unknown",
		esa.Skipped: "skipped", esa.Unscannable: "unscannable", esa.LowRisk: "low-risk",
		esa.Marketing: "marketing", esa.Social: "social", esa.Bulk: "bulk",
		esa.Repaired: "repaired", esa.Encrypted: "encrypted", esa.Pending: "pending",
	}
)

// nameOf is the word for v, or its number if it has none.
func nameOf[T ~uint8](names []string, v T) string {
	if int(v) < len(names) && names[v] != "" {
		return names[v]
	}
	return strconv.Itoa(int(v))
}

// EngineName is the engine's word in the query language: "antivirus".
func EngineName(e esa.Engine) string { return nameOf(engineNames[:], e) }

// VerdictName is the verdict's word in the query language: "low-risk".
func VerdictName(v esa.Verdict) string { return nameOf(verdictNames[:], v) }

// lookUp finds the number of a word. The error lists the words.
func lookUp(names []string, word string) (int, error) {
	if i := slices.Index(names, word); i >= 0 && word != "" {
		return i, nil
	}
	return 0, fmt.Errorf("%.40q: want one of %s", word, listed(names))
}

func listed(names []string) string {
	names = slices.DeleteFunc(slices.Clone(names), func(s string) bool { return s == "" })
	return strings.Join(names, ", ")
}

// ParseQuery reads the text of a query; docs/query.md describes it. The error
// names the column, in bytes from 1, and the criterion. What it gives passes
// Check, and String prints a text that gives the same again: ParseQuery(q.String())
// is q for every q that passes Check, but for what says nothing: an operator
// without a value, a list of length 0, a time's zone.
func ParseQuery(text string) (Query, error) {
	if len(text) > maxQuery {
		return Query{}, fmt.Errorf("query: %d bytes, want at most %d", len(text), maxQuery)
	}
	p := queryParser{text: text, first: map[string]int{}}
	var q Query
	for p.skipBlanks(); p.pos < len(text); p.skipBlanks() {
		if err := p.criterion(&q); err != nil {
			return Query{}, fmt.Errorf("query: column %d: %w", p.mark+1, err)
		}
	}
	if name, err := q.wrong(); err != nil {
		return Query{}, fmt.Errorf("query: column %d: %s: %w", p.first[name]+1, name, err)
	}
	if err := q.Check(); err != nil { // printed, with all escapes, it may be too long
		return Query{}, err
	}
	return q, nil
}

type queryParser struct {
	text  string
	pos   int            // what is read next
	mark  int            // where what is looked at begins, for errors
	first map[string]int // where each criterion was met first
}

const blanks = " \t\r\n"

func (p *queryParser) skipBlanks() {
	rest := strings.TrimLeft(p.text[p.pos:], blanks)
	p.pos = len(p.text) - len(rest)
}

func (p *queryParser) next(c byte) bool { return p.pos < len(p.text) && p.text[p.pos] == c }

// criterion reads one name=value.
func (p *queryParser) criterion(q *Query) error {
	p.mark = p.pos
	name := p.bare("=")
	if !p.next('=') {
		return fmt.Errorf("%.40q: want name=value", name)
	}
	c := slices.IndexFunc(criteria, func(c criterion) bool { return c.name == name })
	if c < 0 {
		return fmt.Errorf("unknown criterion %.40q: want one of %s", name, listed(criterionNames()))
	}
	if at, again := p.first[name]; !again {
		p.first[name] = p.pos - len(name)
	} else if !criteria[c].list {
		return fmt.Errorf("%s: given twice, first in column %d", name, at+1)
	}
	p.pos++
	if err := criteria[c].parse(p, q); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func criterionNames() []string {
	var out []string
	for _, c := range criteria {
		out = append(out, c.name)
	}
	return out
}

// bare reads up to a blank, a quote or one of the stops.
func (p *queryParser) bare(stops string) string {
	rest := p.text[p.pos:]
	if i := strings.IndexAny(rest, blanks+`"`+stops); i >= 0 {
		rest = rest[:i]
	}
	p.pos += len(rest)
	return rest
}

// value reads a bare word or a quoted text, either up to a blank or one of the
// stops.
func (p *queryParser) value(stops string) (string, error) {
	p.mark = p.pos
	if p.next('"') {
		return p.quoted(stops)
	}
	v := p.bare(stops)
	switch {
	case p.next('"'):
		return "", fmt.Errorf("quote within %.40q: want quotes around all of it", v)
	case v == "":
		return "", errors.New("want a value")
	}
	return v, nil
}

func (p *queryParser) quoted(stops string) (string, error) {
	quoted, err := strconv.QuotedPrefix(p.text[p.pos:])
	if err != nil {
		return "", errors.New("want a closing quote, and within the escapes of a Go string only")
	}
	v, err := strconv.Unquote(quoted)
	if err != nil {
		return "", fmt.Errorf("%.40s: %w", quoted, err)
	}
	p.pos += len(quoted)
	if p.pos < len(p.text) && !strings.Contains(blanks+stops, p.text[p.pos:p.pos+1]) {
		p.mark = p.pos
		return "", errors.New("want a blank behind the closing quote")
	}
	return v, nil
}

// operand reads op:value, value or is_empty.
func (p *queryParser) operand() (Text, error) {
	t := Text{Op: Contains}
	if !p.next('"') {
		p.mark = p.pos
		word := p.bare(":")
		switch {
		case p.next(':'):
			op, err := ParseOp(word)
			if err != nil {
				return t, fmt.Errorf("%w; a value with a colon wants quotes", err)
			}
			t.Op = op
			p.pos++
		case word == Empty.String():
			return Text{Op: Empty}, nil
		default:
			p.pos = p.mark // it was the value
		}
	}
	v, err := p.value("")
	if err == nil && v == "" {
		err = fmt.Errorf("want a value, or %s", Empty)
	}
	t.Value = v
	return t, err
}

// event reads kind/engine/verdict/"name", of which all but the kind may be left
// out.
func (p *queryParser) event() (EventMatch, error) {
	var e EventMatch
	word, err := p.value("/,")
	if err != nil {
		return e, err
	}
	kind, err := lookUp(kindNames[:], word)
	if err != nil {
		return e, fmt.Errorf("kind %w", err)
	}
	e.Kind = esa.Kind(kind)
	for p.next('/') {
		p.pos++
		if p.next('"') {
			e.Name, err = p.value(",")
			if err == nil && e.Name == "" {
				err = errors.New("want a name within the quotes")
			}
			return e, err
		}
		if word, err = p.value("/,"); err != nil {
			return e, err
		}
		if err := e.narrow(word); err != nil {
			return e, err
		}
	}
	return e, nil
}

// narrow adds an engine or, behind it, a verdict.
func (e *EventMatch) narrow(word string) error {
	engine, err := lookUp(engineNames[:], word)
	if err == nil && e.Engine == esa.NoEngine && e.Verdict == esa.NotEvaluated {
		e.Engine = esa.Engine(engine)
		return nil
	}
	verdict, err := lookUp(verdictNames[:], word)
	if err == nil && e.Verdict == esa.NotEvaluated {
		e.Verdict = esa.Verdict(verdict)
		return nil
	}
	return fmt.Errorf("%.40q: want an engine (%s), a verdict (%s), a quoted name, each once and in this order",
		word, listed(engineNames[:]), listed(verdictNames[:]))
}

// item reads one of a list of names.
func (p *queryParser) item() (string, error) { return p.value(",") }

func (p *queryParser) score() (int, error) {
	word, err := p.value(",")
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(word)
	if err != nil {
		return 0, fmt.Errorf("%.40q: want a whole number", word)
	}
	return n, nil
}

func parseState(p *queryParser) (esa.State, error) {
	word, err := p.value(",")
	if err != nil {
		return 0, err
	}
	s, err := lookUp(stateNames[:], word)
	return esa.State(s), err
}

func parseDirection(word string) (*esa.Direction, error) {
	i, err := lookUp(directionNames[:], word)
	d := esa.Direction(i)
	return &d, err
}

func parseNumber[T ~uint64](word string) (T, error) {
	n, err := strconv.ParseUint(word, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%.40q: want a number", word)
	}
	return T(n), nil
}

func parseLimit(word string) (int, error) {
	n, err := strconv.Atoi(word)
	if err != nil {
		return 0, fmt.Errorf("%.40q: want a number", word)
	}
	return n, nil
}

func parseTimeout(word string) (time.Duration, error) {
	d, err := time.ParseDuration(word)
	if err != nil {
		return 0, fmt.Errorf("%.40q: want a duration as 30s or 1m30s", word)
	}
	return d, nil
}

func parsePrefix(word string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(word); err == nil {
		return p, nil
	}
	a, err := netip.ParseAddr(word)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, fmt.Errorf("%.40q: want an address, or a prefix as 10.0.0.0/8", word)
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
}

func parseTime(word string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02", "2006-01-02T15:04"} {
		if t, err := time.Parse(layout, word); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%.40q: want 2006-01-02, 2006-01-02T15:04 (both UTC) or 2006-01-02T15:04:05Z", word)
}
