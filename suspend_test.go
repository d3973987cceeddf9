package esasim_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/esa"
	"esasim/esasimtest"
	"esasim/lab"
)

// While deliveries are suspended, or the work queue is paused, by the API, mail is
// taken and stays; afterwards it goes.
func TestSuspend(t *testing.T) {
	l := esasimtest.Start(t)
	call := func(method, name, want string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, l.Addresses.Console+"/_esasim/v1/"+name, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if b, err := io.ReadAll(resp.Body); err != nil || strings.TrimSpace(string(b)) != want {
			t.Errorf("%s %s: %s %s, %v; want %s", method, name, resp.Status, b, err, want)
		}
	}
	state := func(mid esa.MID) esa.State {
		m, err := l.Appliance().Tracking().Message(t.Context(), mid)
		if err != nil {
			t.Fatal(err)
		}
		return m.State
	}
	becomes := func(mid esa.MID, want esa.State) {
		t.Helper()
		eventually(t, fmt.Sprintf("MID %d to be %s", mid, want), func() error {
			if s := state(mid); s != want {
				return fmt.Errorf("it is %s", s)
			}
			return nil
		})
	}
	call("GET", "delivery", `{"suspended":false}`)
	call("POST", "delivery/suspend", `{"suspended":true}`)
	first := l.Send(t, "a@example.com", "Subject: x\r\n\r\n", "b@example.org")
	becomes(first, esa.Queued)
	call("GET", "delivery", `{"suspended":true}`)
	second := l.Send(t, "a@example.com", "Subject: x\r\n\r\n", "b@example.org")
	becomes(second, esa.Queued) // a message later, the first would have gone
	if s := state(first); s != esa.Queued {
		t.Errorf("MID %d is %s while deliveries are suspended", first, s)
	}
	call("POST", "delivery/resume", `{"suspended":false}`)
	becomes(first, esa.Delivered)
	becomes(second, esa.Delivered)

	call("GET", "workqueue", `{"paused":false}`)
	call("POST", "workqueue/pause", `{"paused":true}`)
	third := l.Send(t, "a@example.com", "Subject: x\r\n\r\n", "b@example.org")
	var fourth esa.MID
	for range 20 { // meanwhile the third would have gone
		fourth = l.Send(t, "a@example.com", "Subject: x\r\n\r\n", "b@example.org")
	}
	call("GET", "workqueue", `{"paused":true}`)
	if s, s2 := state(third), state(fourth); s != esa.Processing || s2 != esa.Processing {
		t.Errorf("%s, %s while the work queue is paused", s, s2)
	}
	call("POST", "workqueue/resume", `{"paused":false}`)
	becomes(third, esa.Delivered)
	becomes(fourth, esa.Delivered)
}

// Deliveries to a domain are suspended, and what waits is tried at once, by the API.
func TestOrdersToDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, func(o *lab.Options) { o.Config.Cloud = nil })
		defer func() { v.stop() }()
		c := v.caller(t)
		state := func(mid esa.MID) esa.State {
			time.Sleep(time.Second)
			m, err := v.Appliance().Tracking().Message(t.Context(), mid)
			if err != nil {
				t.Fatal(err)
			}
			return m.State
		}
		c.asks("delivery/suspend", `{"domains": ["Example.org"]}`, http.StatusOK, `{"suspended":false,"domains":["example.org"]}`)
		held, passed := v.send(t, "bob@example.org", "held"), v.send(t, "bob@example.com", "passed")
		if a, b := state(held), state(passed); a != esa.Queued || b != esa.Delivered {
			t.Errorf("%s and %s", a, b)
		}
		c.asks("delivery/resume", `{"domains": ["example.org"]}`, http.StatusOK, `{"suspended":false}`)
		if s := state(held); s != esa.Delivered {
			t.Errorf("resumed, and %s", s)
		}
		deferred := v.send(t, "defer@esasim.test", "deferred")
		if s := state(deferred); s != esa.Delayed {
			t.Errorf("deferred, and %s", s)
		}
		c.asks("delivery/retry", "", http.StatusOK, `{"suspended":false}`)
		if s := state(deferred); s != esa.Delivered {
			t.Errorf("tried at once, and %s", s)
		}
		for body, why := range map[string]string{`{`: "not JSON", `{"domains": []}`: "1 to 1000", `{"domains": ["a@b"]}`: "no domain", `{"domain": "x"}`: "unknown key", `{"domains": ["a\nb"]}`: "no domain"} {
			c.asks("delivery/suspend", body, http.StatusBadRequest, why)
		}
	})
}
