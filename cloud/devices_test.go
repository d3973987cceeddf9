package cloud_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"esasim/cloud/sse"
)

// answering has a device answer every request with what it asks for.
func (d *device) answering(ctx context.Context) {
	go func() {
		for ctx.Err() == nil {
			w := d.poll(ctx)
			if w.Code != http.StatusOK {
				return
			}
			var got struct{ Requests []errand }
			want(d.box.t, w, 200, &got)
			for _, e := range got.Requests {
				want(d.box.t, d.answer(e.ID, fmt.Sprintf(`{"status":418,"headers":{"Content-Type":"text/x","Content-Length":"9","X-Secret":"y"},"body":%q}`,
					asBase64(e.Method+" "+e.Path+" "+e.Headers["Accept"]+" "+string(e.Body)))), 204, nil)
			}
		}
	}()
}

// TestDeviceRoutes walks through /iroh/iroh-sse as a client with the scope sse.
func TestDeviceRoutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, "AMERICAS")
		want(t, b.do("PUT", "/sse/api/v1/services", `{"Cisco Threat Response":true}`), 200, nil)
		auth := b.client("sse")
		const all = "/iroh/iroh-sse/device"
		do := func(method, path, body string, status int, v any) string {
			t.Helper()
			w := b.do(method, all+path, body, auth)
			want(t, w, status, nil)
			if v != nil {
				want(t, w, status, v)
			}
			return w.Body.String()
		}
		if got := do("GET", "", "", 200, nil); strings.TrimSpace(got) != "[]" {
			t.Errorf("no devices: %s", got)
		}
		var d sse.Device
		do("POST", "", `{"name":"mail 1","description":"in the cellar","expiry":"2h"}`, 200, &d)
		if d.Name != "mail 1" || d.Description != "in the cellar" || d.Status != sse.Pending || !d.TokenExpires.Equal(time.Now().Add(2*time.Hour)) {
			t.Errorf("added %+v", d)
		}
		var first, second sse.Token
		do("POST", "/"+d.ID+"/token", "", 200, &first)
		do("POST", "/"+d.ID+"/token", `{"expiry":"5d"}`, 200, &second)
		refused(t, b.do("POST", "/providers/sse/v1/register", registration(first.Token)), 403, "invalid_token")
		dev := device{box: b}
		want(t, b.do("POST", "/providers/sse/v1/register", registration(second.Token)), 201, &dev)
		do("PATCH", "/"+d.ID, `{"description":""}`, 200, nil)
		want(t, dev.call("POST", "/heartbeat", `{"device":`+facts+`}`), 200, nil)
		do("GET", "/"+d.ID, "", 200, &d)
		if d.Name != "mail 1" || d.Description != "ESA" || d.Status != sse.Registered || d.Version != "13.0.0" {
			t.Errorf("registered %+v", d)
		}
		var rows []sse.Device
		if do("GET", "", "", 200, &rows); len(rows) != 1 || rows[0].ID != d.ID || rows[0].Name != "mail 1" {
			t.Errorf("list %+v", rows)
		}

		ctx, cancel := context.WithCancel(t.Context())
		dev.answering(ctx)
		synctest.Wait()
		w := b.do("POST", all+"/"+d.ID+"/api-proxy",
			`{"path":"/esa/api/v2.0/x?y=z","method":"PUT","headers":{"Accept":"a/b"},"body":{"k":[1]},"timeout":5}`, auth)
		if h := w.Header(); w.Code != 418 || w.Body.String() != `PUT /esa/api/v2.0/x?y=z a/b {"k":[1]}` || h.Get("Content-Type") != "text/x" ||
			h.Get("X-Secret") != "" || h.Get("X-Esasim-Answered-By") != "device" {
			t.Errorf("api-proxy: %d %v %s", w.Code, h, w.Body)
		}
		if got := do("POST", "/"+d.ID+"/api-proxy", `{"path":"/p","body":"text"}`, 418, nil); got != "GET /p  text" {
			t.Errorf("a text: %s", got)
		}
		cancel()
		synctest.Wait()
		refused(t, b.do("POST", all+"/"+d.ID+"/api-proxy", `{"path":"/p"}`, auth), 502, "device_offline")
		dev.fetch()
		go dev.fetch() // takes the request, and answers nothing
		refused(t, b.do("POST", all+"/"+d.ID+"/api-proxy", `{"path":"/p","timeout":3}`, auth), 504, "device_timeout")

		do("DELETE", "/"+d.ID, "", 204, nil)
		refused(t, b.do("GET", all+"/"+d.ID, nil, auth), 404, "device_not_found")
		synctest.Wait()
	})
}

// TestDeviceRoutesRefuse: who may not, what cannot be read, and what is not there.
func TestDeviceRoutesRefuse(t *testing.T) {
	b := open(t, "AMERICAS")
	d := b.register()
	want(t, b.do("PUT", "/sse/api/v1/services", `{"Cisco Threat Response":true}`), 200, nil)
	auth, reads, none := b.client("sse"), b.client("sse:read"), b.client("enrich")
	const all = "/iroh/iroh-sse/device"
	for _, c := range []struct {
		auth, method, path, body string
		status                   int
		holds                    string
	}{
		{none, "GET", all, "", 403, `"required-scopes":["sse:read"]`},
		{reads, "GET", all, "", 200, d.ID},
		{reads, "POST", all, `{"name":"x"}`, 403, `"missing-scopes":["sse:write"]`},
		{reads, "DELETE", all + "/" + d.ID, "", 403, "missing_scope"},
		{reads, "POST", all + "/" + d.ID + "/api-proxy", `{"path":"/"}`, 403, "missing_scope"},
		{"X: y", "GET", all, "", 401, "No JWT found"},
		{auth, "PUT", all, "", 405, "method_not_allowed"},
		{auth, "GET", all + "?x=y", "", 400, "invalid_request"},
		{auth, "GET", "/iroh/iroh-sse/nothing", "", 404, "not_found"},
		{auth, "GET", "/iroh/iroh-sse/tenant/token", "", 501, "not_implemented"},
		{auth, "POST", all, `{}`, 400, `{"name":"missing-required-key"}`},
		{auth, "POST", all, `{"name":"x","id":1}`, 400, `{"errors":{"id":"disallowed-key"}}`},
		{auth, "POST", all, `{"name":1}`, 400, `(not (instance? java.lang.String name))`},
		{auth, "POST", all, `{"name":"x","expiry":"3h"}`, 400, "invalid_request"},
		{auth, "POST", all, `{"name":"` + strings.Repeat("x", 256) + `"}`, 400, "invalid_request"},
		{auth, "POST", all, `{"name":"a\u0000b"}`, 400, "invalid_request"},
		{auth, "POST", all, `[]`, 400, "Malformed"},
		{auth, "POST", all, `{"name":"x"`, 400, "Malformed"},
		{auth, "POST", all, `{"name":"` + strings.Repeat("x", 64<<10) + `"}`, 413, "request_too_large"},
		{auth, "PATCH", all + "/" + d.ID, `{"status":"Registered"}`, 400, "disallowed-key"},
		{auth, "PATCH", all + "/nobody", `{"name":"x"}`, 404, "device_not_found"},
		{auth, "DELETE", all + "/nobody", "", 404, "device_not_found"},
		{auth, "POST", all + "/nobody/token", "", 404, "device_not_found"},
		{auth, "POST", all + "/" + d.ID + "/token", `{"expiry":"x"}`, 400, "invalid_request"},
		{auth, "POST", all + "/nobody/api-proxy", `{"path":"/"}`, 404, "device_not_found"},
		{auth, "POST", all + "/" + d.ID + "/api-proxy", `{}`, 400, `{"path":"missing-required-key"}`},
		{auth, "POST", all + "/" + d.ID + "/api-proxy", `{"path":"http://x/"}`, 400, "invalid_request"},
		{auth, "POST", all + "/" + d.ID + "/api-proxy", `{"path":"/","timeout":61}`, 400, "invalid_request"},
		{auth, "POST", all + "/" + d.ID + "/api-proxy", `{"path":"/","headers":[]}`, 400, "clojure.lang.IPersistentMap headers"},
		{auth, "POST", all + "/" + d.ID + "/api-proxy", `{"path":"/"}`, 502, "device_offline"},
	} {
		w := b.do(c.method, c.path, c.body, c.auth)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.holds) {
			t.Errorf("%s %s %.60s: %d, want %d with %s: %.300s", c.method, c.path, c.body, w.Code, c.status, c.holds, w.Body)
		}
	}
	want(t, b.do("PUT", "/sse/api/v1/services", `{"Cisco Threat Response":false}`), 200, nil)
	if w := b.do("GET", all, nil, auth); strings.TrimSpace(w.Body.String()) != "[]" {
		t.Errorf("switched off: %s", w.Body)
	}
	refused(t, b.do("GET", all+"/"+d.ID, nil, auth), 403, "forbidden")
}

// TestPortalCalls: what the pages of the portal can do with rows, and the audit log.
func TestPortalCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, "AMERICAS")
		d := b.register()
		const rows = "/sse/api/v1/devices"
		var row sse.Device
		want(t, b.do("PATCH", rows+"/"+d.ID, `{"name":"renamed"}`), 200, &row)
		if row.Name != "renamed" || row.Description != "ESA" {
			t.Errorf("edited %+v", row)
		}
		refused(t, b.do("PATCH", rows+"/"+d.ID, `{"name":"`+strings.Repeat("x", 256)+`"}`), 400, "invalid_request")
		refused(t, b.do("PATCH", rows+"/nobody", `{}`), 404, "unknown_device")

		// An expired row stays, and another token makes it pending again.
		want(t, b.do("POST", "/sse/api/v1/tokens", `{}`), 201, nil)
		time.Sleep(time.Hour)
		var left sse.Device
		for _, r := range b.devices() {
			if r.ID != d.ID {
				left = r
			}
		}
		if left.Status != sse.Expired {
			t.Errorf("lapsed %+v", left)
		}
		var token sse.Token
		want(t, b.do("POST", rows+"/"+left.ID+"/token", `{"expiry":"12h"}`), 201, &token)
		want(t, b.do("GET", rows+"/"+left.ID, nil), 200, &left)
		if left.Status != sse.Pending || !left.TokenExpires.Equal(time.Now().Add(12*time.Hour)) {
			t.Errorf("with another token %+v", left)
		}
		want(t, b.do("POST", "/providers/sse/v1/register", registration(token.Token)), 201, nil)

		want(t, b.do("PUT", "/sse/api/v1/services", `{"Eventing":true}`), 200, nil)
		if w := b.do("GET", "/sse/api/v1/services", nil); strings.TrimSpace(w.Body.String()) != `{"Cisco Threat Response":false,"Eventing":true}` {
			t.Errorf("services %s", w.Body)
		}
		refused(t, b.do("PUT", "/sse/api/v1/services", `{}`), 400, "invalid_request")

		want(t, b.do("POST", rows+"/delete", fmt.Sprintf(`{"ids":[%q,"gone",%q]}`, d.ID, left.ID)), 204, nil)
		if n := len(b.devices()); n != 0 {
			t.Errorf("%d devices left", n)
		}
		var log struct{ Entries []sse.AuditEntry }
		want(t, b.do("GET", "/sse/api/v1/audit-log", nil), 200, &log)
		got := ""
		for _, e := range log.Entries {
			e.Object = strings.ReplaceAll(strings.ReplaceAll(e.Object, d.ID, "D"), left.ID, "L")
			got += fmt.Sprintf("%s | %s | %s | %s\n", e.User, e.Action, e.Object, e.Result)
		}
		wanted := `portal | Delete device | esa.esasim.test | Success
portal | Delete device | renamed | Success
portal | Set cloud services | Cisco Threat Response: false, Eventing: true | Success
device esa.esasim.test | Register device | esa.esasim.test | Success
portal | Generate token | L | Success
portal | Add device | L | Success
portal | Edit device | renamed | Success
device esa.esasim.test | Register device | esa.esasim.test | Success
portal | Add device | D | Success
`
		if got != wanted {
			t.Errorf("audit log:\n%s\nwant\n%s", got, wanted)
		}

		// It is there after a restart, and goes after 90 days.
		b.stop()
		time.Sleep(91 * 24 * time.Hour) // while it is closed: nothing of it wakes up
		b.start()
		want(t, b.do("PUT", "/sse/api/v1/services", `{"Eventing":false}`), 200, nil)
		want(t, b.do("GET", "/sse/api/v1/audit-log", nil), 200, &log)
		if len(log.Entries) != 1 {
			t.Errorf("after 91 days %+v", log.Entries)
		}
	})
}

// TestProxyAudited: a request that changes something is in the audit log, whoever makes
// it and whatever comes of it; one that reads is not.
func TestProxyAudited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, "AMERICAS")
		want(t, b.do("PUT", "/sse/api/v1/services", `{"Cisco Threat Response":true}`), 200, nil)
		d := b.register()
		auth := b.client("sse")
		where := "/iroh/iroh-sse/device/" + d.ID + "/api-proxy"
		ctx, cancel := context.WithCancel(t.Context())
		d.answering(ctx)
		synctest.Wait()
		want(t, b.do("POST", where, `{"path":"/read"}`, auth), 418, nil)
		want(t, b.do("POST", where, `{"path":"/write?secret=x","method":"POST"}`, auth), 418, nil)
		cancel()
		synctest.Wait()
		want(t, b.do("POST", where, `{"path":"/late","method":"DELETE"}`, auth), 502, nil)
		log, err := b.cloud.SSE().Audit(t.Context())
		if err != nil || len(log) != 5 {
			t.Fatalf("audit log %+v: %v", log, err)
		}
		for i, wanted := range []sse.AuditEntry{
			{Object: d.ID + ": DELETE /late", Result: "Failed: the device is offline"},
			{Object: d.ID + ": POST /write", Result: "Failed: the device answered 418"},
		} {
			e := log[i]
			if e.Action != "Request to device" || e.Object != wanted.Object || e.Result != wanted.Result || !strings.Contains(e.User, "@esasim.test (client-") {
				t.Errorf("entry %+v, want %+v", e, wanted)
			}
		}
	})
}
