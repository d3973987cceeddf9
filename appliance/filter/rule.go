package filter

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// test is a condition that can be asked of a message.
type test func(*view) (bool, error)

// rule is a rule of the language: what it may be compared with, how many arguments
// it takes, and how a test is made of it.
type rule struct {
	cmp      comparison
	min, max int // arguments
	make     func(*compiler, *expr) (test, error)
}

type comparison uint8

const (
	never   comparison = iota // the rule is true or false by itself
	matches                   // == or != a regular expression
	maybe                     // likewise, or nothing
	measure                   // any of them, with a number
	chance                    // likewise, or nothing
	oneOf                     // == or != a text
)

// rules are all that there are. Those of the AsyncOS user guide, chapter "Using
// Message Filters to Enforce Email Policies", have its names; see fidelity.go for
// ours.
func rules() map[string]rule {
	all := map[string]rule{}
	for _, m := range []map[string]rule{envelopeRules(), contentRules(), fileRules(), senderRules(), urlRules(), dictionaryRules()} {
		maps.Copy(all, m)
	}
	return all
}

// unsupported are rules and actions of the appliance that do nothing here, with the
// reason.
func unsupported() map[string]string {
	return map[string]string{
		"date": "what a filter finds does not depend on the clock", "valid": "use header() or body-contains()", "workqueue-count": "the queue does not wait",
		"mail-from-group": "there is no LDAP", "rcpt-to-group": "there is no LDAP", "attachment-binary-contains": "only text is searched",
		"image-verdict": "pictures are not looked at", "archive": "there is no such log", "alt-mailhost": "delivery goes by routes", "alt-src-host": "delivery goes by routes",
		"bounce-profile": "there is one profile", "html-convert": "there is no conversion", "encrypt": "there is no encryption", "encrypt-deferred": "there is no encryption",
		"tag-message": "nothing reads tags", "edit-body-text": "use url-reputation-replace or add-footer", "metadata": "it is not kept",
	}
}

// test makes a test of a condition.
func (c *compiler) test(e *expr) test {
	switch e.op {
	case opNot:
		kid := c.test(e.kids[0])
		return func(v *view) (bool, error) {
			yes, err := kid(v)
			return !yes, err
		}
	case opAnd, opOr:
		var kids []test
		for _, k := range e.kids {
			kids = append(kids, c.test(k))
		}
		return chain(kids, e.op == opOr)
	}
	t, err := c.rule(e)
	if err != nil {
		c.fail(e.call.at.errorf("%s: %w", e.call.name, err))
		return func(*view) (bool, error) { return false, nil }
	}
	return t
}

// chain asks tests in order, until one of them settles it.
func chain(kids []test, settles bool) test {
	return func(v *view) (bool, error) {
		for _, k := range kids {
			if yes, err := k(v); err != nil || yes == settles {
				return yes, err
			}
		}
		return !settles, nil
	}
}

func (c *compiler) rule(e *expr) (test, error) {
	r, ok := c.rules[e.call.name]
	if !ok {
		return nil, unknown("rule", e.call.name, c.rules)
	}
	if err := e.call.count(r.min, r.max); err != nil {
		return nil, err
	}
	if err := r.cmp.check(e); err != nil {
		return nil, err
	}
	t, err := r.make(c, e)
	if err == nil && e.cmp == "!=" && (r.cmp == matches || r.cmp == maybe || r.cmp == oneOf) {
		yes := t
		t = func(v *view) (bool, error) {
			found, err := yes(v)
			return !found, err
		}
	}
	return t, err
}

func (c comparison) check(e *expr) error {
	equal := e.cmp == "==" || e.cmp == "!="
	switch c {
	case never:
		if e.cmp != "" {
			return fmt.Errorf("is true or false and not compared with %s", e.want)
		}
	case matches, oneOf:
		if !equal || e.want.class != text {
			return fmt.Errorf("want == or != and a text in quotes")
		}
	case maybe:
		if e.cmp != "" && (!equal || e.want.class != text) {
			return fmt.Errorf("want nothing, or == or != and a text in quotes")
		}
	case measure, chance:
		if e.cmp == "" && c == chance {
			return nil
		}
		if _, err := e.want.number(); e.cmp == "" || err != nil {
			return fmt.Errorf("want ==, !=, <, <=, > or >= and a number")
		}
	}
	return nil
}

// unknown is the error for a name that is none, with the one that is most like it.
func unknown[T any](what, name string, known map[string]T) error {
	if why, ok := unsupported()[name]; ok {
		return fmt.Errorf("not supported: %s", why)
	}
	best, least := "", len(name)
	for _, k := range slices.Sorted(maps.Keys(known)) {
		if d := distance(name, k); d < least {
			best, least = k, d
		}
	}
	if best == "" {
		return fmt.Errorf("no such %s", what)
	}
	return fmt.Errorf("no such %s; did you mean %s?", what, best)
}

// distance is how many letters have to be put in, left out or changed (Levenshtein).
func distance(a, b string) int {
	a = cut(a, 64)
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := last
			if a[i] != b[j] {
				cost = 1 + min(last, row[j], row[j+1])
			}
			last, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}

// source calls hit for each text that a rule is about, until it is true.
type source func(v *view, hit func(string) bool) (bool, error)

// textRule is one that compares with a regular expression.
func textRule(from source) rule {
	return rule{cmp: matches, make: func(_ *compiler, e *expr) (test, error) {
		p, err := newPattern(e.want.text)
		if err != nil {
			return nil, err
		}
		return from.test(p.has), nil
	}}
}

func (s source) test(hit func(string) bool) test {
	return func(v *view) (bool, error) { return s(v, hit) }
}

// wordRule is one that compares with words, several with commas between them; case
// does not matter.
func wordRule(of func(*view) string) rule {
	return rule{cmp: oneOf, make: func(_ *compiler, e *expr) (test, error) {
		words := list(e.want.text)
		return func(v *view) (bool, error) { return isAmong(words, of(v)), nil }, nil
	}}
}

// list splits a text at commas.
func list(s string) (words []string) {
	for w := range strings.SplitSeq(s, ",") {
		if w = strings.TrimSpace(w); w != "" {
			words = append(words, w)
		}
	}
	return words
}

func isAmong(words []string, s string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, s) })
}

// numberRule is one that compares a number; ok is false if there is none.
func numberRule(of func(*view) (n float64, ok bool)) rule {
	return rule{cmp: measure, make: func(_ *compiler, e *expr) (test, error) {
		than, err := e.want.number()
		return func(v *view) (bool, error) {
			n, ok := of(v)
			return ok && compare(n, e.cmp, than), nil
		}, err
	}}
}

func compare(a float64, op string, b float64) bool {
	switch op {
	case "==":
		return a == b
	case "!=":
		return a != b
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	}
	return a >= b
}

// truthRule is one without anything to compare.
func truthRule(t test) rule {
	return rule{make: func(*compiler, *expr) (test, error) { return t, nil }}
}
