package smtp

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// member is one line of a sender group:
//
//	ALL
//	10.0.0.1  10.0.0.0/8  10.0.0.1-10.0.0.20  10.0.0.1-20  10.1.1.
//	mail.example.com  .example.com
//	sbrs[-10.0:-3.0]  sbrs[none]
//	country[Netherlands]
//
// All but the last are the appliance's (AsyncOS user guide, "Sender Group
// Syntax").
type member struct {
	all         bool
	first, last netip.Addr // of a range of addresses
	host        string     // in lower case; ".example.com" means all below it
	scored      bool       // by score: from low to high
	unscored    bool       // those without a score
	low, high   float64
	country     string
}

func newMember(text string) (member, error) {
	if text == "ALL" {
		return member{all: true}, nil
	}
	if in, ok := bracketed(text, "sbrs["); ok {
		return scoreMember(text, in)
	}
	if in, ok := bracketed(text, "country["); ok && in != "" {
		return member{country: in}, nil
	}
	if first, last, ok := addressRange(text); ok {
		return member{first: first, last: last}, nil
	}
	if isHostPattern(text) {
		return member{host: strings.ToLower(text)}, nil
	}
	return member{}, fmt.Errorf("member %q: want ALL, an IP address, a CIDR range, a range as 10.0.0.1-10.0.0.20 or 10.1.1., "+
		"a host name, .example.com, sbrs[-10.0:-3.0], sbrs[none] or country[Netherlands]", text)
}

// bracketed is what a text has between its beginning and the bracket at its end.
func bracketed(text, begin string) (string, bool) {
	in, ok := strings.CutPrefix(text, begin)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(in, "]")
}

func scoreMember(text, in string) (member, error) {
	if strings.EqualFold(in, "none") {
		return member{unscored: true}, nil
	}
	from, to, _ := strings.Cut(in, ":")
	low, err1 := score(from)
	high, err2 := score(to)
	if err1 != nil || err2 != nil || low > high {
		return member{}, fmt.Errorf("member %q: want sbrs[none], or sbrs[-10.0:-3.0] with scores from -10.0 to 10.0, the lower one first", text)
	}
	return member{scored: true, low: low, high: high}, nil
}

// score reads a sender reputation score, -10 to 10.
func score(s string) (float64, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f >= -10 && f <= 10) { // this way round also for NaN
		return 0, fmt.Errorf("score %q: want -10.0 to 10.0", s)
	}
	return f, nil
}

// addressRange reads an address or any of the forms that mean several.
func addressRange(s string) (first, last netip.Addr, ok bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked().Addr(), lastOf(p), true
	}
	if stem, partial := strings.CutSuffix(s, "."); partial {
		n := 3 - strings.Count(stem, ".") // octets that are missing
		if n < 1 {
			return first, last, false
		}
		s = stem + strings.Repeat(".0", n) + "-" + stem + strings.Repeat(".255", n)
	}
	from, to, several := strings.Cut(s, "-")
	first, err := netip.ParseAddr(from)
	if err != nil || first.Zone() != "" {
		return first, last, false
	}
	if !several {
		return first, first, true
	}
	if first.Is4() && !strings.Contains(to, ".") { // of the last octet alone
		to = from[:strings.LastIndexByte(from, '.')+1] + to
	}
	last, err = netip.ParseAddr(to)
	return first, last, err == nil && last.Zone() == "" && first.BitLen() == last.BitLen() && first.Compare(last) <= 0
}

// lastOf is the last address of a range.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b) // of a length that an address had
	return a
}

// isHostPattern is true for a name, or one with a dot before it. One without
// letters is a mistyped address.
func isHostPattern(s string) bool {
	letters := false
	for label := range strings.SplitSeq(strings.TrimPrefix(s, "."), ".") {
		if label == "" {
			return false
		}
		for _, ch := range []byte(label) {
			letter := ch|0x20 >= 'a' && ch|0x20 <= 'z'
			if letters = letters || letter; !letter && (ch < '0' || ch > '9') && ch != '-' && ch != '_' {
				return false
			}
		}
	}
	return letters
}

// has is true if the line means this peer. A name counts only if its address
// is the peer's: everybody can call himself anything in his own reverse DNS.
func (m *member) has(remote netip.Addr, who *sender) bool {
	switch {
	case m.all:
		return true
	case m.first.IsValid():
		return remote.BitLen() == m.first.BitLen() && m.first.Compare(remote) <= 0 && remote.Compare(m.last) <= 0
	case m.host != "":
		return who.verified && hostMatches(who.host, m.host)
	case m.unscored:
		return !who.scored
	case m.scored:
		return who.scored && m.low <= who.score && who.score <= m.high
	}
	return strings.EqualFold(m.country, who.country)
}

// hostMatches compares a name with a pattern in lower case.
func hostMatches(host, pattern string) bool {
	if pattern[0] != '.' {
		return strings.EqualFold(host, pattern)
	}
	n := len(host) - len(pattern)
	return n > 0 && strings.EqualFold(host[n:], pattern)
}
