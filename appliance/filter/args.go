package filter

import (
	"fmt"
	"strconv"
)

// count checks how many arguments there are.
func (c *call) count(least, most int) error {
	n := len(c.args)
	switch {
	case n >= least && n <= most:
		return nil
	case least == most:
		return fmt.Errorf("wants %d arguments, not %d", least, n)
	}
	return fmt.Errorf("wants %d to %d arguments, not %d", least, most, n)
}

// text is an argument that must be a text.
func (c *call) text(i int) (string, error) {
	if i >= len(c.args) {
		return "", nil
	}
	if c.args[i].class != text {
		return "", fmt.Errorf("argument %d: %s where a text in quotes is wanted", i+1, c.args[i])
	}
	return c.args[i].text, nil
}

// texts are all arguments, which must be texts.
func (c *call) texts() ([]string, error) {
	var all []string
	for i := range c.args {
		s, err := c.text(i)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// number is an argument that must be a number; or, if it is not there, another one.
func (c *call) number(i int, or float64) (float64, error) {
	if i >= len(c.args) {
		return or, nil
	}
	n, err := c.args[i].number()
	if err != nil {
		return 0, fmt.Errorf("argument %d: %w", i+1, err)
	}
	return n, nil
}

// list is an argument that must be a list of texts, or one text.
func (c *call) list(i int) ([]string, error) {
	if i < len(c.args) {
		switch a := c.args[i]; a.class {
		case text:
			return []string{a.text}, nil
		case sign:
			return a.list, nil
		}
	}
	return nil, fmt.Errorf("argument %d: want a list such as ['a', 'b']", i+1)
}

// pattern is an argument that is a regular expression.
func (c *call) pattern(i int) (*pattern, error) {
	s, err := c.text(i)
	if err != nil {
		return nil, err
	}
	p, err := newPattern(s)
	if err != nil {
		return nil, fmt.Errorf("argument %d: %w", i+1, err)
	}
	return p, nil
}

// number is a number, or a size such as 10K or 5M, or a text with one of them.
func (v value) number() (float64, error) {
	s, times := v.text, 1.0
	if n := len(s) - 1; n > 0 {
		switch s[n] {
		case 'k', 'K':
			s, times = s[:n], 1<<10
		case 'm', 'M':
			s, times = s[:n], 1<<20
		case 'g', 'G':
			s, times = s[:n], 1<<30
		}
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || v.class == sign || n != n || n > 1e15 || n < -1e15 {
		return 0, fmt.Errorf("%s where a number is wanted", v)
	}
	return n * times, nil
}
