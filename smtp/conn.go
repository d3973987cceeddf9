package smtp

import (
	"fmt"
	"strings"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"esasim/esa"
	"esasim/smtp/dialect"
)

// conn is one injection connection. It lives in go-smtp's goroutine for the
// connection, which is also the one that tells it what the dialect sees.
type conn struct {
	l      *Listener
	o      *Options // the listener's when the connection began
	icid   esa.ICID
	source *esa.Source
	policy *Policy
	full   bool // the client was told that the queue is full
	naked  bool // the client was told that it must use TLS

	unknown  bool        // the client was told that it must authenticate
	relaying *esa.Source // see trusted; nil: nobody has authenticated

	rejects  bool     // no recipient is taken: REJECT, delayed
	counted  bool     // among the connections of its host
	placed   bool     // among those of all listeners
	hour     *hour    // of its host; nil: not asked for yet
	invalid  *hour    // likewise, of the recipients that the RAT rejected
	messages int      // begun
	session  *session // that began the last one; nil: none yet
}

// verdict is what the client hears first. Only a limit below the listener's own
// needs the connections of a host to be counted.
func (c *conn) verdict() (dialect.Verdict, *gosmtp.SMTPError) {
	l, p := c.l, c.policy
	full := l.live.Add(1) > int64(c.o.MaxConnections)
	switch {
	case p.Rule == TCPRefuse:
		return dialect.Refuse, nil
	case full:
		c.trouble(receivingFailed + "Connection limit exceeded")
		return dialect.Reject, dialect.TooManyToListener
	case !c.place():
		c.trouble(receivingFailed + "Connection limit exceeded")
		return dialect.Reject, dialect.TooManyToHost
	case p.Rule == Reject && !c.o.DelayRejection:
		return dialect.Reject, nil
	case p.Rule == Reject:
		c.rejects = true
		c.trouble("Delayed HAT REJECT continuing session for recipient logging (" + c.source.Remote.String() + ")")
	}
	if p.MaxConnections > 0 && p.MaxConnections < c.o.MaxConnections {
		if c.counted = l.hosts.enter(c.source.Remote, p.MaxConnections); !c.counted {
			c.trouble(receivingFailed + "Connection limit exceeded")
			return dialect.Reject, dialect.TooManyFromHost
		}
	}
	return dialect.Accept, nil
}

// place counts the connection among those of all listeners, if there is room.
func (c *conn) place() bool {
	c.placed = c.o.Shared.connections.Enter()
	return c.placed
}

// maxRecipients is the limit for one message.
func (c *conn) maxRecipients() int {
	if c.policy.MaxRecipients > 0 {
		return c.policy.MaxRecipients
	}
	return c.o.MaxRecipients
}

// inHour is false for a recipient beyond what the policy allows a host in an
// hour.
func (c *conn) inHour(now time.Time) bool {
	limit := c.policy.MaxRecipientsPerHour
	if limit <= 0 {
		return true
	}
	if c.hour == nil {
		c.hour = c.l.hours.of(c.source.Remote, now)
	}
	return c.hour.take(limit, now)
}

// harvests counts a recipient that the RAT rejects, and tells whether that is one
// too many of its host in this hour.
func (c *conn) harvests(now time.Time) bool {
	limit := c.policy.MaxInvalid
	if limit <= 0 {
		return false
	}
	if c.invalid == nil {
		c.invalid = c.l.harvests.of(c.source.Remote, now)
	}
	return !c.invalid.take(limit, now)
}

// verify looks at an envelope sender that may not relay; the error is the reply.
func (c *conn) verify(from string) error {
	exists, excepted := c.o.Verification.judge(from)
	switch {
	case excepted:
		c.trouble("Address: <" + from + "> sender allowed, envelope sender matched domain exception")
	case !exists:
		c.trouble("Address: <" + from + "> sender rejected, envelope sender domain does not exist")
		return dialect.SenderDomainMissing(from)
	}
	return nil
}

// report appends events. Where that fails the store has failed, which every
// other part of the appliance notices too; here it is enough to say so.
func (c *conn) report(events ...esa.Event) {
	if err := c.o.Log.Append(events); err != nil {
		c.o.Logger.Error("event lost", "icid", c.icid, "error", err)
	}
}

// trouble tells of something that went wrong on the connection, in the words
// of the mail logs.
func (c *conn) trouble(text string) { c.report(c.troubled(text)) }

func (c *conn) troubled(text string) esa.Event {
	return esa.Event{Kind: esa.ConnectionTrouble, Time: time.Now(), ICID: c.icid, Text: text}
}

// queueFull refuses for want of room on the disk. A connection tells of it
// once: a client that insists must not fill the disk with its refusals.
func (c *conn) queueFull() error {
	if !c.full {
		c.full = true
		c.trouble(receivingFailed + "Queue full")
	}
	return dialect.QueueFull
}

// needsTLS refuses what may not be said in clear. A connection tells of it once.
func (c *conn) needsTLS() error {
	if !c.naked {
		c.naked = true
		c.trouble("TLS was required but remote host did not initiate it")
	}
	return dialect.TLSFirst
}

func (c *conn) TLSStarted(protocol, cipher string) {
	c.report(esa.Event{Kind: esa.TLSStarted, Time: time.Now(), ICID: c.icid, Name: protocol, Text: cipher})
}

const receivingFailed = "Receiving Failed: " // then why, in the mail logs

func (c *conn) TLSFailed(error) { c.trouble("TLS failed") }

func (c *conn) UnknownCommand(line string) { c.trouble("Unknown command: " + line) }

// BadAddress: a sender whose domain is an address literal that is none has words of
// its own.
func (c *conn) BadAddress(sender bool, line string) {
	switch at := strings.LastIndex(line, "@["); {
	case !sender && c.session != nil && c.session.msg != nil:
		c.session.trouble(fmt.Sprintf("MID %d Invalid recipient address:  '%s'", c.session.msg.mid, line))
	case !sender: // the dialect wants MAIL first
	case at >= 0:
		literal, _, _ := strings.Cut(line[at+1:], ">")
		c.trouble("Invalid sender address: Unsupported domain literal: '" + literal + "'")
	default:
		c.trouble("Invalid sender address:  '" + line + "'")
	}
}

func (c *conn) Closed(why dialect.Ending) {
	c.l.live.Add(-1)
	if c.placed {
		c.o.Shared.connections.Leave()
	}
	if c.counted {
		c.l.hosts.leave(c.source.Remote)
	}
	text := string(why)
	switch {
	case c.source.Rule == TCPRefuse:
		text = "refused"
	case why == dialect.TimedOut:
		text = "disconnected address " + c.source.Remote.String() + ", no messages injected within timeout period"
	case why == dialect.TimeUp:
		text = "disconnected address " + c.source.Remote.String() + ", exceeded allowable connection time"
	}
	c.report(esa.Event{Kind: esa.ConnectionClosed, Time: time.Now(), ICID: c.icid, Text: text})
}
