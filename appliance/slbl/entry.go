package slbl

import (
	"net/netip"
	"strings"
	"unicode"
)

// Longest parts of an address (RFC 5321, 4.5.3.1).
const (
	mostLocal  = 64
	mostDomain = 255
)

// Sender reads an entry of a list: user@example.com, example.com,
// server.example.com, [192.0.2.1], [ipv6:2001:db8::1], user@[192.0.2.1] or
// user@[ipv6:2001:db8::1]. An address without brackets means the same as with them.
// What it returns is in small letters, so that what means the same is the same.
// .example.com, for all below a domain, is refused. Source: AsyncOS user guide,
// "Syntax for Safelists and Blocklist Entries".
func Sender(entry string) (string, error) {
	if strings.Contains(entry, "@") {
		return Recipient(entry)
	}
	if ip, err := netip.ParseAddr(entry); err == nil && ip.Zone() == "" {
		return literal(ip), nil
	}
	if d, ok := domain(strings.ToLower(entry)); ok {
		return d, nil
	}
	if strings.HasPrefix(entry, ".") {
		return "", refused("%q: all servers of a domain cannot be meant at once; want example.com or server.example.com", clip(entry))
	}
	return "", refused("%q: want user@example.com, example.com, [192.0.2.1] or user@[192.0.2.1]", clip(entry))
}

// Recipient reads the address of a recipient who has lists.
func Recipient(s string) (string, error) {
	local, at := split(strings.ToLower(s))
	if d, ok := domain(at); ok && isLocal(local) {
		return local + "@" + d, nil
	}
	return "", refused("%q: want an address such as user@example.com", clip(s))
}

func split(address string) (local, domain string) {
	i := strings.LastIndexByte(address, '@')
	if i < 0 {
		return "", ""
	}
	return address[:i], address[i+1:]
}

// isLocal tells whether a text is what stands before the @. Quoted ones are no
// entries: nobody could tell two ways to write the same apart.
func isLocal(s string) bool {
	const others = "!#$%&'*+-/=?^_`{|}~."
	return s != "" && len(s) <= mostLocal && !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(others, r)
	})
}

// domain reads what stands behind the @, in small letters: a name, or an address in
// brackets.
func domain(s string) (string, bool) {
	if in, ok := strings.CutPrefix(s, "["); ok {
		in, closed := strings.CutSuffix(in, "]")
		text, six := strings.CutPrefix(in, "ipv6:")
		ip, err := netip.ParseAddr(text)
		if !closed || err != nil || ip.Zone() != "" || six && !ip.Is6() {
			return "", false
		}
		return literal(ip), true
	}
	letters := false
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return "", false
		}
		for _, ch := range []byte(label) {
			letter := ch >= 'a' && ch <= 'z'
			if letters = letters || letter; !letter && (ch < '0' || ch > '9') && ch != '-' && ch != '_' {
				return "", false
			}
		}
	}
	return s, letters && len(s) <= mostDomain
}

// literal is an IP address as a domain.
func literal(ip netip.Addr) string {
	if ip = ip.Unmap(); ip.Is6() {
		return "[ipv6:" + ip.String() + "]"
	}
	return "[" + ip.String() + "]"
}

// clip bounds what is repeated of an entry.
func clip(s string) string {
	const most = 100
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
