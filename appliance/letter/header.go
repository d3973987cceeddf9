package letter

import (
	"bytes"
	"strings"

	"esasim/internal/rawmime"
)

// header is a header as it was written. The memory is used again.
type header struct {
	raw    []byte // at most maxHeader and a piece of a line
	fields []span
	blank  []byte // the line that ends it; empty if it just ends
	more   bool   // raw is full, and there are lines that were not read
}

// span is one field in raw, with its continuation lines, or lines that are no
// field.
type span struct{ from, name, to int } // raw[from:name] is the name; to is behind the last line end

// read takes lines up to the blank one, or until raw is full.
func (h *header) read(in *rawmime.Lines) {
	h.raw, h.fields, h.blank, h.more = h.raw[:0], h.fields[:0], h.blank[:0], false
	for len(h.raw) < maxHeader {
		b, begins, ok := in.Next()
		if !ok {
			return
		}
		if begins && len(rawmime.TrimEnd(b)) == 0 {
			h.blank = append(h.blank, b...)
			return
		}
		if n := len(h.fields); n == 0 || begins && !rawmime.IsBlank(b[0]) {
			h.fields = append(h.fields, span{from: len(h.raw), name: len(h.raw) + nameLength(b)})
		}
		h.raw = append(h.raw, b...)
		h.fields[len(h.fields)-1].to = len(h.raw)
	}
	h.more = true
}

// rest reads the lines that read left, and gives them to each, if it is not
// nil; field is true for the first piece of a field.
func (h *header) rest(in *rawmime.Lines, each func(b []byte, field bool)) {
	for {
		b, begins, ok := in.Next()
		if !ok {
			return
		}
		if begins && len(rawmime.TrimEnd(b)) == 0 {
			h.blank = append(h.blank, b...)
			return
		}
		if each != nil {
			each(b, begins && !rawmime.IsBlank(b[0]))
		}
	}
}

// nameLength is how long the name of the field is that a line begins; 0 if it
// begins none.
func nameLength(line []byte) int {
	n := bytes.IndexByte(line, ':')
	if n < 0 {
		return 0
	}
	name := bytes.TrimRight(line[:n], " \t")
	for _, ch := range name {
		if !inName(ch) {
			return 0
		}
	}
	return len(name)
}

// inName is true for what the name of a field may be made of (RFC 5322 3.6.8).
func inName(ch byte) bool { return ch > ' ' && ch < 0x7f && ch != ':' }

// first is the value of the first field with the name, unfolded.
func (h *header) first(name string) []byte {
	for _, f := range h.fields {
		if f.name-f.from == len(name) && strings.EqualFold(string(h.raw[f.from:f.name]), name) {
			return unfold(h.value(f))
		}
	}
	return nil
}

// value is what stands behind the colon, with the line ends.
func (h *header) value(f span) []byte {
	v := h.raw[f.name:f.to]
	return v[bytes.IndexByte(v, ':')+1:]
}

// list gives the fields decoded. Most are plain, and share one string.
func (h *header) list() []Field {
	n := min(len(h.fields), maxFields)
	list := make([]Field, 0, n)
	all := string(h.raw)
	for _, f := range h.fields[:n] {
		if f.name == f.from {
			continue
		}
		value := all[f.name:f.to]
		value = strings.Trim(value[strings.IndexByte(value, ':')+1:], " \t\r\n")
		if len(value) > maxValue || !isPlain(value) {
			value = rawmime.Text(unfold(h.value(f)))
		}
		list = append(list, Field{Name: all[f.from:f.name], Value: value})
	}
	return list
}

// isPlain is true for a value that is what it says: ASCII on one line, without
// encoded words.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f || s[i] == '?' && i > 0 && s[i-1] == '=' {
			return false
		}
	}
	return true
}

// unfold puts lines together: a line break and the blanks after it are one
// blank.
func unfold(v []byte) []byte {
	v = v[:min(len(v), maxValue)]
	v = bytes.Trim(v, " \t\r\n")
	if bytes.IndexByte(v, '\n') < 0 {
		return v
	}
	out := make([]byte, 0, len(v))
	for i, line := range bytes.Split(v, []byte("\n")) {
		line = bytes.TrimSuffix(line, []byte("\r"))
		if i > 0 {
			out = append(out, ' ')
			line = bytes.TrimLeft(line, " \t")
		}
		out = append(out, line...)
	}
	return out
}
