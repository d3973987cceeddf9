package smtp

import (
	"errors"
	"fmt"
	"io"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"esasim/esa"
	"esasim/smtp/content"
	"esasim/smtp/dialect"
)

// session is the transactions of one connection, as go-smtp drives them. The
// errors it returns are *gosmtp.SMTPError and never wrapped: go-smtp would send
// a wrapped one as its own.
type session struct {
	conn *conn
	wire *dialect.Conn
	msg  *transaction // nil between transactions
	scan content.Scanner
}

// transaction is a message that is being received.
type transaction struct {
	mid    esa.MID
	source *esa.Source // that of the connection, or of its user
	sender string
	rcpts  int         // taken
	bad    int         // refused, as far as they were noted
	events []esa.Event // reported together when the message is complete
}

func newSession(c *gosmtp.Conn) (gosmtp.Session, error) {
	wire := c.Conn().(*dialect.Conn)
	return &session{conn: wire.Admission().Value.(*conn), wire: wire}, nil
}

// Mail begins a message and gives it its MID.
func (s *session) Mail(from string, _ *gosmtp.MailOptions) error {
	s.conn = s.wire.Admission().Value.(*conn) // another one than at EHLO if XCLIENT came in between
	src := s.source()
	if err := s.mayBegin(from, src); err != nil {
		return err
	}
	mid, err := s.conn.o.Log.NextMID()
	if err != nil {
		s.conn.o.Logger.Error("no number for a message", "icid", s.conn.icid, "error", err)
		return dialect.ServerErrorForNow
	}
	s.msg = &transaction{mid: mid, source: src, sender: from, events: make([]esa.Event, 0, 8)}
	s.conn.session = s
	hello, _ := s.wire.Hello()
	s.note(time.Now(), esa.Event{Kind: esa.MessageStarted, Source: src, Text: hello, Name: s.wire.Secured(), Address: s.wire.User()},
		esa.Event{Kind: esa.SenderGiven, Address: from})
	return nil
}

// source is what the sender of a message counts as.
func (s *session) source() *esa.Source {
	if s.wire.User() != "" {
		return s.conn.trusted()
	}
	return s.conn.source
}

// mayBegin looks whether the connection may send a message now; the error is
// the reply.
func (s *session) mayBegin(from string, src *esa.Source) error {
	c := s.conn
	if !c.o.Room.MayBegin() {
		return c.queueFull()
	}
	if c.policy.TLS == TLSRequired && s.wire.Secured() == "" {
		return c.needsTLS()
	}
	if c.policy.Auth == AuthRequired && s.wire.User() == "" {
		return c.needsAuth()
	}
	if limit := c.policy.MaxMessages; limit > 0 && c.messages >= limit {
		c.trouble(receivingFailed + "Too Many Messages")
		return dialect.TooManyMessages
	}
	if src.Rule != Relay { // those are ours, and not asked (inferred)
		if err := c.verify(from); err != nil {
			return err
		}
	}
	c.messages++
	return nil
}

// Rcpt adds a recipient.
func (s *session) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	m, c := s.msg, s.conn
	if m.rcpts >= c.maxRecipients() {
		return dialect.TooManyRecipients
	}
	relay := m.source.Rule == Relay
	if c.rejects && !relay {
		return s.reject(to, "HAT", dialect.RejectedLate)
	}
	now := time.Now()
	row := ratRow{}
	if !relay && !c.o.Private {
		row = c.o.RAT.judge(to)
	}
	if row.reply != nil {
		if c.harvests(now) {
			return s.harvested(to)
		}
		return s.reject(to, "RAT", row.reply)
	}
	if !row.bypass && !c.inHour(now) {
		return s.reject(to, "Injection Control", dialect.TooManyThisHour)
	}
	s.note(now, esa.Event{Kind: esa.RecipientGiven, Address: to, RIDs: []esa.RID{esa.RID(m.rcpts)}})
	m.rcpts++
	return nil
}

// harvested refuses a recipient of somebody who seems to try out addresses.
func (s *session) harvested(to string) error {
	c := s.conn
	reply := s.reject(to, "Injection Control", dialect.TooManyInvalid)
	if c.policy.DropInvalid {
		s.trouble(fmt.Sprintf("Dropping connection due to potential Directory Harvest Attack from host=%s, dhap_limit=%d, sender_group=%s, listener=%s",
			c.source.Remote, c.policy.MaxInvalid, c.source.Group, c.source.Listener))
		s.wire.Hangup()
	}
	return reply
}

// reject refuses a recipient and notes by what, unless enough is known of this
// message.
func (s *session) reject(to, by string, reply *gosmtp.SMTPError) error {
	if s.msg.bad++; s.msg.bad <= s.conn.maxRecipients() {
		s.note(time.Now(), esa.Event{Kind: esa.RecipientRejected, Address: to, Text: by})
	}
	return s.wire.Choose(reply)
}

// Data receives the message and makes it ours.
//
// It reads from the dialect and not from the reader it is given: that one is
// go-smtp's, which reads the same bytes one at a time.
func (s *session) Data(io.Reader) error {
	m, log := s.msg, s.conn.o.Log
	kept := &keeping{Content: log.NewContent(m.mid), room: s.conn.o.Room}
	var sink io.Writer = kept
	check := s.verification()
	if check != nil {
		defer check.Close()
		sink = io.MultiWriter(kept, check)
	}
	got, err := s.scan.Scan(io.TeeReader(s.wire.Message(), sink))
	if bad := s.wire.DataError(); bad != nil {
		return s.refuse(kept, bad)
	}
	if errors.Is(kept.err, errFull) || err == nil && !kept.room.MayGoOn(0) {
		return s.refuse(kept, dialect.QueueFull)
	}
	if err != nil {
		if kept.err != nil {
			s.conn.o.Logger.Error("message not kept", "mid", m.mid, "error", kept.err)
		}
		s.discard(kept)
		return dialect.ServerErrorForNow // nobody reads it if the client is gone
	}
	if most := s.conn.o.MaxHops; most > 0 && got.Hops > most {
		return s.refuse(kept, dialect.TooManyHops)
	}
	if reply, why := s.screen(check, &got); reply != nil {
		s.discard(kept)
		s.abort(why)
		return reply
	}
	now := time.Now()
	got.Unlogged = s.conn.o.NoSubjects
	s.describe(now, &got)
	s.note(now, esa.Event{Kind: esa.MessageReady, Size: s.wire.DataBytes(), Address: m.sender})
	// From here on the message may be in the log, whatever Commit says: nothing
	// of it may be taken back.
	s.msg = nil
	if err := log.Commit(m.events, kept.Content); err != nil {
		s.conn.o.Logger.Error("message not kept", "mid", m.mid, "error", err)
		return dialect.ServerErrorForNow
	}
	return dialect.Accepted(uint64(m.mid))
}

// keeping is a content that is written while there is room. It remembers why it
// could not be written: Scan gives back one error for both its ends.
type keeping struct {
	Content
	room Room
	err  error
}

var errFull = errors.New("no room on the disk")

func (k *keeping) Write(p []byte) (int, error) {
	if !k.room.MayGoOn(len(p)) {
		k.err = errFull
		return 0, k.err
	}
	n, err := k.Content.Write(p)
	if err != nil {
		k.err = err
	}
	return n, err
}

// refuse ends a message that breaks a rule; bad is the rule's reply.
func (s *session) refuse(kept Content, bad error) error {
	var reply *gosmtp.SMTPError
	if !errors.As(bad, &reply) {
		reply = dialect.ServerErrorForNow
	}
	why := "Message size exceeds limit"
	switch reply {
	case dialect.HeaderTooLarge:
		why = "Message header size exceeds limit"
	case dialect.TooManyHops:
		why = "Message loop"
	case dialect.BareLineEnds:
		why = "Message body contains illegal bare CR/LF characters"
	}
	if reply == dialect.QueueFull {
		_ = s.conn.queueFull() // the reply
	} else {
		s.trouble(receivingFailed + why)
	}
	s.discard(kept)
	s.abort("Receiving aborted")
	return reply
}

// trouble notes what went wrong on the connection with what was noted of the
// message: logs tell of it behind its beginning.
func (s *session) trouble(text string) {
	s.msg.events = append(s.msg.events, s.conn.troubled(text))
}

func (s *session) discard(kept Content) {
	if err := kept.Discard(); err != nil {
		s.conn.o.Logger.Error("content not discarded", "mid", s.msg.mid, "error", err)
	}
}

// describe notes what the message says of itself.
func (s *session) describe(now time.Time, c *content.Content) {
	for e := range c.Events {
		s.note(now, e)
	}
}

// note adds events to the transaction, all of one moment.
func (s *session) note(now time.Time, events ...esa.Event) {
	for _, e := range events {
		e.Time, e.ICID, e.MID = now, s.conn.icid, s.msg.mid
		s.msg.events = append(s.msg.events, e)
	}
}

// abort reports a message that was begun and will not be accepted.
func (s *session) abort(why string) {
	s.note(time.Now(), esa.Event{Kind: esa.MessageAborted, Text: why}, esa.Event{Kind: esa.MessageFinished, Text: "aborted"})
	s.conn.report(s.msg.events...)
	s.msg = nil
}

// Reset ends the transaction: by RSET, EHLO, a refused message, or after an
// accepted one.
func (s *session) Reset() {
	if s.msg != nil {
		s.abort("Receiving aborted by sender")
	}
}

// Logout ends the session with its connection.
func (s *session) Logout() error {
	s.Reset()
	return nil
}
