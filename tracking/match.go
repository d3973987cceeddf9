package tracking

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"esasim/esa"
	"esasim/tracking/fold"
	"esasim/tracking/segment"
)

// needle is a text criterion made ready for many texts: what it looks for is
// folded once.
type needle struct {
	op   Op
	want string // folded
}

func (t Text) needle() needle { return needle{t.Op, fold.String(t.Value)} }

// set is false when every text matches.
func (n needle) set() bool { return n.want != "" || n.op == Empty }

// matches tells whether a text, folded by package fold, is what is looked for.
func (n needle) matches(folded string) bool {
	switch {
	case !n.set():
		return true
	case n.op == Is:
		return folded == n.want
	case n.op == Contains:
		return strings.Contains(folded, n.want)
	case n.op == Empty:
		return folded == ""
	default:
		return strings.HasPrefix(folded, n.want)
	}
}

// tests are the criteria of a query that are set, each as a test of one message.
type tests []func(*esa.Message) bool

func (ts *tests) add(set bool, holds func(*esa.Message) bool) {
	if set {
		*ts = append(*ts, holds)
	}
}

// matcher makes the test of one message: the slow and plain one, that every
// quicker way to search must agree with. Texts compare by Unicode case folding,
// as AsyncOS compares without regard to case.
func (q *Query) matcher() func(*esa.Message) bool {
	var all tests
	all.numbers(q)
	all.texts(q)
	all.lists(q)
	all.names(q)
	all.outcome(q)
	return func(m *esa.Message) bool {
		for _, holds := range all {
			if !holds(m) {
				return false
			}
		}
		return true
	}
}

func (ts *tests) numbers(q *Query) {
	ts.add(q.MID != 0, func(m *esa.Message) bool { return m.MID == q.MID })
	ts.add(q.Before != 0, func(m *esa.Message) bool { return m.MID < q.Before })
	ts.add(q.ICID != 0, func(m *esa.Message) bool { return m.ICID == q.ICID })
	ts.add(!q.From.IsZero(), func(m *esa.Message) bool { return !m.Received.Before(q.From) })
	ts.add(!q.To.IsZero(), func(m *esa.Message) bool { return m.Received.Before(q.To) })
	ts.add(q.Direction != nil, func(m *esa.Message) bool { return m.Direction == *q.Direction })
	ips := unmapped(q.SenderIP)
	ts.add(ips.IsValid(), func(m *esa.Message) bool {
		return ips.Contains(m.Source.Remote.Unmap().WithZone("")) // a prefix has no zone
	})
}

func (ts *tests) texts(q *Query) {
	text := func(t Text, of func(*esa.Message) string) {
		n := t.needle()
		ts.add(n.set(), func(m *esa.Message) bool { return n.matches(fold.String(of(m))) })
	}
	text(q.Sender, func(m *esa.Message) string { return m.Sender })
	text(q.Domain, func(m *esa.Message) string { return domainOf(m.Sender) })
	text(q.Subject, func(m *esa.Message) string { return m.Subject })
	text(q.ReplyTo, func(m *esa.Message) string { return m.ReplyTo })
	text(q.Host, func(m *esa.Message) string { return m.Source.Host })
}

// lists are the texts of which a message has any number: one that matches is
// enough. Empty asks for messages that have none.
func (ts *tests) lists(q *Query) {
	to, file := q.Recipient.needle(), q.Attachment.needle()
	ts.add(to.set(), func(m *esa.Message) bool {
		if to.op == Empty {
			return len(m.Recipients) == 0
		}
		return slices.ContainsFunc(m.Recipients, func(r esa.Recipient) bool { return to.matches(fold.String(r.Address)) })
	})
	ts.add(file.set(), func(m *esa.Message) bool {
		if file.op == Empty {
			return len(m.Attachments) == 0
		}
		return slices.ContainsFunc(m.Attachments, func(a esa.Attachment) bool { return file.matches(fold.String(a.Name)) })
	})
	sha := strings.ToLower(q.SHA256)
	ts.add(sha != "", func(m *esa.Message) bool {
		return slices.ContainsFunc(m.Attachments, func(a esa.Attachment) bool { return a.SHA256 == sha })
	})
}

func (ts *tests) names(q *Query) {
	name := func(want string, of func(*esa.Message) string) {
		n := Text{Is, want}.needle()
		ts.add(n.set(), func(m *esa.Message) bool { return n.matches(fold.String(of(m))) })
	}
	name(trimID(q.MessageID), func(m *esa.Message) string { return trimID(m.MessageID) })
	name(q.Group, func(m *esa.Message) string { return m.Source.Group })
	name(q.Country, func(m *esa.Message) string { return m.Source.Country })
	name(q.Policy, func(m *esa.Message) string { return m.Policy })
}

// outcome is one test of five lists: any line of any of them will do.
func (ts *tests) outcome(q *Query) {
	set := len(q.States)+len(q.Held)+len(q.Events) > 0 || q.origins()
	origin := q.origin()
	ts.add(set, func(m *esa.Message) bool {
		return slices.Contains(q.States, m.State) ||
			slices.ContainsFunc(q.Held, func(name string) bool { return heldIn(m, name) }) ||
			slices.ContainsFunc(q.Events, func(e EventMatch) bool { return e.HappenedTo(m) }) ||
			origin(&m.Source)
	})
}

// origins tells whether it asks for any country or score.
func (q *Query) origins() bool { return len(q.Countries)+len(q.Scores) > 0 }

// origin makes the test of where a message came from: from one of the countries, or
// from a host with one of the scores.
func (q *Query) origin() func(*esa.Source) bool {
	var countries []string
	for _, c := range q.Countries {
		countries = append(countries, fold.String(c))
	}
	return func(s *esa.Source) bool {
		if len(countries) > 0 && slices.Contains(countries, fold.String(s.Country)) {
			return true
		}
		if len(q.Scores) == 0 {
			return false
		}
		score, err := strconv.ParseFloat(s.SBRS, 64)
		return err == nil && slices.Contains(q.Scores, int(score))
	}
}

// heldIn tells whether the message is in a quarantine now.
func heldIn(m *esa.Message, quarantine string) bool {
	want := fold.String(quarantine)
	return slices.ContainsFunc(m.Quarantines, func(name string) bool { return fold.String(name) == want })
}

// HappenedTo tells whether one of the message's events is such a one. The message
// must have its events.
func (e EventMatch) HappenedTo(m *esa.Message) bool {
	name := Text{Is, e.Name}.needle()
	return slices.ContainsFunc(m.Events, func(did esa.Event) bool {
		return did.Kind == e.Kind &&
			(e.Engine == esa.NoEngine || did.Engine == e.Engine) &&
			(e.Verdict == esa.NotEvaluated || did.Verdict == e.Verdict) &&
			name.matches(fold.String(did.Name))
	})
}

// trimID is what of a message-id is compared.
func trimID(s string) string { return segment.TrimID(s) }

// domainOf is what follows the last @ of an address; empty if there is none, as
// in the null sender.
func domainOf(address string) string {
	i := strings.LastIndexByte(address, '@')
	if i < 0 {
		return ""
	}
	return address[i+1:]
}

// unmapped makes of ::ffff:10.0.0.0/104 what it stands for, 10.0.0.0/8.
func unmapped(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p
}
