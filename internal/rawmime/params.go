package rawmime

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Parameters takes a value like `application/pdf; name="a.pdf"` apart: the
// first word and the parameters, both names in lower case, values decoded
// (RFC 2231 with continuations and charsets, or RFC 2047 as many mailers do).
// Unlike mime.ParseMediaType it does not give up at what is malformed.
func Parameters(v string) (first string, params map[string]string) {
	first, v, _ = strings.Cut(v, ";")
	first = strings.ToLower(strings.TrimSpace(first))
	var pieces []piece
	for v != "" {
		var name, value string
		name, value, v = cutParameter(v)
		if name != "" {
			pieces = append(pieces, newPiece(name, value))
		}
	}
	return first, join(pieces)
}

// cutParameter takes `name=value;` off the beginning. Without quotes a value
// goes to the next semicolon, blanks included: `name=my file.pdf` is common.
func cutParameter(v string) (name, value, rest string) {
	i := strings.IndexAny(v, "=;")
	if i < 0 {
		return "", "", ""
	}
	if v[i] == ';' {
		return "", "", v[i+1:]
	}
	name = strings.ToLower(strings.TrimSpace(v[:i]))
	v = strings.TrimLeft(v[i+1:], " \t")
	if strings.HasPrefix(v, `"`) {
		value, rest = cutQuoted(v[1:])
		_, rest, _ = strings.Cut(rest, ";")
		return name, value, rest
	}
	value, rest, _ = strings.Cut(v, ";")
	return name, strings.TrimSpace(value), rest
}

// cutQuoted reads up to the closing quote. A backslash quotes only quote and
// backslash: mailers write "C:\temp\a.pdf" and mean it.
func cutQuoted(v string) (value, rest string) {
	var b strings.Builder
	for i := 0; i < len(v); i++ {
		switch {
		case v[i] == '"':
			return b.String(), v[i+1:]
		case v[i] == '\\' && i+1 < len(v) && (v[i+1] == '"' || v[i+1] == '\\'):
			i++
		}
		b.WriteByte(v[i])
	}
	return b.String(), ""
}

// piece is one parameter as written; long values come in several (RFC 2231 3).
type piece struct {
	name    string // without the stars
	number  int    // of name*0, name*1; -1 without
	encoded bool   // name*, name*0*: percent-encoded
	value   string
}

func newPiece(name, value string) piece {
	p := piece{name: name, number: -1, value: value}
	name, p.encoded = strings.CutSuffix(name, "*")
	p.name = name
	if base, digits, ok := strings.Cut(name, "*"); ok {
		if n, err := strconv.Atoi(digits); err == nil && n >= 0 {
			p.name, p.number = base, n
		}
	}
	return p
}

// join puts the pieces of each name together. A plain value, the fallback for
// old readers, yields to an encoded or continued one; of equals the first wins.
func join(pieces []piece) map[string]string {
	slices.SortStableFunc(pieces, func(a, b piece) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.number, b.number))
	})
	params := make(map[string]string, len(pieces))
	for len(pieces) > 0 {
		n := 1
		for n < len(pieces) && pieces[n].name == pieces[0].name {
			n++
		}
		params[pieces[0].name] = value(pieces[:n])
		pieces = pieces[n:]
	}
	return params
}

// value decodes the pieces of one parameter, in order of their numbers.
func value(pieces []piece) string {
	for i, p := range pieces {
		if p.number < 0 && p.encoded {
			return decode2231(pieces[i : i+1])
		}
	}
	for i, p := range pieces {
		if p.number == 0 {
			return decode2231(pieces[i:])
		}
	}
	if pieces[0].name == "boundary" {
		return pieces[0].value // to be compared, not to be shown
	}
	return Text([]byte(pieces[0].value))
}

// decode2231 puts pieces together: those encoded are percent-decoded, and the
// first one says the charset of all of these.
func decode2231(pieces []piece) string {
	charset := ""
	var raw []byte
	for i, p := range pieces {
		v := p.value
		if i == 0 && p.encoded {
			if parts := strings.SplitN(v, "'", 3); len(parts) == 3 {
				charset, v = parts[0], parts[2]
			}
		}
		if i > 0 && p.number == pieces[i-1].number {
			continue // given twice
		}
		if p.encoded {
			raw = appendUnescaped(raw, v)
		} else {
			raw = append(raw, v...)
		}
	}
	return Plain(FromCharset(charset, raw))
}

// appendUnescaped decodes %XX and leaves any other % as it is.
func appendUnescaped(b []byte, v string) []byte {
	for i := 0; i < len(v); i++ {
		if v[i] == '%' && i+2 < len(v) {
			if n, err := strconv.ParseUint(v[i+1:i+3], 16, 8); err == nil {
				b = append(b, byte(n))
				i += 2
				continue
			}
		}
		b = append(b, v[i])
	}
	return b
}
