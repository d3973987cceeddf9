package changes

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// step is one step of a key: a word of the configuration, or the name of a list's
// entry.
type step struct {
	text  string
	entry bool
}

// path is a key below "appliance".
type path []step

// root is the word that all keys begin with: what is outside of it is no setting of
// the appliance.
const root = "appliance"

// mostKey is how long a key may be.
const mostKey = 1024

// parse reads a key: words with dots between them, and names of entries in brackets,
// in quotes as of Go if they have a bracket in them.
func parse(key string) (path, error) {
	if len(key) > mostKey || !utf8.ValidString(key) {
		return nil, fmt.Errorf("a key must be UTF-8 and have at most %d octets", mostKey)
	}
	rest, ok := strings.CutPrefix(key, root+".")
	if !ok {
		return nil, fmt.Errorf("%q: want a key below %s, as in appliance.timezone", key, root)
	}
	var p path
	for rest = "." + rest; rest != ""; {
		s, after, err := next(rest)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", key, err)
		}
		p, rest = append(p, s), after
	}
	return p, nil
}

var errKey = errors.New("want a key as in appliance.quarantines[Policy].retention")

// next reads the first step of what is left of a key.
func next(rest string) (s step, after string, err error) {
	if rest[0] == '.' {
		word := rest[1:]
		if end := strings.IndexAny(word, ".["); end >= 0 {
			word = word[:end]
		}
		if word == "" || strings.Trim(word, wordChars) != "" {
			return s, "", errKey
		}
		return step{text: word}, rest[1+len(word):], nil
	}
	if rest[0] != '[' {
		return s, "", errKey
	}
	name, after, ok := strings.Cut(rest[1:], "]")
	if strings.HasPrefix(name, `"`) {
		quoted, err := strconv.QuotedPrefix(rest[1:])
		if err != nil {
			return s, "", errKey
		}
		after, ok = strings.CutPrefix(rest[1+len(quoted):], "]")
		name, _ = strconv.Unquote(quoted) // it is quoted
	}
	if !ok || name == "" {
		return s, "", errKey
	}
	return step{name, true}, after, nil
}

const wordChars = "abcdefghijklmnopqrstuvwxyz_0123456789"

// String is the key as [parse] reads it.
func (p path) String() string {
	b := strings.Builder{}
	b.WriteString(root)
	for _, s := range p {
		switch {
		case !s.entry:
			b.WriteString("." + s.text)
		case strings.ContainsAny(s.text, `]"`) || strings.ContainsFunc(s.text, func(r rune) bool { return !unicode.IsPrint(r) }):
			b.WriteString("[" + strconv.Quote(s.text) + "]")
		default:
			b.WriteString("[" + s.text + "]")
		}
	}
	return b.String()
}

// ofEntry is true for the key of a list's entry.
func (p path) ofEntry() bool { return p[len(p)-1].entry }

// within is true when a key is another one, or below it.
func (p path) within(of path) bool { return len(p) >= len(of) && slices.Equal(p[:len(of)], of) }

// firstListener has the keys of the first listener where the configuration has them:
// it is not in the list of the others, and its tables stand beside it.
func (p path) firstListener(name string) path {
	if len(p) < 3 || p[0] != (step{text: "listeners"}) || p[1] != (step{name, true}) {
		return p
	}
	if word := p[2].text; word == "sender_groups" || word == "recipients" {
		return p[2:]
	}
	return append(path{{text: "listener"}}, p[2:]...)
}

// Key is that of an entry of a list, such as appliance.dictionaries, by its name.
func Key(list, name string) string {
	p, err := parse(list)
	if err != nil {
		return list // it is refused where it is used
	}
	return append(p, step{name, true}).String()
}
