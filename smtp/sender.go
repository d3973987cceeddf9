package smtp

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Sender is what the world knows of some addresses: the answers that the real
// appliance would get from DNS, the reputation service and geolocation. What is
// empty is unknown.
type Sender struct {
	Address    string // an IP address or a CIDR range
	Host       string // its name by reverse DNS
	Unverified bool   // the name does not lead back to the address
	SBRS       string // a score from -10.0 to 10.0, or one of the words [NewSenders] takes
	Country    string
}

// Senders finds who a peer is by its address. The most specific range wins.
type Senders struct{ list []sender } // the longest prefixes first

// sender is a Sender as the HAT sees it.
type sender struct {
	net      netip.Prefix
	host     string
	verified bool
	sbrs     string // as the logs write it
	scored   bool
	score    float64
	country  string
}

// nobody is what is known of a peer that the table does not have: there is no
// reputation service, no DNS, no geolocation.
func nobody() *sender { return &sender{sbrs: "None", country: "not enabled"} }

// NewSenders checks the table.
func NewSenders(list []Sender) (Senders, error) {
	var out Senders
	for i := range list {
		s, err := newSender(&list[i])
		if err != nil {
			return Senders{}, fmt.Errorf("sender %s: %w", list[i].Address, err)
		}
		out.list = append(out.list, s)
	}
	slices.SortStableFunc(out.list, func(a, b sender) int { return cmp.Compare(b.net.Bits(), a.net.Bits()) })
	return out, nil
}

func newSender(s *Sender) (out sender, err error) {
	out = *nobody()
	if out.net, err = network(s.Address); err != nil {
		return out, err
	}
	if s.Host != "" && (!isHostPattern(s.Host) || s.Host[0] == '.') {
		return out, fmt.Errorf("host %q: want a host name", s.Host)
	}
	out.host, out.verified = s.Host, s.Host != "" && !s.Unverified
	if err = out.rate(s.SBRS); err != nil {
		return out, err
	}
	if strings.ContainsFunc(s.Country, unicode.IsControl) {
		return out, fmt.Errorf("country %q: want a name", s.Country)
	}
	if s.Country != "" {
		out.country = s.Country
	}
	return out, nil
}

// rate takes a reputation: a score, or one of the words that the logs have in
// its place.
func (s *sender) rate(text string) error {
	switch strings.ToLower(text) {
	case "", "none":
		return nil
	case "rfc1918", "unable to retrieve", "not enabled":
		s.sbrs = strings.ToLower(text)
		return nil
	}
	f, err := score(text)
	if err != nil {
		return fmt.Errorf("sbrs %q: want -10.0 to 10.0, none, rfc1918, unable to retrieve or not enabled", text)
	}
	f = math.Round(f*10) / 10 // so that the group is that of the score in the logs
	s.sbrs, s.scored, s.score = strconv.FormatFloat(f, 'f', 1, 64), true, f
	return nil
}

// of is what is known of an address.
func (s *Senders) of(a netip.Addr) *sender {
	for i := range s.list {
		if s.list[i].net.Contains(a) {
			return &s.list[i]
		}
	}
	return nobody()
}

// Networks are addresses and CIDR ranges.
type Networks []netip.Prefix

// NewNetworks reads them.
func NewNetworks(list []string) (Networks, error) {
	var out Networks
	for _, s := range list {
		p, err := network(s)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func network(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, fmt.Errorf("address %q: want an IP address or a CIDR range", s)
	}
	return p.Masked(), nil
}

func (n Networks) has(a netip.Addr) bool {
	return slices.ContainsFunc(n, func(p netip.Prefix) bool { return p.Contains(a) })
}
