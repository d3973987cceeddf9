package dialect

import (
	"bytes"
	"io"

	gosmtp "github.com/emersion/go-smtp"
)

func (c *Conn) beginData() {
	c.inData, c.direct = true, false
	c.expect = expectMessage
	c.body = bodyScanner{maxBytes: c.MaxMessage(), maxHeaderLines: c.opts.MaxHeaderLines, inHeader: true}
}

// Message is the message the client is sending, the same as the reader given
// to Session.Data, but without the detour through go-smtp, which goes byte by
// byte. Use the one or the other. It ends with io.EOF, with [Conn.DataError], or
// with io.ErrUnexpectedEOF when the client is gone.
func (c *Conn) Message() io.Reader { return message{c} }

type message struct{ c *Conn }

func (m message) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	m.c.direct = true
	return m.c.receive(p)
}

// readData gives go-smtp the message as it comes, dots and end included, and
// not a byte more: what was sent behind it is a command. From a violation on it
// gives nothing; when the client has sent all of the message, go-smtp's reader
// ends with the violation as its error. If the session reads the message
// itself, this only skips what the session has left.
func (c *Conn) readData(p []byte) (int, error) {
	n, err := c.receive(p)
	if !c.direct {
		return n, err
	}
	for err == nil {
		_, err = c.receive(p)
	}
	return c.Read(p) // the end that endData made up, or that of the connection
}

// receive takes what has come of the message, waiting if that is nothing.
func (c *Conn) receive(p []byte) (int, error) {
	for c.inData {
		if c.in.Buffered() == 0 {
			if _, err := c.in.Peek(1); err != nil {
				c.interrupted(err)
				return 0, io.ErrUnexpectedEOF
			}
		}
		b, _ := c.in.Peek(min(c.in.Buffered(), len(p)))
		copied, n, end := c.body.scan(p, b)
		if !c.direct {
			copied = copy(p, b[:n])
		}
		c.in.Discard(n)
		if end {
			c.endData()
		}
		if copied > 0 && c.body.err == nil {
			return copied, nil
		}
	}
	if c.body.err != nil {
		return 0, c.body.err
	}
	return 0, io.EOF
}

// endData is called when the client has sent all of its message. If go-smtp has
// not seen the end, one is made up to take it out of its data mode. The x brings
// its reader to the middle of a line whatever it has seen last; nobody gets it,
// because the session has had the end or the error before.
func (c *Conn) endData() {
	c.inData = false
	if c.direct || c.body.err != nil {
		c.line = append(c.line[:0], "x\r\n.\r\n"...)
		c.feed = c.line
	}
}

// Where a bodyScanner is within a line.
const (
	atLineStart = iota
	afterDot    // the line is "." so far
	afterDotCR  // the line is ".\r" so far
	inLine
	afterCR // in a line, and the last byte was CR
)

// bodyScanner watches a message on its way: it finds its end, counts, and
// keeps the first violation. Only CR LF ends a line and only CR LF . CR LF ends
// the message (RFC 5321 4.1.1.4); other ideas of it have been used to smuggle
// one message in another.
type bodyScanner struct {
	maxBytes       int64
	maxHeaderLines int

	state       uint8
	inHeader    bool
	empty       bool  // nothing on this line so far
	bytes       int64 // of the message, without stuffed dots and the end
	headerLines int
	err         *gosmtp.SMTPError
}

// scan looks at the next bytes and returns how many of them belong to the
// message, and whether they end it. It takes all of b unless the message ends.
// It copies the message without the dots of transport to dst, which must have
// room for b, and returns how many bytes that were.
func (s *bodyScanner) scan(dst, b []byte) (copied, n int, end bool) {
	before := s.bytes
	for n < len(b) && !end {
		switch s.state {
		case atLineStart:
			s.empty = true
			s.state = inLine
			if b[n] == '.' {
				s.state = afterDot
				n++
			}
		case afterDot:
			s.state = inLine
			if b[n] == '\r' {
				s.state = afterDotCR
				n++
			} else {
				s.empty = false
			}
		case afterDotCR:
			s.state = inLine
			if b[n] == '\n' {
				n++
				end = true
			} else {
				s.violate(BareLineEnds)
			}
		case afterCR:
			s.state = inLine
			if b[n] == '\n' {
				dst[s.bytes-before] = '\n'
				s.bytes++
				n++
				s.lineEnds()
			} else {
				s.violate(BareLineEnds)
				s.empty = false
			}
		case inLine:
			n += s.text(dst[s.bytes-before:], b[n:])
		}
	}
	s.limits()
	return int(s.bytes - before), n, end
}

// text takes bytes up to the end of the line.
func (s *bodyScanner) text(dst, b []byte) int {
	i := bytes.IndexByte(b, '\r')
	if i < 0 {
		i = len(b)
	} else {
		s.state = afterCR
	}
	if i > 0 {
		s.empty = false
		if bytes.IndexByte(b[:i], '\n') >= 0 {
			s.violate(BareLineEnds)
		}
	}
	lf := i+1 < len(b) && b[i+1] == '\n'
	switch {
	case lf: // the whole line end at once, the usual case
		i += 2
	case s.state == afterCR:
		i++
	}
	copy(dst, b[:i])
	s.bytes += int64(i)
	if lf {
		s.lineEnds()
	}
	return i
}

func (s *bodyScanner) lineEnds() {
	s.state = atLineStart
	if !s.inHeader {
		return
	}
	if s.empty {
		s.inHeader = false
		return
	}
	s.headerLines++
	if s.maxHeaderLines > 0 && s.headerLines > s.maxHeaderLines {
		s.violate(HeaderTooLarge)
	}
}

// limits is called once a chunk, so a message may exceed a limit by less than
// one before it is noticed; it is refused all the same.
func (s *bodyScanner) limits() {
	if s.inHeader && s.bytes > maxHeaderBytes {
		s.violate(HeaderTooLarge)
	}
	if s.maxBytes > 0 && s.bytes > s.maxBytes {
		s.violate(MessageTooLarge)
	}
}

// violate keeps the first violation.
func (s *bodyScanner) violate(what *gosmtp.SMTPError) {
	if s.err == nil {
		s.err = what
	}
}
