package esasim_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/cloud/sse"
	"esasim/lab"
)

// The cloud reaches the appliance's own API over the link, as an operator, and gets
// what the API says.
func TestProxyReachesAPI(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, nil)
		defer func() { v.stop() }()
		mid := v.send(t, "alan@corp.example", "down and up")
		time.Sleep(time.Second)
		device := v.Appliance().Link().Status().DeviceID
		exchange := v.Cloud(lab.Americas).SSE()
		ask := func(method, path, body string) sse.Answer {
			t.Helper()
			a, err := exchange.Proxy(t.Context(), device, sse.Request{Method: method, Path: path, Body: []byte(body),
				Header: map[string]string{"Content-Type": "application/json", "Authorization": "Basic bm9ib2R5Om5vYm9keQ==", "JWTTOKEN": "forged"}})
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		a := ask("GET", fmt.Sprintf("/esa/api/v2.0/message-tracking/details?mid=%d", mid), "")
		var found struct{ Data json.RawMessage }
		if err := json.Unmarshal(a.Body, &found); a.Status != 200 || err != nil || !strings.Contains(string(found.Data), "down and up") {
			t.Errorf("details: %d %s", a.Status, a.Body)
		}
		for _, c := range []struct {
			method, path, body string
			status             int
		}{
			{"GET", "/esa/api/v2.0/nothing", "", 404},
			{"DELETE", "/esa/api/v2.0/health/", "", 404},
			{"GET", "/", "", 404}, // the pages are not the API
			{"GET", "/_esasim/v1/ready", "", 404},
			{"POST", "/esa/api/v2.0/login", `{"data":{"userName":"YWRtaW4=","passphrase":"aXJvbnBvcnQ="}}`, 401},
			{"GET", "/esa/api/v2.0/login/privileges", "", 200},
		} {
			if a := ask(c.method, c.path, c.body); a.Status != c.status {
				t.Errorf("%s %s: %d %s", c.method, c.path, a.Status, a.Body)
			}
		}

		// The link is cut: what is asked now fails at once, and works again by itself.
		v.down.Store(true)
		v.cut()
		synctest.Wait()
		begun := time.Now()
		if _, err := exchange.Proxy(t.Context(), device, sse.Request{Path: "/esa/api/v2.0/health"}); !errors.Is(err, sse.ErrOffline) || time.Since(begun) != 0 {
			t.Errorf("cut off: %v after %s", err, time.Since(begun))
		}
		v.down.Store(false)
		time.Sleep(2 * time.Minute)
		ask("GET", "/esa/api/v2.0/health", "")
	})
}
