package ctia

import (
	"strings"
	"time"
)

// parseSimple reads a query in the simple language, in which nothing is wrong:
// words that must all be there, | between those of which one suffices, - before
// what must not be there, "a phrase", and * at the end of a word.
func parseSimple(q string, fields []string) (node, error) {
	if len(q) > maxQuery {
		return parseQuery(q, fields, time.Time{}) // the same refusal
	}
	q = strings.Map(func(r rune) rune {
		if r == '(' || r == ')' || r == '~' {
			return ' ' // groups and fuzzy words are taken for words side by side (ours)
		}
		return r
	}, q)
	var either anyOf
	for part := range strings.SplitSeq(q, "|") {
		if both := simpleWords(part, fields); len(both) > 0 {
			either = append(either, both)
		}
	}
	if len(either) == 0 {
		return every{}, nil
	}
	return either, nil
}

func simpleWords(part string, fields []string) allOf {
	var out allOf
	for part = strings.TrimSpace(part); part != ""; part = strings.TrimSpace(part) {
		negative := part[0] == '-'
		part = strings.TrimLeft(part, "+-")
		var word string
		if strings.HasPrefix(part, `"`) {
			word, part, _ = strings.Cut(part[1:], `"`)
		} else if i := strings.IndexAny(part, " \t\r\n"); i >= 0 {
			word, part = part[:i], part[i:]
		} else {
			word, part = part, ""
		}
		if n := simpleWord(word, fields); n != nil && negative {
			out = append(out, none{n})
		} else if n != nil {
			out = append(out, n)
		}
	}
	return out
}

func simpleWord(word string, fields []string) node {
	head, prefix := strings.CutSuffix(word, "*")
	switch {
	case prefix && head != "":
		return where{fields, glob(strings.ToLower(head) + "*")}
	case len(wordsOf(word)) == 0:
		return nil
	}
	return where{fields, newPhrase(word)}
}
