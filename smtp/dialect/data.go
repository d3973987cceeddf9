package dialect

import (
	"bytes"
	"io"

	gosmtp "github.com/emersion/go-smtp"
)

func (c *Conn) beginData() {
	c.inData = true
	c.expect = expectMessage
	c.body = bodyScanner{maxBytes: c.MaxMessage(), maxHeaderLines: c.opts.MaxHeaderLines, inHeader: true}
}

// readData gives go-smtp the message as it comes, dots and end included, and
// not a byte more: what was sent behind it is a command. From a violation on it
// gives nothing; when the client has sent all of the message, go-smtp's reader
// ends with the violation as its error, and an end of message made up here
// takes go-smtp out of its data mode.
func (c *Conn) readData(p []byte) (int, error) {
	for {
		if c.in.Buffered() == 0 {
			if _, err := c.in.Peek(1); err != nil {
				c.interrupted(err)
				return 0, io.EOF // go-smtp makes it io.ErrUnexpectedEOF
			}
		}
		b, _ := c.in.Peek(min(c.in.Buffered(), len(p)))
		n, end := c.body.scan(b)
		copied := 0
		if c.body.err == nil {
			copied = copy(p, b[:n])
		}
		c.in.Discard(n)
		if end {
			c.inData = false
		}
		if copied > 0 {
			return copied, nil
		}
		if end {
			// The x takes go-smtp's reader to the middle of a line whatever it
			// has seen last. Nobody gets it: the session has had the error.
			c.line = append(c.line[:0], "x\r\n.\r\n"...)
			c.feed = c.line
			return 0, c.body.err
		}
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
func (s *bodyScanner) scan(b []byte) (n int, end bool) {
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
			if b[n] == '\n' {
				n++
				end = true
				break
			}
			s.violate(BareLineEnds)
			s.state = inLine
		case afterCR:
			s.state = inLine
			if b[n] == '\n' {
				n++
				s.bytes++
				s.lineEnds()
			} else {
				s.violate(BareLineEnds)
				s.empty = false
			}
		case inLine:
			n += s.text(b[n:])
		}
	}
	s.limits()
	return n, end
}

// text takes bytes up to and including the next CR.
func (s *bodyScanner) text(b []byte) int {
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
	if s.state == afterCR {
		i++
	}
	s.bytes += int64(i)
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
