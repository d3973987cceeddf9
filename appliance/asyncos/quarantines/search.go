package quarantines

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"esasim/appliance/asyncos/rest"
	"esasim/appliance/quarantine"
)

// The parameters of a search.
var (
	commonParameters = []string{"quarantineType", "startDate", "endDate", "offset", "limit", "orderBy", "orderDir"}
	spamParameters   = []string{"filterBy", "filterOperator", "filterValue", "envelopeRecipientFilterOperator", "envelopeRecipientFilterValue"}
	pvoParameters    = []string{"quarantines", "originatingEsaIp", "subjectFilterBy", "subjectFilterValue", "attachmentName",
		"attachmentSizeFilterBy", "attachmentSizeFromValue", "attachmentSizeToValue",
		"envelopeRecipientFilterBy", "envelopeSenderFilterBy", "envelopeSenderFilterValue", "envelopeRecipientFilterValue"}
)

// Bounds of a page and of a text that is looked for. The first is that of message
// tracking.
const (
	mostRows  = 100
	usualRows = 20
	mostText  = 1000 // octets
)

// word is one of the words of a parameter, and what it means.
type word struct{ word, means string }

// The orders and operators there are. Source: AsyncOS API guide, "Searching for
// Messages" of both kinds of quarantine.
var (
	spamOrders = []word{{"date", "received"}, {"from_address", "from"}, {"to_address", "recipient"}, {"subject", "subject"}, {"size", "size"}}
	pvoOrders  = []word{{"received", "received"}, {"scheduledExit", "exit"}, {"sender", "sender"}, {"subject", "subject"}, {"size", "size"}}

	spamOperators = []word{{"contains", string(quarantine.Contains)}, {"is", string(quarantine.Is)}, {"begins_with", string(quarantine.StartsWith)},
		{"ends_with", string(quarantine.EndsWith)}, {"does_not_contain", string(quarantine.NotContains)}}
	pvoOperators = []word{{"contains", string(quarantine.Contains)}, {"starts_with", string(quarantine.StartsWith)}, {"ends_with", string(quarantine.EndsWith)},
		{"matches_exactly", string(quarantine.Is)}, {"does_not_contain", string(quarantine.NotContains)}, {"does_not_start_with", string(quarantine.NotStartsWith)},
		{"does_not_end_with", string(quarantine.NotEndsWith)}, {"does_not_match", string(quarantine.IsNot)}}
)

// oneOf reads a word; "" if it is not given.
func oneOf(p rest.Parameters, name string, words []word) (string, error) {
	if !p.Has(name) {
		return "", nil
	}
	known := make([]string, len(words))
	for i, w := range words {
		if known[i] = w.word; w.word == p.Get(name) {
			return w.means, nil
		}
	}
	return "", rest.Wrong(name, "want "+strings.Join(known, ", "))
}

// readSearch reads what a search is for.
func (a *api) readSearch(c *rest.Call) (kind string, q quarantine.Search, err error) {
	p := c.Parameters
	if kind, err = kindOf(p); err != nil {
		return kind, q, err
	}
	own, others, orders, read := spamParameters, pvoParameters, spamOrders, a.readSpam
	if kind == pvo {
		own, others, orders, read = pvoParameters, spamParameters, pvoOrders, a.readPVO
	}
	for _, name := range others {
		if p.Has(name) && !slices.Contains(own, name) {
			return kind, q, rest.Wrong(name, "is not for quarantineType="+kind)
		}
	}
	if err := readPage(p, orders, &q); err != nil {
		return kind, q, err
	}
	return kind, q, read(c, &q)
}

// readPage reads what all searches have: the time, the order and the page.
func readPage(p rest.Parameters, orders []word, q *quarantine.Search) (err error) {
	if q.From, q.To, err = p.Span(false); err != nil {
		return err
	}
	if q.Offset, err = p.Number("offset", 0, 0, quarantine.MostOffset); err != nil {
		return err
	}
	if q.Limit, err = p.Number("limit", usualRows, 1, mostRows); err != nil {
		return err
	}
	if q.Sort, err = oneOf(p, "orderBy", orders); err != nil {
		return err
	}
	dir, err := p.One("orderDir", "asc", "desc")
	q.Ascending = dir == "asc"
	return err
}

func (a *api) readSpam(c *rest.Call, q *quarantine.Search) error {
	p := c.Parameters
	if err := a.use(c, "", quarantine.Spam, mayLook); err != nil {
		return err
	}
	q.Quarantines = []string{quarantine.Spam}
	recipient, err := text(p, "envelopeRecipientFilterOperator", "envelopeRecipientFilterValue", spamOperators)
	if err != nil {
		return err
	}
	q.Recipient = recipient
	filter, err := text(p, "filterOperator", "filterValue", spamOperators)
	if err != nil {
		return err
	}
	by, err := p.One("filterBy", "from_address", "to_address", "subject")
	switch {
	case err != nil:
		return err
	case by == "" && filter.Value != "":
		return rest.Missing("filterBy")
	case by != "" && filter.Value == "":
		return rest.Missing("filterValue")
	case by == "from_address":
		q.Also = func(h *quarantine.Held) bool { return filter.Match(h.From()...) }
	case by == "subject":
		q.Subject = filter
	case by == "to_address" && q.Recipient.Value == "":
		q.Recipient = filter
	case by == "to_address":
		q.Also = func(h *quarantine.Held) bool { return filter.Match(h.Recipients()...) }
	}
	return nil
}

func (a *api) readPVO(c *rest.Call, q *quarantine.Search) (err error) {
	p := c.Parameters
	if p.Get("quarantines") == "" {
		return rest.Missing("quarantines")
	}
	if q.Quarantines, err = a.names(c); err != nil {
		return err
	}
	for _, t := range []struct {
		by, value string
		to        *quarantine.Text
	}{{"subjectFilterBy", "subjectFilterValue", &q.Subject}, {"envelopeRecipientFilterBy", "envelopeRecipientFilterValue", &q.Recipient},
		{"envelopeSenderFilterBy", "envelopeSenderFilterValue", &q.Sender}} {
		if *t.to, err = text(p, t.by, t.value, pvoOperators); err != nil {
			return err
		}
	}
	if q.Attachment.Value = p.Get("attachmentName"); len(q.Attachment.Value) > mostText {
		return rest.Wrong("attachmentName", tooLong)
	}
	fits, err := readSize(p)
	if err != nil {
		return err
	}
	from, err := readIP(p)
	if err != nil {
		return err
	}
	if fits != nil || from.IsValid() {
		q.Also = func(h *quarantine.Held) bool {
			return (fits == nil || fits(h)) && (!from.IsValid() || origin(h) == from)
		}
	}
	return nil
}

var tooLong = fmt.Sprintf("want at most %d octets", mostText)

// text reads a criterion: an operator and a value, one not without the other.
func text(p rest.Parameters, operator, value string, operators []word) (quarantine.Text, error) {
	op, err := oneOf(p, operator, operators)
	t := quarantine.Text{Op: quarantine.Op(op), Value: p.Get(value)}
	switch {
	case err != nil:
		return t, err
	case op == "" && !p.Has(value):
		return t, nil
	case op == "":
		return t, rest.Missing(operator)
	case t.Value == "":
		return t, rest.Missing(value)
	case len(t.Value) > mostText:
		return t, rest.Wrong(value, tooLong)
	}
	return t, nil
}

// names are the quarantines that a search is for.
func (a *api) names(c *rest.Call) ([]string, error) {
	list, err := c.List("quarantines")
	if err != nil {
		return nil, err
	}
	for _, name := range list {
		if err := a.use(c, "quarantines", name, mayLook); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// readSize reads how large an attachment must be, in KB; nil: that does not matter.
func readSize(p rest.Parameters) (func(*quarantine.Held) bool, error) {
	const from, to, most = "attachmentSizeFromValue", "attachmentSizeToValue", 1 << 30
	by, err := p.One("attachmentSizeFilterBy", "range", "less_than", "more_than")
	if err != nil {
		return nil, err
	}
	for _, b := range []struct {
		name   string
		wanted bool
	}{{from, by == "range" || by == "more_than"}, {to, by == "range" || by == "less_than"}} {
		switch {
		case b.wanted && !p.Has(b.name):
			return nil, rest.Missing(b.name)
		case !b.wanted && p.Has(b.name) && by == "":
			return nil, rest.Missing("attachmentSizeFilterBy")
		case !b.wanted && p.Has(b.name):
			return nil, rest.Wrong(b.name, "is not for attachmentSizeFilterBy="+by)
		}
	}
	least, err := p.Number(from, 0, 0, most)
	if err != nil || by == "" {
		return nil, err
	}
	greatest, err := p.Number(to, most, 0, most)
	if err != nil {
		return nil, err
	}
	return func(h *quarantine.Held) bool {
		for _, f := range h.Message.Attachments {
			low, high := f.Size >= int64(least)*1024, f.Size <= int64(greatest)*1024
			if by == "range" && low && high || by == "less_than" && f.Size < int64(greatest)*1024 || by == "more_than" && f.Size > int64(least)*1024 {
				return true
			}
		}
		return false
	}, nil
}

// readIP reads by which of its addresses the appliance must have received a message.
func readIP(p rest.Parameters) (netip.Addr, error) {
	if !p.Has("originatingEsaIp") {
		return netip.Addr{}, nil
	}
	ip, err := netip.ParseAddr(p.Get("originatingEsaIp"))
	if err != nil {
		return ip, rest.Wrong("originatingEsaIp", "want an address")
	}
	return ip.Unmap(), nil
}
