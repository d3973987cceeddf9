package rawmime

import (
	"bytes"
	"io"
)

// DecodeText undoes the transfer encoding of a text part as mail readers do it:
// what is no base64 is passed over, an equals sign that begins no octet is one.
// So nothing that a person would see is missed, or lost when it is changed. The
// only errors are those of r.
func DecodeText(encoding string, r io.Reader) io.Reader {
	switch encoding {
	case "base64":
		return &decoder{src: r, step: new(base64Step).octet}
	case "quoted-printable":
		return &decoder{src: r, step: new(quotedStep).octet}
	}
	return r
}

// decoder gives each octet of src to step, which appends what it means; 0 to
// 255, or end.
type decoder struct {
	src  io.Reader
	step func(dst []byte, ch int) []byte
	in   [1 << 10]byte
	out  []byte
	rest []byte // of out, not yet read
	err  error
}

const end = -1

func (d *decoder) Read(p []byte) (int, error) {
	for len(d.rest) == 0 && d.err == nil {
		var n int
		n, d.err = d.src.Read(d.in[:])
		d.out = d.out[:0]
		for _, ch := range d.in[:n] {
			d.out = d.step(d.out, int(ch))
		}
		if d.err != nil {
			d.out = d.step(d.out, end)
		}
		d.rest = d.out
	}
	if len(d.rest) == 0 {
		return 0, d.err
	}
	n := copy(p, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

// base64Step holds the bits of a group of four that is not complete.
type base64Step struct {
	bits  uint32
	count int // of characters in bits
}

func (s *base64Step) octet(dst []byte, ch int) []byte {
	v := base64Value(ch)
	switch {
	case v >= 0:
		s.bits, s.count = s.bits<<6|uint32(v), s.count+1
		if s.count == 4 {
			dst = append(dst, byte(s.bits>>16), byte(s.bits>>8), byte(s.bits))
			*s = base64Step{}
		}
	case ch == '=' || ch == end: // the group ends early
		switch s.count {
		case 2:
			dst = append(dst, byte(s.bits>>4))
		case 3:
			dst = append(dst, byte(s.bits>>10), byte(s.bits>>2))
		}
		*s = base64Step{}
	}
	return dst
}

func base64Value(ch int) int {
	switch {
	case ch >= 'A' && ch <= 'Z':
		return ch - 'A'
	case ch >= 'a' && ch <= 'z':
		return ch - 'a' + 26
	case ch >= '0' && ch <= '9':
		return ch - '0' + 52
	case ch == '+':
		return 62
	case ch == '/':
		return 63
	}
	return -1
}

// quotedStep holds what can only be understood with what follows: an equals
// sign with up to two characters, or blanks that may end a line.
type quotedStep struct{ held []byte }

const maxBlanks = 1 << 10 // before the end of a line; more are kept as they are

func (s *quotedStep) octet(dst []byte, ch int) []byte {
	if len(s.held) == 0 && ch != '=' && ch != ' ' && ch != '\t' && ch != end {
		return append(dst, byte(ch))
	}
	if len(s.held) > 0 && s.held[0] == '=' {
		return s.escaped(dst, ch)
	}
	switch {
	case (ch == ' ' || ch == '\t') && len(s.held) < maxBlanks:
		s.held = append(s.held, byte(ch))
		return dst
	case ch == '\r' || ch == '\n': // blanks at the end of a line were added on the way
	default:
		dst = append(dst, s.held...)
	}
	s.held = s.held[:0]
	if ch == '=' {
		s.held = append(s.held, '=')
		return dst
	}
	return appendOctet(dst, ch)
}

// escaped goes on after an equals sign: an octet in hex, or a line that goes on.
func (s *quotedStep) escaped(dst []byte, ch int) []byte {
	hex := len(s.held) == 2 && hexValue(int(s.held[1])) >= 0
	switch {
	case hex && hexValue(ch) >= 0:
		dst = append(dst, byte(hexValue(int(s.held[1]))<<4|hexValue(ch)))
		s.held = s.held[:0]
	case !hex && ch == '\n': // with or without CR: the line goes on
		s.held = s.held[:0]
	case len(s.held) == 1 && hexValue(ch) >= 0,
		!hex && (ch == ' ' || ch == '\t' || ch == '\r') && len(s.held) < maxBlanks && !bytes.HasSuffix(s.held, []byte("\r")):
		s.held = append(s.held, byte(ch))
	case ch == end && len(bytes.Trim(s.held, "= \t\r")) == 0: // the text ends in a line that goes on
		s.held = s.held[:0]
	default:
		dst = append(dst, s.held...)
		s.held = s.held[:0]
		return s.octet(dst, ch)
	}
	return dst
}

func hexValue(ch int) int {
	switch {
	case ch >= '0' && ch <= '9':
		return ch - '0'
	case ch >= 'A' && ch <= 'F':
		return ch - 'A' + 10
	case ch >= 'a' && ch <= 'f':
		return ch - 'a' + 10
	}
	return -1
}

func appendOctet(dst []byte, ch int) []byte {
	if ch == end {
		return dst
	}
	return append(dst, byte(ch))
}
