package letter

import (
	"html"
	"strings"
)

// withHead puts Head before the text; in HTML behind the tag of the body.
func (ed *editor) withHead(e *entity, text string) string {
	head := ed.edit.Head
	if head == "" || !isBody(e) {
		return text
	}
	if e.Type != "text/html" {
		return line(head) + text
	}
	at := 0
	if i := indexTag(text, "<body"); i >= 0 {
		if n := strings.IndexByte(text[i:], '>'); n >= 0 {
			at = i + n + 1
		}
	}
	return text[:at] + paragraph(head) + text[at:]
}

// withFoot puts Foot behind the text; in HTML before the end of the body.
func (ed *editor) withFoot(e *entity, text string) string {
	foot := ed.edit.Foot
	if foot == "" || !isBody(e) {
		return text
	}
	if e.Type != "text/html" {
		return line(text) + foot
	}
	at := lastTag(text, "</body")
	if at < 0 {
		at = lastTag(text, "</html")
	}
	if at < 0 {
		at = len(text)
	}
	return text[:at] + paragraph(foot) + text[at:]
}

// paragraph is plain text as HTML.
func paragraph(text string) string {
	text = strings.ReplaceAll(lines(html.EscapeString(text)), "\r\n", "<br>\r\n")
	return "<p>" + text + "</p>\r\n"
}

// line ends text with a line end, if there is any.
func line(s string) string {
	if s == "" || strings.HasSuffix(s, "\n") {
		return s
	}
	return s + "\r\n"
}

// indexTag finds the first place of a tag, in any case; -1 without one.
func indexTag(s, tag string) int {
	for i := 0; ; {
		n := strings.IndexByte(s[i:], '<')
		if n < 0 {
			return -1
		}
		if i += n; isTag(s[i:], tag) {
			return i
		}
		i++
	}
}

// lastTag is like indexTag from the end.
func lastTag(s, tag string) int {
	for i := len(s); ; {
		if i = strings.LastIndexByte(s[:i], '<'); i < 0 || isTag(s[i:], tag) {
			return i
		}
	}
}

func isTag(s, tag string) bool {
	return len(s) > len(tag) && strings.EqualFold(s[:len(tag)], tag) && strings.IndexByte(" \t\r\n>/", s[len(tag)]) >= 0
}
