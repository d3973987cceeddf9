package ctia

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// entry is an entity as queries look at it.
type entry struct {
	leaves []leaf
	t      *Type
}

// node is a question that an entity answers with yes or no.
type node interface{ match(e *entry) bool }

type (
	allOf []node
	anyOf []node
	none  struct{ node }
	every struct{}
	// where asks the values at some paths; without paths, all values.
	where struct {
		paths []string
		test
	}
)

// test is asked of one value. loose is true when it is searched by its words.
type test interface {
	holds(l leaf, loose bool) bool
}

func (a allOf) match(e *entry) bool {
	return !slices.ContainsFunc(a, func(n node) bool { return !n.match(e) })
}

func (a anyOf) match(e *entry) bool {
	return slices.ContainsFunc(a, func(n node) bool { return n.match(e) })
}

func (n none) match(e *entry) bool { return !n.node.match(e) }
func (every) match(*entry) bool    { return true }

func (f where) match(e *entry) bool {
	return slices.ContainsFunc(e.leaves, func(l leaf) bool {
		if len(f.paths) == 0 {
			return f.holds(l, true)
		}
		return slices.ContainsFunc(f.paths, func(p string) bool { return at(p, l.path) }) && f.holds(l, e.t.loose(l.path))
	})
}

// at is true when a path is the one that a query names: observables.*, or * at
// the end of a name, stand for all below.
func at(asked, path string) bool {
	if head, ok := strings.CutSuffix(asked, "*"); ok {
		return strings.HasPrefix(path, head)
	}
	return asked == path
}

// loose is true for the paths whose values are searched by words: those of prose,
// and those that the schema does not name.
func (t *Type) loose(path string) bool {
	s := t.at(path)
	return s == nil || s.loose
}

// at gives the shape at a path, or nil.
func (t *Type) at(path string) *shape {
	s := &t.entry
	for name := range strings.SplitSeq(path, ".") {
		for s.kind == aList {
			s = s.item
		}
		f := s.named(name)
		if f == nil {
			return nil
		}
		s = &f.shape
	}
	for s.kind == aList {
		s = s.item
	}
	return s
}

// phrase is a text: the whole value, or words that follow each other in it.
type phrase struct {
	text  string
	words []string
}

func newPhrase(text string) phrase {
	return phrase{text, wordsOf(text)}
}

func (p phrase) holds(l leaf, loose bool) bool {
	if canonical(l.path, l.value) == canonical(l.path, p.text) {
		return true
	}
	return loose && within(wordsOf(l.value), p.words)
}

// within is true when few stand one behind the other somewhere in many.
func within(many, few []string) bool {
	if len(few) == 0 {
		return false
	}
	for i := range many {
		if len(many)-i < len(few) {
			return false
		}
		if slices.Equal(many[i:i+len(few)], few) {
			return true
		}
	}
	return false
}

// wordsOf takes a text apart as the index does: letters, digits and low lines,
// and dots between them; without case (inferred).
func wordsOf(s string) []string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '.'
	})
	out := words[:0]
	for _, w := range words {
		if w = strings.Trim(w, "."); w != "" {
			out = append(out, w)
		}
	}
	return out
}

// glob is a text in which * stands for anything and ? for one character.
type glob string

func (g glob) holds(l leaf, loose bool) bool {
	pattern := []rune(g)
	if like(pattern, []rune(strings.ToLower(l.value))) {
		return true
	}
	return loose && slices.ContainsFunc(wordsOf(l.value), func(w string) bool { return like(pattern, []rune(w)) })
}

// like matches a pattern. It goes back to the last * only, so its time is at most
// the product of both lengths.
func like(pattern, s []rune) bool {
	star, mark, p := -1, 0, 0
	for i := 0; i < len(s); {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(string(pattern[p:]), "*") == ""
}

// there is true of every value.
type there struct{}

func (there) holds(leaf, bool) bool { return true }

// interval is a range; an empty bound is open. The query has its moments in the
// form of the schema, which is ordered as text.
type interval struct {
	from, to           string
	openFrom, openUpTo bool // the bound itself is out
}

func (r interval) holds(l leaf, _ bool) bool {
	if r.from != "" {
		if c := ordered(l.value, r.from); c < 0 || c == 0 && r.openFrom {
			return false
		}
	}
	if r.to != "" {
		if c := ordered(l.value, r.to); c > 0 || c == 0 && r.openUpTo {
			return false
		}
	}
	return true
}

// ordered compares numbers as numbers and all else as text without case.
func ordered(a, b string) int {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	switch {
	case errX != nil || errY != nil || x != x || y != y:
		return strings.Compare(strings.ToLower(a), strings.ToLower(b))
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}
