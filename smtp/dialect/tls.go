package dialect

import (
	"context"
	"crypto/tls"
	"strings"
	"time"
)

func (c *Conn) offersTLS() bool {
	_, active := c.TLS()
	return c.opts.TLS != nil && !c.admission.NoTLS && !active
}

// onStartTLS makes the connection an encrypted one and forgets all it was told
// before (RFC 3207 4.2). Commands sent in the same packet as STARTTLS were not
// encrypted and are forgotten too: an attacker could have put them there.
func (c *Conn) onStartTLS(line, arg []byte) error {
	_, active := c.TLS()
	switch {
	case active:
		c.say(replyTLSActive)
		return nil
	case !c.offersTLS():
		c.onUnknown(line)
		return nil
	case len(arg) > 0:
		c.saySyntax(line)
		return nil
	}
	c.say(replyTLS)
	if err := c.flushBefore(time.Now().Add(min(handshakeTime, c.opts.idle()))); err != nil {
		return err
	}
	t := tls.Server(c.raw, c.opts.TLS)
	if err := t.HandshakeContext(context.Background()); err != nil {
		if o := c.admission.Observer; o != nil {
			o.TLSFailed(err)
		}
		c.end(Closed)
		return nil
	}
	c.stream = t
	c.in.Reset(wire{c})
	c.helo, c.esmtp = "", false
	c.forgetMail()
	if o := c.admission.Observer; o != nil {
		o.TLSStarted(tlsNames(t.ConnectionState()))
	}
	c.pass(expectSilentReset, "RSET\r\n") // the session forgets as well
	return nil
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
