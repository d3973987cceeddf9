// Package content reads what a message contains while it streams in: the
// header fields that tracking shows, and the names, sizes and SHA-256 of its
// attachments. Nothing is refused and nothing is kept: whatever can be made out
// of broken mail is reported, and memory does not grow with the message.
//
// The header scan and the splitting into parts are our own (rawmime), because
// they must not give up where strict readers do: a header line without colon, a
// NUL, an unknown transfer encoding, a part without a blank line.
package content

import (
	"crypto/sha256"
	"hash"
	"io"

	"esasim/esa"
	"esasim/internal/rawmime"
)

// Bounds of what is kept or looked at. Beyond them a message is still read to
// its end.
const (
	maxValue = 16 << 10 // octets of one header field, before decoding
	maxDepth = rawmime.MaxDepth
	maxParts = rawmime.MaxParts
	bufSize  = rawmime.BufferSize
)

// Content is what was found in a message. Texts are decoded (RFC 2047, any
// charset known) and valid UTF-8 on one line: raw UTF-8 is kept, bytes that are
// none become U+FFFD, control characters blanks. Of repeated fields the first
// one counts. A field that is missing is "".
type Content struct {
	Subject     string
	HasSubject  bool   // there is a Subject, perhaps empty
	Unlogged    bool   // whoever has the events said so: the subject is not to be logged
	MessageID   string // as written, with angle brackets
	From        string
	ReplyTo     string
	Date        string
	Attachments []esa.Attachment // in the order of the message
	HeaderLines int              // lines of the message's own header, without the blank one
	Hops        int              // Received fields: how many hosts have passed the message on
}

// A Scanner reads messages, one after the other. Keep one per connection to
// use its buffers again. The zero value is ready.
type Scanner struct {
	sum   hash.Hash
	copy  []byte
	top   header
	parts int
	found []esa.Attachment
	lines rawmime.Lines
}

// Scan reads all of one message with CRLF line ends. The error is that of r,
// unchanged, with what was found before it; a message itself is never an
// error.
func Scan(r io.Reader) (Content, error) {
	var s Scanner
	return s.Scan(r)
}

// RawFrom is the From field of the last message as written, unfolded: with its
// encoded words, which must be told from the address before they are decoded.
func (s *Scanner) RawFrom() string { return string(s.top.value[from]) }

// Scan is like the function [Scan].
func (s *Scanner) Scan(r io.Reader) (Content, error) {
	if s.sum == nil {
		s.sum = sha256.New()
		s.copy = make([]byte, bufSize)
	}
	s.lines.Reset(r)
	s.parts, s.found = 0, nil
	s.top.read(&s.lines)
	h := &s.top
	c := Content{
		HeaderLines: h.lines,
		Hops:        h.hops,
		HasSubject:  h.has[subject],
		Subject:     rawmime.Text(h.value[subject]),
		MessageID:   rawmime.Text(h.value[messageID]),
		From:        rawmime.Text(h.value[from]),
		ReplyTo:     rawmime.Text(h.value[replyTo]),
		Date:        rawmime.Text(h.value[date]),
	}
	if h.mayHoldFiles() {
		s.entity(h, 0)
	}
	err := s.lines.Drain()
	s.lines.Reset(nil)
	c.Attachments = s.found
	return c, err
}
