package filter

import (
	"errors"
	"fmt"
	"strings"

	"esasim/appliance/letter"
)

// Dictionary is a list of terms to look for. Source: AsyncOS user guide, "Text
// Resources".
type Dictionary struct {
	Name  string
	Terms []Term
	// WholeWords has terms match only where no letter or digit stands beside them;
	// CaseSensitive has letter case matter.
	WholeWords    bool
	CaseSensitive bool
}

// Term is a regular expression, or a smart identifier: *credit (a credit card
// number), *ssn, *aba, *cusip. Each place where it is found counts as its weight, 1
// if that is 0.
type Term struct {
	Text   string
	Weight int
}

// dictionary is one that can be looked into.
type dictionary struct{ terms []term }

type term struct {
	pattern *pattern
	valid   func(string) bool // whether what was found is meant; nil: it is
	weight  int
}

// library is what filters refer to by name.
type library struct {
	*Options
	host         string
	dictionaries map[string]*dictionary
	texts        map[string]string
	allowed      map[string]*urlTable       // URL lists
	hashes       map[string]map[string]bool // file hash lists
	table        *urlTable
	rules        map[string]rule
	actions      map[string]verb
}

func newLibrary(o *Options) (*library, error) {
	l := &library{Options: o, host: o.Host, dictionaries: map[string]*dictionary{}, texts: map[string]string{}, rules: rules(), actions: verbs(),
		allowed: map[string]*urlTable{}, hashes: map[string]map[string]bool{}}
	errs := []error{l.addLists(o)}
	for i := range o.Dictionaries {
		d := &o.Dictionaries[i]
		if l.dictionaries[d.Name] != nil || d.Name == "" {
			errs = append(errs, fmt.Errorf("dictionaries[%d].name: %q is missing or taken", i, d.Name))
		}
		made, err := d.compile()
		if err != nil {
			errs = append(errs, fmt.Errorf("dictionaries[%d].%w", i, err))
		}
		l.dictionaries[d.Name] = made
	}
	for i, t := range o.Texts {
		if _, taken := l.texts[t.Name]; taken || t.Name == "" {
			errs = append(errs, fmt.Errorf("text_resources[%d].name: %q is missing or taken", i, t.Name))
		}
		l.texts[t.Name] = t.Text
	}
	var err error
	if l.table, err = newURLTable(o.URLs); err != nil {
		errs = append(errs, err)
	}
	return l, errors.Join(errs...)
}

// Check says what is wrong with what filters refer to; each error begins with the
// key.
func (o *Options) Check() error {
	_, err := newLibrary(o)
	return err
}

func (d *Dictionary) compile() (*dictionary, error) {
	out := &dictionary{}
	for i, t := range d.Terms {
		made := term{weight: max(t.Weight, 1)}
		if t.Weight < 0 || t.Weight > 10 {
			return nil, fmt.Errorf("terms[%d].weight: %d: want 1 to 10", i, t.Weight)
		}
		s := t.Text
		if strings.HasPrefix(s, "*") {
			if s, made.valid = smart(s); s == "" {
				return nil, fmt.Errorf("terms[%d].term: %q: want *credit, *ssn, *aba or *cusip", i, t.Text)
			}
		} else if s = d.whole(s); s == "" {
			return nil, fmt.Errorf("terms[%d].term: must not be empty", i)
		}
		var err error
		if made.pattern, err = newPattern(s); err != nil {
			return nil, fmt.Errorf("terms[%d].term: %w", i, err)
		}
		out.terms = append(out.terms, made)
	}
	return out, nil
}

func (d *Dictionary) whole(s string) string {
	if s == "" {
		return s
	}
	if d.WholeWords {
		s = `\b(?:` + s + `)\b`
	}
	if !d.CaseSensitive {
		s = "(?i)" + s
	}
	return s
}

// smart is what a smart identifier looks like, and what tells it from other numbers.
func smart(s string) (like string, valid func(string) bool) {
	switch s {
	case "*credit":
		return `\b[3-6]\d{3}(?:[ -]?\d{4}){2}[ -]?\d{1,4}\b|\b3[47]\d{2}[ -]?\d{6}[ -]?\d{5}\b`, luhn
	case "*ssn":
		return `\b\d{3}-\d{2}-\d{4}\b`, func(s string) bool {
			return s[:3] != "000" && s[:3] != "666" && s[0] != '9' && s[4:6] != "00" && s[7:] != "0000"
		}
	case "*aba":
		return `\b\d{9}\b`, aba
	case "*cusip":
		return `\b[0-9A-Z]{8}[0-9]\b`, cusip
	}
	return "", nil
}

// luhn checks the last digit of a credit card number (ISO/IEC 7812-1).
func luhn(s string) bool {
	sum, n := 0, 0
	for i := len(s) - 1; i >= 0; i-- {
		if !isDigit(s[i]) {
			continue
		}
		d := int(s[i] - '0')
		if n++; n%2 == 0 {
			d *= 2
		}
		sum += d/10 + d%10
	}
	return n >= 13 && n <= 19 && sum%10 == 0
}

// aba checks the routing number of a bank: its digits times 3, 7 and 1, and its
// first two, which are those of a district.
func aba(s string) bool {
	sum := 0
	for i := range len(s) {
		sum += int(s[i]-'0') * [...]int{3, 7, 1}[i%3]
	}
	d := int(s[0]-'0')*10 + int(s[1]-'0')
	return sum%10 == 0 && (d >= 1 && d <= 12 || d >= 21 && d <= 32 || d >= 61 && d <= 72 || d == 80)
}

// cusip checks the last digit of the number of a security. Words of nine letters
// are none: one digit besides the last is wanted.
func cusip(s string) bool {
	sum, digits := 0, 0
	for i := range 8 {
		d := int(s[i] - '0')
		if isLetter(s[i]) {
			d = int(s[i]-'A') + 10
		} else {
			digits++
		}
		if i%2 == 1 {
			d *= 2
		}
		sum += d/10 + d%10
	}
	return digits > 0 && (10-sum%10)%10 == int(s[8]-'0')
}

// count is the sum of the weights of what is found, up to a limit.
func (d *dictionary) count(s, low string, limit int) int {
	n := 0
	for i := range d.terms {
		t := &d.terms[i]
		if t.valid == nil {
			n += t.weight * t.pattern.count(s, low, (limit-n)/t.weight+1)
		} else if t.pattern.in(s, low) {
			n += t.weight * t.validCount(s)
		}
		if n >= limit {
			break
		}
	}
	return n
}

// maxPlaces bounds how many places of a text are looked at for a smart identifier.
const maxPlaces = 10_000

func (t *term) validCount(s string) int {
	n := 0
	for _, at := range t.pattern.re.FindAllStringIndex(s, maxPlaces) {
		if t.valid(s[at[0]:at[1]]) {
			n++
		}
	}
	return n
}

func dictionaryRules() map[string]rule {
	part := func(of func(*letter.Part) bool) rule {
		return rule{min: 1, max: 2, make: func(c *compiler, e *expr) (test, error) {
			d, least, err := c.dictionary(&e.call, 1)
			return func(v *view) (bool, error) {
				left := least
				return v.texts(of, func(s, low string) bool {
					left -= d.count(s, low, left)
					return left <= 0
				})
			}, err
		}}
	}
	all := map[string]rule{"dictionary-match": part(anyText), "body-dictionary-match": part(bodyText), "attachment-dictionary-match": part(fileText)}
	for name, from := range map[string]source{
		"subject-dictionary-match": (*view).subject, "rcpt-to-dictionary-match": (*view).recipients,
		"mail-from-dictionary-match": func(v *view, hit func(string) bool) (bool, error) { return hit(v.m.Sender), nil },
	} {
		all[name] = rule{min: 1, max: 2, make: func(c *compiler, e *expr) (test, error) {
			d, least, err := c.dictionary(&e.call, 1)
			return d.test(from, least), err
		}}
	}
	all["header-dictionary-match"] = rule{min: 2, max: 3, make: func(c *compiler, e *expr) (test, error) {
		d, least, err := c.dictionary(&e.call, 2)
		name, bad := e.call.text(1)
		return d.test(func(v *view, hit func(string) bool) (bool, error) { return v.values(name, hit) }, least), errors.Join(err, bad)
	}}
	return all
}

// test is true if the texts of a source have so much of the dictionary together.
func (d *dictionary) test(from source, least int) test {
	return func(v *view) (bool, error) {
		left := least
		return from(v, func(s string) bool {
			left -= d.count(s, lower(s), left)
			return left <= 0
		})
	}
}

// dictionary is the one that the first argument names, and the threshold.
func (c *compiler) dictionary(call *call, at int) (*dictionary, int, error) {
	name, err := call.text(0)
	if err != nil {
		return nil, 0, err
	}
	d := c.dictionaries[name]
	if d == nil {
		return nil, 0, fmt.Errorf("there is no dictionary %q", name)
	}
	least, err := call.number(at, 1)
	if err == nil && (least < 1 || least > 1e6) {
		err = fmt.Errorf("argument %d: want a number above 0", at+1)
	}
	return d, int(least), err
}
