package cloud_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"esasim/cloud/sse"
)

// TestTokens walks through what the dialog "Add Devices and Generate Tokens"
// lets one ask for.
func TestTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, "AMERICAS")
		for _, c := range []struct {
			body    string
			status  int
			devices int
			expires time.Duration
		}{
			{`{"devices":1,"expiry":"1h"}`, 201, 1, time.Hour},
			{`{}`, 201, 1, time.Hour},
			{`{"expiry":"2h"}`, 201, 1, 2 * time.Hour},
			{`{"expiry":"4h"}`, 201, 1, 4 * time.Hour},
			{`{"expiry":"6h"}`, 201, 1, 6 * time.Hour},
			{`{"expiry":"8h"}`, 201, 1, 8 * time.Hour},
			{`{"expiry":"12h"}`, 201, 1, 12 * time.Hour},
			{`{"expiry":"1d"}`, 201, 1, 24 * time.Hour},
			{`{"expiry":"2d"}`, 201, 1, 48 * time.Hour},
			{`{"expiry":"3d"}`, 201, 1, 72 * time.Hour},
			{`{"expiry":"4d"}`, 201, 1, 96 * time.Hour},
			{`{"expiry":"5d"}`, 201, 1, 120 * time.Hour},
			{`{"devices":100}`, 201, 100, time.Hour},
			{`{"devices":0}`, 400, 0, 0},
			{`{"devices":101}`, 400, 0, 0},
			{`{"devices":-1}`, 400, 0, 0},
			{`{"expiry":"3h"}`, 400, 0, 0},
			{`{"expiry":"6d"}`, 400, 0, 0},
			{`{"expiry":""}`, 400, 0, 0},
			{`{"expiry":3600}`, 400, 0, 0},
			{`{"device":1}`, 400, 0, 0},
			{`[]`, 400, 0, 0},
			{``, 400, 0, 0},
		} {
			w := b.do("POST", "/sse/api/v1/tokens", c.body)
			if c.status != 201 {
				refused(t, w, c.status, "invalid_request")
				continue
			}
			var made struct{ Tokens []sse.Token }
			want(t, w, c.status, &made)
			if len(made.Tokens) != c.devices {
				t.Errorf("%s: %d tokens", c.body, len(made.Tokens))
			}
			for _, tok := range made.Tokens {
				if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(tok.Token) || !tok.Expires.Equal(time.Now().Add(c.expires)) {
					t.Errorf("%s: %+v", c.body, tok)
				}
			}
		}
	})
}

// TestRegistration follows one device from its token to its end.
func TestRegistration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, "AMERICAS")
		token := b.token()
		status := func(wanted sse.Status) sse.Device {
			t.Helper()
			var got struct{ Devices []sse.Device }
			want(t, b.do("GET", "/sse/api/v1/devices", nil), 200, &got)
			if len(got.Devices) != 1 || got.Devices[0].Status != wanted {
				t.Fatalf("devices %+v, want one %s", got.Devices, wanted)
			}
			return got.Devices[0]
		}
		pending := status(sse.Pending)
		d := device{box: b}
		want(t, b.do("POST", "/providers/sse/v1/register", registration(token), "Content-Type: application/json"), 201, &d)
		row := status(sse.Registered)
		if row.ID != pending.ID || row.ID != d.ID || d.Heartbeat != 1200 || !row.Online ||
			row.Name != "esa.esasim.test" || row.Version != "13.0.0" || row.ConnectorVersion != "1.3.34" || row.IPAddress != "127.0.0.1" {
			t.Errorf("registered %+v as %+v", d, row)
		}

		time.Sleep(39 * time.Minute)
		if !status(sse.Registered).Online {
			t.Error("offline before two heartbeats were missed")
		}
		time.Sleep(time.Minute)
		if status(sse.Registered).Online {
			t.Error("online after two missed heartbeats")
		}
		var beat struct{ Status string }
		want(t, d.call("POST", "/heartbeat", `{"device":`+facts+`}`), 200, &beat)
		if beat.Status != "Registered" || !status(sse.Registered).Online {
			t.Errorf("heartbeat %+v", beat)
		}

		want(t, d.call("DELETE", "", nil), 204, nil)
		refused(t, d.call("POST", "/heartbeat", `{"device":`+facts+`}`), 404, "unknown_device")
		refused(t, d.call("POST", "/sightings", `{"sightings":[]}`), 404, "unknown_device")
		refused(t, d.call("DELETE", "", nil), 404, "unknown_device")
	})
}

// TestLostAnswer: a device whose registration was answered into the void sends
// it again and gets another credential for the same device, until the token
// expires; nobody else gets one, and the world hears of the device once.
func TestLostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, "AMERICAS")
		token := b.token()
		first, again := device{box: b}, device{box: b}
		register := func() *httptest.ResponseRecorder {
			return b.do("POST", "/providers/sse/v1/register", registration(token))
		}
		want(t, register(), 201, &first)
		time.Sleep(time.Hour - time.Second)
		want(t, register(), 201, &again)
		if again.ID != first.ID || again.Credential == first.Credential {
			t.Errorf("%s with %s, then %s with %s", first.ID, first.Credential, again.ID, again.Credential)
		}
		refused(t, first.call("POST", "/sightings", `{"sightings":[]}`), 401, "unauthorized")
		again.push()
		if len(b.heard) != 1 || b.heard[0] != first.ID {
			t.Errorf("registered: %v", b.heard)
		}
		other := strings.Replace(registration(token), `"serial":"S"`, `"serial":"other"`, 1)
		refused(t, b.do("POST", "/providers/sse/v1/register", other), 403, "invalid_token")
		again.push() // what was refused changed nothing
		time.Sleep(time.Second)
		refused(t, register(), 403, "invalid_token")
		again.push()
	})
}

// TestDeletedToken: with the device its used token is gone.
func TestDeletedToken(t *testing.T) {
	b := open(t, "AMERICAS")
	token := b.token()
	d := device{box: b}
	want(t, b.do("POST", "/providers/sse/v1/register", registration(token)), 201, &d)
	want(t, d.call("DELETE", "", nil), 204, nil)
	refused(t, b.do("POST", "/providers/sse/v1/register", registration(token)), 403, "invalid_token")
}

// TestInvalidToken: nobody is told why a token is no good.
func TestInvalidToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		americas, europe := open(t, "AMERICAS"), open(t, "EUROPE")
		lapsed := americas.token()
		time.Sleep(time.Hour)
		deleted := americas.token()
		var rows struct{ Devices []sse.Device }
		want(t, americas.do("GET", "/sse/api/v1/devices", nil), 200, &rows)
		for _, d := range rows.Devices {
			if d.Status == sse.Pending {
				want(t, americas.do("DELETE", "/sse/api/v1/devices/"+d.ID, nil), 204, nil)
			} else if d.Status != sse.Expired {
				t.Errorf("the lapsed token's device is %s", d.Status)
			}
		}
		other := europe.token()
		var first string
		for name, token := range map[string]string{
			"lapsed": lapsed, "deleted": deleted, "other region": other, "unknown": "0123456789abcdef0123456789abcdef", "empty": "", "nonsense": "c/device/x",
		} {
			w := americas.do("POST", "/providers/sse/v1/register", registration(token))
			refused(t, w, http.StatusForbidden, "invalid_token")
			if first == "" {
				first = w.Body.String()
			}
			if w.Body.String() != first {
				t.Errorf("%s: another answer: %s", name, w.Body)
			}
		}
		want(t, europe.do("POST", "/providers/sse/v1/register", registration(other)), 201, nil)
	})
}

// TestBadDevice: a device that cannot describe itself is refused and keeps its
// token.
func TestBadDevice(t *testing.T) {
	b := open(t, "EUROPE")
	token := b.token()
	for _, body := range []string{
		`{"token":"` + token + `","device":{}}`,
		`{"token":"` + token + `"}`,
		`{"token":"` + token + `","device":{"name":"a","type":"WSA","version":"1","serial":"s","ip_address":"127.0.0.1","connector_version":"1"}}`,
		`{"token":"` + token + `","device":{"name":"a","type":"ESA","version":"1","serial":"s","ip_address":"here","connector_version":"1"}}`,
	} {
		refused(t, b.do("POST", "/providers/sse/v1/register", body), 422, "invalid_device")
	}
	refused(t, b.do("POST", "/providers/sse/v1/register", `{"token":"`+token+`","device":`+facts+`,"x":1}`), 400, "invalid_request")
	want(t, b.do("POST", "/providers/sse/v1/register", registration(token)), 201, nil)
}

// TestCredential: every call of a device but registering needs its credential.
func TestCredential(t *testing.T) {
	b := open(t, "AMERICAS")
	d, other := b.register(), b.register()
	for _, call := range []struct{ method, path, body string }{
		{"POST", "/sightings", `{"sightings":[]}`}, {"POST", "/heartbeat", `{"device":` + facts + `}`}, {"DELETE", "", ""},
	} {
		path := "/providers/sse/v1/devices/" + d.ID + call.path
		refused(t, b.do(call.method, path, call.body), 401, "unauthorized")
		refused(t, b.do(call.method, path, call.body, "Authorization: Basic "+d.Credential), 401, "unauthorized")
		refused(t, b.do(call.method, path, call.body, "Authorization: Bearer "+other.Credential), 401, "unauthorized")
	}
	pending, err := b.cloud.SSE().GenerateTokens(t.Context(), 1, sse.DefaultExpiry)
	if err != nil {
		t.Fatal(err)
	}
	refused(t, b.do("DELETE", "/providers/sse/v1/devices/"+pending[0].DeviceID, nil, "Authorization: Bearer x"), 401, "unauthorized")
	d.push()
}
