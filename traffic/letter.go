package traffic

import (
	"fmt"
	"time"
)

// letter is a message as it goes over the wire.
type letter struct {
	from   string
	to     []string
	params string // of MAIL FROM, with a blank before them
	data   []byte // with the dot at its end
}

const lastLine = ".\r\n"

// letter is the n-th message of the load. It is good until the next one.
func (s *session) letter(n int64) letter {
	s.buf = s.buf[:0]
	if s.Mix == nil {
		return s.plain()
	}
	m := s.Mix.Incoming(uint64(n), time.Now())
	s.buf = append(m.AppendTo(s.buf), lastLine...)
	return letter{from: m.Sender, to: m.Recipients, params: " BODY=8BITMIME", data: s.buf}
}

// plain is the mail of a load without a mix.
func (s *session) plain() letter {
	n := s.sent
	l := letter{from: fmt.Sprintf("sender%d@example.com", s.id), to: []string{fmt.Sprintf("rcpt%d@example.org", n%1000)}}
	s.buf = fmt.Appendf(s.buf, "From: Sender <sender%d@example.com>\r\nTo: rcpt%d@example.org\r\nSubject: load %d of session %d\r\n"+
		"Message-ID: <%d.%d@load.esasim.test>\r\nDate: Thu, 14 May 2020 13:23:57 +0000\r\nMIME-Version: 1.0\r\n"+
		"Content-Type: text/plain; charset=utf-8\r\n\r\n", s.id, n%1000, n, s.id, n, s.id)
	for len(s.buf) < s.Size {
		s.buf = append(s.buf, "The quick brown fox jumps over the lazy dog, again and again.\r\n"...)
	}
	s.buf = append(s.buf, lastLine...)
	l.data = s.buf
	return l
}
