package filter

import (
	"fmt"
	"strings"
)

// class is what a token of the language of message filters is.
type class uint8

const (
	end    class = iota
	word         // a name: of a filter, a rule, an action
	text         // in quotes; the token has what is within, without escapes
	number       // 5, -3.5, 10M
	sign         // one of signs
)

// place is where something stands: in a text, line and column counted from 1; or
// below a key of the configuration.
type place struct {
	line, col int
	key       string
}

func (p place) errorf(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if p.line == 0 {
		return fmt.Errorf("%s: %w", p.key, err)
	}
	return fmt.Errorf("line %d, column %d: %w", p.line, p.col, err)
}

type token struct {
	class class
	text  string
	at    place
}

// String is the token as an error shows it.
func (t token) String() string {
	switch t.class {
	case end:
		return "the end"
	case text:
		return quoted(t.text)
	}
	return t.text
}

// lexer cuts the text of message filters into tokens. What begins with # is a
// comment up to the end of the line.
type lexer struct {
	rest string
	at   place
}

// signs lists the longer ones first.
var signs = [...]string{"==", "!=", "<=", ">=", "<", ">", "(", ")", "{", "}", "[", "]", ";", ":", ","}

func (l *lexer) next() (token, error) {
	l.blank()
	t := token{at: l.at}
	if l.rest == "" {
		return t, nil
	}
	switch ch := l.rest[0]; {
	case ch == '"', ch == '\'':
		return l.text()
	case isLetter(ch):
		return l.take(word, func(ch byte) bool { return isLetter(ch) || isDigit(ch) || ch == '-' }), nil
	case isDigit(ch), ch == '-' && len(l.rest) > 1 && isDigit(l.rest[1]):
		first := true
		return l.take(number, func(ch byte) bool {
			ok := first || isDigit(ch) || isLetter(ch) || ch == '.'
			first = false
			return ok
		}), nil
	}
	for _, s := range signs {
		if strings.HasPrefix(l.rest, s) {
			t.class, t.text = sign, s
			l.skip(len(s))
			return t, nil
		}
	}
	return t, l.at.errorf("%q begins nothing", []rune(l.rest)[0])
}

func isLetter(ch byte) bool { return ch|0x20 >= 'a' && ch|0x20 <= 'z' || ch == '_' }
func isDigit(ch byte) bool  { return ch >= '0' && ch <= '9' }

func (l *lexer) take(c class, in func(byte) bool) token {
	t, n := token{class: c, at: l.at}, 0
	for n < len(l.rest) && in(l.rest[n]) {
		n++
	}
	t.text = l.rest[:n]
	l.skip(n)
	return t
}

// blank passes over blanks and comments.
func (l *lexer) blank() {
	for l.rest != "" {
		switch l.rest[0] {
		case ' ', '\t', '\r', '\n':
			l.skip(1)
		case '#':
			n := strings.IndexByte(l.rest, '\n')
			if n < 0 {
				n = len(l.rest)
			}
			l.skip(n)
		default:
			return
		}
	}
}

// skip goes on behind n octets.
func (l *lexer) skip(n int) {
	gone := l.rest[:n]
	l.rest = l.rest[n:]
	if i := strings.LastIndexByte(gone, '\n'); i >= 0 {
		l.at.line += strings.Count(gone, "\n")
		l.at.col = 1
		gone = gone[i+1:]
	}
	l.at.col += len([]rune(gone))
}

// text reads up to the other quote. A backslash before a quote or a backslash
// stands for that; \n, \r and \t are what they are elsewhere; before anything else
// it stays, as in regular expressions.
func (l *lexer) text() (token, error) {
	t := token{class: text, at: l.at}
	quote := l.rest[0]
	var b strings.Builder
	for i := 1; i < len(l.rest); i++ {
		ch := l.rest[i]
		switch {
		case ch == quote:
			t.text = b.String()
			l.skip(i + 1)
			return t, nil
		case ch == '\\' && i+1 < len(l.rest) && strings.IndexByte(`\"'nrt`, l.rest[i+1]) >= 0:
			i++
			b.WriteByte(unescape(l.rest[i]))
		default:
			b.WriteByte(ch)
		}
	}
	return t, t.at.errorf("a text begins with %c and does not end", quote)
}

func unescape(ch byte) byte {
	switch ch {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return ch
}

// quoted is a text as it is written in the language.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s) + `"`
}
