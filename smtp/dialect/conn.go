package dialect

import (
	"bufio"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	gosmtp "github.com/emersion/go-smtp"
)

// Conn is one client's connection as go-smtp sees it. A session reaches it by
// c.Conn().(*dialect.Conn) on go-smtp's connection.
//
// Everything but Close, Shutdown and the address methods belongs to the
// goroutine in which go-smtp serves the connection; the session runs there too.
type Conn struct {
	raw    net.Conn // as accepted; never replaced, so closing needs no lock
	opts   *Options
	admit  func(net.Conn) Admission
	forget func(*Conn) // tells the listener; may be nil

	stream   net.Conn // raw, or TLS over it
	in       *bufio.Reader
	out      []byte    // replies not yet sent
	until    time.Time // by when the command under way must have come; zero: not begun
	last     time.Time // by when the connection must have ended; zero: any time
	lastWait bool      // until is last
	deadline time.Time // that reads and writes have; zero: not the same one

	admission Admission
	dialogue
	body  bodyScanner
	feed  []byte // what go-smtp reads next
	line  []byte // backing of feed for commands made anew
	reply []byte // what go-smtp has written of a reply not yet complete
	ended bool   // nothing more is read or said
	final bool   // what is said next is the last thing; see Hangup

	secured string // protocol and cipher; "" without TLS

	down atomic.Bool // Shutdown was called

	mu       sync.Mutex // guards what Close shares with the connection's goroutine, which writes admission, too
	admitted bool
	counted  bool // among Options.TLSSessions
	closed   bool
	ending   Ending
}

// dialogue is where the conversation stands.
type dialogue struct {
	expect  expectation       // which reply go-smtp owes
	helo    string            // the name the client gave; "" before HELO and after STARTTLS
	claimed string            // what XCLIENT gave instead
	esmtp   bool              // by EHLO
	user    string            // who has authenticated; "": nobody
	mailed  bool              // MAIL was accepted
	utf8    bool              // MAIL asked for SMTPUTF8
	rcpts   int               // recipients accepted
	inData  bool              // the client sends a message
	direct  bool              // the session reads it by Conn.Message, past go-smtp
	bad     int               // unknown commands so far
	odd     int               // addresses that were none
	path    []byte            // the address under way, as the client wrote it
	chosen  *gosmtp.SMTPError // see Choose
}

// NewConn makes one connection without a [Listener]. admit may be nil.
func NewConn(raw net.Conn, opts *Options, admit func(net.Conn) Admission) *Conn {
	c := &Conn{raw: raw, stream: raw, opts: opts, admit: admit}
	c.in = bufio.NewReaderSize(wire{c}, inputBuffer)
	c.expect = expectBanner
	if opts.MaxTime > 0 {
		c.last = time.Now().Add(opts.MaxTime)
	}
	return c
}

// Admission is the decision made when the client connected.
func (c *Conn) Admission() Admission { return c.admission }

// Hello is the name the client gave and whether it said EHLO; "" before that.
// It is known when go-smtp makes the session.
func (c *Conn) Hello() (name string, extended bool) {
	if c.claimed != "" && c.helo != "" {
		return c.claimed, c.esmtp
	}
	return c.helo, c.esmtp
}

// Custom is a reply in an administrator's words, from 400 to 599, of one line. It
// may begin with an enhanced status code, which a session's own replies must not
// (see [Conn.Choose]).
func Custom(code int, text string) *gosmtp.SMTPError { return refusal(code, text) }

// Choose makes a session's next reply this one, to the letter, and gives it back
// to be returned. Without it a reply that begins with an enhanced status code is
// taken for go-smtp's own.
func (c *Conn) Choose(r *gosmtp.SMTPError) *gosmtp.SMTPError {
	c.chosen = r
	return r
}

func (c *Conn) encrypted() bool { return c.secured != "" }

// Secured is protocol and cipher of the encryption with a blank between, as the
// mail logs write them; "" if there is none.
func (c *Conn) Secured() string { return c.secured }

// Hangup makes the session's next reply the last one: then the connection ends.
func (c *Conn) Hangup() { c.final = true }

// MaxMessage is the limit in force, in octets; 0: none.
func (c *Conn) MaxMessage() int64 {
	if c.admission.MaxMessage > 0 {
		return c.admission.MaxMessage
	}
	return c.opts.MaxMessage
}

// DataBytes is the size of the last message, or of what has come of it: its
// octets without the dots added for transport and without the final dot. After
// a violation it goes on counting, although the session gets no more.
func (c *Conn) DataBytes() int64 { return c.body.bytes }

// DataError is what was wrong with the last message, ready to be returned from
// Session.Data: one of [BareLineEnds], [MessageTooLarge], [HeaderTooLarge]; nil
// if nothing was. The reader given to Session.Data ends with this very error
// instead of io.EOF, once the client has sent its message to the end; so a
// message cut short can never look complete.
func (c *Conn) DataError() error {
	if c.body.err == nil {
		return nil
	}
	return c.body.err
}

// Read gives go-smtp the next command, or more of the message.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(c.feed) == 0 {
		switch {
		case c.ended:
			return 0, io.EOF
		case c.inData:
			return c.readData(p)
		}
		if err := c.command(); err != nil {
			c.interrupted(err)
		}
	}
	n := copy(p, c.feed)
	c.feed = c.feed[n:]
	return n, nil
}

// Close closes the connection, from any goroutine, any number of times. A
// reply not yet sent is lost; those that end a conversation are sent at once.
func (c *Conn) Close() error {
	c.mu.Lock()
	again, tell, why, observer := c.closed, c.admitted, c.ending, c.admission.Observer
	counted := c.counted
	c.closed, c.counted = true, false
	c.mu.Unlock()
	if again {
		return nil
	}
	err := c.raw.Close()
	if counted {
		c.opts.TLSSessions.Leave()
	}
	if c.forget != nil {
		c.forget(c)
	}
	if tell && observer != nil {
		observer.Closed(why)
	}
	return err
}

// Shutdown ends the conversation from any goroutine: the client is told that
// the service is not available, now if it is being waited for, else at the
// next wait.
func (c *Conn) Shutdown() {
	c.down.Store(true)
	// Wakes a pending read. flushBefore looks at down after it has set its own
	// deadline, so this one is never overwritten unseen.
	c.raw.SetReadDeadline(time.Unix(1, 0))
}

// LocalAddr is our end of the connection.
func (c *Conn) LocalAddr() net.Addr { return c.raw.LocalAddr() }

// RemoteAddr is the client's end.
func (c *Conn) RemoteAddr() net.Addr { return c.raw.RemoteAddr() }

// SetDeadline does nothing: the dialect owns the deadlines.
func (c *Conn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing: the dialect owns the deadlines.
func (c *Conn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing: the dialect owns the deadlines.
func (c *Conn) SetWriteDeadline(time.Time) error { return nil }
