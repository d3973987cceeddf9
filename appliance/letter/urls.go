package letter

import (
	"strings"

	"golang.org/x/net/html"
)

// URLs lists the http, https and ftp URLs of text parts, as written in plain
// text, as links and images of HTML: each once, in order, at most 1,000, those
// longer than 2 KiB cut. Files count only if their type is text/*.
func (l *Letter) URLs() []string {
	u := urls{seen: map[string]bool{}}
	for _, p := range l.Parts {
		if p.Text == "" {
			continue
		}
		if p.Type == "text/html" {
			u.html(p.Text)
		} else {
			u.plain(p.Text)
		}
	}
	return u.list
}

type urls struct {
	list []string
	seen map[string]bool
}

func (u *urls) add(s string) {
	s = s[:min(len(s), maxURL)]
	if len(u.list) < maxURLs && !u.seen[s] {
		u.seen[s] = true
		u.list = append(u.list, s)
	}
}

// html finds URLs in attributes, with the blanks in them that browsers pass
// over, and in what is shown.
func (u *urls) html(s string) {
	z := html.NewTokenizer(strings.NewReader(s))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.TextToken:
			u.plain(string(z.Text()))
		case html.StartTagToken, html.SelfClosingTagToken:
			for more := true; more; {
				var key, value []byte
				key, value, more = z.TagAttr()
				if isLink(string(key)) {
					u.link(string(value))
				}
			}
		}
	}
}

// isLink is true for attributes that are URLs as a whole.
func isLink(key string) bool {
	switch key {
	case "href", "src", "action", "background", "formaction":
		return true
	}
	return false
}

func (u *urls) link(s string) {
	if s = linkURL(s); s != "" {
		u.add(s)
	}
}

// linkURL is the URL that browsers make of an attribute; "" if it is none of
// the web.
func linkURL(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '\t' || r == '\r' || r == '\n' {
			return -1
		}
		return r
	}, strings.TrimSpace(s))
	if schemeLength(s) == 0 {
		return ""
	}
	return s
}

// plain finds URLs in text.
func (u *urls) plain(s string) {
	eachURL(s, func(from, to int) bool {
		u.add(s[from:to])
		return len(u.list) < maxURLs
	})
}

// eachURL tells where in a text URLs are, until found is false.
func eachURL(s string, found func(from, to int) bool) {
	const mark = "://"
	for at := 0; ; {
		i := strings.Index(s[at:], mark)
		if i < 0 {
			return
		}
		i += at
		from := max(at, i-len("https"))
		for from < i && schemeLength(s[from:]) == 0 {
			from++
		}
		at = i + len(mark)
		if from == i { // of another scheme, or of none
			continue
		}
		begin := at
		for at < len(s) && !endsURL(s[at]) {
			at++
		}
		to := from + len(trimURL(s[from:min(at, from+maxURL)]))
		if to > begin && !found(from, to) {
			return
		}
	}
}

// schemeLength is how long the scheme is, with what separates it; 0 if it is no
// scheme of the web.
func schemeLength(s string) int {
	for _, scheme := range [...]string{"http://", "https://", "ftp://"} {
		if len(s) >= len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			return len(scheme)
		}
	}
	return 0
}

func endsURL(ch byte) bool {
	return ch <= ' ' || ch == 0x7f || ch == '<' || ch == '>' || ch == '"' || ch == '`' || ch == '\\' || ch == '^'
}

// trimURL leaves what ends a sentence out, and a bracket that was opened before
// the URL.
func trimURL(s string) string {
	for s != "" {
		last := s[len(s)-1]
		switch {
		case strings.IndexByte(".,;:!?'*_", last) >= 0:
		case last == ')' && strings.Count(s, "(") < strings.Count(s, ")"):
		case last == ']' && strings.Count(s, "[") < strings.Count(s, "]"):
		case last == '}' && strings.Count(s, "{") < strings.Count(s, "}"):
		default:
			return s
		}
		s = s[:len(s)-1]
	}
	return s
}
