package smtp

import (
	"fmt"
	"net/netip"
	"strings"

	"esasim/esa"
)

// The access rules of mail flow policies. Source: AsyncOS user guide, "Mail
// Flow Policies".
const (
	Accept    = "ACCEPT"
	Relay     = "RELAY"
	Reject    = "REJECT"
	TCPRefuse = "TCPREFUSE"
)

// SenderGroup is one row of the Host Access Table.
type SenderGroup struct {
	Name    string
	Rule    string
	Members []string // "ALL", an address, a CIDR range, or "sbrs[none]"
}

// HAT is the Host Access Table: ordered sender groups, the first that matches
// decides. Sender reputation is not emulated: every sender's score is "None",
// so of the score ranges only "sbrs[none]" ever matches.
type HAT struct{ groups []hatGroup }

type hatGroup struct {
	SenderGroup
	nets []netip.Prefix // of the members that are addresses, in their order
}

// NewHAT checks the groups.
func NewHAT(groups []SenderGroup) (HAT, error) {
	var h HAT
	for _, g := range groups {
		switch g.Rule {
		case Accept, Relay, Reject, TCPRefuse:
		default:
			return HAT{}, fmt.Errorf("sender group %s: rule %q: want ACCEPT, RELAY, REJECT or TCPREFUSE", g.Name, g.Rule)
		}
		c := hatGroup{SenderGroup: g}
		for _, m := range g.Members {
			p, err := member(m)
			if err != nil {
				return HAT{}, fmt.Errorf("sender group %s: %w", g.Name, err)
			}
			c.nets = append(c.nets, p)
		}
		h.groups = append(h.groups, c)
	}
	return h, nil
}

// member reads an address or range; the two words that are neither give an
// invalid prefix.
func member(m string) (netip.Prefix, error) {
	if m == "ALL" || m == "sbrs[none]" {
		return netip.Prefix{}, nil
	}
	if a, err := netip.ParseAddr(m); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(m)
	if err != nil {
		return p, fmt.Errorf("member %q: want ALL, an IP address, a CIDR range or sbrs[none]", m)
	}
	return p, nil
}

// decide is the table's word on a connection. Nothing matching is the implied
// last row, ALL with ACCEPT.
func (h HAT) decide(remote netip.Addr) *esa.Source {
	s := &esa.Source{Remote: remote, Rule: Accept, Group: "None", Match: "ALL", SBRS: "None", Country: "not enabled"}
	for _, g := range h.groups {
		for i, p := range g.nets {
			if !p.IsValid() || p.Contains(remote) {
				s.Rule, s.Group, s.Match, s.Outgoing = g.Rule, g.Name, g.Members[i], g.Rule == Relay
				return s
			}
		}
	}
	return s
}

// RAT is the Recipient Access Table of a public listener: the domains for which
// mail is taken. Source: AsyncOS user guide, "Recipient Access Table".
type RAT struct {
	all     bool
	domains map[string]bool // in lower case; ".example.com" means all below it
}

// NewRAT makes a table of the domains; "ALL" takes mail for every domain.
func NewRAT(domains []string) RAT {
	r := RAT{domains: map[string]bool{}}
	for _, d := range domains {
		r.all = r.all || d == "ALL"
		r.domains[strings.ToLower(d)] = true
	}
	return r
}

func (r RAT) accepts(address string) bool {
	if r.all {
		return true
	}
	d := strings.ToLower(address[strings.LastIndexByte(address, '@')+1:])
	for {
		if r.domains[d] {
			return true
		}
		i := strings.IndexByte(d[min(1, len(d)):], '.') + 1
		if i == 0 {
			return false
		}
		d = d[i:] // "a.example.com" is also tried as ".example.com"
	}
}
