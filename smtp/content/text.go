package content

import (
	"bytes"
	"io"
	"mime"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
)

// text decodes the value of a header field. Encoded words that are malformed
// are left as they are; those in an unknown charset are taken for UTF-8.
func text(raw []byte) string {
	if !bytes.Contains(raw, []byte("=?")) {
		return plain(raw)
	}
	words := mime.WordDecoder{CharsetReader: charsetReader}
	s, err := words.DecodeHeader(string(raw))
	if err != nil {
		return plain(raw)
	}
	return plain([]byte(s))
}

// plain makes valid UTF-8 on one line, without blanks around.
func plain(raw []byte) string {
	if isPlain(raw) {
		return string(bytes.Trim(raw, " "))
	}
	s := strings.ToValidUTF8(string(raw), "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
	return strings.Trim(s, " ")
}

func isPlain(raw []byte) bool {
	for _, ch := range raw {
		if ch < ' ' || ch >= 0x7f {
			return false
		}
	}
	return true
}

// charsetOf knows the names of the registry and of the web; nil if neither
// does.
func charsetOf(name string) encoding.Encoding {
	if e, err := htmlindex.Get(name); err == nil {
		return e
	}
	if e, err := ianaindex.MIME.Encoding(name); err == nil {
		return e
	}
	return nil
}

func charsetReader(name string, r io.Reader) (io.Reader, error) {
	if e := charsetOf(name); e != nil {
		return e.NewDecoder().Reader(r), nil
	}
	return r, nil
}

// fromCharset converts to UTF-8; what it does not know it leaves.
func fromCharset(name string, raw []byte) []byte {
	e := charsetOf(name)
	if name == "" || e == nil {
		return raw
	}
	if b, err := e.NewDecoder().Bytes(raw); err == nil {
		return b
	}
	return raw
}

// fileName is the last element of a path, whatever the system, without control
// characters and at most maxName characters long.
func fileName(s string) string {
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		s = s[i+1:]
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
	if utf8.RuneCountInString(s) > maxName {
		s = string([]rune(s)[:maxName])
	}
	return s
}
