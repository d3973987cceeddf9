package dialect

import (
	"bufio"
	"bytes"
	"errors"
	"strings"
	"time"
)

// expectation says which reply go-smtp owes for what it was given.
type expectation uint8

const (
	expectNothing expectation = iota
	expectBanner
	expectHello
	expectMail
	expectRcpt
	expectData // 354
	expectMessage
	expectReset
	expectSilentReset // after STARTTLS: the client knows nothing of it
	expectQuit
)

// command reads one command and answers it or gives it to go-smtp.
func (c *Conn) command() error {
	line, err := c.readLine()
	if errors.Is(err, bufio.ErrBufferFull) {
		c.sayBad(replyLineTooLong)
		return nil
	}
	if err != nil {
		return err
	}
	verb, arg := splitVerb(line)
	switch verb {
	case "EHLO", "HELO":
		c.onHello(verb, arg)
	case "MAIL":
		c.onMail(line, arg)
	case "RCPT":
		c.onRcpt(line, arg)
	case "DATA":
		c.onData(line, arg)
	case "RSET":
		c.pass(expectReset, "RSET\r\n")
	case "NOOP":
		c.say(replyOK)
	case "HELP":
		c.say(replyHelp)
	case "VRFY", "EXPN":
		c.say(replyVerify)
	case "AUTH":
		return c.onAuth(arg)
	case "STARTTLS":
		return c.onStartTLS(line, arg)
	case "XCLIENT":
		c.onXCLIENT(line, arg)
	case "QUIT":
		c.pass(expectQuit, "QUIT\r\n")
	default:
		c.onUnknown(line)
	}
	return nil
}

// readLine reads a line and cuts off its end. A line too long is skipped, and
// the error is bufio.ErrBufferFull. The line is valid until the next read.
func (c *Conn) readLine() ([]byte, error) {
	c.until = time.Time{} // begins with the first wait
	line, err := c.in.ReadSlice('\n')
	if err == nil {
		line = bytes.TrimSuffix(line[:len(line)-1], []byte("\r"))
		if len(line) > maxLine {
			return nil, bufio.ErrBufferFull
		}
		return line, nil
	}
	if !errors.Is(err, bufio.ErrBufferFull) {
		return nil, err
	}
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = c.in.ReadSlice('\n')
	}
	if err != nil {
		return nil, err
	}
	return nil, bufio.ErrBufferFull
}

// splitVerb gives the command word in capitals, "" if it cannot be one, and
// what follows it without blanks around.
func splitVerb(line []byte) (verb string, arg []byte) {
	word := line
	if i := bytes.IndexByte(line, ' '); i >= 0 {
		word, arg = line[:i], bytes.Trim(line[i:], " \t")
	}
	var b [8]byte // STARTTLS is the longest
	if len(word) > len(b) {
		return "", nil
	}
	for i, ch := range word {
		if 'a' <= ch && ch <= 'z' {
			ch -= 'a' - 'A'
		}
		b[i] = ch
	}
	return known(b[:len(word)]), arg
}

// known spares the allocation that a conversion to string would cost.
func known(word []byte) string {
	for _, v := range [...]string{"MAIL", "RCPT", "DATA", "EHLO", "HELO", "QUIT", "RSET",
		"NOOP", "STARTTLS", "HELP", "VRFY", "EXPN", "AUTH", "XCLIENT"} {
		if string(word) == v {
			return v
		}
	}
	return ""
}

// pass gives go-smtp a command.
func (c *Conn) pass(reply expectation, command string) {
	c.expect = reply
	c.line = append(c.line[:0], command...)
	c.feed = c.line
}

func (c *Conn) onHello(verb string, arg []byte) {
	name, _, _ := bytes.Cut(arg, []byte(" "))
	if len(name) == 0 {
		c.say(replyHelloDomain, verb, replyHelloDomainEnd)
		return
	}
	if len(name) > maxPath || !isPrintable(name) {
		c.saySyntax(append([]byte(verb+" "), arg...))
		return
	}
	c.helo, c.esmtp = string(name), verb == "EHLO"
	c.forgetMail()
	c.pass(expectHello, verb+" "+c.helo+"\r\n")
}

func (c *Conn) onData(line, arg []byte) {
	switch {
	case len(arg) > 0:
		c.saySyntax(line)
	case !c.mailed:
		c.say(replyMailFirst)
	case c.rcpts == 0:
		c.say(replyRcptFirst)
	default:
		c.pass(expectData, "DATA\r\n")
	}
}

func (c *Conn) onUnknown(line []byte) {
	if o := c.admission.Observer; o != nil {
		o.UnknownCommand(withoutSecrets(printable(line)))
	}
	c.sayBad(replyUnknown)
}

// withoutSecrets cuts off what may be credentials, where AUTH was not understood.
func withoutSecrets(line string) string {
	if len(line) > 4 && strings.EqualFold(line[:4], "AUTH") {
		return line[:4]
	}
	return line
}

// sayBad answers a line that is no command. The appliance puts up with some of
// them; the next one ends the conversation.
func (c *Conn) sayBad(reply string) {
	c.bad++
	if c.bad <= maxBadCommands {
		c.say(reply)
		return
	}
	c.say(replyBadLimit)
	c.end(Closed)
}

func (c *Conn) saySyntax(line []byte) { c.say(replySyntax, printable(line)) }

func (c *Conn) forgetMail() {
	c.mailed, c.utf8, c.rcpts = false, false, 0
}

// isPrintable is true for printable ASCII without blanks.
func isPrintable(b []byte) bool {
	for _, ch := range b {
		if ch <= ' ' || ch > '~' {
			return false
		}
	}
	return true
}

// printable makes a client's line fit for a reply or a log: a question mark for
// everything that is not printable ASCII, at most 400 octets (a reply line has
// 512, RFC 5321 4.5.3.1.5).
func printable(line []byte) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, string(line[:min(len(line), 400)]))
}
