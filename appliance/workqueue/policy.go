package workqueue

import (
	"esasim/appliance/stage"
	"esasim/esa"
	"esasim/smtp"
)

// Policy is a mail policy: for whose mail it is, and what stages that meets.
type Policy struct {
	Name       string
	Senders    smtp.Addresses // ALL for everybody
	Recipients smtp.Addresses
	Stages     []stage.Stage // in order; see [Order]
}

// Table is the mail policies of one direction; the first that matches decides, and
// the last one, DEFAULT, matches all.
type Table []Policy

// of is the policy of a recipient.
func (t Table) of(sender, recipient string) int {
	for i := range t[:len(t)-1] {
		if t[i].Senders.Has(sender) && t[i].Recipients.Has(recipient) {
			return i
		}
	}
	return len(t) - 1
}

// named is a policy by its name; the last one if there is none, as when it was taken
// out of the configuration.
func (t Table) named(name string) *Policy {
	for i := range t {
		if t[i].Name == name {
			return &t[i]
		}
	}
	return &t[len(t)-1]
}

// policy is the mail policy that the message's recipients match; nil if they are
// none. Recipients that match another one are split off, each policy's to a message
// of their own. Source: AsyncOS user guide, "Message Splintering".
func (p *passage) policy() (*Policy, error) {
	table := p.q.o.Policies[p.m.Direction]
	if p.m.Policy != "" { // known already: it was held, or made of a message that matched
		return table.named(p.m.Policy), nil
	}
	of, first := map[int][]esa.RID{}, -1
	if len(table) > 1 {
		for _, r := range p.m.Recipients {
			i := table.of(p.m.Sender, r.Address)
			if of[i] = append(of[i], r.RID); first < 0 {
				first = i
			}
		}
	}
	if first < 0 {
		first = len(table) - 1
	}
	for i := range table {
		if rids := of[i]; i != first && len(rids) > 0 {
			if err := p.readable(p.split(table[i].Name, rids)); err != nil {
				return nil, err
			}
		}
	}
	policy := &table[first]
	p.say(esa.Event{Kind: esa.PolicyMatched, Name: policy.Name, Direction: p.m.Direction})
	return policy, nil
}
