package ctr

import (
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"

	"esasim/cloud/ctim"
)

// scanner walks a text once, from the left. Every step either consumes what it
// looked at or looks at a bounded stretch, so the time is linear in the text.
type scanner struct {
	text  string
	at    int
	past  int // no address of IPv6 begins before here: the run was looked at
	seen  map[ctim.Observable]bool
	found []ctim.Observable
}

func (s *scanner) scan() {
	for s.at < len(s.text) {
		switch {
		case s.typed(), s.url(), s.ipv6():
		default:
			s.plain()
		}
	}
}

// typed takes type:"value", type:'value' or type:value at the start of a word.
func (s *scanner) typed() bool {
	rest := s.text[s.at:]
	const longest = 40 // more than the longest type name
	colon := strings.IndexByte(rest[:min(len(rest), longest)], ':')
	if colon < 0 {
		return false
	}
	kind, ok := typeNamed(rest[:colon])
	if !ok {
		return false
	}
	value := rest[colon+1:]
	quoted := strings.TrimLeft(value, " \t")
	blank := len(quoted) < len(value)
	if quoted != "" && (quoted[0] == '"' || quoted[0] == '\'') {
		return s.quoted(kind, quoted, blank)
	}
	if blank {
		return false // prose: "user: see below"
	}
	end := strings.IndexFunc(value, func(r rune) bool { return endsTyped(kind, r) })
	if end < 0 {
		end = len(value)
	}
	plain := strings.Trim(value[:end], ",;'")
	if plain == "" {
		return false
	}
	s.add(kind, plain)
	s.at += colon + 1 + end
	return true
}

// endsTyped is true for what ends a typed value without quotes.
func endsTyped(kind ctim.ObservableType, r rune) bool {
	switch kind {
	case ctim.IP, ctim.IPv6, ctim.Domain, ctim.Email, ctim.MD5, ctim.SHA1, ctim.SHA256:
		if strings.ContainsRune(";)]}>", r) {
			return true
		}
	}
	return isBlank(r) || r == '"' || r == ',' && kind != ctim.URL
}

// quoted takes a value that begins with a quote and ends with the same on the
// same line; without its end it is no typed value (inferred).
func (s *scanner) quoted(kind ctim.ObservableType, rest string, blank bool) bool {
	end := strings.IndexAny(rest[1:], rest[:1]+"\n")
	if end < 0 || rest[1+end] == '\n' {
		return false
	}
	value := strings.TrimSpace(rest[1 : 1+end])
	s.add(kind, value)
	if kind == ctim.URL && blank {
		s.host(value)
	}
	s.at = len(s.text) - len(rest) + end + 2
	return true
}

// url takes a URL of free text, with the domain of its host.
func (s *scanner) url() bool {
	rest := s.text[s.at:]
	if !hasScheme(rest) {
		return false
	}
	end := strings.IndexFunc(rest, func(r rune) bool { return isBlank(r) || strings.ContainsRune("\"<>`{}|\\^", r) })
	if end < 0 {
		end = len(rest)
	}
	u := strings.TrimRight(rest[:end], ".,;:!?)]'")
	s.at += end
	if s.host(u) {
		s.add(ctim.URL, u)
	}
	return true
}

// host adds the host of a URL: a domain, or an address (the latter inferred).
// It is false when the URL has none.
func (s *scanner) host(raw string) bool {
	_, rest, _ := strings.Cut(raw, "://")
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	h := rest[strings.LastIndexByte(rest, '@')+1:]
	if literal, _, ok := strings.Cut(strings.TrimPrefix(h, "["), "]"); ok {
		h = literal
	} else if i := strings.IndexByte(h, ':'); i >= 0 {
		h = h[:i]
	}
	h = strings.TrimSuffix(h, ".")
	if len(h) > 253 {
		return false
	}
	if a, err := netip.ParseAddr(h); err == nil {
		s.addr(a, h)
	} else if isDomain(h) {
		s.add(ctim.Domain, h)
	}
	return h != ""
}

func (s *scanner) addr(a netip.Addr, as string) {
	if a.Is4() {
		s.add(ctim.IP, as)
	} else if a.Zone() == "" && !a.IsUnspecified() {
		s.add(ctim.IPv6, as)
	}
}

func hasScheme(s string) bool {
	for _, scheme := range []string{"http://", "https://", "ftp://"} {
		if len(s) > len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			return true
		}
	}
	return false
}

// ipv6 takes an address of IPv6: a whole run of hexadecimal digits, colons and
// dots that a word does not go on from. The tail of a run that is none is not
// looked at again: it would look like one.
func (s *scanner) ipv6() bool {
	if s.at < s.past {
		return false
	}
	rest := s.text[s.at:]
	n := 0
	for n < len(rest) && (isHex(rune(rest[n])) || rest[n] == ':' || rest[n] == '.') {
		n++
	}
	s.past = s.at + n
	run := strings.TrimRight(rest[:n], ".")
	if strings.HasSuffix(run, ":") && !strings.HasSuffix(run, "::") {
		run = run[:len(run)-1] // "fe80::1: unreachable"
	}
	const longest = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")
	if len(run) > longest || strings.Count(run, ":") < 2 {
		return false
	}
	if r, _ := utf8.DecodeRuneInString(rest[n:]); n < len(rest) && inWord(r) {
		return false
	}
	a, err := netip.ParseAddr(run)
	if err != nil || !a.Is6() {
		return false
	}
	s.addr(a, run)
	s.at += n
	return true
}

// plain takes a word, or what stands between two words.
func (s *scanner) plain() {
	start := s.at
	for s.at < len(s.text) {
		r, size := utf8.DecodeRuneInString(s.text[s.at:])
		if !inWord(r) {
			break
		}
		s.at += size
	}
	if s.at > start {
		s.word(s.text[start:s.at])
	}
	s.gap()
}

// gap skips to the next word, or to an address that begins with two colons.
func (s *scanner) gap() {
	word := s.at > 0 && s.inWordBefore()
	for s.at < len(s.text) {
		r, size := utf8.DecodeRuneInString(s.text[s.at:])
		if inWord(r) || !word && strings.HasPrefix(s.text[s.at:], "::") && s.ipv6() {
			return
		}
		s.at += size
		word = r == ':' && word // "std::abc" is no address
	}
}

// inWordBefore is true when what was consumed last belongs to a word.
func (s *scanner) inWordBefore() bool {
	r, _ := utf8.DecodeLastRuneInString(s.text[:s.at])
	return inWord(r)
}

func isBlank(r rune) bool {
	return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\v' || r == '\f' || r == 0xa0
}

// inWord is true for what a word of free text is made of: names, addresses of
// e-mail and IPv4, hashes; letters beyond ASCII for international names.
func inWord(r rune) bool {
	return '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' ||
		r == '.' || r == '-' || r == '_' || r == '@' || r == '+' || r == '%' ||
		r > 0xff && r != utf8.RuneError && !isPunctuation(r) || 0xc0 <= r && r <= 0xff
}

// isPunctuation is true for the marks that word processors put around words.
func isPunctuation(r rune) bool { return 0x2000 <= r && r <= 0x206f || 0x3000 <= r && r <= 0x303f }

// knownTopLevel keeps file names (invoice.pdf) from looking like domains: the
// last label must be of the public list or reserved for laboratories.
// Inferred: recordings show that no file name was ever guessed to be one.
func knownTopLevel(domain string) bool {
	label := strings.ToLower(domain[strings.LastIndexByte(domain, '.')+1:])
	if reservedTopLevel(label) {
		return true
	}
	suffix, icann := publicsuffix.PublicSuffix(label)
	return icann && suffix == label
}
