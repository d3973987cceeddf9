package rawmime

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// NoBoundary is [Lines.Hit] in the middle of a part.
const NoBoundary = -1

// BufferSize is what a line longer than is given in pieces.
const BufferSize = 4 << 10

// Lines is a message line by line. While parts are read, it stops at the
// boundary lines of all the multiparts we are in, so that an inner one without
// end is ended by the outer one's boundary.
type Lines struct {
	Bounds [][]byte // boundaries of the multiparts around, outermost first
	Hit    int      // index of the boundary at which we stopped, or NoBoundary
	Last   bool     // ... and it was the closing one
	Mark   []byte   // ... the line itself, with its end; valid until the next line is read

	Tee func(line []byte) // sees whatever Next gives; nil for nobody

	in     *bufio.Reader
	within bool  // in the middle of a line
	err    error // of the reader; io.EOF at the end
}

// Reset begins another message. The memory is used again.
func (l *Lines) Reset(r io.Reader) {
	in := l.in
	if in == nil {
		in = bufio.NewReaderSize(nil, BufferSize)
	}
	in.Reset(r)
	*l = Lines{in: in, Hit: NoBoundary, Bounds: l.Bounds[:0]}
}

// Next gives a line with its end, or a piece of a line too long for the
// buffer; begins is true for the first piece. ok is false at a boundary, which
// Pass passes, and at the end of the message. The slice is valid until the next
// call.
func (l *Lines) Next() (b []byte, begins, ok bool) {
	if l.Hit != NoBoundary || l.err != nil {
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
	if l.Tee != nil {
		l.Tee(b)
	}
	return b, begins, len(b) > 0
}

// Pass goes on behind the boundary.
func (l *Lines) Pass() { l.Hit = NoBoundary }

func (l *Lines) atBoundary(line []byte) bool {
	if len(l.Bounds) == 0 || len(line) < 3 || line[0] != '-' || line[1] != '-' {
		return false
	}
	name := bytes.TrimRight(line[2:], " \t\r\n")
	for i := len(l.Bounds) - 1; i >= 0; i-- {
		rest, ok := bytes.CutPrefix(name, l.Bounds[i])
		if ok && (len(rest) == 0 || string(rest) == "--") {
			l.Hit, l.Last, l.Mark = i, len(rest) > 0, line
			return true
		}
	}
	return false
}

// Skip passes over what comes before the next boundary or the end.
func (l *Lines) Skip() {
	for ok := true; ok; {
		_, _, ok = l.Next()
	}
}

// Drain reads the message to its end without looking at it, and returns the
// reader's error if it has one.
func (l *Lines) Drain() error { return l.CopyRest(io.Discard) }

// CopyRest writes what has not been read yet to w as it is. The error is the
// reader's or the writer's.
func (l *Lines) CopyRest(w io.Writer) error {
	if l.err == nil {
		if _, l.err = io.Copy(w, l.in); l.err == nil {
			l.err = io.EOF
		}
	}
	return l.Err()
}

// Err is the reader's error, nil at its proper end.
func (l *Lines) Err() error {
	if l.err == io.EOF {
		return nil
	}
	return l.err
}

// Body is the body of the part we are in, up to the next boundary. The line end
// before a boundary belongs to the boundary (RFC 2046 5.1.1), so every line end
// is kept back until it is known what follows.
type Body struct {
	Lines *Lines
	kept  string // a line end that may belong to a boundary
	first string // a line end to be given before text
	text  []byte // of the piece under way
}

// Read implements io.Reader.
func (r *Body) Read(p []byte) (int, error) {
	for len(r.first) == 0 && len(r.text) == 0 {
		b, _, ok := r.Lines.Next()
		switch {
		case ok:
			r.text = TrimEnd(b)
			r.first, r.kept = r.kept, lineEnd(b[len(r.text):])
		case r.Lines.Hit == NoBoundary && r.kept != "": // the message ends here
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

// TrimEnd cuts off the end of a line, CRLF or LF.
func TrimEnd(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == '\n' {
		b = b[:n-1]
		if n > 1 && b[n-2] == '\r' {
			b = b[:n-2]
		}
	}
	return b
}

// IsBlank is true for what begins a folded line.
func IsBlank(ch byte) bool { return ch == ' ' || ch == '\t' }
