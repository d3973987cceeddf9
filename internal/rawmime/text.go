package rawmime

import (
	"bytes"
	"io"
	"mime"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	unicodetext "golang.org/x/text/encoding/unicode"
)

// Text decodes the value of a header field. Encoded words that are malformed
// are left as they are; those in an unknown charset are taken for UTF-8.
func Text(raw []byte) string {
	if !bytes.Contains(raw, []byte("=?")) {
		return Plain(raw)
	}
	words := mime.WordDecoder{CharsetReader: charsetReader}
	s, err := words.DecodeHeader(string(raw))
	if err != nil {
		return Plain(raw)
	}
	return Plain([]byte(s))
}

// Plain makes valid UTF-8 on one line, without blanks around.
func Plain(raw []byte) string {
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

// OneLine has blanks for the control characters of ASCII, so that what others chose
// adds no lines of its own.
func OneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
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

// FromCharset converts to UTF-8; what it does not know it leaves.
func FromCharset(name string, raw []byte) []byte {
	e := charsetOf(name)
	if name == "" || e == nil {
		return raw
	}
	if b, err := e.NewDecoder().Bytes(raw); err == nil {
		return b
	}
	return raw
}

// UTF8 decodes the body of a text part. Without a charset, or with ASCII, bytes
// that are no UTF-8 are taken for windows-1252, as the mailers that forget to
// say it mean it; of other charsets unknown bytes become U+FFFD.
func UTF8(charset string, raw []byte) string {
	e := TextCharset(charset)
	if (e == nil || e == unicodetext.UTF8) && utf8.Valid(raw) {
		return string(raw)
	}
	if e == nil {
		e = charmap.Windows1252
	}
	b, err := e.NewDecoder().Bytes(raw)
	if err != nil {
		b = raw
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

// TextCharset is the encoding of a text part that is neither ASCII nor without
// a charset that is known; else nil.
func TextCharset(charset string) encoding.Encoding {
	switch strings.ToLower(charset) {
	case "", "us-ascii", "ascii":
		return nil
	}
	return charsetOf(charset)
}

// FileName is the last element of a path, whatever the system, without control
// characters and at most maxName characters long.
func FileName(s string) string {
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
