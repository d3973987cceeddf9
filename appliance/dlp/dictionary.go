package dlp

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// dictionary is phrases by their first word in lower case, each as an expression for
// what begins there. Most words of a text begin none, so that is looked at first.
type dictionary map[string][]*regexp.Regexp

// Dictionary finds words and phrases, whole ones, without regard to case; of several
// that begin at one place the longest. Each must begin with a letter or a digit.
func Dictionary(words []string) (Finder, error) {
	if len(words) == 0 {
		return nil, errors.New("must not be empty")
	}
	d := dictionary{}
	for i, w := range words {
		w = strings.TrimSpace(w)
		n := wordLength(w)
		if n == 0 {
			return nil, fmt.Errorf("[%d]: %q: want a word or phrase that begins with a letter or digit", i, w)
		}
		parts := strings.Fields(w)
		for k := range parts {
			parts[k] = regexp.QuoteMeta(parts[k])
		}
		re, err := regexp.Compile(`^(?i:` + strings.Join(parts, `\s+`) + `)`)
		if err != nil {
			return nil, fmt.Errorf("[%d]: %q: too long, or not UTF-8", i, w)
		}
		first := strings.ToLower(w[:n])
		d[first] = append(d[first], re)
	}
	return d.find, nil
}

func wordLength(s string) int {
	n := 0
	for n < len(s) && isWord(s[n]) {
		n++
	}
	return n
}

func (d dictionary) find(s string, found func(from, to int) bool) {
	var buf []byte
	for i := 0; i < len(s); {
		n := wordLength(s[i:])
		if n == 0 {
			i++
			continue
		}
		buf = appendLower(buf[:0], s[i:i+n])
		end := 0
		for _, re := range d[string(buf)] {
			if loc := re.FindStringIndex(s[i:]); loc != nil && !isWord(at(s, i+loc[1])) {
				end = max(end, i+loc[1])
			}
		}
		if end > 0 && !found(i, end) {
			return
		}
		i = max(i+n, end)
	}
}

// appendLower appends a word in lower case.
func appendLower(b []byte, word string) []byte {
	for i := 0; i < len(word); i++ {
		switch ch := word[i]; {
		case ch >= utf8.RuneSelf:
			return append(b[:0], strings.ToLower(word)...)
		case ch >= 'A' && ch <= 'Z':
			b = append(b, ch+'a'-'A')
		default:
			b = append(b, ch)
		}
	}
	return b
}
