package dialect

import (
	"net/netip"
	"strings"
)

// XCLIENT is who a client says it is, by Postfix's command of that name: a
// tester can be any sender with it. Source: Postfix, XCLIENT_README. The
// appliance has no such command.
type XCLIENT struct {
	Addr      netip.Addr // not valid: as before
	Name      string     // empty: unknown
	NameGiven bool       // there was a NAME
	Hello     string     // in place of the name in EHLO; empty: that one
}

// onXCLIENT begins anew with the client that this one says it is: the
// connection is closed for its observer, another one is decided about and
// greeted. Encryption stays.
func (c *Conn) onXCLIENT(line, arg []byte) {
	if c.admission.XCLIENT == nil {
		c.onUnknown(line)
		return
	}
	x, ok := parseXCLIENT(string(arg))
	switch {
	case !ok:
		c.saySyntax(line)
	case c.mailed:
		c.say(replyXCLIENTLate)
	default:
		c.readmit(x)
	}
}

// readmit ends the old connection as far as anybody but the client can see.
func (c *Conn) readmit(x XCLIENT) {
	c.mu.Lock()
	old, closed := c.admission, c.closed
	c.admitted = false // from here on until greet is done, Close tells nobody
	c.mu.Unlock()
	if closed { // meanwhile, and the observer knows
		c.ended = true
		return
	}
	if old.Observer != nil {
		old.Observer.Closed(Closed)
	}
	c.helo, c.claimed, c.esmtp, c.user = "", x.Hello, false, ""
	c.forgetMail()
	c.pass(expectSilentReset, "RSET\r\n") // the session forgets as well
	c.greet(old.XCLIENT(x))
}

// parseXCLIENT reads "ADDR=192.0.2.1 NAME=mail.b.example HELO=b.example", of which
// all may be missing but one.
func parseXCLIENT(arg string) (x XCLIENT, ok bool) {
	words := strings.Fields(arg)
	for _, word := range words {
		name, value, given := strings.Cut(word, "=")
		value, plain := xtext(value)
		unknown := strings.EqualFold(value, "[UNAVAILABLE]") || strings.EqualFold(value, "[TEMPUNAVAIL]")
		if !given || !plain {
			return x, false
		}
		switch strings.ToUpper(name) {
		case "ADDR":
			if x.Addr, ok = xclientAddr(value); !ok && !unknown {
				return x, false
			}
		case "NAME":
			if x.NameGiven = true; unknown {
				break
			}
			if x.Name = value; !isDomain([]byte(value)) || len(value) > maxPath {
				return x, false
			}
		case "HELO":
			if unknown {
				break
			}
			if x.Hello = value; value == "" || len(value) > maxPath {
				return x, false
			}
		default:
			return x, false
		}
	}
	return x, len(words) > 0
}

// xclientAddr reads an address as Postfix writes it: IPv6 with a prefix.
func xclientAddr(s string) (netip.Addr, bool) {
	if len(s) > 5 && strings.EqualFold(s[:5], "IPV6:") {
		s = s[5:]
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}, false
	}
	return a.Unmap().WithZone(""), true
}

// xtext takes the encoding of RFC 1891 off: "+" and two hexadecimal digits.
// What is then no printable ASCII is refused.
func xtext(s string) (string, bool) {
	var out []byte
	for i := 0; i < len(s); i++ {
		ch := s[i]
		if ch == '+' {
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return "", false
			}
			ch = unhex(s[i+1])<<4 | unhex(s[i+2])
			i += 2
		}
		out = append(out, ch)
	}
	return string(out), isPrintable(out)
}

func isHex(ch byte) bool { return '0' <= ch && ch <= '9' || 'A' <= ch && ch <= 'F' }

func unhex(ch byte) byte {
	if ch >= 'A' {
		return ch - 'A' + 10
	}
	return ch - '0'
}
