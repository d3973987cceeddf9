package tracking

import (
	"fmt"
	"net/netip"
	"strings"

	"esasim/esa"
	"esasim/tracking/fold"
	"esasim/tracking/segment"
)

// plan is a query made ready: what it asks of a message, of a segment as a whole,
// and of a segment's columns. The matcher is the truth; the others may only leave
// out what it would leave out.
type plan struct {
	q       Query
	matches func(*esa.Message) bool
	lower   uint64 // the lowest MID that can match
	above   uint64 // the one above the highest
	texts   []textCriterion
	hashes  []hashed // values that a segment must have
	rest    []columnCriterion
	states  uint32 // 1<<State of those that can match; 0: all
	exact   bool   // the columns say all that the matcher says
}

type textCriterion struct {
	why    string // a segment is left out for it
	column segment.Column
	needle needle
	hashed bool // the filter has been asked for the whole of it
}

// hashed is a value that must be in a segment's filter.
type hashed struct {
	why  string // a segment is left out for it
	hash uint64
}

// columnCriterion is one that a reader answers.
type columnCriterion struct {
	name string
	rows func(*segment.Reader) (segment.Rows, error)
}

func newPlan(q Query) *plan {
	p := &plan{q: q, matches: q.matcher(), above: ^uint64(0), exact: len(q.Held) == 0}
	if q.Before != 0 {
		p.above = uint64(q.Before)
	}
	if q.MID != 0 {
		p.lower, p.above = uint64(q.MID), min(p.above, uint64(q.MID)+1)
	}
	p.text("sender", segment.Sender, q.Sender)
	p.text("recipient", segment.Recipient, q.Recipient)
	p.text("subject", segment.Subject, q.Subject)
	p.text("attachment", segment.Attachment, q.Attachment)
	p.text("reply-to", segment.ReplyTo, q.ReplyTo)
	p.domain(q.Domain)
	p.identities()
	p.source()
	p.times()
	p.happened()
	return p
}

func (p *plan) text(name string, c segment.Column, t Text) {
	n := t.needle()
	if !n.set() {
		return
	}
	whole := n.op == Is && (c == segment.Sender || c == segment.Recipient)
	p.texts = append(p.texts, textCriterion{"trigrams of " + name, c, n, whole})
	if whole {
		p.hash(name, segment.Hash(c, n.want))
	}
	if c == segment.Subject && n.op != Empty {
		for _, h := range segment.DigitRuns(n.want) {
			p.hash("digits of subject", h)
		}
	}
	p.column(name, func(r *segment.Reader) (segment.Rows, error) {
		switch n.op {
		case Empty:
			filled, err := r.Filled(c)
			if err == nil && c == segment.Recipient { // one without an address is one
				filled, err = r.Happened(segment.Happening{Kind: esa.RecipientGiven})
			}
			return negate(r, filled), err
		case Contains:
			return r.Contain(c, n.want)
		}
		return r.Match(c, n.matches)
	})
}

// hash asks for a value that a segment must have.
func (p *plan) hash(name string, h uint64) {
	p.hashes = append(p.hashes, hashed{"filter of " + name, h})
}

func negate(r *segment.Reader, rows segment.Rows) segment.Rows {
	out := segment.NewRows(r.Len(segment.Messages), true)
	for i := range rows {
		out[i] &^= rows[i]
	}
	return out
}

func (p *plan) column(name string, rows func(*segment.Reader) (segment.Rows, error)) {
	p.rest = append(p.rest, columnCriterion{name, rows})
}

// domain looks at the senders' addresses: what is in a domain is in one of them.
func (p *plan) domain(t Text) {
	n := t.needle()
	if !n.set() {
		return
	}
	if n.op == Empty { // no sender, or one without a domain: rare enough to look at each
		p.exact = false
		return
	}
	p.texts = append(p.texts, textCriterion{"trigrams of domain", segment.Sender, n, n.op == Is})
	if n.op == Is {
		p.hash("domain", segment.Hash(segment.Domain, n.want))
	}
	p.column("domain", func(r *segment.Reader) (segment.Rows, error) {
		return r.Match(segment.Sender, func(sender string) bool { return n.matches(segment.DomainOf(sender)) })
	})
}

// identities are the criteria that name one message, file or connection.
func (p *plan) identities() {
	if id := fold.String(segment.TrimID(p.q.MessageID)); id != "" {
		p.hash("message-id", segment.Hash(segment.MessageID, id))
		p.column("message-id", func(r *segment.Reader) (segment.Rows, error) { return r.ByMessageID(id) })
		p.exact = false
	}
	if sha := strings.ToLower(p.q.SHA256); sha != "" {
		p.hash("sha256", segment.Hash(segment.SHA256, sha))
		p.column("sha256", func(r *segment.Reader) (segment.Rows, error) { return r.ByFile(sha) })
	}
	if icid := p.q.ICID; icid != 0 {
		p.column("icid", func(r *segment.Reader) (segment.Rows, error) { return r.ByICID(icid) })
	}
}

// source asks who sent it.
func (p *plan) source() {
	ip, host, group, country, d := unmapped(p.q.SenderIP), p.q.Host.needle(), fold.String(p.q.Group), fold.String(p.q.Country), p.q.Direction
	other := host.set() || group != "" || country != "" || d != nil
	if ip.IsValid() && ip.IsSingleIP() {
		p.hash("sender-ip", segment.HashAddr(ip.Addr()))
	}
	if !ip.IsValid() && !other {
		return
	}
	if !other {
		p.column("sender-ip", func(r *segment.Reader) (segment.Rows, error) {
			return r.ByRemote(func(a netip.Addr) bool { return containsAddr(ip, a) })
		})
		return
	}
	by := (*segment.Reader).BySource
	if !ip.IsValid() && !host.set() {
		by = (*segment.Reader).ByProfile
	}
	p.column("source", func(r *segment.Reader) (segment.Rows, error) {
		return by(r, func(s *esa.Source) bool {
			return (!ip.IsValid() || containsAddr(ip, s.Remote)) &&
				(!host.set() || host.matches(fold.String(s.Host))) &&
				(group == "" || fold.String(s.Group) == group) &&
				(country == "" || fold.String(s.Country) == country) &&
				(d == nil || s.Direction() == *d)
		})
	})
}

func containsAddr(p netip.Prefix, a netip.Addr) bool { return p.Contains(a.Unmap().WithZone("")) }

func (p *plan) times() {
	if p.q.From.IsZero() && p.q.To.IsZero() {
		return
	}
	p.column("received", func(r *segment.Reader) (segment.Rows, error) {
		d := r.Directory
		if !d.Oldest.Before(p.q.From) && (p.q.To.IsZero() || d.Newest.Before(p.q.To)) { // most segments are within as a whole
			return segment.NewRows(r.Len(segment.Messages), true), nil
		}
		return r.Between(p.q.From, p.q.To)
	})
}

// happened asks for the policy, and for the states and events, one of which must
// hold.
func (p *plan) happened() {
	if policy := fold.String(p.q.Policy); policy != "" {
		p.column("policy", func(r *segment.Reader) (segment.Rows, error) {
			return r.Happened(segment.Happening{Kind: esa.PolicyMatched, Name: func(n string) bool { return n == policy }})
		})
	}
	states := p.q.stateMask()
	if len(p.q.Held) > 0 { // by which one is for the matcher; so is whether it is held in the other states,
		// which a held message comes to when it is split, say
		states |= 1<<esa.Quarantined | 1<<esa.Replaced | 1<<esa.Processing | 1<<esa.Aborted
	}
	if len(p.q.Events) == 0 && !p.q.origins() {
		if p.states = states; states == 0 {
			return
		}
	}
	origin := p.q.origin()
	p.column("events", func(r *segment.Reader) (segment.Rows, error) {
		rows, err := r.InState(states)
		if err == nil && p.q.origins() {
			var more segment.Rows
			if more, err = r.ByProfile(origin); err == nil {
				rows.Or(more)
			}
		}
		for _, e := range p.q.Events {
			if err != nil {
				break
			}
			h := segment.Happening{Kind: e.Kind, Engine: e.Engine, Verdict: e.Verdict}
			if name := fold.String(e.Name); name != "" {
				h.Name = func(n string) bool { return n == name }
			}
			var more segment.Rows
			if more, err = r.Happened(h); err == nil {
				rows.Or(more)
			}
		}
		return rows, err
	})
}

// stateMask is a bit 1<<State for each of the query's states.
func (q *Query) stateMask() (mask uint32) {
	for _, s := range q.States {
		mask |= 1 << s
	}
	return mask
}

// absent asks the filters of some segments for the plan's hashes: out[i] is 1 + the
// place of the first hash that the i-th has not, or 0. Each answer is some waiting
// for memory; asked in a row, without anything else between, they wait together.
func (p *plan) absent(list []*sealedSegment, out []uint8) {
	for n, h := range p.hashes[:min(len(p.hashes), 255)] {
		for i, g := range list {
			if out[i] == 0 && !g.dir.Filter.May(h.hash) {
				out[i] = uint8(n + 1)
			}
		}
	}
}

// outside tells why a segment cannot have a match, by its ranges and states; "" if
// it can.
func (p *plan) outside(d *segment.Directory) string {
	if d.Rows[segment.Messages] == 0 {
		return "no messages"
	}
	if d.First[segment.Messages] >= p.above || d.Last[segment.Messages] < p.lower {
		return "mid"
	}
	if !p.q.From.IsZero() && d.Newest.Before(p.q.From) || !p.q.To.IsZero() && !d.Oldest.Before(p.q.To) {
		return "received"
	}
	if p.q.ICID != 0 && (p.q.ICID < d.ICIDs[0] || p.q.ICID > d.ICIDs[1]) {
		return "icid"
	}
	if p.states != 0 && d.States&p.states == 0 {
		return "state"
	}
	return ""
}

// lacks tells why a segment cannot have a match by what its values are; absent is
// what its filter says of those.
func (p *plan) lacks(g *group, absent uint8) string {
	if absent > 0 {
		return p.hashes[absent-1].why
	}
	for _, t := range p.texts {
		if g != nil && t.needle.op != Empty && !g.trigrams.May(t.column, t.needle.want) {
			return t.why
		}
	}
	return ""
}

// rows are the messages of a segment that can match; sure are those of them that
// do, whatever else their events say.
func (p *plan) rows(r *segment.Reader) (rows, sure segment.Rows, err error) {
	n := r.Len(segment.Messages)
	if none, err := p.none(r); none || err != nil {
		return segment.NewRows(n, false), segment.NewRows(n, false), err
	}
	odd, err := r.Odd()
	if err != nil {
		return nil, nil, err
	}
	rows = segment.NewRows(n, true)
	for _, c := range p.rest {
		some, err := c.rows(r)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", c.name, err)
		}
		rows.And(some)
		if rows.Len() == 0 {
			break
		}
	}
	sure = segment.NewRows(n, false)
	if p.exact {
		sure.Or(rows)
		sure.AndNot(odd)
	}
	rows.Or(odd)
	return rows, sure, p.cut(r, rows)
}

// none tells whether a glance at the texts shows that there is no match. It is no
// use where the filter has said that there probably is one.
func (p *plan) none(r *segment.Reader) (bool, error) {
	if r.Directory.Odd > 0 {
		return false, nil
	}
	for _, t := range p.texts {
		if t.needle.op == Empty || t.hashed {
			continue
		}
		if may, err := r.MayContain(t.column, t.needle.want); err != nil || !may {
			return !may, err
		}
	}
	return false, nil
}

// cut leaves the rows within the query's bounds of MID.
func (p *plan) cut(r *segment.Reader, rows segment.Rows) error {
	d := r.Directory
	if d.First[segment.Messages] >= p.lower && d.Last[segment.Messages] < p.above {
		return nil
	}
	numbers, err := r.Numbers(segment.Messages)
	for i, n := range numbers {
		if n < p.lower || n >= p.above {
			rows.Remove(i)
		}
	}
	return err
}
