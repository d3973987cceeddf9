package dialect

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	gosmtp "github.com/emersion/go-smtp"
)

// wire is what the input buffer is filled from. Its Read is exactly the moment
// at which we have nothing more to do without the client: replies are sent
// then, all in one write, and not before (RFC 2920).
type wire struct{ c *Conn }

func (w wire) Read(p []byte) (int, error) {
	c := w.c
	// A command has a deadline as a whole, so that it cannot be drawn out byte
	// by byte; in DATA each read has its own.
	if c.inData || c.until.IsZero() {
		c.until = time.Now().Add(c.opts.idle())
		if c.lastWait = !c.last.IsZero() && c.until.After(c.last); c.lastWait {
			c.until = c.last
		}
	}
	if err := c.flushBefore(c.until); err != nil {
		return 0, err
	}
	return c.stream.Read(p)
}

// near is by what part of the wait for a command a deadline may be too early.
// Moving it for each command would be a tenth of what a command costs.
const near = 256

// flushBefore sends the replies and sets the deadline for that and for what is
// read next. Shutdown first says that it has begun and then makes reads fail,
// so here the order is the other way round.
func (c *Conn) flushBefore(deadline time.Time) error {
	if early := deadline.Sub(c.deadline); early < 0 || early > c.opts.idle()/near {
		if err := c.stream.SetDeadline(deadline); err != nil {
			return err
		}
		c.deadline = deadline
	}
	if c.down.Load() {
		return os.ErrDeadlineExceeded
	}
	return c.flush()
}

func (c *Conn) flush() error {
	if len(c.out) == 0 {
		return nil
	}
	_, err := c.stream.Write(c.out)
	c.out = c.out[:0]
	return err
}

// say puts parts of one reply, without its line end, into the output.
func (c *Conn) say(parts ...string) {
	for _, s := range parts {
		c.out = append(c.out, s...)
	}
	c.endLine()
}

func (c *Conn) endLine() {
	c.out = append(c.out, '\r', '\n')
	if len(c.out) < outputBuffer {
		return
	}
	// A client that sends without end and reads nothing must not make us keep
	// its replies: it is waited for here.
	c.stream.SetWriteDeadline(time.Now().Add(c.opts.idle()))
	c.deadline = time.Time{}
	if err := c.flush(); err != nil {
		c.end(Lost)
	}
}

// sayReply says a reply of one or more lines.
func (c *Conn) sayReply(r *gosmtp.SMTPError) {
	c.out = appendReply(c.out, r)
	c.endLine()
}

// appendReply writes a reply without its last line end.
func appendReply(b []byte, r *gosmtp.SMTPError) []byte {
	lines := strings.Split(r.Message, "\n")
	for i, l := range lines {
		b = strconv.AppendInt(b, int64(r.Code), 10)
		if i < len(lines)-1 {
			b = append(append(append(b, '-'), l...), "\r\n"...)
		} else {
			b = append(append(b, ' '), l...)
		}
	}
	return b
}

// end stops the conversation after what has been said so far. The connection
// itself is closed by go-smtp, which now reads the end of its input.
func (c *Conn) end(why Ending) {
	if c.ended {
		return
	}
	c.ended = true
	c.inData = false
	c.feed = nil
	c.mu.Lock()
	c.ending = why
	c.mu.Unlock()
	c.stream.SetWriteDeadline(time.Now().Add(farewellTime))
	if c.flush() != nil {
		return
	}
	if t, ok := c.stream.(*tls.Conn); ok {
		t.CloseWrite() // an orderly end, so that the last reply cannot be cut off
	}
}

// interrupted ends the conversation because the client could not be read.
func (c *Conn) interrupted(err error) {
	var timeout net.Error
	switch {
	case c.down.Load():
		c.sayReply(Unavailable(c.opts.Host))
		c.end(Closed)
	case errors.As(err, &timeout) && timeout.Timeout() && c.lastWait:
		c.say(replyTimeUp)
		c.end(TimeUp)
	case errors.As(err, &timeout) && timeout.Timeout():
		c.sayReply(Unavailable(c.opts.Host))
		c.end(TimedOut)
	default:
		c.end(Lost)
	}
}
