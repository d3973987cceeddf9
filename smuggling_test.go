package esasim_test

import (
	"bufio"
	"crypto/tls"
	"slices"
	"strings"
	"testing"
	"time"
)

// smuggled is what follows a false end of a message: a second one.
const smuggled = "MAIL FROM:<second@smuggler.example>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nSubject: smuggled\r\n\r\nhello\r\n"

// falseEnds are ends of a message to one server or another, as published on SMTP
// smuggling, and not to us: with bare CR or LF, which refuse the message, and
// without, where they are text.
func falseEnds() (refused, text []string) {
	for _, before := range []string{"\r\n", "\n", "\r", "\r\r\n", "\n\r", "\r\n\x00", "\n\x00"} {
		for _, dot := range []string{".", ".\x00"} {
			for _, after := range []string{"\r\n", "\n", "\r", "\r\r\n", "\n\r"} {
				switch end := before + dot + after; {
				case strings.Contains(end, "\r\n.\r\n"): // the true one
				case strings.Trim(strings.ReplaceAll(end, "\r\n", ""), ".\x00") == "":
					text = append(text, end)
				default:
					refused = append(refused, end)
				}
			}
		}
	}
	return refused, append(text, "\r\n..\r\n", "\r\n. \r\n", "\r\n .\r\n", "\r\n.\t\r\n", "\r\n.\u2028\r\n", "\r\n.\x0b\r\n", "\r\n.\x85\r\n")
}

// secured is the client with TLS.
func (c *client) secured() *client {
	c.t.Helper()
	c.say("EHLO client.test")
	if got := c.say("STARTTLS"); got != "220 Go ahead with TLS" {
		c.t.Fatalf("STARTTLS: %s", got)
	}
	conn := tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true})
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if err := conn.Handshake(); err != nil {
		c.t.Fatal(err)
	}
	return &client{c.t, conn, bufio.NewReader(conn)}
}

// pipelined sends a message with everything before it in one write.
func pipelined(c *client, sender, message string) string {
	c.t.Helper()
	c.write("EHLO client.test\r\nMAIL FROM:<" + sender + ">\r\nRCPT TO:<b@example.org>\r\nDATA\r\n" + message + ".\r\n")
	for _, want := range []string{"250", "250", "250", "354"} {
		if got := c.reply(); got[:3] != want {
			c.t.Fatalf("%s, want %s", got, want)
		}
	}
	return c.reply()
}

// inOctets sends each octet in a segment of its own.
func inOctets(c *client, sender, message string) string {
	c.t.Helper()
	for _, step := range []string{"EHLO client.test", "MAIL FROM:<" + sender + ">", "RCPT TO:<b@example.org>", "DATA"} {
		c.say(step)
	}
	for _, b := range []byte(message + ".\r\n") {
		c.write(string([]byte{b}))
	}
	return c.reply()
}

// TestSmuggling: only CR LF . CR LF ends a message, so nothing can be hidden in
// one as a second one, in whatever way the octets come.
func TestSmuggling(t *testing.T) {
	p := run(t, ports()...)
	refused, text := falseEnds()
	for _, way := range []struct {
		name     string
		transmit func(c *client, sender, message string) string
	}{
		{"whole", transmit}, {"octets", inOctets}, {"pipelined", pipelined},
		{"tls", func(c *client, sender, message string) string { *c = *c.secured(); return transmit(c, sender, message) }},
		{"tls-pipelined", func(c *client, sender, message string) string {
			*c = *c.secured()
			return pipelined(c, sender, message)
		}},
	} {
		t.Run(way.name, func(t *testing.T) {
			ends := slices.Concat(refused, text)
			if way.name == "octets" { // the slow way: those of the publications alone
				ends = []string{"\n.\n", "\n.\r\n", "\r.\r", "\r.\r\n", "\r\n.\n", "\r\n.\r", "\n.\r", "\r\r\n.\r\r\n", "\r\n\x00.\r\n", "\r\n.\x00\r\n"}
			}
			for i, end := range ends {
				c := dial(t, p.addresses.SMTP)
				got := way.transmit(c, way.name+"@smuggler.example", "Subject: one\r\n\r\nhello"+end+smuggled)
				if slices.Contains(text, end) {
					mustAccept(t, got)
				} else if got != "554 message body contains illegal bare CR/LF characters." {
					t.Errorf("%q: %s", end, got)
				}
				if got := c.say("NOOP"); got != "250 ok" { // and there is no other reply before
					t.Errorf("after %q: %s", end, got)
				}
				c.conn.Close()
				if mids := p.found(t, "sender", way.name+"@smuggler.example"); len(mids) != min(i+1, 100) {
					t.Fatalf("%q: %d messages, want %d", end, len(mids), i+1)
				}
			}
		})
	}
	for _, field := range [][2]string{{"sender", "second@"}, {"subject", "smuggled"}} {
		if mids := p.found(t, field[0], field[1]); mids != nil {
			t.Errorf("smuggled: MIDs %v", mids)
		}
	}
	p.alive(t)
	p.silent(t)
}

// TestChunksAreNotOffered: BDAT is no command, so a message in it is none, nor is
// what follows; in the middle of DATA it is text.
func TestChunksAreNotOffered(t *testing.T) {
	p := run(t, ports()...)
	const message = "Subject: in a chunk\r\n\r\nhello\r\n.\r\n"
	for name, secure := range map[string]bool{"plain": false, "TLS": true} {
		c := dial(t, p.addresses.SMTP)
		if secure {
			c = c.secured()
		}
		if got := c.say("EHLO client.test"); strings.Contains(got, "CHUNKING") || strings.Contains(got, "BINARYMIME") {
			t.Errorf("%s: %s", name, got)
		}
		c.say("MAIL FROM:<chunk@smuggler.example>")
		c.say("RCPT TO:<b@example.org>")
		const no = "500 #5.5.1 command not recognized"
		c.write("BDAT 37 LAST\r\n" + message)
		for _, want := range []string{no, no, no, no, "421 Exceeded bad SMTP command limit, disconnecting."} { // four lines besides the empty one
			if got := c.reply(); got != want {
				t.Fatalf("%s: %s, want %s", name, got, want)
			}
		}
	}
	c := dial(t, p.addresses.SMTP)
	mustAccept(t, transmit(c, "data@smuggler.example", "Subject: in data\r\n\r\nhello\r\nBDAT 37 LAST\r\n"+strings.TrimSuffix(message, ".\r\n")))
	if got := c.say("NOOP"); got != "250 ok" {
		t.Errorf("after it: %s", got)
	}
	if mids := p.found(t, "subject", "in a chunk"); mids != nil {
		t.Errorf("taken from a chunk: MIDs %v", mids)
	}
	p.alive(t)
	p.silent(t)
}
