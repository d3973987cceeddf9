package smtp

import (
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"esasim/smtp/auth"
	"esasim/smtp/dialect"
)

// verification is the check of the message that comes now; nil if the senders of
// this connection are not verified. One's own mail is not: its domains are vouched
// for by the HAT.
func (s *session) verification() *auth.Check {
	l := s.conn.l
	if l.o.Auth == nil || s.conn.source.Rule == Relay {
		return nil
	}
	return l.o.Auth.Begin(l.ctx)
}

// authenticate notes what the check of a received message found. Refused is the
// reply to a message that is not taken for it, and why is the reason for the logs.
func (s *session) authenticate(k *auth.Check) (refused *gosmtp.SMTPError, why string) {
	hello, _ := s.wire.Hello()
	found := k.Finish(auth.Envelope{Remote: s.conn.source.Remote, HELO: hello, Sender: s.msg.sender}, s.scan.RawFrom())
	s.note(time.Now(), found.Events()...)
	switch s.conn.l.o.Auth.Refuses(&found) {
	case auth.SPFUnauthorized:
		return dialect.SPFUnauthorized, "Rejected by SPF verification"
	case auth.SPFTemporary:
		return dialect.SPFTemporary, "Rejected by SPF verification"
	case auth.DMARCFailed:
		return dialect.DMARCUnauthenticated, "Rejected by DMARC verification"
	}
	return nil, ""
}
