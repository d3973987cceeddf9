package smtp

import (
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"esasim/esa"
	"esasim/smtp/auth"
	"esasim/smtp/content"
	"esasim/smtp/dialect"
)

// verification is the check of the message that comes now; nil if the senders of
// this connection are not verified. One's own mail is not: its domains are vouched
// for by the HAT.
func (s *session) verification() *auth.Check {
	c := s.conn
	if c.o.Auth == nil || s.msg.source.Rule == Relay {
		return nil
	}
	return c.o.Auth.Begin(c.l.ctx)
}

// screen asks who the sender of a received message is. Refused is the reply to a
// message that is not taken for it, and why is the reason for the logs.
func (s *session) screen(check *auth.Check, got *content.Content) (refused *gosmtp.SMTPError, why string) {
	if sdr := s.conn.o.SDR; sdr != nil && s.msg.source.Rule != Relay {
		if found := s.reputation(got); sdr.refuses(found) {
			return dialect.SDRRejected, "Rejected by SDR"
		}
	}
	if check == nil {
		return nil, ""
	}
	return s.authenticate(check)
}

// reputation notes what is thought of the domains of a message.
func (s *session) reputation(got *content.Content) *esa.SDRResult {
	hello, _ := s.wire.Hello()
	found := s.conn.o.SDR.judge(esa.SDRDomains{Host: s.conn.source.Host, HELO: hello, MailFrom: domainOf(s.msg.sender),
		From: domainOf(addressOf(got.From)), ReplyTo: domainOf(addressOf(got.ReplyTo))})
	a := esa.Authentication{SDR: found}
	s.note(time.Now(), a.Events()...)
	return &a.SDR
}

// authenticate notes what the check of a received message found. Refused is the
// reply to a message that is not taken for it, and why is the reason for the logs.
func (s *session) authenticate(k *auth.Check) (refused *gosmtp.SMTPError, why string) {
	hello, _ := s.wire.Hello()
	found := k.Finish(auth.Envelope{Remote: s.conn.source.Remote, HELO: hello, Sender: s.msg.sender}, s.scan.RawFrom())
	s.note(time.Now(), found.Events()...)
	switch s.conn.o.Auth.Refuses(&found) {
	case auth.SPFUnauthorized:
		return dialect.SPFUnauthorized, "Rejected by SPF verification"
	case auth.SPFTemporary:
		return dialect.SPFTemporary, "Rejected by SPF verification"
	case auth.DMARCFailed:
		return dialect.DMARCUnauthenticated, "Rejected by DMARC verification"
	}
	return nil, ""
}
