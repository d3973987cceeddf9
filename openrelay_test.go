package esasim_test

import (
	"bufio"
	"fmt"
	"net/textproto"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/config"
	"esasim/esa"
	"esasim/lab"
	"esasim/tracking"
)

// relayCase is what a client that may not relay says behind "RCPT TO:", and how
// the reply begins.
type relayCase struct{ rcpt, reply string }

// relayCases are the classical tests of an open relay, for a listener with mail for
// example.org alone, and others that lie near.
func relayCases() []relayCase {
	const (
		relayed = "550 #5.1.0 Address rejected."
		syntax  = "501 #5.5.2 syntax error"
		ok      = "250 recipient "
	)
	return []relayCase{
		// Another domain, plainly.
		{"<u@other.test>", relayed}, {"u@other.test", relayed}, {" < u@other.test >", syntax}, {"<U@OTHER.TEST>", relayed},
		{"<u@[127.0.0.1]>", relayed}, {"<u@[192.0.2.1]>", relayed}, {"<u@[IPv6:::1]>", relayed}, {"<u@localhost>", relayed},
		{"<postmaster@other.test>", relayed}, {"<abuse@[192.0.2.1]>", relayed},
		// One that looks like ours.
		{"<u@sub.example.org>", relayed}, {"<u@xexample.org>", relayed}, {"<u@example.org.other.test>", relayed}, {"<u@example.orgx>", relayed},
		{"<u@ex\u0430mple.org>", "5"}, {"<u@example.org\u3002other.test>", "5"}, {"<u@\uff45xample.org>", "5"}, {"<u@example>", relayed},
		// Two domains in one address: what counts is the last, which has to be one.
		{"<u@other.test@example.org>", syntax}, {"<u@example.org@other.test>", syntax}, {"<@example.org@other.test>", syntax},
		{"<u\\@other.test@example.org>", syntax}, {"<u@other.test\\@example.org>", syntax}, {"<u@other.test%example.org>", syntax},
		{"<u@other.test,example.org>", syntax}, {"<u@other.test;example.org>", syntax}, {"<u@other.test:25>", syntax}, {"<u@example.org:other.test>", syntax},
		{"<u@other.test example.org>", syntax}, {"<u@example.org other.test>", syntax}, {"<u@other.test\texample.org>", syntax},
		{"<u@other.test\x00@example.org>", syntax}, {"<u@example.org\x00.other.test>", syntax}, {"<u@example.org\x00>", syntax},
		{"<u@(example.org)other.test>", syntax}, {"<u(example.org)@other.test>", syntax}, {"<u@example.org(.other.test)>", syntax},
		// Two addresses.
		{"<u@example.org>,<u@other.test>", syntax}, {"<u@example.org,u@other.test>", syntax}, {"u@example.org,u@other.test", syntax},
		{"<u@example.org><u@other.test>", syntax}, {"<<u@other.test>@example.org>", syntax}, {"<u@other.test>@example.org", syntax},
		{"<u@example.org> <u@other.test>", "50"}, {"u@example.org u@other.test", "50"}, {"<u@example.org> ORCPT=rfc822;u@other.test", "50"},
		{"Name <u@other.test>", syntax}, {"\"Name\" <u@other.test>", syntax},
		// Source routes are ignored: the mailbox behind counts.
		{"<@example.org:u@other.test>", relayed}, {"<@example.org,@other.test:u@other.test>", relayed}, {"<@[127.0.0.1]:u@other.test>", relayed},
		{"<@other.test:u@example.org>", ok + "<u@example.org>"}, {"<@other.test,@third.test:u@example.org>", ok + "<u@example.org>"},
		{"<@example.org:@other.test:u@example.org>", syntax}, {"<@other.test>", syntax}, {"<@example.org:>", syntax},
		// Routes in the local part are the recipient's host's business: it goes there.
		{"<u%other.test@example.org>", ok + "<u%other.test@example.org>"}, {"<u%other.test%third.test@example.org>", ok},
		{"<other.test!u@example.org>", ok + "<other.test!u@example.org>"}, {"<third.test!other.test!u@example.org>", ok},
		{"<\"u@other.test\"@example.org>", ok + "<\"u@other.test\"@example.org>"}, {"<\"u%other.test\"@example.org>", ok},
		{"<\"<u@other.test>\"@example.org>", ok}, {"<\"u@other.test\\\"\"@example.org>", ok},
		{"<u%example.org@other.test>", relayed}, {"<example.org!u@other.test>", relayed}, {"<\"u@example.org\"@other.test>", relayed},
		{"<\"u@example.org\"\"@other.test>", syntax}, {"<\"\"@example.org@other.test>", syntax}, {"<\"u\"@example.org\"@other.test>", syntax},
		{"<u%other.test@[127.0.0.1]>", relayed}, {"<\"u@other.test\"@[127.0.0.1]>", relayed}, {"<other.test!u@[127.0.0.1]>", relayed},
		// No domain: nobody adds one.
		{"<u>", syntax}, {"<u@>", syntax}, {"<u%other.test>", syntax}, {"<u%other.test@>", syntax}, {"<other.test!u>", syntax}, {"<\"u@other.test\">", syntax},
		{"<\"u%other.test\">", syntax}, {"<u@other.test@>", syntax}, {"<@other.test:u>", syntax}, {"<>", syntax}, {"", syntax}, {"<u@example.org.>", syntax}, {"<u@.example.org>", syntax},
		// And ours.
		{"<u@example.org>", ok + "<u@example.org>"}, {"<U@EXAMPLE.ORG>", ok + "<U@EXAMPLE.ORG>"}, {"u@example.org", ok},
	}
}

// relaySenders are those that the tests claim to be: a relay that trusts them is open.
func relaySenders() []string {
	return []string{"", "u@other.test", "u@example.org", "postmaster@example.org", "u@esa.esasim.test", "u@[127.0.0.1]", "u@localhost", "u%other.test@example.org", `"u@other.test"@example.org`}
}

// relayClient talks to a lab and gives back whole replies.
type relayClient struct {
	t *testing.T
	c *textproto.Conn
}

func (v *virtual) relayClient(t *testing.T) *relayClient {
	t.Helper()
	raw, err := v.net.Dial(t.Context(), "tcp", v.Addresses().SMTP)
	if err != nil {
		t.Fatal(err)
	}
	c := &relayClient{t, &textproto.Conn{Reader: textproto.Reader{R: bufio.NewReader(raw)}, Writer: textproto.Writer{W: bufio.NewWriter(raw)}}}
	t.Cleanup(func() { raw.Close() })
	c.reply("banner")
	return c
}

func (c *relayClient) say(line string) string {
	c.t.Helper()
	if err := c.c.PrintfLine("%s", line); err != nil {
		c.t.Fatal(err)
	}
	return c.reply(line)
}

func (c *relayClient) reply(to string) string {
	c.t.Helper()
	code, text, err := c.c.ReadResponse(0)
	if code == 0 {
		c.t.Fatalf("%s: %v", to, err)
	}
	return fmt.Sprint(code, " ", text)
}

// closedRelay is a lab with mail for example.org alone, which relays for 10.0.0.0/8;
// whatever it has for other domains goes to a host of its own, which is told of.
func closedRelay(t *testing.T, v *virtual) (elsewhere *virtual) {
	t.Helper()
	v.start(t, func(o *lab.Options) {
		c := &o.Config.Appliance
		o.Config.Cloud = nil
		c.Recipients = []config.Recipient{{Address: "example.org"}}
		c.Listener.XCLIENT = []string{"127.0.0.1"}
		c.SenderGroups = append([]config.SenderGroup{{Name: "RELAYLIST", Policy: "$RELAYED", Members: []string{"10.0.0.0/8"}}}, c.SenderGroups...)
		c.Routes = []config.Route{{Domain: "example.org", Hosts: []string{"simulated"}}, {Domain: "ALL", Hosts: []string{"192.0.2.9:25"}}}
	})
	return elsewhereLab(t, &v.net, "192.0.2.9:25")
}

// TestOpenRelay: whoever may not relay gets nothing to another domain, whatever the
// address looks like and whoever it claims to be from.
func TestOpenRelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		there := closedRelay(t, v)
		defer v.stop()
		defer there.stop()
		taken := 0
		for _, sender := range relaySenders() {
			for _, r := range relayCases() {
				c := v.relayClient(t)
				c.say("EHLO example.org")
				if got := c.say("MAIL FROM:<" + sender + "> SMTPUTF8"); !strings.HasPrefix(got, "250 ") {
					t.Fatalf("%s: %s", sender, got)
				}
				got := c.say("RCPT TO:" + r.rcpt)
				if !strings.HasPrefix(got, r.reply) {
					t.Errorf("from %q to %q: %s, want %s", sender, r.rcpt, got, r.reply)
				}
				if strings.HasPrefix(got, "250 ") {
					taken++
					c.say("DATA")
					c.say("Subject: relay test\r\n\r\nhello\r\n.")
				} else if got := c.say("DATA"); got != "503 #5.5.1 RCPT first" {
					t.Errorf("to %q, DATA: %s", r.rcpt, got)
				}
				c.say("QUIT")
			}
		}
		time.Sleep(time.Minute)
		staysHome(t, v, taken)
		if m, err := there.Appliance().Tracking().Search(t.Context(), tracking.Query{Limit: 10}); err != nil || len(m.Messages) > 0 {
			t.Errorf("relayed: %+v, %v", m.Messages, err)
		}
	})
}

// staysHome holds what was taken against what may be.
func staysHome(t *testing.T, v *virtual, taken int) {
	t.Helper()
	delivered := 0
	for q := (tracking.Query{Limit: 200}); ; {
		page, err := v.Appliance().Tracking().Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Messages {
			for _, r := range m.Recipients {
				if !strings.HasSuffix(strings.ToLower(r.Address), "@example.org") || r.State != esa.Delivered {
					t.Errorf("MID %d to %s is %s", m.MID, r.Address, r.State)
				}
				delivered++
			}
		}
		if q.Before = page.Next; page.Next == 0 {
			break
		}
	}
	if delivered != taken || taken == 0 {
		t.Errorf("%d delivered, %d taken", delivered, taken)
	}
}

// TestRelayForThoseWhoMay: the sender group decides, nothing that a client says.
func TestRelayForThoseWhoMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		there := closedRelay(t, v)
		defer v.stop()
		defer there.stop()
		for address, want := range map[string]string{"10.1.2.3": "250 ", "9.255.255.255": "550 ", "11.0.0.0": "550 ", "IPV6:::ffff:10.1.2.3": "250 ", "IPV6:::1": "550 ", "127.0.0.1": "550 "} {
			c := v.relayClient(t)
			for _, line := range []string{"XCLIENT ADDR=" + address + " NAME=mail.example.org HELO=mail.example.org", "EHLO [10.1.2.3]", "MAIL FROM:<u@example.org>"} {
				if got := c.say(line); !strings.HasPrefix(got, "2") {
					t.Fatalf("%s: %s", line, got)
				}
			}
			if got := c.say("RCPT TO:<u@other.test>"); !strings.HasPrefix(got, want) {
				t.Errorf("%s: %s, want %s", address, got, want)
			} else if want == "250 " {
				c.say("DATA")
				c.say("Subject: relayed for " + address + "\r\n\r\nhello\r\n.")
			}
			c.say("QUIT")
		}
		time.Sleep(time.Minute)
		page, err := there.Appliance().Tracking().Search(t.Context(), tracking.Query{Limit: 10})
		if err != nil || len(page.Messages) != 2 {
			t.Errorf("%d messages were relayed, want 2; %v", len(page.Messages), err)
		}
	})
}
