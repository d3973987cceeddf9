package esasim_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/cloud/ctim"
	"esasim/cloudlink"
	"esasim/lab"
)

// cloudAlone starts a cloud alone and makes a token in it.
func cloudAlone(t *testing.T) (cloud *virtual, token string) {
	t.Helper()
	cloud = &virtual{fs: vfs.NewMem()}
	cloud.start(t, func(o *lab.Options) {
		o.Config.SMTP, o.Config.Console, o.Config.Cloud = "", "", lab.Regions{lab.Americas: "cloud.example:9080"}
	})
	token, err := cloud.Token(t.Context(), lab.Americas)
	if err != nil {
		t.Fatal(err)
	}
	return cloud, token
}

// alone makes an appliance alone that is to register there.
func (v *virtual) alone(cloud *virtual, token string) func(*lab.Options) {
	return func(o *lab.Options) {
		o.Config.Cloud = nil
		o.SSE = &lab.Enrol{Region: lab.Americas, URL: "http://cloud.example:9080", Token: token}
		o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if v.down.Load() {
				return nil, errors.New("network is unreachable")
			}
			return cloud.net.Dial(ctx, network, address)
		}
	}
}

// The cloud comes back when the token has expired: the appliance, which takes
// mail since, is not registered, and says why.
func TestRegisterTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, token := cloudAlone(t)
		defer func() { cloud.stop() }()
		box := &virtual{fs: vfs.NewMem()}
		box.down.Store(true)
		box.start(t, box.alone(cloud, token))
		defer func() { box.stop() }() // Run has ended without an error
		time.Sleep(2 * time.Hour)
		box.down.Store(false)
		time.Sleep(2 * time.Minute)
		s := box.Appliance().Link().Status()
		if s.State != cloudlink.Unregistered || !strings.HasPrefix(s.LastError, "The registration failed because of an invalid or expired token.") {
			t.Errorf("link %+v", s)
		}
		box.send(t, "b@example.org", "still here")
	})
}

// A token that is refused at once ends the start.
func TestRegisterRefusedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, _ := cloudAlone(t)
		defer func() { cloud.stop() }()
		box := &virtual{fs: vfs.NewMem()}
		o := lab.Options{Config: lab.DefaultConfig(), FS: box.fs, Dir: "data", Listen: box.net.Listen}
		box.alone(cloud, "no token")(&o)
		l, err := lab.New(o)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if err := l.Run(t.Context()); !errors.Is(err, cloudlink.ErrRefused) {
			t.Errorf("run: %v", err)
		}
	})
}

// Somebody registers the appliance over the API before the lab does it.
func TestRegisterMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, token := cloudAlone(t)
		defer func() { cloud.stop() }()
		box := &virtual{fs: vfs.NewMem()}
		box.down.Store(true)
		o := lab.Options{Config: lab.DefaultConfig(), FS: box.fs, Dir: "data", Listen: box.net.Listen}
		box.alone(cloud, "another token")(&o)
		l, err := lab.New(o)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		registered := make(chan error, 1)
		go func() { registered <- l.Appliance().Link().Register(t.Context(), lab.Americas, token) }()
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- l.Run(ctx) }()
		time.Sleep(time.Hour / 2)
		box.down.Store(false)
		if err := <-registered; err != nil {
			t.Error(err)
		}
		select {
		case <-l.Ready():
		default:
			t.Error("not ready")
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
}

// An appliance that is registered again is a new device, and the cloud learns
// everything again.
func TestRegisterAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, nil)
		defer func() { v.stop() }()
		v.send(t, "b@example.org", "old mail")
		time.Sleep(time.Second)
		if err := v.Appliance().Link().Deregister(t.Context()); err != nil {
			t.Fatal(err)
		}
		token, err := v.Token(t.Context(), lab.Americas)
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Appliance().Link().Register(t.Context(), lab.Americas, token); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if n := len(v.investigate(t, ctim.EmailSubject, "old mail")); n != 1 {
			t.Errorf("%d sightings, want 1; link %+v", n, v.Appliance().Link().Status())
		}
	})
}
