package ctia

import (
	"fmt"
	"strings"
	"time"
)

const (
	maxQuery  = 4096 // characters of a query (ours)
	maxNested = 40   // parentheses within each other (ours)
)

// parseQuery reads a query in Lucene's language: field:value, "a phrase", AND, OR,
// NOT and their signs, parentheses, * and ?, [a TO b] and {a TO b}, >, >=, <, <=,
// _exists_:field. What stands side by side must all hold. Regular expressions and
// fuzzy terms are refused; a boost is read and changes nothing, because nothing is
// ranked. fields are those that a value without a field is looked for in; none: all.
// The error is a [*Fault].
func parseQuery(q string, fields []string, now time.Time) (node, error) {
	if len(q) > maxQuery {
		return nil, invalidSearch(fmt.Sprintf("the query is longer than %d bytes", maxQuery))
	}
	p := &parser{rest: q, now: now}
	n, err := p.either(fields)
	if err == nil && p.rest != "" {
		err = fmt.Errorf("unexpected %.20q", p.rest)
	}
	if err != nil {
		return nil, invalidSearch(fmt.Sprintf("Failed to parse query [%.200s]: %v", q, err))
	}
	return n, nil
}

type parser struct {
	rest  string
	depth int
	now   time.Time
}

func (p *parser) blanks() { p.rest = strings.TrimLeft(p.rest, " \t\r\n\u3000") }

// take reads a sign or a word of the language when it is next.
func (p *parser) take(what string) bool {
	p.blanks()
	tail, ok := strings.CutPrefix(p.rest, what)
	isWord := what[0] >= 'A' && what[0] <= 'Z'
	if !ok || isWord && tail != "" && !strings.ContainsRune(" \t\r\n()\"", rune(tail[0])) {
		return false
	}
	p.rest = tail
	return true
}

// either reads clauses joined by OR.
func (p *parser) either(fields []string) (node, error) {
	var out anyOf
	for {
		n, err := p.both(fields)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
		if !p.take("OR") && !p.take("||") {
			break
		}
	}
	if len(out) == 1 {
		return out[0], nil
	}
	return out, nil
}

// both reads clauses joined by AND, or by nothing.
func (p *parser) both(fields []string) (node, error) {
	var out allOf
	for {
		n, err := p.clause(fields)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
		if p.take("AND") || p.take("&&") {
			continue
		}
		if p.blanks(); p.rest == "" || p.rest[0] == ')' || p.next("OR") || p.next("||") {
			break
		}
	}
	if len(out) == 1 {
		return out[0], nil
	}
	return out, nil
}

// next is true when a word or a sign of the language comes next, and leaves it.
func (p *parser) next(what string) bool {
	ahead := *p
	return ahead.take(what)
}

// clause reads one clause with its signs.
func (p *parser) clause(fields []string) (node, error) {
	negative := false
	for {
		switch {
		case p.take("NOT"), p.take("!"), p.take("-"):
			negative = !negative
		case p.take("+"):
		default:
			n, err := p.primary(fields)
			if negative && err == nil {
				n = none{n}
			}
			return n, err
		}
	}
}

func (p *parser) primary(fields []string) (node, error) {
	p.blanks()
	if p.take("(") {
		return p.group(fields)
	}
	if p.rest != "" && p.rest[0] == '"' {
		return p.value(fields)
	}
	if name, ok := p.field(); ok {
		return p.fielded(name)
	}
	return p.value(fields)
}

// group reads up to the closing parenthesis.
func (p *parser) group(fields []string) (node, error) {
	if p.depth++; p.depth > maxNested {
		return nil, fmt.Errorf("nested deeper than %d", maxNested)
	}
	n, err := p.either(fields)
	if err != nil {
		return nil, err
	}
	p.depth--
	if !p.take(")") {
		return nil, fmt.Errorf("a parenthesis is not closed")
	}
	return p.boosted(n)
}

// field reads a name and its colon, or nothing.
func (p *parser) field() (string, bool) {
	ahead := *p
	name, _ := ahead.term()
	if tail, ok := strings.CutPrefix(ahead.rest, ":"); ok && name != "" {
		p.rest = tail
		return strings.ReplaceAll(name, `\`, ""), true
	}
	return "", false
}

// fielded reads what a field is asked for.
func (p *parser) fielded(name string) (node, error) {
	fields := []string{name}
	p.blanks()
	switch {
	case p.take("("):
		return p.group(fields)
	case name == "_exists_":
		value, _ := p.term()
		if value == "" {
			return nil, fmt.Errorf("_exists_: want the name of a field")
		}
		return anyOf{where{[]string{value}, there{}}, where{[]string{value + ".*"}, there{}}}, nil
	case name == "*" && p.take("*"):
		return every{}, nil
	}
	for _, sign := range []string{">=", "<=", ">", "<"} {
		if p.take(sign) {
			return p.compared(fields, sign)
		}
	}
	return p.value(fields)
}

// boosted reads over a boost.
func (p *parser) boosted(n node) (node, error) {
	if tail, ok := strings.CutPrefix(p.rest, "^"); ok {
		p.rest = strings.TrimLeft(tail, "0123456789.")
		if len(p.rest) == len(tail) {
			return nil, fmt.Errorf("^: want a number")
		}
	}
	if strings.HasPrefix(p.rest, "~") {
		return nil, fmt.Errorf("~ is not supported here")
	}
	return n, nil
}
