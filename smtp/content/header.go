package content

import (
	"bytes"

	"esasim/internal/rawmime"
)

// field is one of the header fields we keep.
type field uint8

const (
	subject field = iota
	messageID
	from
	replyTo
	date
	contentType
	contentDisposition
	contentTransferEncoding
	fields     // how many
	otherField // not one of them
)

// header is the header of a message or of a part.
type header struct {
	value [fields][]byte // unfolded, at most maxValue; the memory is used again
	has   [fields]bool
	lines int
	hops  int // how many fields are Received
}

// read takes lines up to the blank one. What is no field is passed over
// together with its continuation lines.
func (h *header) read(in *rawmime.Lines) {
	h.lines, h.hops = 0, 0
	for f := range h.value {
		h.value[f], h.has[f] = h.value[f][:0], false
	}
	current := otherField
	for {
		b, begins, ok := in.Next()
		if !ok {
			return
		}
		b = rawmime.TrimEnd(b)
		if begins {
			if len(b) == 0 {
				return
			}
			h.lines++
			if rawmime.IsBlank(b[0]) { // folded: the line break and the blanks are one blank
				h.extend(current, " ")
				b = bytes.TrimLeft(b, " \t")
			} else {
				current, b = h.begin(b)
			}
		}
		h.extend(current, string(b))
	}
}

// received is the field that each host on the way adds. It is counted, not kept.
const received = "Received"

// begin looks which field a line begins and cuts off its name. A field given
// twice is kept once.
func (h *header) begin(line []byte) (field, []byte) {
	i := bytes.IndexByte(line, ':')
	if i < 0 {
		return otherField, nil
	}
	name := bytes.TrimRight(line[:i], " \t")
	if len(name) == len(received) && bytes.EqualFold(name, []byte(received)) {
		h.hops++
		return otherField, nil
	}
	f := fieldOf(name)
	if f == otherField || h.has[f] {
		return otherField, nil
	}
	h.has[f] = true
	return f, bytes.TrimLeft(line[i+1:], " \t")
}

func (h *header) extend(f field, s string) {
	if f == otherField {
		return
	}
	v := h.value[f]
	h.value[f] = append(v, s[:min(len(s), maxValue-len(v))]...)
}

// fieldOf knows the fields by their length first: most lines are none of them.
func fieldOf(name []byte) field {
	candidate := otherField
	switch len(name) {
	case 4:
		candidate = from
		if name[0]|0x20 == 'd' {
			candidate = date
		}
	case 7:
		candidate = subject
	case 8:
		candidate = replyTo
	case 10:
		candidate = messageID
	case 12:
		candidate = contentType
	case 19:
		candidate = contentDisposition
	case 25:
		candidate = contentTransferEncoding
	}
	if candidate == otherField || !bytes.EqualFold(name, []byte(candidate.name())) {
		return otherField
	}
	return candidate
}

func (f field) name() string {
	return [...]string{"Subject", "Message-ID", "From", "Reply-To", "Date", "Content-Type",
		"Content-Disposition", "Content-Transfer-Encoding"}[f]
}

// mayHoldFiles is false for a plain message, whose body need not be looked at:
// neither multipart nor an embedded message, and without a name.
func (h *header) mayHoldFiles() bool {
	if h.has[contentDisposition] {
		return true
	}
	t := bytes.ToLower(h.value[contentType])
	return bytes.HasPrefix(t, []byte("multipart/")) || bytes.HasPrefix(t, []byte("message/")) ||
		bytes.Contains(t, []byte("name"))
}
