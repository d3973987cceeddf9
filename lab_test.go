package esasim_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/config"
	"esasim/appliance/status"
	"esasim/cloud/ctim"
	"esasim/cloudlink"
	"esasim/esa"
	"esasim/internal/memnet"
	"esasim/lab"
	"esasim/tracking"
)

// virtual is a lab in a synctest bubble: its network and its disk are in
// memory, its hours pass at once.
type virtual struct {
	*lab.Lab
	net  memnet.Network
	fs   vfs.FS
	down atomic.Bool // the appliance cannot reach the cloud: no new connections
	stop func()

	mu    sync.Mutex
	conns []net.Conn // that the appliance has made
}

// usage is that of the machine that labs in a bubble run on.
func usage(context.Context) status.Usage {
	return status.Usage{RAM: 45, CPU: 12, Swap: 2, DiskIO: 5, Process: 7}
}

func (v *virtual) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if v.down.Load() {
		return nil, errors.New("network is unreachable")
	}
	conn, err := v.net.Dial(ctx, network, address)
	if err == nil {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.conns = append(v.conns, conn)
	}
	return conn, err
}

// cut breaks the connections that the appliance has made.
func (v *virtual) cut() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, c := range v.conns {
		_ = c.Close() // the peer may have been quicker
	}
	v.conns = nil
}

func (v *virtual) start(t *testing.T, change func(*lab.Options)) {
	t.Helper()
	o := lab.Options{Config: lab.DefaultConfig(), FS: v.fs, Dir: "data", Listen: v.net.Listen, Dial: v.dial, Usage: usage}
	if change != nil {
		change(&o)
	}
	for _, at := range []string{o.Config.SMTP, o.Config.Console} {
		if at != "" && !strings.HasPrefix(at, "127.") { // others could reach it
			o.Config.Appliance.Users = []config.User{{Name: "admin", Passphrase: "not-the-factorys", Role: "Administrator"}}
		}
	}
	l, err := lab.New(o)
	if err != nil {
		t.Fatal(err)
	}
	v.Lab = l
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	v.stop = func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
		if err := l.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	<-l.Ready()
}

// send sends one message and gives back its MID.
func (v *virtual) send(t *testing.T, to, subject string) esa.MID {
	t.Helper()
	return v.sendTo(t, subject, to)
}

func (v *virtual) sendTo(t *testing.T, subject string, to ...string) esa.MID {
	t.Helper()
	conn, err := v.net.Dial(t.Context(), "tcp", v.Addresses().SMTP)
	if err != nil {
		t.Fatal(err)
	}
	c, err := smtp.NewClient(conn, "esa.esasim.test")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Mail("mgmt01@cisco.com"); err != nil {
		t.Fatal(err)
	}
	for _, rcpt := range to {
		if err := c.Rcpt(rcpt); err != nil {
			t.Fatal(err)
		}
	}
	id, err := c.Text.Cmd("DATA")
	if err != nil {
		t.Fatal(err)
	}
	c.Text.StartResponse(id)
	if _, _, err := c.Text.ReadResponse(354); err != nil {
		t.Fatal(err)
	}
	c.Text.EndResponse(id)
	w := c.Text.DotWriter()
	fmt.Fprintf(w, "Subject: %s\r\nMessage-ID: <%s@cisco.com>\r\n\r\nhello\r\n", subject, strings.ReplaceAll(subject, " ", "."))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, reply, err := c.Text.ReadResponse(250)
	if err != nil {
		t.Fatal(err)
	}
	var mid esa.MID
	if _, err := fmt.Sscanf(reply, "ok:  Message %d accepted", &mid); err != nil {
		t.Fatalf("reply %q: %v", reply, err)
	}
	if err := c.Quit(); err != nil {
		t.Fatal(err)
	}
	return mid
}

// investigate gives the sightings of an observable in AMERICAS.
func (v *virtual) investigate(t *testing.T, kind ctim.ObservableType, value string) []ctim.Sighting {
	t.Helper()
	env, err := v.Cloud(lab.Americas).CTR().Observe(t.Context(), []ctim.Observable{{Type: kind, Value: value}})
	if err != nil {
		t.Fatal(err)
	}
	if len(env.Errors) > 0 {
		t.Fatalf("investigate %s:%q: %+v", kind, value, env.Errors)
	}
	var out []ctim.Sighting
	for _, d := range env.Data {
		out = append(out, d.Data.Sightings()...)
	}
	return out
}

// The cloud is away for a day. Mail is taken as before, nothing is lost, and
// when the cloud is back it learns of everything, once.
func TestCloudOutageOfADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, nil)
		defer func() { v.stop() }()

		v.send(t, "testingBren@cisco.com", "before")
		time.Sleep(2 * time.Second)
		if n := len(v.investigate(t, ctim.EmailSubject, "before")); n != 1 {
			t.Fatalf("before the outage: %d sightings, want 1", n)
		}

		v.down.Store(true)
		const hours = 24
		for h := range hours {
			begin := time.Now()
			v.send(t, "testingBren@cisco.com", fmt.Sprintf("hour %d", h))
			if took := time.Since(begin); took > time.Second {
				t.Errorf("hour %d: the outage slowed a message down to %s", h, took)
			}
			time.Sleep(time.Hour)
		}
		m, err := v.Appliance().Tracking().Message(t.Context(), 5)
		if err != nil || m.State != esa.Delivered {
			t.Errorf("during the outage: MID 5 %v, %v", m.State, err)
		}
		if s := v.Appliance().Link().Status(); s.State != cloudlink.Registered {
			t.Errorf("an outage is no reason to be unregistered: %+v", s)
		}
		v.down.Store(false)
		time.Sleep(2 * time.Minute) // the longest wait between attempts is one
		for h := range hours {
			if n := len(v.investigate(t, ctim.EmailSubject, fmt.Sprintf("hour %d", h))); n != 1 {
				t.Errorf("hour %d: %d sightings, want 1", h, n)
			}
		}
		if n := len(v.investigate(t, ctim.Email, "mgmt01@cisco.com")); n != hours+1 {
			t.Errorf("sender: %d sightings, want %d", n, hours+1)
		}
	})
}

// A delayed message is at rest, is told to the cloud, and its sighting is
// replaced when it is delivered after all; a restart in between changes
// nothing.
func TestDelayedMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, nil)
		mid := v.send(t, "defer@esasim.test", "later")
		time.Sleep(2 * time.Second)
		check := func(state esa.State, description string) {
			t.Helper()
			m, err := v.Appliance().Tracking().Message(t.Context(), mid)
			if err != nil || m.State != state {
				t.Errorf("state %v, %v, want %v", m.State, err, state)
			}
			found := v.investigate(t, ctim.CiscoMID, mid.String())
			if len(found) != 1 || found[0].Description != description {
				t.Errorf("sightings %+v, want one: %s", found, description)
			}
		}
		check(esa.Delayed, "Incoming message (Delayed)")
		v.stop()
		v.start(t, nil)
		check(esa.Delayed, "Incoming message (Delayed)")
		time.Sleep(2 * time.Minute)
		check(esa.Delivered, "Incoming message (Delivered)")
		if next := v.send(t, "x@example.org", "next"); next != mid+1 {
			t.Errorf("after a proper restart the next message is MID %d, want %d", next, mid+1)
		}
		v.stop()
	})
}

// A message that no host ever takes bounces when its time in the queue is over.
func TestMessageExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, func(o *lab.Options) { o.Config.Appliance.Delivery.MaxTime = 6 * time.Hour })
		defer func() { v.stop() }()
		mid := v.send(t, "451-4.2.1@esasim.test", "never")
		time.Sleep(7 * time.Hour)
		m, err := v.Appliance().Tracking().Message(t.Context(), mid)
		if err != nil || m.State != esa.Bounced || !m.Finished {
			t.Errorf("state %v, finished %t, %v", m.State, m.Finished, err)
		}
		// After 0, 1, 3, 7, 15, 31 and 63 minutes, then every hour; the last one
		// is the one whose next would be too late.
		if n := m.Recipients[0].Attempts; n != 11 {
			t.Errorf("%d attempts in six hours, want 11", n)
		}
	})
}

// Registration by hand: tokens expire, are used once, and belong to a region.
func TestRegistration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		unregistered := func(o *lab.Options) { o.Config.Unregistered = true }
		v.start(t, unregistered)
		defer func() { v.stop() }()
		token := func(region string) string {
			tokens, err := v.Cloud(region).SSE().GenerateTokens(t.Context(), 1, time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			return tokens[0].Token
		}
		register := func(token string) error {
			return v.Appliance().Link().Register(t.Context(), lab.Americas, token)
		}
		expired := token(lab.Americas)
		time.Sleep(time.Hour + time.Second)
		good := token(lab.Americas)
		var texts []string
		for name, tok := range map[string]string{"expired": expired, "mistyped": good[:31] + "x", "other region": token(lab.Europe), "empty": ""} {
			err := register(tok)
			if !errors.Is(err, cloudlink.ErrRefused) {
				t.Fatalf("%s token: %v", name, err)
			}
			texts = append(texts, v.Appliance().Link().Status().LastError)
		}
		for _, text := range texts {
			if text != texts[0] || !strings.HasPrefix(text, "The registration failed because of an invalid or expired token.") {
				t.Errorf("the reader must never be told which: %q", texts)
			}
		}
		if err := register("  " + good + "\n"); err != nil {
			t.Fatalf("good token: %v", err)
		}
		if err := register(good); !errors.Is(err, cloudlink.ErrRegistered) {
			t.Errorf("registering twice: %v", err)
		}
		v.stop()
		v.start(t, unregistered)
		if s := v.Appliance().Link().Status(); s.State != cloudlink.Registered {
			t.Errorf("after a restart: %+v", s)
		}
		if err := v.Appliance().Link().Deregister(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := register(good); !errors.Is(err, cloudlink.ErrRefused) {
			t.Errorf("used token: %v", err)
		}
	})
}

// A device that is deleted in the portal is no longer one: the appliance learns
// it, and its mail goes on.
func TestDeviceDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, nil)
		defer func() { v.stop() }()
		id := v.Addresses().DeviceID
		if err := v.Cloud(lab.Americas).SSE().Delete(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		v.send(t, "x@example.org", "after")
		time.Sleep(2 * time.Second)
		if s := v.Appliance().Link().Status(); s.State != cloudlink.Unregistered || s.LastError == "" {
			t.Errorf("link: %+v", s)
		}
		page, err := v.Appliance().Tracking().Search(t.Context(), tracking.Query{Subject: tracking.Text{Op: tracking.Is, Value: "AFTER"}})
		if err != nil || len(page.Messages) != 1 || page.Messages[0].State != esa.Delivered {
			t.Errorf("tracking: %+v, %v", page, err)
		}
	})
}

// A cloud that is not on this machine is spoken to in packed form; nothing else
// is different.
func TestCloudElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := &virtual{fs: vfs.NewMem()}
		cloud.start(t, func(o *lab.Options) {
			o.Config.SMTP, o.Config.Console, o.Config.Cloud = "", "", lab.Regions{lab.Americas: "cloud.example:9080"}
		})
		defer func() { cloud.stop() }()
		token, err := cloud.Token(t.Context(), lab.Americas)
		if err != nil {
			t.Fatal(err)
		}
		box := &virtual{fs: vfs.NewMem()}
		box.start(t, func(o *lab.Options) {
			o.Config.Cloud = nil
			o.SSE = &lab.Enrol{Region: lab.Americas, URL: "http://cloud.example:9080", Token: token}
			o.Dial = cloud.net.Dial
		})
		defer func() { box.stop() }()
		box.send(t, "b@example.org", "from afar")
		time.Sleep(time.Hour) // heartbeats, too
		if n := len(cloud.investigate(t, ctim.EmailSubject, "from afar")); n != 1 {
			t.Errorf("%d sightings, want 1; link %+v", n, box.Appliance().Link().Status())
		}
	})
}
