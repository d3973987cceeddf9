package ctia

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// value reads a term, a phrase or a range.
func (p *parser) value(fields []string) (node, error) {
	p.blanks()
	switch {
	case p.rest == "":
		return nil, errors.New("the query ends early")
	case p.rest[0] == '"':
		text, err := p.quotedText()
		if err != nil {
			return nil, err
		}
		return p.boosted(where{fields, newPhrase(text)})
	case p.rest[0] == '[' || p.rest[0] == '{':
		return p.between(fields)
	case p.rest[0] == '/':
		return nil, errors.New("regular expressions are not supported here")
	}
	raw, wild := p.term()
	if raw == "" {
		return nil, fmt.Errorf("unexpected %.20q", p.rest)
	}
	var n node = where{fields, newPhrase(unescaped(raw))}
	switch {
	case raw == "*":
		n = where{fields, there{}}
	case wild:
		n = where{fields, glob(strings.ToLower(unescaped(raw)))}
	}
	return p.boosted(n)
}

// term reads up to a blank or a sign, with its backslashes; wild is true when it
// has a * or ? that is not escaped.
func (p *parser) term() (raw string, wild bool) {
	i := 0
	for ; i < len(p.rest); i++ {
		c := p.rest[i]
		if c == '\\' && i+1 < len(p.rest) {
			i++
			continue
		}
		if strings.IndexByte(" \t\r\n()[]{}:\"^~", c) >= 0 {
			break
		}
		wild = wild || c == '*' || c == '?'
	}
	raw, p.rest = p.rest[:i], p.rest[i:]
	return raw, wild
}

func unescaped(raw string) string {
	if strings.IndexByte(raw, '\\') < 0 {
		return raw
	}
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		if raw[i] == '\\' && i+1 < len(raw) {
			i++
		}
		b.WriteByte(raw[i])
	}
	return b.String()
}

func (p *parser) quotedText() (string, error) {
	for i := 1; i < len(p.rest); i++ {
		switch p.rest[i] {
		case '\\':
			i++
		case '"':
			raw := p.rest[1:i]
			p.rest = p.rest[i+1:]
			return unescaped(raw), nil
		}
	}
	return "", errors.New("a quotation mark is missing")
}

// between reads [a TO b], or with braces, whose bound is not in it.
func (p *parser) between(fields []string) (node, error) {
	r := interval{openFrom: p.rest[0] == '{'}
	p.rest = p.rest[1:]
	from, err := p.bound()
	if err != nil {
		return nil, err
	}
	if !p.take("TO") {
		return nil, errors.New("a range wants TO")
	}
	to, err := p.bound()
	if err != nil {
		return nil, err
	}
	switch {
	case p.take("]"):
	case p.take("}"):
		r.openUpTo = true
	default:
		return nil, errors.New("a range is not closed")
	}
	r.from, r.to = p.moment(from, r.openFrom), p.moment(to, !r.openUpTo)
	return p.boosted(where{fields, r})
}

// bound reads one end of a range; * is none. Times have colons in them.
func (p *parser) bound() (string, error) {
	if p.blanks(); strings.HasPrefix(p.rest, `"`) {
		return p.quotedText()
	}
	i := strings.IndexAny(p.rest, " \t\r\n]}")
	if i <= 0 {
		return "", errors.New("a range wants two ends")
	}
	out := unescaped(p.rest[:i])
	if p.rest = p.rest[i:]; out == "*" {
		return "", nil
	}
	return out, nil
}

// compared reads what stands behind a sign of comparison.
func (p *parser) compared(fields []string, sign string) (node, error) {
	text, err := p.compareWith()
	if err != nil {
		return nil, err
	}
	var r interval
	switch sign {
	case ">":
		r = interval{from: p.moment(text, true), openFrom: true}
	case ">=":
		r = interval{from: p.moment(text, false)}
	case "<":
		r = interval{to: p.moment(text, false), openUpTo: true}
	default:
		r = interval{to: p.moment(text, true)}
	}
	return p.boosted(where{fields, r})
}

func (p *parser) compareWith() (string, error) {
	if p.blanks(); strings.HasPrefix(p.rest, `"`) {
		return p.quotedText()
	}
	i := strings.IndexAny(p.rest, " \t\r\n()")
	if i < 0 {
		i = len(p.rest)
	}
	text := unescaped(p.rest[:i])
	if p.rest = p.rest[i:]; text == "" {
		return "", errors.New("a comparison wants a value")
	}
	return text, nil
}

// moment brings a bound that is a moment into the form of the schema; a day is
// its beginning, or its end for up. What is no moment stays.
func (p *parser) moment(text string, up bool) string {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return stamp(at)
	}
	if at, err := time.Parse(time.DateOnly, text); err == nil {
		if up {
			at = at.AddDate(0, 0, 1).Add(-time.Millisecond)
		}
		return stamp(at)
	}
	if tail, ok := strings.CutPrefix(text, "now"); ok {
		if at, ok := shifted(p.now, tail); ok {
			return stamp(at)
		}
	}
	return text
}

// shifted reads the +2d or -1h behind now.
func shifted(now time.Time, by string) (time.Time, bool) {
	if by == "" {
		return now, true
	}
	n, err := strconv.Atoi(by[:len(by)-1])
	if err != nil || n > 1e5 || n < -1e5 || by[0] != '+' && by[0] != '-' {
		return now, false
	}
	switch by[len(by)-1] {
	case 's':
		return now.Add(time.Duration(n) * time.Second), true
	case 'm':
		return now.Add(time.Duration(n) * time.Minute), true
	case 'h', 'H':
		return now.Add(time.Duration(n) * time.Hour), true
	case 'd':
		return now.AddDate(0, 0, n), true
	case 'w':
		return now.AddDate(0, 0, 7*n), true
	case 'M':
		return now.AddDate(0, n, 0), true
	case 'y':
		return now.AddDate(n, 0, 0), true
	}
	return now, false
}
