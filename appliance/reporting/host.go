package reporting

import (
	"net/netip"
	"strings"

	"golang.org/x/net/publicsuffix"

	"esasim/esa"
)

// NoDomain is the key of hosts whose name is not known, or does not lead back to
// their address. Source: AsyncOS user guide, "Incoming Mail Page".
const NoDomain = "No Domain Information"

// hostDomain is the domain of a sending host.
func hostDomain(s *esa.Source) string {
	if s == nil || s.Host == "" || !s.Verified {
		return NoDomain
	}
	host := strings.ToLower(strings.TrimSuffix(s.Host, "."))
	if d, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return d
	}
	return host
}

func hostIP(s *esa.Source) string {
	if s == nil || !s.Remote.IsValid() {
		return "unknown"
	}
	return s.Remote.Unmap().String()
}

// hostNetwork stands in for the owner of a network, whom nobody outside tells us: the
// /24, or the /48, that an address is in.
func hostNetwork(s *esa.Source) string {
	if s == nil || !s.Remote.IsValid() {
		return "unknown"
	}
	a := s.Remote.Unmap()
	bits := 48
	if a.Is4() {
		bits = 24
	}
	return netip.PrefixFrom(a, bits).Masked().String()
}

// hostID is what the keys of a sending host come from.
type hostID struct {
	remote        netip.Addr
	host          string
	verified      bool
	country       string
	group, rating string
}

// hostKeys are those of a sending host: to make them takes longer than to count.
type hostKeys struct{ domain, ip, network, networkDomain, domainIP, country, last string }

func (t *tally) keysOf(s *esa.Source) *hostKeys {
	if s == nil {
		s = &esa.Source{}
	}
	id := hostID{s.Remote, s.Host, s.Verified, s.Country, s.Group, s.SBRS}
	k := t.hostKeys[id]
	if k == nil {
		k = &hostKeys{domain: hostDomain(s), ip: hostIP(s), network: hostNetwork(s), last: lastOf(s)}
		k.networkDomain, k.domainIP = k.network+" "+k.domain, k.domain+" "+k.ip
		if s.Country != "not enabled" {
			k.country = s.Country
		}
		t.hostKeys[id] = k
	}
	return k
}

// domainOf is what follows the last @, in lower case.
func domainOf(address string) string {
	i := strings.LastIndexByte(address, '@')
	return strings.ToLower(address[i+1:])
}

// Host is what was last known of a sending host: its sender group, its score in the
// words of the logs, "1" if its name leads back to its address, and that name.
type Host struct{ Group, SBRS, Verified, Name string }

func lastOf(s *esa.Source) string {
	verified := "0"
	if s.Verified {
		verified = "1"
	}
	return s.Group + "\x00" + s.SBRS + "\x00" + verified + "\x00" + s.Host
}

func readHost(last string) Host {
	group, other, _ := strings.Cut(last, "\x00")
	sbrs, other, _ := strings.Cut(other, "\x00")
	verified, name, _ := strings.Cut(other, "\x00")
	return Host{group, sbrs, verified, name}
}

// Address is the address in a key of a table of hosts: all of it, or what follows the
// domain.
func Address(key string) string { return key[strings.LastIndexByte(key, ' ')+1:] }
