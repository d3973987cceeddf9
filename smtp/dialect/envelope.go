package dialect

import (
	"bytes"
	"math"
	"strconv"
	"strings"
)

// onMail checks MAIL FROM:<path> [parameters] and passes it on in the one form
// that go-smtp takes as it is meant.
func (c *Conn) onMail(line, arg []byte) {
	switch {
	case c.helo == "":
		c.say(replyHelloFirst)
		return
	case c.mailed:
		c.say(replyNestedMail) // go-smtp would begin anew
		return
	}
	mailbox, rest, ok := cutPath(arg, "FROM:", c.opts.DefaultDomain, true)
	if !ok {
		c.badAddress(true, line)
		return
	}
	m := mailParameters{auth: c.offersAuth()}
	if refused := m.parse(rest, c.MaxMessage()); refused != "" {
		c.say(refused)
		return
	}
	if !m.utf8 && !isASCII(mailbox) {
		c.badAddress(true, line)
		return
	}
	c.utf8 = m.utf8
	c.line = m.append(appendPath(append(c.line[:0], "MAIL FROM:"...), mailbox))
	c.passPath(expectMail, mailbox)
}

// onRcpt checks RCPT TO:<path>. It has no parameters: DSN is not offered.
func (c *Conn) onRcpt(line, arg []byte) {
	if !c.mailed {
		c.say(replyMailFirst)
		return
	}
	mailbox, rest, ok := cutPath(arg, "TO:", c.opts.DefaultDomain, false)
	if !ok || !c.utf8 && !isASCII(mailbox) {
		c.badAddress(false, line)
		return
	}
	if len(rest) > 0 {
		c.sayParameter(rest)
		return
	}
	c.line = append(appendPath(append(c.line[:0], "RCPT TO:"...), mailbox), '\r', '\n')
	c.passPath(expectRcpt, mailbox)
}

// badAddress refuses an address, and tells the observer of the first ones: a client
// may go on for long.
func (c *Conn) badAddress(sender bool, line []byte) {
	if c.odd++; c.odd <= maxBadCommands && c.admission.Observer != nil {
		c.admission.Observer.BadAddress(sender, printable(line))
	}
	c.saySyntax(line)
}

func (c *Conn) passPath(reply expectation, mailbox []byte) {
	c.path = append(c.path[:0], mailbox...)
	c.expect, c.feed = reply, c.line
}

// sayParameter refuses the first of the parameters.
func (c *Conn) sayParameter(params []byte) {
	c.say(unknownParameter(firstWord(params)))
}

func unknownParameter(word []byte) string {
	name, _, _ := bytes.Cut(word, []byte("="))
	return replyParameter + printable(name) + replyParameterEnd
}

func firstWord(b []byte) []byte {
	if i := bytes.IndexAny(b, " \t"); i >= 0 {
		return b[:i]
	}
	return b
}

// mailParameters are those of MAIL that we offer in EHLO.
type mailParameters struct {
	size int64
	body string
	utf8 bool
	auth bool // AUTH was offered, so a client may say here for whom it writes (RFC 4954 5); nobody asks
}

// parse reads "SIZE=1024 BODY=8BITMIME SMTPUTF8"; it returns the reply to
// refuse with, or "".
func (m *mailParameters) parse(params []byte, max int64) (refused string) {
	for len(params) > 0 {
		word := firstWord(params)
		params = bytes.TrimLeft(params[len(word):], " \t")
		name, value, given := strings.Cut(string(word), "=")
		switch name = strings.ToUpper(name); {
		case name == "SIZE":
			n, err := strconv.ParseUint(value, 10, 63)
			if err != nil && !isDigits(value) {
				return replyValue + printable([]byte(value))
			}
			// Out of range is merely too large; go-smtp takes 32 bits.
			if err != nil || max > 0 && int64(n) > max {
				return replySizeTooBig
			}
			m.size = min(int64(n), math.MaxUint32)
		case name == "BODY":
			m.body = strings.ToUpper(value)
			if m.body != "7BIT" && m.body != "8BITMIME" {
				return replyValue + printable([]byte(value))
			}
		case name == "AUTH" && given && m.auth:
		case name == "SMTPUTF8" && !given:
			m.utf8 = true
		default:
			return unknownParameter(word)
		}
	}
	return ""
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// append writes the parameters and the end of the command.
func (m *mailParameters) append(b []byte) []byte {
	if m.size > 0 {
		b = strconv.AppendInt(append(b, " SIZE="...), m.size, 10)
	}
	if m.body != "" {
		b = append(append(b, " BODY="...), m.body...)
	}
	if m.utf8 {
		b = append(b, " SMTPUTF8"...)
	}
	return append(b, '\r', '\n')
}
