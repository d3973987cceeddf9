package filter

import (
	"strconv"
	"strings"
)

// What filters are made of, as the language has it. Content filters become the
// same, so that there is one meaning of every rule and action.
type (
	// definition is one filter.
	definition struct {
		name string
		at   place
		body []statement
	}
	// statement is an action, or an if with what follows from it.
	statement struct {
		act *call
		if_ *expr // nil: act
		yes []statement
		no  []statement
	}
	// expr is a condition.
	expr struct {
		op   operator
		kids []*expr
		call call // of opRule
		cmp  string
		want value
	}
	// call names a rule or an action.
	call struct {
		name string
		args []value
		at   place
	}
	// value is a text, a number or a list of texts.
	value struct {
		class class // text, number, sign (a list)
		text  string
		list  []string
	}
)

type operator uint8

const (
	opRule operator = iota
	opNot
	opAnd
	opOr
)

func textValue(s string) value { return value{class: text, text: s} }
func numberValue(n float64) value {
	return value{class: number, text: strconv.FormatFloat(n, 'f', -1, 64)}
}
func listValue(list []string) value { return value{class: sign, list: list} }

func (v value) String() string {
	switch v.class {
	case text:
		return quoted(v.text)
	case number:
		return v.text
	}
	var b strings.Builder
	b.WriteByte('[')
	for i, s := range v.list {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quoted(s))
	}
	return b.String() + "]"
}

func (c *call) String() string {
	var b strings.Builder
	b.WriteString(c.name)
	b.WriteByte('(')
	for i, a := range c.args {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(a.String())
	}
	return b.String() + ")"
}

func (e *expr) String() string {
	switch e.op {
	case opNot:
		return "not " + e.kids[0].inner()
	case opAnd, opOr:
		var kids []string
		for _, k := range e.kids {
			kids = append(kids, k.inner())
		}
		return strings.Join(kids, map[operator]string{opAnd: " and ", opOr: " or "}[e.op])
	}
	s := e.call.name
	if len(e.call.args) > 0 {
		s = e.call.String()
	}
	if e.cmp != "" {
		s += " " + e.cmp + " " + e.want.String()
	}
	return s
}

// inner is the expression as a part of another one.
func (e *expr) inner() string {
	if e.op == opRule || e.op == opNot {
		return e.String()
	}
	return "(" + e.String() + ")"
}

// String is the filter in the language.
func (d *definition) String() string {
	var b strings.Builder
	b.WriteString(d.name + ": ")
	if len(d.body) == 1 && d.body[0].if_ != nil {
		d.body[0].write(&b, 0)
		return b.String()
	}
	block(&b, d.body, 0)
	return b.String() + "\n"
}

func block(b *strings.Builder, body []statement, depth int) {
	b.WriteString("{\n")
	for i := range body {
		indent(b, depth+1)
		body[i].write(b, depth+1)
	}
	indent(b, depth)
	b.WriteByte('}')
}

func indent(b *strings.Builder, depth int) { b.WriteString(strings.Repeat("  ", depth)) }

func (s *statement) write(b *strings.Builder, depth int) {
	if s.if_ == nil {
		b.WriteString(s.act.String() + ";\n")
		return
	}
	b.WriteString("if (" + s.if_.String() + ") ")
	block(b, s.yes, depth)
	if len(s.no) == 1 && s.no[0].if_ != nil {
		b.WriteString(" el")
		s.no[0].write(b, depth)
		return
	}
	if len(s.no) > 0 {
		b.WriteString(" else ")
		block(b, s.no, depth)
	}
	b.WriteByte('\n')
}
