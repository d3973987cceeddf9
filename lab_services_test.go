package esasim_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/cloudlink"
	"esasim/lab"
)

// Threat Response is switched off and on by a commit: meanwhile the cloud is told
// nothing, and nobody can register; afterwards it is told what came.
func TestThreatResponseSwitch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, nil)
		defer func() { v.stop() }()
		r := reloadable{v, t}
		pushed := func() uint64 { return v.Appliance().Link().Status().Pushed }
		r.events("u@x.example", "one")
		if pushed() != 1 {
			t.Fatalf("%d sightings", pushed())
		}
		c := v.Appliance().Changes()
		if err := c.Set("joe", "appliance.cloud_services.threat_response", "false"); err != nil {
			t.Fatal(err)
		}
		r.events("u@x.example", "two")
		if pushed() != 2 {
			t.Errorf("a draft has switched it off: %d sightings", pushed())
		}
		r.commit()
		time.Sleep(time.Second)
		r.events("u@x.example", "three")
		time.Sleep(time.Minute)
		if s := v.Appliance().Link().Status(); s.Pushed != 2 || !s.Disabled || s.State != cloudlink.Registered {
			t.Errorf("switched off: %+v", s)
		}
		if err := v.Appliance().Link().Register(t.Context(), lab.Europe, "x"); !errors.Is(err, cloudlink.ErrDisabled) {
			t.Errorf("register: %v", err)
		}
		v.stop()
		v.start(t, nil)
		time.Sleep(time.Minute)
		if s := v.Appliance().Link().Status(); s.Pushed != 0 || !s.Disabled {
			t.Errorf("after a restart: %+v", s)
		}
		r.commit("appliance.cloud_services.threat_response = true")
		time.Sleep(time.Minute)
		if pushed() == 0 {
			t.Error("switched on again, it tells nothing")
		}
	})
}

// A lab registers with the server that is selected.
func TestSelectedServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, func(o *lab.Options) { o.Config = configOf(t, "appliance: {cloud_services: {server: EUROPE}}") })
		defer func() { v.stop() }()
		if s := v.Appliance().Link().Status(); s.Region != lab.Europe || s.State != cloudlink.Registered {
			t.Errorf("registered: %+v", s)
		}
	})
}

// With message tracking switched off pages and API say so, and mail flows on.
func TestTrackingSwitch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		v.start(t, nil)
		defer func() { v.stop() }()
		r := reloadable{v, t}
		client := &caller{t, v.caller(t).client, v.Addresses().Console}
		ask := func(path string) (int, string) {
			req, err := http.NewRequest(http.MethodGet, v.Addresses().Console+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.SetBasicAuth("admin", "ironport")
			resp, err := client.client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			return resp.StatusCode, string(body)
		}
		const page, api = "/monitor/message_tracking", "/esa/api/v2.0/message-tracking/availability"
		r.commit("appliance.tracking.enabled = false")
		if m := r.events("u@x.example", "hidden"); m.Status() != "Delivered" {
			t.Errorf("mail is %s", m.Status())
		}
		for path, want := range map[string]int{page: 200, page + "/details?mid=1": 200, page + "/export": 200, api: 404} {
			if status, body := ask(path); status != want || !strings.Contains(body, "Message Tracking is disabled") {
				t.Errorf("%s: %d %s", path, status, body)
			}
		}
		r.commit("appliance.tracking.enabled = true")
		if status, body := ask(page + "?subject=hidden&subject_match=match_contains"); status != 200 || strings.Contains(body, "disabled") {
			t.Errorf("switched on again: %d %s", status, body)
		}
		if status, body := ask(api); status != 200 {
			t.Errorf("switched on again: %d %s", status, body)
		}
	})
}
