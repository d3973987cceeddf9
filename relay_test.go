package esasim_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/config"
	"esasim/esa"
	"esasim/esasimtest"
	"esasim/internal/memnet"
	"esasim/lab"
)

// A lab relays into a second one, over loopback and with TLS: what the first says
// of its delivery connections, the second says of its injection connections.
func TestRelay(t *testing.T) {
	logs := [2]string{t.TempDir(), t.TempDir()}
	second := esasimtest.Start(t, func(o *lab.Options) {
		o.FS, o.Dir = vfs.Default, logs[1]
		o.Config.Appliance.Recipients = []config.Recipient{{Address: "example.org"}}
	})
	first := esasimtest.Start(t, func(o *lab.Options) {
		o.FS, o.Dir = vfs.Default, logs[0]
		o.Config.Appliance.Routes = []config.Route{{Domain: "ALL", Hosts: []string{second.Addresses.SMTP}}}
	})
	body := "Subject: relayed\r\nMessage-ID: <r@example.com>\r\n\r\n" + strings.Repeat("over the wire\r\n", 30_000)
	mid := first.Send(t, "", body, "bob@example.org", "eve@elsewhere.test")
	eventually(t, "the message to be in both labs", func() error {
		m, err := first.Appliance().Tracking().Message(t.Context(), mid)
		if err != nil || !m.Finished {
			return fmt.Errorf("%s, %v", m.State, err)
		}
		return nil
	})
	m, err := first.Appliance().Tracking().Message(t.Context(), mid)
	if err != nil || m.Recipients[0].State != esa.Delivered || m.Recipients[1].State != esa.Bounced {
		t.Fatalf("%+v, %v", m.Recipients, err)
	}
	there, err := second.Appliance().Tracking().Message(t.Context(), 1)
	if err != nil || there.Subject != "relayed" || there.MessageID != "<r@example.com>" || there.Size <= m.Size || len(there.Recipients) != 1 {
		t.Errorf("in the second: %+v, %v", there, err)
	}
	out := logLines(t, logs[0], `DCID 1 close$`)
	in := logLines(t, logs[1], `Message finished MID 1 done$`)
	for _, pair := range [][2]string{
		{`^DCID 1 TLS success protocol (\S+) cipher (\S+) for example.org$`, `^ICID 1 TLS success protocol (\S+) cipher (\S+)$`},
		{`^Message done DCID 1 MID 1 to RID \[(0)\]$`, `^MID 1 ICID 1 RID (0) To: <bob@example.org>$`},
		{`^Bounced: DCID 1 MID 1 to RID 1 - 5.1.0 - Unknown address error \('550', \['#5.1.0 (Address rejected).'\]\) \[\]$`,
			`^MID 1 ICID 1 To: <eve@elsewhere.test> (Rejected) by RAT$`},
		{`^MID 1 RID \[0\] Response 'ok:  Message (1) accepted'$`, `^MID (1) queued for delivery$`},
	} {
		a, b := find(out, pair[0]), find(in, pair[1])
		if a == nil || b == nil || !strings.EqualFold(strings.Join(a[1:], " "), strings.Join(b[1:], " ")) && !strings.Contains(pair[1], "RAT") {
			t.Errorf("%s: %q\n%s: %q", pair[0], a, pair[1], b)
		}
	}
	if find(out, `^Double bounce: MID 1 to 1 - 5.1.0 - Unknown address error 550-'#5.1.0 Address rejected.'$`) == nil {
		t.Errorf("no double bounce:\n%s", strings.Join(out, "\n"))
	}
}

var lineBegin = regexp.MustCompile(`^\w{3} \w{3} [ \d]\d [\d:]{8} \d{4} Info: `)

// logLines are the sentences of the mail log, once one of them ends so.
func logLines(t *testing.T, dir, end string) (lines []string) {
	t.Helper()
	eventually(t, "the mail log to have "+end, func() error {
		b, err := os.ReadFile(filepath.Join(dir, "mail_logs", "mail.current"))
		if err != nil {
			return err
		}
		lines = strings.Split(strings.TrimSpace(string(b)), "\n")
		for i := range lines {
			lines[i] = lineBegin.ReplaceAllString(lines[i], "")
		}
		if find(lines, "DCID .*"+end) == nil && find(lines, end) == nil {
			return fmt.Errorf("lines %q", lines)
		}
		return nil
	})
	return lines
}

func find(lines []string, pattern string) []string {
	re := regexp.MustCompile(pattern)
	for _, l := range lines {
		if m := re.FindStringSubmatch(l); m != nil {
			return m
		}
	}
	return nil
}

// A host that cannot be reached for three days: the message is tried by the
// appliance's own profile, expires, and its sender is told; a restart in between
// changes nothing. Then the host is there, and mail for it arrives.
func TestUnreachableHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		route := func(o *lab.Options) {
			o.Config.Cloud = nil
			o.Config.Appliance.Routes = []config.Route{{Domain: "example.org", Hosts: []string{"192.0.2.9:25"}}}
		}
		v.start(t, route)
		mid := v.send(t, "x@example.org", "never")
		time.Sleep(24 * time.Hour)
		v.stop()
		v.start(t, route)
		time.Sleep(49 * time.Hour)
		m, err := v.Appliance().Tracking().Message(t.Context(), mid)
		if err != nil || m.State != esa.Bounced || !m.Finished || len(m.Into) != 1 {
			t.Fatalf("%s, finished %t, into %v, %v", m.State, m.Finished, m.Into, err)
		}
		// After 0, 1, 3, 7, 15, 31 and 63 minutes, then every hour for three days.
		if n := m.Recipients[0].Attempts; n != 6+71 {
			t.Errorf("%d attempts", n)
		}
		last := m.Events[len(m.Events)-3]
		if last.Kind != esa.RecipientBounced || last.Name != "5.4.7 - Delivery expired (message too old)" || last.Text != "000 [Errno 61] Connection refused" {
			t.Errorf("bounced by %+v", last)
		}
		b, err := v.Appliance().Tracking().Message(t.Context(), m.Into[0])
		if err != nil || b.State != esa.Delivered || b.Sender != "" || b.Recipients[0].Address != "mgmt01@cisco.com" || b.From != mid {
			t.Errorf("bounce message %+v, %v", b, err)
		}
		host := elsewhereLab(t, &v.net, "192.0.2.9:25")
		v.send(t, "x@example.org", "at last")
		time.Sleep(10 * time.Second)
		there, err := host.Appliance().Tracking().Message(t.Context(), 1)
		if err != nil || there.Subject != "at last" {
			t.Errorf("there: %+v, %v", there, err)
		}
		v.stop()
		host.stop()
	})
}

// elsewhereLab is a lab at an address of another lab's network.
func elsewhereLab(t *testing.T, net *memnet.Network, address string) *virtual {
	t.Helper()
	v := &virtual{fs: vfs.NewMem()}
	v.start(t, func(o *lab.Options) {
		o.Config.SMTP, o.Config.Console, o.Config.Cloud = address, "192.0.2.9:80", nil
		o.Listen, o.Dial = net.Listen, net.Dial
	})
	return v
}

// The log lines of a bounce are those of the appliance, in its order.
func TestBounceInMailLog(t *testing.T) {
	dir := t.TempDir()
	l := esasimtest.Start(t, func(o *lab.Options) { o.FS, o.Dir = vfs.Default, dir })
	l.Send(t, "alice@esasim.test", "Subject: x\r\n\r\n", "bounce@esasim.test")
	lines := logLines(t, dir, "Message finished MID 2 done$")
	want := []string{
		"Bounced: DCID 1 MID 1 to RID 0 - 5.1.0 - Unknown address error ('550', ['5.1.1 user unknown']) []",
		"MID 2 was generated for bounce of MID 1", "DCID 1 close", "Start MID 2 ICID 0", "MID 2 ICID 0 From: <>", "MID 2 ICID 0 RID 0 To: <alice@esasim.test>",
		"MID 2 queued for delivery", "Message finished MID 1 done", "Message done DCID 2 MID 2 to RID [0]", "Message finished MID 2 done",
	}
	at := 0
	for _, w := range want {
		i := slices.Index(lines[at:], w)
		if i < 0 {
			t.Fatalf("no %q in its place in\n%s", w, strings.Join(lines, "\n"))
		}
		at += i + 1
	}
	m, err := l.Appliance().Tracking().Family(t.Context(), 1)
	if err != nil || len(m) != 2 || m[1].State != esa.Delivered {
		t.Errorf("family %+v, %v", m, err)
	}
	if m[1].Direction != esa.Outgoing {
		t.Error("the bounce message is not outgoing")
	}
	page, err := http.Get(l.Addresses.Console + "/monitor/message_tracking/details?mid=2")
	if err != nil {
		t.Fatal(err)
	}
	page.Body.Close()
	if page.StatusCode != http.StatusOK {
		t.Errorf("details of the bounce message: %s", page.Status)
	}
	eventually(t, "the cloud to know both", func() error {
		if s := l.Appliance().Link().Status(); s.Pushed < 2 || s.Refused > 0 {
			return fmt.Errorf("%d sightings, %d refused", s.Pushed, s.Refused)
		}
		return nil
	})
	c, err := l.Appliance().Tracking().Content(2)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	head := make([]byte, 200)
	n, _ := c.Read(head)
	if !strings.Contains(string(head[:n]), "Subject: Delivery Status Notification (Failure)\r\n") {
		t.Errorf("content %q", head[:n])
	}
}
