package content

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

const noBoundary = -1

// lines is the message line by line. While parts are read, it stops at the
// boundary lines of all the multiparts we are in, so that an inner one without
// end is ended by the outer one's boundary.
type lines struct {
	in     *bufio.Reader
	bounds [][]byte // boundaries of the multiparts around, outermost first
	hit    int      // index of the boundary at which we stopped, or noBoundary
	last   bool     // ... and it was the closing one
	within bool     // in the middle of a line
	err    error    // of the reader; io.EOF at the end
}

// next gives a line with its end, or a piece of a line too long for the
// buffer; begins is true for the first piece. ok is false at a boundary, which
// go passes, and at the end of the message. The slice is valid until the next
// call.
func (l *lines) next() (b []byte, begins, ok bool) {
	if l.hit != noBoundary || l.err != nil {
		return nil, false, false
	}
	b, err := l.in.ReadSlice('\n')
	begins = !l.within
	l.within = errors.Is(err, bufio.ErrBufferFull)
	switch {
	case l.within && b[len(b)-1] == '\r': // perhaps of a line end; keep the two together
		b = b[:len(b)-1]
		l.in.UnreadByte()
	case err != nil && !l.within:
		l.err = err
	}
	if begins && !l.within && l.atBoundary(b) {
		return nil, false, false
	}
	return b, begins, len(b) > 0
}

// pass goes on behind the boundary.
func (l *lines) pass() { l.hit = noBoundary }

func (l *lines) atBoundary(line []byte) bool {
	if len(l.bounds) == 0 || len(line) < 3 || line[0] != '-' || line[1] != '-' {
		return false
	}
	line = bytes.TrimRight(line[2:], " \t\r\n")
	for i := len(l.bounds) - 1; i >= 0; i-- {
		rest, ok := bytes.CutPrefix(line, l.bounds[i])
		if ok && (len(rest) == 0 || string(rest) == "--") {
			l.hit, l.last = i, len(rest) > 0
			return true
		}
	}
	return false
}

// drain reads the message to its end without looking at it, and returns the
// reader's error if it has one.
func (l *lines) drain() error {
	if l.err == nil {
		if _, l.err = io.Copy(io.Discard, l.in); l.err == nil {
			l.err = io.EOF
		}
	}
	if l.err == io.EOF {
		return nil
	}
	return l.err
}

// body is the body of the part we are in, up to the next boundary. The line end
// before a boundary belongs to the boundary (RFC 2046 5.1.1), so every line end
// is kept back until it is known what follows.
type body struct {
	lines *lines
	kept  string // a line end that may belong to a boundary
	first string // a line end to be given before text
	text  []byte // of the piece under way
}

func (r *body) Read(p []byte) (int, error) {
	for len(r.first) == 0 && len(r.text) == 0 {
		b, _, ok := r.lines.next()
		switch {
		case ok:
			r.text = trimEnd(b)
			r.first, r.kept = r.kept, lineEnd(b[len(r.text):])
		case r.lines.hit == noBoundary && r.kept != "": // the message ends here
			r.first, r.kept = r.kept, ""
		default:
			return 0, io.EOF
		}
	}
	n := copy(p, r.first)
	r.first = r.first[n:]
	m := copy(p[n:], r.text)
	r.text = r.text[m:]
	return n + m, nil
}

// lineEnd is b as a constant: b itself does not outlive the next read.
func lineEnd(b []byte) string {
	switch len(b) {
	case 0:
		return ""
	case 1:
		return "\n"
	}
	return "\r\n"
}
