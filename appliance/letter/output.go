package letter

import (
	"bufio"
	"encoding/base64"
	"io"
	"mime"
	"mime/quotedprintable"
	"strings"
	"unicode/utf8"

	"esasim/internal/rawmime"
)

// Lines of a header are folded before this many octets if they can be, and no
// line is ever longer than maxLine without its end (RFC 5322 2.1.1).
const (
	foldAt  = 76
	maxLine = 998
	maxWord = 36 // octets of text in one encoded word
)

// output writes a message. Its error is kept by the writer until Flush.
type output struct {
	w     *bufio.Writer
	last  byte // written; a line end before the first
	muted int  // what is written is thrown away
}

func (o *output) write(b []byte) { o.Write(b) }

func (o *output) text(s string) {
	if s != "" && o.muted == 0 {
		o.w.WriteString(s)
		o.last = s[len(s)-1]
	}
}

// freshLine ends a line that has no end.
func (o *output) freshLine() {
	if o.last != '\n' {
		o.text("\r\n")
	}
}

// Write implements io.Writer.
func (o *output) Write(b []byte) (int, error) {
	if len(b) == 0 || o.muted > 0 {
		return len(b), nil
	}
	o.last = b[len(b)-1]
	return o.w.Write(b)
}

// field writes a header field of one or more lines.
func (o *output) field(name, value string) {
	o.text(name + ":")
	col := len(name) + 1
	for _, word := range words(value) {
		if col > len(name)+1 && col+len(word) > foldAt || col+len(word) > maxLine {
			o.text("\r\n")
			col = 0
		}
		o.text(word)
		col += len(word)
	}
	o.text("\r\n")
}

// words cuts a value into what may stand on lines of its own, each with the
// blank before it. What is not ASCII, or could be taken for an encoded word, or
// is too long for a line is encoded (RFC 2047), together with the blanks
// between two such words, because readers leave those out.
func words(value string) []string {
	plain := strings.Split(rawmime.Plain([]byte(value)), " ")
	var list []string
	for i := 0; i < len(plain); {
		if !mustEncode(plain[i]) {
			if plain[i] == "" && len(list) > 0 { // several blanks stay on one line
				list[len(list)-1] += " "
			} else if n := len(list); n > 0 && strings.HasSuffix(list[n-1], " ") {
				list[n-1] += " " + plain[i]
			} else {
				list = append(list, " "+plain[i])
			}
			i++
			continue
		}
		n := i + 1
		for j := n; j < len(plain) && (plain[j] == "" || mustEncode(plain[j])); j++ {
			if plain[j] != "" {
				n = j + 1
			}
		}
		list = append(list, encodeWords(strings.Join(plain[i:n], " "))...)
		i = n
	}
	return list
}

func mustEncode(word string) bool {
	if len(word) > maxLine/2 || strings.Contains(word, "=?") {
		return true
	}
	for i := range len(word) {
		if word[i] >= 0x7f {
			return true
		}
	}
	return false
}

// encodeWords makes encoded words of at most 75 characters, cut between
// characters.
func encodeWords(s string) []string {
	var list []string
	for s != "" {
		n := min(len(s), maxWord)
		for n < len(s) && !utf8.RuneStart(s[n]) {
			n--
		}
		list = append(list, " =?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(s[:n]))+"?=")
		s = s[n:]
	}
	return list
}

// encoding chooses how text is sent: as it is as far as it is ASCII, unless most
// of it is not.
func encoding(text string) string {
	other := 0
	for i := range len(text) {
		if ch := text[i]; ch >= 0x7f || ch < ' ' && ch != '\t' && ch != '\r' && ch != '\n' {
			other++
		}
	}
	if other > len(text)/3 {
		return "base64"
	}
	return "quoted-printable"
}

// encoder writes text; Close ends it without a line end of its own.
func (o *output) encoder(encoding string) io.WriteCloser {
	if encoding == "base64" {
		return base64.NewEncoder(base64.StdEncoding, &wrapper{w: o})
	}
	return quotedprintable.NewWriter(o)
}

// wrapper cuts base64 into lines.
type wrapper struct {
	w   io.Writer
	col int
}

func (w *wrapper) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		if w.col == 76 {
			io.WriteString(w.w, "\r\n")
			w.col = 0
		}
		n := min(len(rest), 76-w.col)
		w.w.Write(rest[:n])
		w.col += n
		rest = rest[n:]
	}
	return len(b), nil
}

// contentType is the value for a text part that is now UTF-8.
func contentType(e *entity) string {
	params := make(map[string]string, len(e.Params)+1)
	for k, v := range e.Params {
		params[k] = v
	}
	params["charset"] = "utf-8"
	if s := mime.FormatMediaType(e.Type, params); s != "" && len(s) < maxLine/2 {
		return s
	}
	return mime.FormatMediaType("text/"+subtype(e.Type), map[string]string{"charset": "utf-8"})
}

func subtype(mediaType string) string {
	if mediaType == "text/html" {
		return "html"
	}
	return "plain"
}

func equalFold(a, b string) bool { return strings.EqualFold(a, b) }

// lines gives text CRLF line ends.
func lines(s string) string {
	if strings.Count(s, "\n") == strings.Count(s, "\r\n") && strings.Count(s, "\r") == strings.Count(s, "\n") {
		return s
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.ReplaceAll(s, "\r", "\n")
	return strings.ReplaceAll(s, "\n", "\r\n")
}
