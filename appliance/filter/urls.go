package filter

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"esasim/esa"
)

// URL is what the reputation service says of URLs: of one with all that begin with
// it, or of a domain with all below it.
type URL struct {
	URL      string   // http://evil.example/x, or evil.example
	Score    *float64 // -10.0 to 10.0; nil: it has none
	Category string
}

// urlTable answers what is known of an URL.
type urlTable struct{ hosts map[string][]known } // longest first

type known struct {
	prefix string // of the URL behind the host; "" for all
	*URL
}

func newURLTable(list []URL) (*urlTable, error) {
	t := &urlTable{hosts: map[string][]known{}}
	for i := range list {
		u := &list[i]
		host, rest := splitURL(u.URL)
		if host == "" || strings.ContainsAny(u.URL, " \t\r\n") {
			return nil, fmt.Errorf("urls[%d].url: %q: want an URL or a domain", i, u.URL)
		}
		if u.Score != nil && !(*u.Score >= -10 && *u.Score <= 10) {
			return nil, fmt.Errorf("urls[%d].score: %v: want -10.0 to 10.0", i, *u.Score)
		}
		t.hosts[host] = append(t.hosts[host], known{prefix: rest, URL: u})
	}
	for _, all := range t.hosts {
		slices.SortStableFunc(all, func(a, b known) int { return len(b.prefix) - len(a.prefix) })
	}
	return t, nil
}

// splitURL is the host of an URL, or of something without a scheme, in lower case
// and without port, and what follows it.
func splitURL(s string) (host, rest string) {
	if _, after, ok := strings.Cut(s, "://"); ok {
		s = after
	}
	if i := strings.IndexAny(s, "/?#"); i >= 0 {
		s, rest = s[:i], s[i:]
	}
	s = s[strings.LastIndexByte(s, '@')+1:]
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.HasSuffix(s, "]") {
		s = s[:i]
	}
	return strings.ToLower(strings.Trim(s, ".")), rest
}

// of is what is known of an URL; nil: nothing.
func (t *urlTable) of(s string) *URL {
	host, rest := splitURL(s)
	if rest == "" {
		rest = "/"
	}
	for itself := true; ; itself = false {
		for _, k := range t.hosts[host] {
			if k.prefix == "" || itself && strings.HasPrefix(rest, k.prefix) {
				return k.URL
			}
		}
		_, above, ok := strings.Cut(host, ".")
		if !ok {
			return nil
		}
		host = above
	}
}

// about tells which URLs are meant.
type about struct {
	is  func(*URL) bool
	but *urlTable // those in it are not; nil: none
	why string    // in the words of the logs
}

func (a *about) meant(s string, t *urlTable) bool {
	return a.is(t.of(s)) && (a.but == nil || a.but.of(s) == nil)
}

func (u *URL) scored(least, most float64) bool {
	return u != nil && u.Score != nil && *u.Score >= least && *u.Score <= most
}

// byReputation reads a range of scores from the first two arguments.
func byReputation(c *call) (a about, err error) {
	least, err := c.number(0, 0)
	if err != nil {
		return a, err
	}
	most, err := c.number(1, 0)
	if err == nil && !(least >= -10 && least <= most && most <= 10) {
		err = fmt.Errorf("%v to %v: want a range of scores from -10.0 to 10.0", least, most)
	}
	return about{is: func(u *URL) bool { return u.scored(least, most) }, why: "URL Reputation Rule"}, err
}

// byCategory reads categories from the first argument.
func byCategory(c *call) (a about, err error) {
	names, err := c.list(0)
	if err == nil && len(names) == 0 {
		err = fmt.Errorf("wants a category")
	}
	return about{is: func(u *URL) bool { return u != nil && isAmong(names, u.Category) }, why: "URL Category Rule"}, err
}

func urlRules() map[string]rule {
	reading := func(of func(*call) (about, error), listAt int) func(*compiler, *expr) (test, error) {
		return func(c *compiler, e *expr) (test, error) {
			a, err := of(&e.call)
			if err == nil {
				a, err = c.library.except(&e.call, listAt, a)
			}
			return func(v *view) (bool, error) {
				found, err := v.bad(c.library.table, a)
				for _, s := range found {
					v.told(s, c.library.table.of(s), a.why)
				}
				return len(found) > 0, err
			}, err
		}
	}
	return map[string]rule{
		"url-reputation":    {min: 2, max: 5, make: reading(byReputation, 2)},
		"url-category":      {min: 1, max: 4, make: reading(byCategory, 1)},
		"url-no-reputation": {make: noReputation},
		"url": {cmp: matches, make: func(_ *compiler, e *expr) (test, error) {
			p, err := newPattern(e.want.text)
			return func(v *view) (bool, error) {
				all, err := v.urls()
				return slices.ContainsFunc(all, p.has), err
			}, err
		}},
	}
}

func noReputation(c *compiler, _ *expr) (test, error) {
	return func(v *view) (bool, error) {
		all, err := v.urls()
		return slices.ContainsFunc(all, func(s string) bool {
			u := c.library.table.of(s)
			return u == nil || u.Score == nil
		}), err
	}, nil
}

// bad lists the URLs of the message that are meant.
func (v *view) bad(t *urlTable, a about) (found []string, err error) {
	all, err := v.urls()
	for _, s := range all {
		if a.meant(s, t) {
			found = append(found, s)
		}
	}
	return found, err
}

// told says of an URL that it matched a rule, once.
func (v *view) told(s string, u *URL, why string) {
	if v.marks[why+s] {
		return
	}
	if v.marks == nil {
		v.marks = map[string]bool{}
	}
	v.marks[why+s] = true
	score := "None"
	if u != nil && u.Score != nil {
		score = strconv.FormatFloat(*u.Score, 'f', 1, 64)
	}
	v.tell(esa.Event{Kind: esa.URLMatched, Text: s, Address: score, Name: why})
}

// defang makes a text of an URL that nothing takes for a link.
func defang(s string) string {
	scheme, rest, _ := strings.Cut(s, "://")
	host, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host, path = rest[:i], rest[i:]
	}
	scheme = strings.NewReplacer("t", "x", "T", "X").Replace(scheme)
	return scheme + "://" + strings.ReplaceAll(host, ".", "[.]") + path
}

// proxy is where the appliance has URLs looked at when they are clicked. The
// address is documented; that of its path is a secret of the service (inferred).
const proxy = "https://secure-web.cisco.com/"

func redirect(s string) string { return proxy + url.PathEscape(s) }
