package esasim_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/config"
	"esasim/esa"
	"esasim/lab"
)

// One message to nine recipients at several hosts, of whom some have it at once,
// some later, some never, and for different reasons: three days later all has come to
// its end, and tracking, the bounce log, the bounce messages and the mailboxes say the
// same of each. A restart in between changes nothing.
func TestManyFates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		v := &virtual{fs: vfs.Default}
		host := elsewhereLab(t, &v.net, "192.0.2.9:25")
		host.stop()
		host.start(t, func(o *lab.Options) {
			o.Config.SMTP, o.Config.Console, o.Config.Cloud = "192.0.2.9:25", "192.0.2.9:80", nil
			o.Listen, o.Dial = v.net.Listen, v.net.Dial
			o.Config.Appliance.Recipients = []config.Recipient{{Address: "real.test"}}
		})
		start := func() {
			v.start(t, func(o *lab.Options) {
				o.Dir, o.Config.Cloud = dir, nil
				a := &o.Config.Appliance
				a.Routes = []config.Route{{Domain: "real.test", Hosts: []string{"192.0.2.9:25"}}, {Domain: "deny.test", Hosts: []string{"192.0.2.9:25"}},
					{Domain: "dead.test", Hosts: []string{"192.0.2.10:25"}}, {Domain: "nx.test", Hosts: []string{"mx.nx.test:25"}}, {Domain: "ALL", Hosts: []string{"simulated"}}}
				a.Fates = []config.Fate{{Recipient: "busy@example.org", Reply: "452 4.2.2 mailbox full", Times: 7}}
				a.BounceProfiles = []config.NamedProfile{{Name: "Quick", MaxTime: time.Hour}}
				a.DestinationControls = append(a.DestinationControls, config.DestinationControl{Domain: "quick.test", Profile: "Quick"})
				a.Fates = append(a.Fates, config.Fate{Recipient: "quick.test", Reply: "451 4.7.1 later"})
				a.Logs = append(a.Logs, config.LogSubscription{Name: "bounces", Type: "bounces", Level: "info", RollSize: 10 << 20, Keep: 10})
				o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
					if strings.HasPrefix(address, "mx.nx.test") {
						return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "mx.nx.test", IsNotFound: true}}
					}
					return v.dial(ctx, network, address)
				}
			})
		}
		start()
		mid := v.sendTo(t, "many fates", "ann@example.org", "bob@real.test", "eve@deny.test", "busy@example.org", "x@dead.test", "x@nx.test", "x@quick.test", "550-5.1.1@esasim.test", "defer@esasim.test")
		time.Sleep(30 * time.Hour)
		v.stop()
		start()
		time.Sleep(50 * time.Hour)
		v.check(t, mid)
		v.checkBounces(t, dir)
		v.stop()
		host.stop()
	})
}

// check looks at what became of each recipient.
func (v *virtual) check(t *testing.T, mid esa.MID) {
	t.Helper()
	m, err := v.Appliance().Tracking().Message(t.Context(), mid)
	if err != nil || m.State != esa.Delivered || !m.Finished {
		t.Fatalf("%s, finished %t, %v", m.State, m.Finished, err)
	}
	for i, want := range []string{
		"Delivered 1 ok:  Message 1 accepted ",
		"Delivered 1 ok:  Message 1 accepted ",
		"Hard Bounced 1 550 #5.1.0 Address rejected. 5.1.0 - Unknown address error",
		"Delivered 8 ok:  Message 1 accepted ",
		"Hard Bounced 77 000 [Errno 61] Connection refused 5.4.7 - Delivery expired (message too old)",
		"Hard Bounced 1 000 DNS Hard Error looking up mx.nx.test (A):  NXDomain 5.1.2 - Bad destination host",
		"Hard Bounced 6 451 4.7.1 later 5.4.7 - Delivery expired (message too old)",
		"Hard Bounced 1 550 5.1.1 simulated reply 5.1.0 - Unknown address error",
		"Delivered 2 ok:  Message 1 accepted ",
	} {
		r := m.Recipients[i]
		answer := strings.Replace(r.Response, "Message 2", "Message 1", 1) // as Eve came before Bob, or after him
		if got := fmt.Sprint(r.State, " ", r.Attempts, " ", answer, " ", r.Reason); got != want {
			t.Errorf("%s: %s, want %s", r.Address, got, want)
		}
	}
	c := v.caller(t)
	for address, want := range map[string]string{"ann@example.org": "1 many fates; ", "busy@example.org": "1 many fates; ", "defer@esasim.test": "1 many fates; ", "bob@real.test": "", "x@quick.test": ""} {
		if got, _ := c.subjects("mailbox/" + address); got != want {
			t.Errorf("mailbox of %s: %s", address, got)
		}
	}
}

// checkBounces looks what the sender and the bounce log were told.
func (v *virtual) checkBounces(t *testing.T, dir string) {
	t.Helper()
	boxed := v.reports(t)
	files, err := filepath.Glob(filepath.Join(dir, "bounces", "bounces.@*")) // one for each start
	if err != nil || len(files) < 2 {
		t.Fatalf("bounce log in %q, %v", files, err)
	}
	log := ""
	for _, name := range files {
		log += readFile(t, name)
	}
	if n := strings.Count(log, "Info: Bounced: 1:"); n != 5 {
		t.Errorf("%d bounces in the bounce log\n%q\n%s", n, files, log)
	}
	for address, want := range map[string]string{
		"eve@deny.test": "5.1.0", "x@dead.test": "5.4.7", "x@nx.test": "5.1.2", "x@quick.test": "5.4.7", "550-5.1.1@esasim.test": "5.1.0",
	} {
		if n := strings.Count(boxed, "Final-Recipient: rfc822; "+address+"\r\nAction: failed\r\nStatus: "+want); n != 1 {
			t.Errorf("%s is in %d bounce messages with %s", address, n, want)
		}
		if !strings.Contains(log, "To:<"+address+"> Reason: \""+want+" - ") {
			t.Errorf("the bounce log says nothing of %s", address)
		}
	}
	if n := strings.Count(boxed, "Final-Recipient"); n != 5 {
		t.Errorf("%d recipients in bounce messages", n)
	}
}

// reports are the texts of all bounce messages that the sender has in his mailbox.
func (v *virtual) reports(t *testing.T) (texts string) {
	t.Helper()
	boxes := v.Appliance().Mailboxes()
	page, err := boxes.List(t.Context(), "mgmt01@cisco.com", 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range page.Letters {
		r, err := boxes.Open(&page.Letters[i])
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err = errors.Join(err, r.Close()); err != nil {
			t.Fatal(err)
		}
		texts += string(b)
	}
	return texts
}
