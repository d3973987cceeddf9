package filter

// maxDepth is how deep conditions and ifs may be nested.
const maxDepth = 100

// parser reads message filters. The first error ends it.
type parser struct {
	lex   lexer
	tok   token
	depth int
}

// parse reads the filters of a text:
//
//	name: if (condition) { action("text"); } else { action(); }
func parse(s string) ([]definition, error) {
	p := parser{lex: lexer{rest: s, at: place{line: 1, col: 1}}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	var list []definition
	for p.tok.class != end {
		d, err := p.definition()
		if err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, nil
}

// parseRule reads a single condition.
func parseRule(s string) (*expr, error) {
	p := parser{lex: lexer{rest: s, at: place{line: 1, col: 1}}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	e, err := p.either()
	if err == nil && p.tok.class != end {
		err = p.wanted("the end")
	}
	return e, err
}

func (p *parser) advance() (err error) {
	p.tok, err = p.lex.next()
	return err
}

func (p *parser) is(s string) bool {
	return (p.tok.class == sign || p.tok.class == word) && p.tok.text == s
}

func (p *parser) wanted(what string) error {
	return p.tok.at.errorf("%s where %s is wanted", p.tok, what)
}

// need goes on behind a sign that must come here.
func (p *parser) need(s string) error {
	if !p.is(s) {
		return p.wanted(s)
	}
	return p.advance()
}

// accept goes on behind a sign or word if it comes here.
func (p *parser) accept(s string) (bool, error) {
	if !p.is(s) {
		return false, nil
	}
	return true, p.advance()
}

func (p *parser) deeper() error {
	if p.depth++; p.depth > maxDepth {
		return p.tok.at.errorf("nested more than %d deep", maxDepth)
	}
	return nil
}

func (p *parser) definition() (d definition, err error) {
	if p.tok.class != word {
		return d, p.wanted("the name of a filter")
	}
	d.name, d.at = p.tok.text, p.tok.at
	if err := p.advance(); err != nil {
		return d, err
	}
	if err := p.need(":"); err != nil {
		return d, err
	}
	if p.is("{") {
		d.body, err = p.block()
		return d, err
	}
	if !p.is("if") {
		return d, p.wanted("if or {")
	}
	s, err := p.choice()
	d.body = []statement{s}
	return d, err
}

func (p *parser) block() (body []statement, err error) {
	if err := p.deeper(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	if err := p.need("{"); err != nil {
		return nil, err
	}
	for !p.is("}") {
		s, err := p.statement()
		if err != nil {
			return nil, err
		}
		body = append(body, s)
	}
	return body, p.advance()
}

func (p *parser) statement() (statement, error) {
	if p.is("if") {
		return p.choice()
	}
	if p.tok.class != word {
		return statement{}, p.wanted("an action or }")
	}
	c, err := p.call()
	if err == nil {
		err = p.need(";")
	}
	return statement{act: &c}, err
}

// choice reads an if; an elif becomes an if of its own within else.
func (p *parser) choice() (s statement, err error) {
	if err := p.deeper(); err != nil {
		return s, err
	}
	defer func() { p.depth-- }()
	if err = p.advance(); err != nil {
		return s, err
	}
	if s.if_, err = p.either(); err != nil {
		return s, err
	}
	if s.yes, err = p.block(); err != nil {
		return s, err
	}
	if p.is("elif") {
		other, err := p.choice()
		s.no = []statement{other}
		return s, err
	}
	other, err := p.accept("else")
	if other && err == nil {
		s.no, err = p.block()
	}
	return s, err
}

func (p *parser) either() (*expr, error) { return p.chain(opOr, "or", p.both) }
func (p *parser) both() (*expr, error)   { return p.chain(opAnd, "and", p.not) }

// chain reads one expression or more with a word between them.
func (p *parser) chain(op operator, between string, kid func() (*expr, error)) (*expr, error) {
	first, err := kid()
	if err != nil || !p.is(between) {
		return first, err
	}
	e := &expr{op: op, kids: []*expr{first}}
	for p.is(between) {
		if err := p.advance(); err != nil {
			return nil, err
		}
		k, err := kid()
		if err != nil {
			return nil, err
		}
		e.kids = append(e.kids, k)
	}
	return e, nil
}

func (p *parser) not() (*expr, error) {
	if err := p.deeper(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	if yes, err := p.accept("not"); err != nil {
		return nil, err
	} else if yes {
		kid, err := p.not()
		return &expr{op: opNot, kids: []*expr{kid}}, err
	}
	if yes, err := p.accept("("); err != nil {
		return nil, err
	} else if yes {
		e, err := p.either()
		if err == nil {
			err = p.need(")")
		}
		return e, err
	}
	return p.rule()
}

func (p *parser) rule() (*expr, error) {
	if p.tok.class != word {
		return nil, p.wanted("a rule")
	}
	e := &expr{}
	var err error
	if e.call, err = p.call(); err != nil {
		return nil, err
	}
	switch p.tok.text {
	case "==", "!=", "<", "<=", ">", ">=":
		if p.tok.class == sign {
			e.cmp = p.tok.text
		}
	}
	if e.cmp == "" {
		return e, nil
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	e.want, err = p.value()
	return e, err
}

// call reads a name and what stands in brackets behind it.
func (p *parser) call() (c call, err error) {
	c.name, c.at = p.tok.text, p.tok.at
	if err := p.advance(); err != nil {
		return c, err
	}
	open, err := p.accept("(")
	if !open || err != nil {
		return c, err
	}
	for !p.is(")") {
		v, err := p.value()
		if err != nil {
			return c, err
		}
		c.args = append(c.args, v)
		if more, err := p.accept(","); err != nil {
			return c, err
		} else if !more && !p.is(")") {
			return c, p.wanted(", or )")
		}
	}
	return c, p.advance()
}

func (p *parser) value() (v value, err error) {
	switch {
	case p.tok.class == text, p.tok.class == number:
		v = value{class: p.tok.class, text: p.tok.text}
		return v, p.advance()
	case p.is("["):
		return p.list()
	}
	return v, p.wanted("a text or a number")
}

func (p *parser) list() (v value, err error) {
	v.class = sign
	if err := p.advance(); err != nil {
		return v, err
	}
	for !p.is("]") {
		if p.tok.class != text {
			return v, p.wanted("a text")
		}
		v.list = append(v.list, p.tok.text)
		if err := p.advance(); err != nil {
			return v, err
		}
		if more, err := p.accept(","); err != nil {
			return v, err
		} else if !more && !p.is("]") {
			return v, p.wanted(", or ]")
		}
	}
	return v, p.advance()
}
