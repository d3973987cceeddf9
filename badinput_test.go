package esasim_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// transmit sends one message as it stands, with the end of DATA, and gives back
// the final reply.
func transmit(c *client, sender, message string) string {
	c.t.Helper()
	for _, step := range []string{"EHLO client.test", "MAIL FROM:<" + sender + ">", "RCPT TO:<b@example.org>"} {
		if got := c.say(step); got[:3] != "250" {
			c.t.Fatalf("%s: %s", step, got)
		}
	}
	if got := c.say("DATA"); got != "354 go ahead" {
		c.t.Fatalf("DATA: %s", got)
	}
	c.write(message + ".\r\n")
	return c.reply()
}

var accepted = regexp.MustCompile(`^250 ok:  Message (\d+) accepted$`)

// mustAccept gives back the MID of the final reply.
func mustAccept(t *testing.T, reply string) string {
	t.Helper()
	m := accepted.FindStringSubmatch(reply)
	if m == nil {
		t.Fatalf("not accepted: %s", reply)
	}
	return m[1]
}

// message is the Message Details page of a MID once it is delivered, as text.
func (p *process) message(t *testing.T, mid string) string {
	t.Helper()
	var page string
	eventually(t, "MID "+mid, func() error {
		page = html.UnescapeString(get(t, p.addresses.Console+"/monitor/message_tracking/details?mid="+mid))
		if !strings.Contains(page, "received remote SMTP response") {
			return errors.New("not delivered")
		}
		return nil
	})
	return page
}

// found gives the MIDs of a search on the page, newest first.
func (p *process) found(t *testing.T, field, value string) []string {
	t.Helper()
	page := get(t, p.addresses.Console+"/monitor/message_tracking?pageSize=100&"+field+"="+url.QueryEscape(value))
	var mids []string
	for _, m := range regexp.MustCompile(`MID: (\d+)<`).FindAllStringSubmatch(page, -1) {
		mids = append(mids, m[1])
	}
	return mids
}

// alive sends good mail and finds it on both sides: whatever came before, the
// program goes on as it should.
func (p *process) alive(t *testing.T) {
	t.Helper()
	subject := fmt.Sprintf("good mail %x", rand.Uint64())
	c := dial(t, p.addresses.SMTP)
	mid := mustAccept(t, transmit(c, "good@example.com", "Subject: "+subject+"\r\n\r\nhello\r\n"))
	c.conn.Close()
	tracked(t, p, mid, subject)
	a := login(t, p)
	eventually(t, "sighting of "+subject, func() error {
		if got := a.mids(`email_subject:"` + subject + `"`); len(got) != 1 || got[0] != mid {
			return fmt.Errorf("MIDs %v, want %s", got, mid)
		}
		return nil
	})
	select {
	case err := <-p.exited:
		t.Fatalf("esasim ended: %v", err)
	default:
	}
}

// silent ends the program and fails if it had a panic to tell of.
func (p *process) silent(t *testing.T) {
	t.Helper()
	p.end(t, os.Interrupt)
	if out := p.out.String(); strings.Contains(out, "goroutine ") || strings.Contains(out, "panic") || strings.Contains(out, "level=ERROR") {
		t.Errorf("the log has\n%.4000s", out)
	}
}

// part is a message with one part after a broken or unusual beginning.
func part(head, rest string) string {
	return "Subject: kept\r\nMessage-ID: <kept@example.com>\r\n" + head + "\r\n" + rest
}

const invoicePart = "--b\r\nContent-Type: application/pdf; name=\"invoice.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQ=\r\n"

// TestBadMail: mail that is no mail is taken or refused as the appliance does,
// and what it says of itself is not lost.
func TestBadMail(t *testing.T) {
	p := run(t, ports()...)
	multipart := "Content-Type: multipart/mixed; boundary=b\r\n"
	nested := func(levels int) string {
		var b strings.Builder
		for i := range levels {
			fmt.Fprintf(&b, "--x%d\r\nContent-Type: multipart/mixed; boundary=x%d\r\n\r\n", i, i+1)
		}
		return b.String()
	}
	for _, c := range []struct {
		name    string
		message string
		reply   string   // "": accepted
		page    []string // what Message Details must show; nil: the kept subject and message-id
	}{
		{"no header", "just a body\r\n", "", []string{"(No Subject)"}},
		{"one blank line", "\r\n", "", []string{"(No Subject)"}},
		{"header without body", "Subject: kept\r\nMessage-ID: <kept@example.com>\r\n", "", nil},
		{"header line of 10 MB", "Subject: " + strings.Repeat("x", 10<<20) + "\r\n\r\nhello\r\n", "552 #5.3.4 message header size exceeds limit", nil},
		{"header of 10 MB in short lines", "Subject: x\r\n" + strings.Repeat(" "+strings.Repeat("x", 70)+"\r\n", 140_000) + "\r\n", "552 #5.3.4 message header size exceeds limit", nil},
		{"1,001 header lines", "Subject: x\r\n" + strings.Repeat("X: y\r\n", 1000) + "\r\n", "552 #5.3.4 message header size exceeds limit", nil},
		{"1,000 header lines", part(strings.Repeat("X: y\r\n", 998), "hello\r\n"), "", nil},
		{"long subject", "Subject: " + strings.Repeat("long ", 40_000) + "\r\n\r\n", "", []string{"long long long"}},
		{"NUL in header", "X\x00Y: z\r\nSubject: ke\x00pt\r\nMessage-ID: <kept@example.com>\r\n\r\n\x00\x00\r\n", "", []string{"ke pt", "<kept@example.com>"}},
		{"no colon", "this is no header line\r\nSubject: kept\r\nMessage-ID: <kept@example.com>\r\n\r\nhello\r\n", "", nil},
		{"begins with a continuation", " folded\r\nSubject: kept\r\nMessage-ID: <kept@example.com>\r\n\r\n", "", nil},
		{"not UTF-8", "Subject: kept \xff\xfe\r\nMessage-ID: <kept@example.com>\r\n\r\n\xff\r\n", "", []string{"kept \uFFFD", "<kept@example.com>"}},
		{"unknown charset", "Subject: =?x-martian?Q?kept?=\r\nMessage-ID: <kept@example.com>\r\n\r\n", "", []string{"kept", "<kept@example.com>"}},
		{"cut encoded word", "Subject: kept =?UTF-8?B?w\r\nMessage-ID: <kept@example.com>\r\n\r\n", "", nil},
		{"subject given twice", "Subject: kept\r\nSubject: other\r\nMessage-ID: <kept@example.com>\r\n\r\n", "", nil},
		{"unknown transfer encoding", part("Content-Transfer-Encoding: martian\r\nContent-Type: application/pdf; name=invoice.pdf\r\n", "hello\r\n"), "", []string{"kept", "invoice.pdf"}},
		{"multipart without boundary", part("Content-Type: multipart/mixed\r\n", invoicePart), "", nil},
		{"multipart without parts", part(multipart, "nothing\r\n"), "", nil},
		{"multipart without end", part(multipart, invoicePart), "", []string{"kept", "invoice.pdf"}},
		{"boundary twice", part(multipart, "--b\r\n--b\r\n"+invoicePart+"--b--\r\n--b--\r\n"+invoicePart), "", []string{"kept", "invoice.pdf"}},
		{"part without blank line", part(multipart, "--b\r\nContent-Disposition: attachment; filename=invoice.pdf\r\n--b--\r\n"), "", []string{"kept", "invoice.pdf"}},
		{"broken base64", part(multipart, strings.Replace(invoicePart, "JVBERi0xLjQ=", "!!!!\x00=A", 1)+"--b--\r\n"), "", []string{"kept", "invoice.pdf"}},
		{"parameters cut off", part("Content-Type: multipart/mixed; boundary=\"\r\n", invoicePart), "", nil},
		{"attachment name that is a path", part("Content-Type: application/pdf; name=\"../../etc/passwd\"\r\n", "hello\r\n"), "", []string{"kept", "passwd"}},
		{"parts in parts", part("Content-Type: multipart/mixed; boundary=x0\r\n", nested(5000)), "", nil},
		{"10,000 parts", part(multipart, strings.Repeat("--b\r\n\r\nx\r\n", 10_000)+"--b--\r\n"), "", nil},
		{"messages in messages", part("Content-Type: message/rfc822\r\n", strings.Repeat("Content-Type: message/rfc822\r\n\r\n", 5000)), "", nil},
		{"line of 5 MB", part("", strings.Repeat("x", 5<<20)+"\r\n"), "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			sender := strings.NewReplacer(" ", "-", ",", "").Replace(c.name) + "@bad.example"
			got := transmit(dial(t, p.addresses.SMTP), sender, c.message)
			mids := p.found(t, "sender", sender)
			if len(mids) != 1 {
				t.Fatalf("tracked as MIDs %v, want one", mids)
			}
			if c.reply != "" {
				if got != c.reply {
					t.Errorf("reply %s, want %s", got, c.reply)
				}
				page := get(t, p.addresses.Console+"/monitor/message_tracking/details?mid="+mids[0])
				if !strings.Contains(page, "aborted: Receiving aborted") {
					t.Errorf("refused, but the page does not say so:\n%s", page)
				}
				return
			}
			if mid := mustAccept(t, got); mid != mids[0] {
				t.Errorf("reply names MID %s, tracking MID %s", mid, mids[0])
			}
			if c.page == nil {
				c.page = []string{"<dd>kept", "<dd><kept@example.com></dd>"}
			}
			page := p.message(t, mids[0])
			for _, want := range c.page {
				if !strings.Contains(page, want) {
					t.Errorf("the page lacks %q:\n%.6000s", want, page)
				}
			}
		})
	}
	p.alive(t)
	p.silent(t)
}

// TestEmptyMessage: a message of no octets at all is one too.
func TestEmptyMessage(t *testing.T) {
	p := run(t, ports()...)
	mid := mustAccept(t, transmit(dial(t, p.addresses.SMTP), "empty@bad.example", ""))
	if page := p.message(t, mid); !strings.Contains(page, "(No Subject)") {
		t.Errorf("the page does not say that there is no subject:\n%s", page)
	}
	p.alive(t)
	p.silent(t)
}

// TestManyRecipients: the first thousand are taken, the message goes to each of
// them, and is one sighting.
func TestManyRecipients(t *testing.T) {
	p := run(t, ports()...)
	c := dial(t, p.addresses.SMTP)
	c.say("EHLO client.test")
	c.say("MAIL FROM:<sender@example.com>")
	for i := range 2000 {
		address := fmt.Sprintf("user%d@many.example", i)
		want := "250 recipient <" + address + "> ok"
		if i >= 1000 {
			want = "452 #4.5.3 Too many recipients"
		}
		if got := c.say("RCPT TO:<" + address + ">"); got != want {
			t.Fatalf("recipient %d: %s", i+1, got)
		}
	}
	c.say("DATA")
	mid := mustAccept(t, c.say("Subject: to many\r\n\r\nhello\r\n."))
	if page := p.message(t, mid); !strings.Contains(page, "user999@many.example") || strings.Contains(page, "user1000@many.example") {
		t.Error("the page shows other recipients than those accepted")
	}
	a := login(t, p)
	eventually(t, "sighting", func() error {
		var ans struct {
			Data []struct {
				Data struct {
					Sightings struct {
						Docs []struct {
							Targets []struct{ Observables []struct{ Value string } }
						}
					}
				}
			}
		}
		a.post("/iroh/iroh-enrich/observe/observables", []map[string]string{{"type": "cisco_mid", "value": mid}}, &ans)
		if len(ans.Data) != 1 || len(ans.Data[0].Data.Sightings.Docs) != 1 {
			return errors.New("not one sighting")
		}
		targets := map[string]bool{}
		for _, target := range ans.Data[0].Data.Sightings.Docs[0].Targets {
			for _, o := range target.Observables {
				targets[o.Value] = true
			}
		}
		if len(targets) != 1000 {
			return fmt.Errorf("%d targets, want 1000", len(targets))
		}
		return nil
	})
	get(t, p.addresses.Cloud["AMERICAS"]+"/investigate?q="+url.QueryEscape(`cisco_mid:"`+mid+`"`))
	p.alive(t)
	p.silent(t)
}

// limits starts a lab with other limits of the listener.
func limits(t *testing.T, listener string) *process {
	t.Helper()
	file := filepath.Join(t.TempDir(), "limits.yaml")
	if err := os.WriteFile(file, []byte("appliance:\n  listener: "+listener+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return run(t, ports("--config", file)...)
}

func TestMessageSizeLimit(t *testing.T) {
	p := limits(t, "{max_message_size: 10K, max_connections: 3}")
	c := dial(t, p.addresses.SMTP)
	if got := c.say("EHLO client.test"); !strings.HasSuffix(got, "\n250 SIZE 10240") {
		t.Errorf("EHLO: %s", got)
	}
	for _, size := range []string{"10241", "99999999999999999999999999"} {
		if got := c.say("MAIL FROM:<a@example.com> SIZE=" + size); got != "552 size limit exceeded" {
			t.Errorf("SIZE=%s: %s", size, got)
		}
	}
	mustAccept(t, transmit(c, "fits@example.com", "Subject: fits\r\n\r\n"+strings.Repeat("x", 10240-17-2)+"\r\n"))
	if got := transmit(c, "over@example.com", "Subject: over\r\n\r\n"+strings.Repeat("x", 10240-17-1)+"\r\n"); got != "552 #5.3.4 message size exceeds limit" {
		t.Errorf("an octet too many: %s", got)
	}
	if got := transmit(c, "over@example.com", "Subject: over\r\n\r\n"+strings.Repeat(strings.Repeat("x", 70)+"\r\n", 100_000)); got != "552 #5.3.4 message size exceeds limit" {
		t.Errorf("far too many: %s", got)
	}
	mustAccept(t, transmit(c, "after@example.com", "Subject: after\r\n\r\n"))

	// The connection limit: the fourth is told, and there is room again when
	// one goes.
	dial(t, p.addresses.SMTP)
	dial(t, p.addresses.SMTP)
	const full = "421 #4.4.5 Too many connections to this listener"
	if _, got := greeted(t, p.addresses.SMTP); got != full {
		t.Errorf("fourth connection: %s", got)
	}
	c.say("QUIT")
	eventually(t, "room for a connection", func() error {
		var got string
		if c, got = greeted(t, p.addresses.SMTP); got != "220 esa.esasim.test ESMTP" {
			return errors.New(got)
		}
		return nil
	})
	mid := mustAccept(t, transmit(c, "good@example.com", "Subject: there is room\r\n\r\nhello\r\n"))
	tracked(t, p, mid, "there is room")
	p.silent(t)
}

// greeted is a new connection and the first reply on it.
func greeted(t *testing.T, server string) (*client, string) {
	t.Helper()
	conn, err := net.Dial("tcp", server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &client{t, conn, bufio.NewReader(conn)}
	return c, c.reply()
}

func TestIdle(t *testing.T) {
	p := limits(t, "{idle_timeout: 200ms}")
	const bye = "421 esa.esasim.test Service not available, closing transaction channel"
	for name, steps := range map[string][]string{
		"at the banner":        nil,
		"in a command":         {"EHLO x"},
		"in the middle of one": {"EHLO x", "MAIL FRO"},
		"in DATA":              {"EHLO x", "MAIL FROM:<idle@example.com>", "RCPT TO:<b@example.org>", "DATA", "Subject: idle\r\n\r\n."},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, p.addresses.SMTP)
			for i, step := range steps {
				if last := i == len(steps)-1; last && i > 0 {
					c.write(step) // never ended
				} else {
					c.say(step)
				}
			}
			if got := c.reply(); got != bye {
				t.Errorf("%s", got)
			}
			if _, err := c.in.ReadByte(); !errors.Is(err, io.EOF) {
				t.Errorf("not closed: %v", err)
			}
		})
	}
	p.alive(t)
	p.silent(t)
}

// TestBadCommands: lines that are no commands are bounded in length and number.
func TestBadCommands(t *testing.T) {
	p := run(t, ports()...)
	c := dial(t, p.addresses.SMTP)
	if got := c.say("EHLO " + strings.Repeat("x", 1<<20)); got != "500 Line too long" {
		t.Errorf("1 MB: %s", got)
	}
	if got := c.say("NOOP"); got != "250 ok" {
		t.Errorf("after it: %s", got)
	}
	c = dial(t, p.addresses.SMTP)
	c.write(strings.Repeat("NONSENSE\r\n", 500))
	all, err := io.ReadAll(c.in)
	want := strings.Repeat("500 #5.5.1 command not recognized\r\n", 4) + "421 Exceeded bad SMTP command limit, disconnecting.\r\n"
	if string(all) != want {
		t.Errorf("500 bad commands: %q, %v", all, err)
	}
	p.alive(t)
	p.silent(t)
}

// TestClientVanishes: a message whose end came is there once, another never, and
// no number is given twice.
func TestClientVanishes(t *testing.T) {
	p := run(t, ports()...)
	for _, c := range []struct {
		subject, end string
		want         int
	}{{"cut off", "half a li", 0}, {"no reply read", "\r\n.\r\n", 1}} {
		for range 5 {
			conn := dial(t, p.addresses.SMTP)
			conn.begin("b@example.org")
			conn.write("Subject: " + c.subject + "\r\n\r\nhello" + c.end)
			conn.conn.Close()
		}
	}
	eventually(t, "messages that were complete", func() error {
		if got := p.found(t, "subject", "no reply read"); len(got) != 5 {
			return fmt.Errorf("MIDs %v, want 5", got)
		}
		return nil
	})
	// Those cut off are tracked as aborted, which may come a little later.
	eventually(t, "messages cut off", func() error {
		seen := map[string]bool{}
		for _, mid := range p.found(t, "sender", "sender@example.com") {
			seen[mid] = true
		}
		if len(seen) != 10 {
			return fmt.Errorf("MIDs %v, want 10", seen)
		}
		return nil
	})
	if got := p.found(t, "subject", "cut off"); len(got) != 0 {
		t.Errorf("cut off, but there: MIDs %v", got)
	}
	a := login(t, p)
	eventually(t, "sightings", func() error {
		if got := a.mids(`email_subject:"no reply read"`); len(got) != 5 {
			return fmt.Errorf("MIDs %v, want 5", got)
		}
		return nil
	})
	p.alive(t)
	if mid := p.found(t, "subject", "good mail"); len(mid) != 1 || mid[0] != "11" {
		t.Errorf("after ten messages comes MID %v, want 11", mid)
	}
	p.silent(t)
}

// TestLargeMessage: a message of the default limit is taken with bounded memory.
func TestLargeMessage(t *testing.T) {
	p := run(t, ports()...)
	c := dial(t, p.addresses.SMTP)
	c.begin("b@example.org")
	c.write(part("Content-Type: multipart/mixed; boundary=b\r\n", strings.TrimSuffix(invoicePart, "JVBERi0xLjQ=\r\n")))
	lines := bytes.Repeat([]byte(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 54))+"\r\n"), 1000)
	for sent := 0; sent+len(lines) < 100<<20-1000; sent += len(lines) {
		if _, err := c.conn.Write(lines); err != nil {
			t.Fatal(err)
		}
	}
	mid := mustAccept(t, c.say("--b--\r\n."))
	if page := p.message(t, mid); !strings.Contains(page, "invoice.pdf") {
		t.Error("the attachment is not shown")
	}
	most, err := peak(p)
	p.alive(t)
	p.silent(t)
	bounded(t, most, err)
}
