package esasim_test

import (
	"bufio"
	"net"
	"strings"
	"testing"
	"time"
)

// client is a bare SMTP client: it says what it is told and gives back whole
// replies.
type client struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func dial(t *testing.T, server string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &client{t, conn, bufio.NewReader(conn)}
	c.reply()
	return c
}

func (c *client) write(text string) {
	c.t.Helper()
	if _, err := c.conn.Write([]byte(text)); err != nil {
		c.t.Fatalf("write %.40q: %v", text, err)
	}
}

// say sends a line and gives back the reply, lines joined by "\n".
func (c *client) say(line string) string {
	c.t.Helper()
	c.write(line + "\r\n")
	return c.reply()
}

func (c *client) reply() string {
	c.t.Helper()
	_ = c.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	var lines []string
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			c.t.Fatalf("reply after %q: %v", lines, err)
		}
		line = strings.TrimRight(line, "\r\n")
		lines = append(lines, line)
		if len(line) < 4 || line[3] != '-' {
			return strings.Join(lines, "\n")
		}
	}
}

// begin says everything up to the message.
func (c *client) begin(recipients ...string) {
	c.t.Helper()
	c.say("EHLO client.test")
	c.say("MAIL FROM:<sender@example.com>")
	for _, r := range recipients {
		c.say("RCPT TO:<" + r + ">")
	}
	if got := c.say("DATA"); got != "354 go ahead" {
		c.t.Fatalf("DATA: %s", got)
	}
}
