package messagetracking

import (
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"

	"esasim/appliance/asyncos/rest"
	"esasim/esa"
	"esasim/tracking"
)

// textFilters are the pairs of an operator and a value. The small f is the
// product's. Source: AsyncOS API, message-tracking/messages.
var textFilters = []struct {
	name  string
	in    string // what ties the two parameters to the name
	field func(*tracking.Query) *tracking.Text
}{
	{"envelopeSender", "filter", func(q *tracking.Query) *tracking.Text { return &q.Sender }},
	{"envelopeRecipient", "filter", func(q *tracking.Query) *tracking.Text { return &q.Recipient }},
	{"subject", "filter", func(q *tracking.Query) *tracking.Text { return &q.Subject }},
	{"attachmentName", "", func(q *tracking.Query) *tracking.Text { return &q.Attachment }},
	{"domainName", "", func(q *tracking.Query) *tracking.Text { return &q.Domain }},
	{"replyTo", "", func(q *tracking.Query) *tracking.Text { return &q.ReplyTo }},
}

// The two values of searchOption.
const (
	optionMessages = "messages"
	optionRejected = "rejected_connections"
)

// plainFilters are the basic parameters that stand alone.
var plainFilters = []string{"fileSha256", "messageIdHeader", "ciscoMid", "senderIp", "messageDirection"}

// searchParameters are all that message-tracking/messages knows.
func searchParameters() []string {
	out := append([]string{"startDate", "endDate", "searchOption", "ciscoHost", "offset", "limit", "orderBy", "orderDir"}, plainFilters...)
	for _, t := range textFilters {
		out = append(out, t.name+t.in+"Operator", t.name+t.in+"Value")
	}
	for _, g := range eventGroups() {
		out = append(out, g.names()...)
	}
	return out
}

// search is what a call of message-tracking/messages asks for.
type search struct {
	query    tracking.Query // without its events, and without its page
	events   []happening    // one of them must hold of a row; none: no matter
	rejected bool           // connections instead
	whole    bool           // all is read of messages
	offset   int
	limit    int
}

// The lengths of a page. Clients ask for 100 at most; 20 is what the samples of the
// vendor's documents ask for.
const (
	mostRows    = 100
	usualRows   = 20
	mostSkipped = 10_000_000
)

// readSearch reads the parameters.
func (a *api) readSearch(p rest.Parameters) (s search, err error) {
	q := &s.query
	if q.From, q.To, err = p.Span(true); err != nil {
		return s, err
	}
	option, err := p.One("searchOption", optionMessages, optionRejected)
	if err != nil {
		return s, err
	}
	s.rejected = option == optionRejected
	steps := []func() error{
		func() error { return a.checkHost(p) },
		func() error { return checkOrder(p) },
		func() (err error) { s.offset, err = p.Number("offset", 0, 0, mostSkipped); return err },
		func() (err error) { s.limit, err = p.Number("limit", usualRows, 1, mostRows); return err },
		func() error { return readTexts(p, q) },
		func() error { return readIdentities(p, q) },
		func() (err error) { s.events, err = readEvents(p, a.groups); return err },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return s, err
		}
	}
	return s, s.check(p)
}

// check refuses what cannot be asked of connections, and what tracking would.
func (s *search) check(p rest.Parameters) error {
	if s.rejected {
		for name := range p {
			if !slices.Contains([]string{"startDate", "endDate", "searchOption", "ciscoHost", "offset", "limit", "orderBy", "orderDir", "senderIp"}, name) {
				return rest.Wrong(name, "not with searchOption="+optionRejected)
			}
		}
	}
	q := s.query
	narrow(&q, s.events)
	if err := q.Check(); err != nil { // too long, say
		return rest.Wrong("query", strings.TrimPrefix(err.Error(), "query: "))
	}
	return nil
}

// checkHost takes the name of an appliance, which on an appliance is its own.
func (a *api) checkHost(p rest.Parameters) error {
	_, err := p.One("ciscoHost", "All_Hosts", a.Host)
	return err
}

// checkOrder: no client is known that asks for another order than this.
func checkOrder(p rest.Parameters) error {
	if _, err := p.One("orderBy", "timestamp"); err != nil {
		return err
	}
	_, err := p.One("orderDir", "desc")
	return err
}

// readTexts reads the pairs. One without the other is an error.
func readTexts(p rest.Parameters, q *tracking.Query) error {
	for _, t := range textFilters {
		operator, value := t.name+t.in+"Operator", t.name+t.in+"Value"
		if !p.Has(operator) && !p.Has(value) {
			continue
		}
		op, err := tracking.ParseOp(p.Get(operator))
		empty := op == tracking.Empty && t.name == "subject"
		switch {
		case !p.Has(operator):
			return rest.Missing(operator)
		case err != nil || op == tracking.Empty && !empty:
			return rest.Wrong(operator, "want begins_with, is or contains")
		case p.Get(value) == "" && !empty:
			return rest.Missing(value)
		case p.Get(value) != "" && empty:
			return rest.Wrong(value, "not with is_empty")
		}
		*t.field(q) = tracking.Text{Op: op, Value: p.Get(value)}
	}
	return nil
}

// readIdentities reads the parameters that name a message, a file or a sender.
func readIdentities(p rest.Parameters, q *tracking.Query) (err error) {
	if q.SHA256 = p.Get("fileSha256"); p.Has("fileSha256") {
		if b, err := hex.DecodeString(q.SHA256); err != nil || len(b) != 32 {
			return rest.Wrong("fileSha256", "want 64 hexadecimal digits")
		}
	}
	if q.MessageID = p.Get("messageIdHeader"); p.Has("messageIdHeader") && strings.Trim(q.MessageID, "<> ") == "" {
		return rest.Wrong("messageIdHeader", "want a message-id")
	}
	if q.MID, err = rest.ID[esa.MID](p, "ciscoMid"); err != nil {
		return err
	}
	if p.Has("senderIp") {
		if q.SenderIP, err = readPrefix(p.Get("senderIp")); err != nil {
			return rest.Wrong("senderIp", "want an address, or a range as in 192.0.2.0/24")
		}
	}
	word, err := p.One("messageDirection", "incoming", "outgoing")
	if err != nil || word == "" {
		return err
	}
	direction := directionOf(word)
	q.Direction = &direction
	return nil
}

func readPrefix(s string) (netip.Prefix, error) {
	if strings.Contains(s, "/") {
		return netip.ParsePrefix(s)
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, rest.Fault{}
	}
	return a.Prefix(a.BitLen())
}

// directionOf knows both vocabularies.
func directionOf(word string) esa.Direction {
	if word == "outgoing" || word == "outbound" {
		return esa.Outgoing
	}
	return esa.Incoming
}
