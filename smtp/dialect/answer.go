package dialect

import (
	"bytes"
	"strconv"
)

// Write takes go-smtp's replies, line by line, and says the appliance's
// instead. It never fails: a client that is gone is noticed at the next Read.
func (c *Conn) Write(p []byte) (int, error) {
	if c.ended {
		return len(p), nil
	}
	c.reply = append(c.reply, p...)
	for !c.ended {
		whole, last := cutReply(c.reply)
		if whole == nil {
			break
		}
		c.answer(whole, last)
		c.reply = append(c.reply[:0], c.reply[len(whole):]...)
	}
	return len(p), nil
}

// cutReply finds the first complete reply, which may have several lines, and
// its last line; nil if it is not complete. Only the last line of a reply has
// a blank after the code.
func cutReply(b []byte) (whole, last []byte) {
	for start := 0; ; {
		i := bytes.IndexByte(b[start:], '\n')
		if i < 0 {
			return nil, nil
		}
		last = b[start : start+i+1]
		start += i + 1
		if len(last) < 4 || last[3] != '-' {
			return b[:start], last
		}
	}
}

// answer says what the client shall hear for a reply of go-smtp.
func (c *Conn) answer(whole, last []byte) {
	expect, chosen := c.expect, c.chosen
	c.expect, c.chosen = expectNothing, nil
	code, own := classify(last)
	if chosen != nil && code == chosen.Code { // whatever it looks like, the session said it
		whole, own = appendReply(nil, chosen), false
	}
	good := code/100 == 2 && own
	switch {
	case expect == expectBanner:
		c.greetFirst()
	case expect == expectHello && code == 250:
		c.say(c.hello())
	case expect == expectMail && good:
		c.mailed = true
		c.sayPath(replySender)
	case expect == expectRcpt && good:
		c.rcpts++
		c.sayPath(replyRecipient)
	case expect == expectData && code == 354:
		c.say(replyGoAhead)
		c.beginData()
	case expect == expectReset && good:
		c.forgetMail()
		c.say(replyReset)
	case expect == expectSilentReset && good:
	case expect == expectQuit && good:
		c.say(replyBye, c.opts.Host)
		c.end(Closed)
	case expect == expectMessage:
		c.answerMessage(whole, code, own)
	default:
		c.otherwise(expect, whole, code, own)
	}
	if c.final {
		c.end(Closed)
	}
}

// answerMessage says what became of a message. A session cannot have accepted
// one that it has not got whole.
func (c *Conn) answerMessage(whole []byte, code int, own bool) {
	c.forgetMail()
	c.feed = nil // the made up end of data, if go-smtp stopped reading at the violation
	switch {
	case code/100 == 2 && c.body.err != nil:
		c.sayReply(c.body.err)
	case code/100 == 2 && own:
		c.say(replyOK)
	default:
		c.otherwise(expectMessage, whole, code, own)
	}
}

// otherwise passes on what the session chose. Words of go-smtp's own that come
// here are of errors that were not meant for the client: an error of the
// session that is no SMTPError, or a panic. They are logged there, or known to
// the session, and the client is told that it was our fault.
func (c *Conn) otherwise(expect expectation, whole []byte, code int, own bool) {
	if expect == expectHello {
		c.helo = ""
	}
	switch {
	case !own:
		c.out = append(c.out, bytes.TrimRight(whole, "\r\n")...)
		c.endLine()
	case code == 421:
		c.sayReply(Unavailable(c.opts.Host))
	case code/100 == 4:
		c.sayReply(ServerErrorForNow)
	default:
		c.sayReply(ServerErrorForGood)
	}
	if code == 421 {
		c.end(Closed) // a 421 always ends the conversation, RFC 5321 3.8
	}
}

func (c *Conn) sayPath(beginning string) {
	c.out = append(c.out, beginning...)
	c.out = append(c.out, c.path...)
	c.out = append(c.out, replyPathEnd...)
	c.endLine()
}

// classify gives a reply's code and whether the words are go-smtp's own: those
// begin with an enhanced status code, "5.1.0 ", while the appliance's have none
// or write it "#5.1.0".
func classify(last []byte) (code int, own bool) {
	if len(last) < 4 {
		return 0, true
	}
	code, err := strconv.Atoi(string(last[:3]))
	if err != nil {
		return 0, true
	}
	word := firstWord(bytes.TrimRight(last[4:], "\r\n"))
	return code, isEnhancedCode(word)
}

func isEnhancedCode(b []byte) bool {
	dots := 0
	for i, ch := range b {
		switch {
		case ch == '.' && i > 0 && b[i-1] != '.':
			dots++
		case ch < '0' || ch > '9':
			return false
		}
	}
	return dots == 2 && b[len(b)-1] != '.'
}

// greetFirst asks whether the client may talk to us. It runs at go-smtp's first
// write, which is in the goroutine of the connection.
func (c *Conn) greetFirst() {
	var a Admission
	if c.admit != nil {
		a = c.admit(c.raw)
	}
	c.greet(a)
}

// greet says to the client what was decided about it.
func (c *Conn) greet(a Admission) {
	if !c.settle(a) {
		return
	}
	if c.opts.ImplicitTLS && a.Verdict != Refuse && !c.encrypted() && !c.beginTLS() {
		return
	}
	switch a.Verdict {
	case Accept:
		c.say(banner(c.opts.Host))
		return
	case Reject:
		if r := a.Reply; r != nil {
			c.sayReply(r)
		} else {
			c.sayReply(PoorReputation(c.opts.Host))
		}
	}
	c.end(Closed)
}

// settle keeps what was decided; false if the connection was closed meanwhile.
func (c *Conn) settle(a Admission) bool {
	c.mu.Lock()
	c.admission, c.admitted = a, true
	closed := c.closed
	c.mu.Unlock()
	if closed { // meanwhile, and nobody was told
		c.ended = true
		if a.Observer != nil {
			a.Observer.Closed(Closed)
		}
	}
	return !closed
}
