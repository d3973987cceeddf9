package cloudlink

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"esasim/esa"
)

func takeAll(ids []string) (int, string, map[string]string) {
	return http.StatusOK, taken(len(ids)), nil
}

// A heartbeat that the cloud refuses, in whatever way, is tried again at its
// next time; mail is told of all the while.
func TestRefusedHeartbeat(t *testing.T) {
	statuses := []int{400, 403, 413, 415, 422}
	n := 0
	cloud := &scripted{answer: takeAll, heartbeat: func() (int, string) {
		n++
		if n > len(statuses) {
			return http.StatusOK, `{"status":"Registered"}`
		}
		return statuses[n-1], `{"error":"invalid_token","message":"no"}`
	}}
	withLink(t, cloud, func(t *testing.T, b *box, l *Link) {
		time.Sleep(2*time.Hour + time.Minute)
		b.deliver(1)
		time.Sleep(time.Second)
		cloud.mu.Lock()
		defer cloud.mu.Unlock()
		if s := l.Status(); s.State != Registered || s.Pushed != 1 {
			t.Errorf("status %+v", s)
		}
		if len(cloud.beats) != 7 { // every twenty minutes
			t.Errorf("%d heartbeats in two hours, want 7", len(cloud.beats))
		}
	})
}

// Whatever a cloud names as device, credential and time, the link goes on.
func TestStrangeRegistration(t *testing.T) {
	for _, body := range []string{
		`{"device_id":"a/b?%zz\n\u0000#","credential":"c","heartbeat_seconds":9223372036854775807}`,
		`{"device_id":"d","credential":"c\r\nX: y","heartbeat_seconds":-5}`,
	} {
		cloud := &scripted{answer: takeAll, register: func(int) string { return body }}
		withLink(t, cloud, func(t *testing.T, b *box, l *Link) {
			b.deliver(1)
			time.Sleep(time.Minute)
			if s := l.Status(); s.State != Registered {
				t.Errorf("%s: status %+v", body, s)
			}
			cloud.mu.Lock()
			defer cloud.mu.Unlock()
			if len(cloud.beats) > 61 {
				t.Errorf("%s: %d heartbeats in a minute", body, len(cloud.beats))
			}
		})
	}
}

// An answer that names no device or no credential is no registration.
func TestHalfRegistration(t *testing.T) {
	answers := []string{`{}`, `{"device_id":"d"}`, `{"credential":"c"}`, `{"device_id":"d","credential":"c","heartbeat_seconds":60}`}
	cloud := &scripted{answer: takeAll, register: func(n int) string { return answers[n-1] }}
	withLink(t, cloud, func(t *testing.T, _ *box, l *Link) {
		cloud.mu.Lock()
		defer cloud.mu.Unlock()
		if s := l.Status(); s.State != Registered || s.DeviceID != "d" || cloud.registrations != len(answers) {
			t.Errorf("status %+v after %d answers", s, cloud.registrations)
		}
	})
}

// While a registration is under way there is nothing to end; it can be given
// up, and then another one can begin.
func TestGiveUpRegistering(t *testing.T) {
	cloud := &scripted{answer: takeAll, register: func(int) string { return "" }}
	withNewLink(t, cloud, func(t *testing.T, _ *box, l *Link) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- l.Register(ctx, "AMERICAS", "token") }()
		time.Sleep(time.Hour)
		if err := l.Deregister(t.Context()); !errors.Is(err, ErrRegistering) || !errors.Is(err, ErrNotDevice) {
			t.Errorf("deregister while registering: %v", err)
		}
		if s := l.Status(); s.State != Registering {
			t.Errorf("status %+v", s)
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("given up: %v", err)
		}
		if s := l.Status(); s.State != Unregistered || s.LastError == "" {
			t.Errorf("status %+v", s)
		}
		if err := l.Deregister(t.Context()); !errors.Is(err, ErrNotDevice) || errors.Is(err, ErrRegistering) {
			t.Errorf("deregister when unregistered: %v", err)
		}
		cloud.mu.Lock()
		cloud.register = nil
		cloud.mu.Unlock()
		if err := l.Register(t.Context(), "AMERICAS", "token"); err != nil || l.Status().State != Registered {
			t.Errorf("again: %v, %+v", err, l.Status())
		}
	})
}

// A new device is told everything, once, also across a restart, and although
// the old one's push comes to its end only now.
func TestRegisterAgain(t *testing.T) {
	cloud := &scripted{answer: takeAll}
	withLink(t, cloud, func(t *testing.T, b *box, l *Link) {
		b.deliver(3)
		time.Sleep(time.Second)
		if s := l.Status(); s.Seq != 3 || s.DeviceID != "d1" {
			t.Errorf("status %+v", s)
		}
		if err := l.Deregister(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s := l.Status(); s.Seq != 0 || s.LastError != "" {
			t.Errorf("deregistered: status %+v", s)
		}
		if err := l.Register(t.Context(), "AMERICAS", "token"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		again, err := New(l.o)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []Status{l.Status(), again.Status()} {
			if s.Seq != 3 || s.DeviceID != "d2" {
				t.Errorf("registered again: status %+v", s)
			}
		}
		cloud.mu.Lock()
		defer cloud.mu.Unlock()
		if want := slices.Concat(everything(3), everything(3)); !slices.Equal(cloud.taken, want) {
			t.Errorf("taken %v, want %v", cloud.taken, want)
		}
	})
}

// The last words of an old registration do nothing to the new one.
func TestOldRegistration(t *testing.T) {
	cloud := &scripted{answer: takeAll}
	withNewLink(t, cloud, func(t *testing.T, b *box, l *Link) {
		b.deliver(3)
		if err := l.Register(t.Context(), "AMERICAS", "token"); err != nil {
			t.Fatal(err)
		}
		old, _, _ := l.registration()
		if err := l.Deregister(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := l.Register(t.Context(), "AMERICAS", "token"); err != nil {
			t.Fatal(err)
		}
		// It learns that it is not in force, although the state is as it was.
		ctx, cancel := context.WithCancel(t.Context())
		go l.watch(ctx, old, cancel)
		synctest.Wait()
		if ctx.Err() == nil {
			t.Error("the old registration is served on")
		}
		cancel()
		// Its push ends, and its heartbeat was answered 401.
		if err := b.SetCursor(cursorName, 3, []byte(old.DeviceID)); err != nil {
			t.Fatal(err)
		}
		l.setSeq(old, 3)
		if err := l.forget(old, "gone"); err != nil {
			t.Fatal(err)
		}
		if s := l.Status(); s.State != Registered || s.DeviceID != "d2" || s.LastError != "" || s.Seq != 0 {
			t.Errorf("status %+v", s)
		}
		if !strings.Contains(string(b.saved), `"d2"`) {
			t.Errorf("kept %s", b.saved)
		}
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := l.Run(ctx); err != nil {
			t.Error(err)
		}
		if !slices.Equal(cloud.taken, everything(3)) {
			t.Errorf("taken %v", cloud.taken)
		}
	})
}

// A push that fails because the appliance is just being deregistered does not
// say that the cloud removed it.
func TestDeregisterUnderLoad(t *testing.T) {
	gone := false
	cloud := &scripted{}
	cloud.answer = func(ids []string) (int, string, map[string]string) {
		if gone {
			return http.StatusNotFound, `{"error":"unknown_device","message":"deleted"}`, nil
		}
		return takeAll(ids)
	}
	withLink(t, cloud, func(t *testing.T, b *box, l *Link) {
		cloud.deregister = func() {
			gone = true
			b.deliver(1)
			cloud.mu.Unlock() // the push is answered before this is
			time.Sleep(time.Second)
			cloud.mu.Lock()
		}
		if err := l.Deregister(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if s := l.Status(); s.State != Unregistered || s.LastError != "" || len(cloud.pushes) == 0 {
			t.Errorf("status %+v, %d pushes", s, len(cloud.pushes))
		}
	})
}

// What the link holds of messages that never end is bounded in bytes, and those
// let go are asked for when they come to rest.
func TestGatherBound(t *testing.T) {
	g := newGather(newBox())
	give := func(mid esa.MID, events ...esa.Event) []esa.Message {
		t.Helper()
		for i := range events {
			events[i].MID = mid
		}
		out, err := g.take(t.Context(), []esa.Entry{{Events: events}})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	give(1, esa.Event{Kind: esa.MessageStarted})
	for i := range 1000 { // 100 MB
		give(1, esa.Event{Kind: esa.EngineVerdict, Text: strings.Repeat(fmt.Sprint(i%10), 100_000)})
	}
	if n, bytes := g.open.Held(); n != 0 || bytes != 0 {
		t.Errorf("%d messages, %d bytes held", n, bytes)
	}
	if out := give(1, esa.Event{Kind: esa.RecipientDelivered}); len(out) != 1 || out[0].Sender != "a@b.test" {
		t.Errorf("not asked for: %+v", out)
	}
	// A message that ends takes nothing with it.
	give(2, esa.Event{Kind: esa.MessageStarted, Source: &esa.Source{Host: "h"}}, esa.Event{Kind: esa.AttachmentSeen, Attachment: &esa.Attachment{Name: "n"}})
	if _, bytes := g.open.Held(); bytes == 0 {
		t.Error("nothing counted")
	}
	give(2, esa.Event{Kind: esa.MessageFinished})
	if n, bytes := g.open.Held(); n != 0 || bytes != 0 {
		t.Errorf("%d messages, %d bytes held", n, bytes)
	}
}
