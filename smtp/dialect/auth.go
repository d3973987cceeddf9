package dialect

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
)

// The mechanisms of AUTH, as EHLO lists them.
const (
	authPlain = "PLAIN" // RFC 4616
	authLogin = "LOGIN" // draft-murchison-sasl-login
)

// What the client is asked by LOGIN: "Username:" and "Password:" in base64.
const (
	askUser       = "VXNlcm5hbWU6"
	askPassphrase = "UGFzc3dvcmQ6"
)

// User is who has authenticated on this connection; "" if nobody has.
func (c *Conn) User() string { return c.user }

func (c *Conn) offersAuth() bool {
	return c.admission.Auth != nil && (!c.admission.AuthOnlyTLS || c.encrypted())
}

// onAuth lets the client say who it is (RFC 4954). Nothing of its line is ever
// repeated, in a reply or to the observer, but the mechanism's name.
func (c *Conn) onAuth(arg []byte) error {
	word := firstWord(arg)
	initial := bytes.Trim(arg[len(word):], " \t")
	mechanism := strings.ToUpper(string(word))
	switch {
	case c.admission.Auth == nil:
		c.say(replyNoAuth)
	case c.helo == "":
		c.say(replyHelloFirst)
	case c.user != "":
		c.say(replyAuthDone)
	case c.mailed:
		c.say(replyAuthLate)
	case !c.offersAuth():
		c.say(replyAuthClear)
	case mechanism == "":
		c.say(replyAuthArguments)
	case mechanism != authPlain && mechanism != authLogin:
		c.say(replyMechanism, printable(word), replyMechanismEnd)
	default:
		return c.authenticate(mechanism, initial)
	}
	return nil
}

// errBase64 is of what a client sent in place of its credentials, or to take AUTH
// back ("*").
var errBase64 = errors.New("not base64")

// authenticate holds the conversation of a mechanism. Wrong credentials count as
// a bad command: the client has a few attempts.
func (c *Conn) authenticate(mechanism string, initial []byte) error {
	ask := c.plain
	if mechanism == authLogin {
		ask = c.login
	}
	user, passphrase, err := ask(initial)
	switch {
	case errors.Is(err, errBase64):
		c.say(replyAuthArguments)
	case errors.Is(err, bufio.ErrBufferFull):
		c.sayBad(replyLineTooLong)
	case err != nil:
		return err
	case !c.admission.Auth(mechanism, user, passphrase):
		c.sayBad(replyBadCredentials)
	default:
		c.user = user
		c.say(replyAuthenticated)
	}
	return nil
}

// plain reads identity, user and passphrase at once. Nobody may act for another:
// an identity must be the user's.
func (c *Conn) plain(initial []byte) (user, passphrase string, err error) {
	b, err := c.response(initial, "")
	if err != nil {
		return "", "", err
	}
	parts := strings.Split(string(b), "\x00")
	if len(parts) != 3 || parts[0] != "" && parts[0] != parts[1] {
		return "", "", errBase64
	}
	return parts[1], parts[2], nil
}

// login asks for one after the other.
func (c *Conn) login(initial []byte) (user, passphrase string, err error) {
	b, err := c.response(initial, askUser)
	if err != nil {
		return "", "", err
	}
	user = string(b)
	b, err = c.response(nil, askPassphrase)
	return user, string(b), err
}

// response is what the client has given, or gives when it is asked.
func (c *Conn) response(given []byte, question string) ([]byte, error) {
	if len(given) == 0 {
		c.say(replyAsk, question)
		line, err := c.readLine()
		if err != nil {
			return nil, err
		}
		given = bytes.Trim(line, " \t")
	} else if string(given) == "=" { // an empty one, RFC 4954 4
		given = nil
	}
	out := make([]byte, base64.StdEncoding.DecodedLen(len(given)))
	n, err := base64.StdEncoding.Decode(out, given)
	if err != nil {
		return nil, errBase64
	}
	return out[:n], nil
}
