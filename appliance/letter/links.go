package letter

import (
	"strings"

	"golang.org/x/net/html"
)

// rewritePlain puts what f makes of each URL in its place.
func rewritePlain(s string, f func(url string) string) string {
	var out strings.Builder
	done := 0
	eachURL(s, func(from, to int) bool {
		out.WriteString(s[done:from])
		out.WriteString(f(s[from:to]))
		done = to
		return true
	})
	if done == 0 {
		return s
	}
	out.WriteString(s[done:])
	return out.String()
}

// rewriteHTML does the same to the links of HTML and to what is shown. Tags and
// texts in which nothing changes stay as they were written.
func rewriteHTML(s string, f func(url string) string) string {
	var out strings.Builder
	z := html.NewTokenizer(strings.NewReader(s))
	raw := false // within an element whose text is not HTML
	for {
		kind := z.Next()
		written := string(z.Raw()) // before the tokenizer decodes it in place
		switch kind {
		case html.ErrorToken:
			out.WriteString(written)
			return out.String()
		case html.TextToken:
			written = rewriteText(written, string(z.Text()), raw, f)
		case html.StartTagToken, html.SelfClosingTagToken:
			written, raw = rewriteTag(z, written, kind == html.SelfClosingTagToken, f)
		default:
			raw = false
		}
		out.WriteString(written)
	}
}

func rewriteText(written, text string, raw bool, f func(url string) string) string {
	if raw {
		return rewritePlain(written, f)
	}
	changed := rewritePlain(text, f)
	if changed == text {
		return written
	}
	return html.EscapeString(changed)
}

// rewriteTag writes a tag anew if one of its links changes.
func rewriteTag(z *html.Tokenizer, written string, closed bool, f func(url string) string) (string, bool) {
	tag, more := z.TagName()
	name := string(tag)
	var out strings.Builder
	out.WriteString("<" + name)
	changed := false
	for more {
		var k, v []byte
		k, v, more = z.TagAttr()
		key, value := string(k), string(v)
		if url := linkURL(value); url != "" && isLink(key) {
			if other := f(url); other != url {
				value, changed = other, true
			}
		}
		out.WriteString(" " + key + `="` + html.EscapeString(value) + `"`)
	}
	if !changed {
		return written, isRawText(name)
	}
	if closed {
		out.WriteByte('/')
	}
	return out.String() + ">", isRawText(name)
}

// isRawText is true for elements whose text the tokenizer does not decode.
func isRawText(name string) bool {
	switch name {
	case "iframe", "noembed", "noframes", "noscript", "plaintext", "script", "style", "xmp":
		return true
	}
	return false
}
