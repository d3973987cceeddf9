package dialect

import (
	"context"
	"crypto/tls"
	"errors"
	"strings"
	"time"
)

func (c *Conn) offersTLS() bool {
	return c.opts.TLS != nil && !c.admission.NoTLS && !c.encrypted()
}

// ErrTooManyTLS is of a connection that would have been one encrypted connection
// too many.
var ErrTooManyTLS = errors.New("too many TLS sessions")

// onStartTLS makes the connection an encrypted one and forgets all it was told
// before (RFC 3207 4.2). Commands sent in the same packet as STARTTLS were not
// encrypted and are forgotten too: an attacker could have put them there.
func (c *Conn) onStartTLS(line, arg []byte) error {
	switch {
	case c.encrypted():
		c.say(replyTLSActive)
		return nil
	case !c.offersTLS():
		c.onUnknown(line)
		return nil
	case len(arg) > 0:
		c.saySyntax(line)
		return nil
	}
	if !c.countTLS() {
		c.tlsFailed(ErrTooManyTLS)
		c.sayReply(TooManyTLS)
		c.end(Closed)
		return nil
	}
	c.say(replyTLS)
	if err := c.flushBefore(time.Now().Add(min(handshakeTime, c.opts.idle()))); err != nil {
		return err
	}
	if !c.handshake() {
		return nil
	}
	c.helo, c.esmtp, c.user = "", false, ""
	c.forgetMail()
	c.pass(expectSilentReset, "RSET\r\n") // the session forgets as well
	return nil
}

// beginTLS is how a connection of SMTPS begins. There is no way to tell the
// client what is wrong before it is encrypted.
func (c *Conn) beginTLS() bool {
	if !c.countTLS() {
		c.tlsFailed(ErrTooManyTLS)
		c.end(Closed)
		return false
	}
	if err := c.flushBefore(time.Now().Add(handshakeTime)); err != nil {
		c.end(Closed)
		return false
	}
	return c.handshake()
}

// handshake makes the connection an encrypted one, or ends it.
func (c *Conn) handshake() bool {
	t := tls.Server(c.raw, c.opts.TLS)
	if err := t.HandshakeContext(context.Background()); err != nil {
		c.tlsFailed(err)
		c.end(Closed)
		return false
	}
	c.stream = t
	c.in.Reset(wire{c})
	protocol, cipher := tlsNames(t.ConnectionState())
	c.secured = protocol + " " + cipher
	if o := c.admission.Observer; o != nil {
		o.TLSStarted(protocol, cipher)
	}
	return true
}

func (c *Conn) tlsFailed(err error) {
	if o := c.admission.Observer; o != nil {
		o.TLSFailed(err)
	}
}

// countTLS is false if there are too many encrypted connections. It counts until
// Close.
func (c *Conn) countTLS() bool {
	n := c.opts.TLSSessions
	if n == nil {
		return true
	}
	if !n.Enter() {
		return false
	}
	c.mu.Lock()
	c.counted = !c.closed
	closed := c.closed
	c.mu.Unlock()
	if closed {
		n.Leave()
	}
	return !closed
}

// tlsNames writes protocol and cipher as OpenSSL, and so the mail logs, do:
// "TLSv1.2" and "ECDHE-RSA-AES256-GCM-SHA384". Since TLS 1.3 OpenSSL uses the
// standard's names.
func tlsNames(s tls.ConnectionState) (protocol, cipher string) {
	protocol = strings.ReplaceAll(tls.VersionName(s.Version), " ", "v")
	cipher = tls.CipherSuiteName(s.CipherSuite)
	if s.Version >= tls.VersionTLS13 {
		return protocol, cipher
	}
	exchange, rest, _ := strings.Cut(strings.TrimPrefix(cipher, "TLS_"), "_WITH_")
	cipher = cipherWords().Replace(rest)
	if exchange != "RSA" { // OpenSSL leaves out the plain RSA exchange
		cipher = strings.ReplaceAll(exchange, "_", "-") + "-" + cipher
	}
	return protocol, cipher
}

func cipherWords() *strings.Replacer {
	return strings.NewReplacer(
		"3DES_EDE_CBC", "DES-CBC3",
		"AES_128_CBC", "AES128",
		"AES_256_CBC", "AES256",
		"AES_", "AES",
		"CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305",
		"RC4_128", "RC4",
		"_", "-",
	)
}
