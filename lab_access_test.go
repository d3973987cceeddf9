package esasim_test

import (
	"bufio"
	"fmt"
	"net/textproto"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/config"
	"esasim/appliance/details"
	"esasim/cloud/ctim"
	"esasim/esa"
	"esasim/internal/statefile"
	"esasim/lab"
)

// mailLog is all that the mail logs say so far, without the times.
func (v *virtual) mailLog(t *testing.T) []string {
	t.Helper()
	dir := path.Join("data", "mail_logs")
	names, err := v.fs.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	var out []string
	for _, n := range names {
		if !strings.HasPrefix(n, "mail.@") {
			continue
		}
		b, err := statefile.Read(v.fs, path.Join(dir, n))
		if err != nil {
			t.Fatal(err)
		}
		for s := bufio.NewScanner(strings.NewReader(string(b))); s.Scan(); {
			_, text, _ := strings.Cut(s.Text(), "Info: ")
			out = append(out, text)
		}
	}
	return out
}

// sendAs sends a message as another client, and gives back the last reply.
func (v *virtual) sendAs(t *testing.T, xclient, subject string) string {
	t.Helper()
	raw, err := v.net.Dial(t.Context(), "tcp", v.Addresses().SMTP)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	c := textproto.NewConn(raw)
	say := func(line string) (int, string) {
		if line != "" {
			if err := c.PrintfLine("%s", line); err != nil {
				t.Fatal(err)
			}
		}
		code, text, err := c.ReadResponse(0)
		if code == 0 {
			t.Fatalf("%s: %v", line, err)
		}
		return code, fmt.Sprint(code, " ", text)
	}
	say("")
	for _, line := range []string{"XCLIENT " + xclient, "EHLO c", "MAIL FROM:<a@b.example>", "RCPT TO:<u@x.example>", "DATA",
		"Subject: " + subject + "\r\n\r\nhello\r\n."} {
		if code, text := say(line); code >= 400 {
			return text
		}
	}
	_, text := say("QUIT")
	return text
}

// One tester is many senders: what the configuration says of them is in the mail
// logs, in Message Tracking and in the cloud.
func TestManySenders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, func(o *lab.Options) {
			c := &o.Config.Appliance
			c.Listener.XCLIENT = []string{"127.0.0.1"}
			c.Senders = []config.Sender{
				{Address: "192.0.2.0/24", Host: "mail.b.example", SBRS: "3.5", Country: "Netherlands"},
				{Address: "192.0.2.66", Host: "spam.example", Unverified: true, SBRS: "-9.9"},
			}
			c.SenderGroups = slices.Insert(c.SenderGroups, 0, config.SenderGroup{Name: "RELAYLIST", Policy: "$RELAYED", Members: []string{"10.1."}})
		})
		defer func() { v.stop() }()
		for client, want := range map[string]string{"ADDR=192.0.2.7": "221 ", "ADDR=192.0.2.66": "554 ", "ADDR=10.1.2.3 NAME=desk.x.example": "221 "} {
			if got := v.sendAs(t, client, "as "+client); !strings.HasPrefix(got, want) {
				t.Errorf("%s: %s, want %s", client, got, want)
			}
		}
		time.Sleep(5 * time.Second)
		log := strings.Join(v.mailLog(t), "\n")
		for _, want := range []string{
			" address 192.0.2.7 reverse dns host mail.b.example verified yes\n",
			" ACCEPT SG UNKNOWNLIST match sbrs[-1.0:10.0] SBRS 3.5 country Netherlands\n",
			" address 192.0.2.66 reverse dns host spam.example verified no\n",
			" REJECT SG BLACKLIST match sbrs[-10.0:-3.0] SBRS -9.9 country not enabled\n",
			" address 10.1.2.3 reverse dns host desk.x.example verified yes\n",
			" RELAY SG RELAYLIST match 10.1. SBRS None country not enabled\n",
			" ACCEPT SG UNKNOWNLIST match sbrs[none] SBRS None country not enabled\n", // before XCLIENT
			" in the outbound table\n",
		} {
			if !strings.Contains(log, want) {
				t.Errorf("the mail logs do not say %q:\n%s", want, log)
			}
		}
		found := v.investigate(t, ctim.IP, "192.0.2.7")
		if len(found) != 1 {
			t.Errorf("%d sightings of 192.0.2.7, want 1", len(found))
		}
		v.tracked(t, "192.0.2.7", "ACCEPT sender group UNKNOWNLIST match sbrs[-1.0:10.0] SBRS 3.5 country Netherlands")
		v.tracked(t, "10.1.2.3", "Reverse DNS  host desk.x.example verified yes.")
	})
}

// tracked finds the message of a client in Message Tracking, with a sentence in
// its details.
func (v *virtual) tracked(t *testing.T, client, sentence string) {
	t.Helper()
	for mid := esa.MID(1); mid < 5; mid++ {
		m, err := v.Appliance().Tracking().Message(t.Context(), mid)
		if err != nil || m.Source.Remote.String() != client {
			continue
		}
		connection, err := v.Appliance().Tracking().Connection(t.Context(), m.ICID)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range details.Lines(append(connection, m.Events...)) {
			if strings.Contains(l.Text, sentence) {
				return
			}
		}
	}
	t.Errorf("no message of %s with %q", client, sentence)
}

// The README's second configuration, and what the text around it says.
func TestDocumentedSenders(t *testing.T) {
	text := configuration(t, "192.0.2.66")
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, func(o *lab.Options) {
			c, err := lab.ReadConfig("README.md", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			o.Config = c
		})
		defer func() { v.stop() }()
		for client, want := range map[string]string{"ADDR=192.0.2.66": "554 ", "ADDR=10.1.1.7": "221 ", "ADDR=192.0.2.1": "550 #5.1.0 Address rejected."} {
			if got := v.sendAs(t, client, "x"); !strings.HasPrefix(got, want) {
				t.Errorf("%s: %s, want %s", client, got, want)
			}
		}
	})
}
