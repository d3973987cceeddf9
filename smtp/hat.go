package smtp

import (
	"fmt"
	"net/netip"

	"esasim/esa"
)

// SenderGroup is one row of the Host Access Table.
type SenderGroup struct {
	Name    string
	Policy  string   // name of its mail flow policy
	Members []string // see [member]
}

// HAT is the Host Access Table: ordered sender groups, the first that matches
// decides, unless its rule is CONTINUE.
type HAT struct {
	groups []hatGroup
	last   *Policy // of the last row
}

type hatGroup struct {
	SenderGroup
	policy  *Policy
	members []member
}

// NewHAT checks the groups; known, which comes from [NewPolicies], has the policies
// that they name.
func NewHAT(groups []SenderGroup, known Policies) (HAT, error) {
	h := HAT{last: known[lastPolicy]}
	for i, g := range groups {
		if g.Name == lastRow {
			if i < len(groups)-1 || !isAll(g.Members) {
				return HAT{}, fmt.Errorf("sender group %s: it must be the last one, with no member but ALL", lastRow)
			}
			if h.last = known[g.Policy]; h.last != nil && h.last.Rule == Continue {
				return HAT{}, fmt.Errorf("sender group %s: policy %q: rule CONTINUE: it is the table's last row", lastRow, g.Policy)
			}
		}
		c := hatGroup{SenderGroup: g, policy: known[g.Policy]}
		if c.policy == nil {
			return HAT{}, fmt.Errorf("sender group %s: policy %q: there is no mail flow policy of this name", g.Name, g.Policy)
		}
		for _, text := range g.Members {
			m, err := newMember(text)
			if err != nil {
				return HAT{}, fmt.Errorf("sender group %s: %w", g.Name, err)
			}
			c.members = append(c.members, m)
		}
		if c.policy.Rule != Continue && g.Name != lastRow {
			h.groups = append(h.groups, c)
		}
	}
	return h, nil
}

// lastRow is the name of the row for those whom no other has. To the logs it is
// no group. Where it is not written, it is ALL with the policy $ACCEPTED.
const lastRow = "ALL"

func isAll(members []string) bool {
	return len(members) == 0 || len(members) == 1 && members[0] == "ALL"
}

// decide is the table's word on a connection.
func (h *HAT) decide(remote netip.Addr, who *sender) (*esa.Source, *Policy) {
	s := &esa.Source{Remote: remote, Host: who.host, Verified: who.verified, SBRS: who.sbrs, Country: who.country,
		Group: "None", Match: "ALL"}
	p := h.last
	if g, m := h.find(remote, who); g != nil {
		p, s.Group, s.Match = g.policy, g.Name, m
	}
	s.Rule, s.Outgoing = p.Rule, p.Rule == Relay
	return s, p
}

// find gives the group that decides, and the line of it that matched.
func (h *HAT) find(remote netip.Addr, who *sender) (*hatGroup, string) {
	for i := range h.groups {
		g := &h.groups[i]
		for j := range g.members {
			if g.members[j].has(remote, who) {
				return g, g.Members[j]
			}
		}
	}
	return nil, ""
}
