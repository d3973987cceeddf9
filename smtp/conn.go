package smtp

import (
	"time"

	"esasim/esa"
	"esasim/smtp/dialect"
)

// conn is one injection connection. It lives in go-smtp's goroutine for the
// connection, which is also the one that tells it what the dialect sees.
type conn struct {
	l      *Listener
	icid   esa.ICID
	source *esa.Source
	full   bool // the client was told that the queue is full
}

// report appends events. Where that fails the store has failed, which every
// other part of the appliance notices too; here it is enough to say so.
func (c *conn) report(events ...esa.Event) {
	if err := c.l.o.Log.Append(events); err != nil {
		c.l.o.Logger.Error("event lost", "icid", c.icid, "error", err)
	}
}

// trouble tells of something that went wrong on the connection, in the words
// of the mail logs.
func (c *conn) trouble(text string) {
	c.report(esa.Event{Kind: esa.ConnectionTrouble, Time: time.Now(), ICID: c.icid, Text: text})
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

func (c *conn) TLSStarted(protocol, cipher string) {
	c.report(esa.Event{Kind: esa.TLSStarted, Time: time.Now(), ICID: c.icid, Name: protocol, Text: cipher})
}

const receivingFailed = "Receiving Failed: " // then why, in the mail logs

func (c *conn) TLSFailed(error) { c.trouble("TLS failed") }

func (c *conn) UnknownCommand(line string) { c.trouble("Unknown command: " + line) }

func (c *conn) Closed(why dialect.Ending) {
	c.l.live.Add(-1)
	text := string(why)
	if why == dialect.TimedOut {
		text = "disconnected address " + c.source.Remote.String() + ", no messages injected within timeout period"
	}
	c.report(esa.Event{Kind: esa.ConnectionClosed, Time: time.Now(), ICID: c.icid, Text: text})
}
