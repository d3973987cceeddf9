package filter

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// pattern is a regular expression in the syntax of Go's package regexp (RE2). The
// appliance's is that of Python; what both have means the same, and looking around
// and references back do not exist here, so that no message can make a search slow.
type pattern struct {
	re *regexp.Regexp
	// need is a text, in lower case, that is in everything the expression matches;
	// looking for it is many times faster. whole: the expression is that text.
	need  string
	fold  bool // letter case does not matter in need
	whole bool
}

func newPattern(s string) (*pattern, error) {
	re, err := regexp.Compile(s)
	if err != nil {
		return nil, err
	}
	p := &pattern{re: re}
	if tree, err := syntax.Parse(s, syntax.Perl); err == nil {
		p.literal(tree)
	}
	return p, nil
}

// literal finds the longest text that must be there.
func (p *pattern) literal(tree *syntax.Regexp) {
	switch tree.Op {
	case syntax.OpLiteral:
		s := string(tree.Rune)
		if len(s) != len(tree.Rune) || len(s) <= len(p.need) {
			return // only ASCII: other letters have more than two cases
		}
		p.fold = tree.Flags&syntax.FoldCase != 0
		if p.need = s; p.fold {
			p.need = strings.ToLower(s)
		}
		p.whole = true
	case syntax.OpConcat:
		for _, sub := range tree.Sub {
			p.literal(sub)
		}
		p.whole = false
	case syntax.OpCapture, syntax.OpPlus:
		p.literal(tree.Sub[0])
		p.whole = p.whole && tree.Op == syntax.OpCapture
	}
}

// has tells whether the expression matches somewhere in s.
func (p *pattern) has(s string) bool { return p.in(s, "") }

// in is has for those who know s in lower case, see [lower].
func (p *pattern) in(s, low string) bool {
	if p.need == "" {
		return p.re.MatchString(s)
	}
	look := s
	if p.fold {
		if low == "" {
			low = lower(s)
		}
		look = low
	}
	if !strings.Contains(look, p.need) {
		return false
	}
	return p.whole || p.re.MatchString(s)
}

// count is how often it matches, up to a limit.
func (p *pattern) count(s, low string, limit int) int {
	if !p.in(s, low) {
		return 0
	}
	if limit == 1 {
		return 1
	}
	return len(p.re.FindAllStringIndex(s, limit))
}

// lower makes of every letter that is some ASCII letter but for its case that
// letter in lower case, and of no other.
func lower(s string) string {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return strings.Map(lowerRune, s)
		}
	}
	return strings.ToLower(s)
}

func lowerRune(r rune) rune {
	switch {
	case r >= 'A' && r <= 'Z':
		return r + 'a' - 'A'
	case r == '\u212a': // the sign for Kelvin
		return 'k'
	case r == '\u017f': // the long s
		return 's'
	}
	return r
}

// cut shortens a text to at most n octets, at a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
