package cloud_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/cloud"
	"esasim/cloud/ctim"
	"esasim/cloud/ctr"
	"esasim/cloud/sse"
)

// box is one region's cloud under test, spoken to by HTTP without a network.
type box struct {
	t      testing.TB
	cloud  *cloud.Cloud
	fs     vfs.FS
	region string
	types  []ctr.Type // of modules, besides those that every cloud has
	mu     sync.Mutex
	heard  []string // devices that Options.Registered was called for
}

func open(t testing.TB, region string, types ...ctr.Type) *box {
	t.Helper()
	b := &box{t: t, fs: vfs.NewMem(), region: region, types: types}
	b.start()
	t.Cleanup(func() { b.stop() })
	return b
}

func (b *box) start() {
	b.t.Helper()
	c, err := cloud.Open(cloud.Options{Region: b.region, FS: b.fs, Dir: "cloud", Organisation: "Example Ltd",
		Registered: b.hear, Types: b.types})
	if err != nil {
		b.t.Fatal(err)
	}
	b.cloud = c
}

func (b *box) hear(_ *cloud.Cloud, device string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heard = append(b.heard, device)
}

func (b *box) stop() {
	b.t.Helper()
	if err := b.cloud.Close(); err != nil {
		b.t.Fatal(err)
	}
}

// do sends a request: body is a string, or a value to be written as JSON.
// Headers are "Name: value".
func (b *box) do(method, path string, body any, headers ...string) *httptest.ResponseRecorder {
	var raw []byte
	switch v := body.(type) {
	case nil:
	case string:
		raw = []byte(v)
	case []byte:
		raw = v
	default:
		raw, _ = json.Marshal(v)
	}
	r := httptest.NewRequest(method, "http://127.0.0.1:9080"+path, bytes.NewReader(raw))
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	b.cloud.Handler().ServeHTTP(w, r)
	conforms(b.t, r, w)
	return w
}

// want fails the test unless the answer has the status; it reads the body into v.
func want(t testing.TB, w *httptest.ResponseRecorder, status int, v any) {
	t.Helper()
	if w.Code != status {
		t.Fatalf("status %d, want %d: %s", w.Code, status, w.Body)
	}
	if v != nil {
		if err := json.Unmarshal(w.Body.Bytes(), v); err != nil {
			t.Fatalf("%v: %s", err, w.Body)
		}
	}
}

// refused fails the test unless the answer is an error of this status and code.
func refused(t testing.TB, w *httptest.ResponseRecorder, status int, code string) {
	t.Helper()
	var e struct{ Error string }
	want(t, w, status, &e)
	if e.Error != code {
		t.Fatalf("error %q, want %q: %s", e.Error, code, w.Body)
	}
}

// device is a registered device's end of the wire.
type device struct {
	box        *box
	ID         string `json:"device_id"`
	Credential string
	Heartbeat  int `json:"heartbeat_seconds"`
}

const facts = `{"name":"esa.esasim.test","type":"ESA","version":"13.0.0","description":"ESA","serial":"S","ip_address":"127.0.0.1","connector_version":"1.3.34"}`

func registration(token string) string {
	return fmt.Sprintf(`{"token":%q,"device":%s}`, token, facts)
}

func (b *box) token() string {
	b.t.Helper()
	var made struct{ Tokens []struct{ Token string } }
	want(b.t, b.do("POST", "/sse/api/v1/tokens", `{"devices":1,"expiry":"1h"}`), http.StatusCreated, &made)
	return made.Tokens[0].Token
}

func (b *box) register() *device {
	b.t.Helper()
	d := &device{box: b}
	want(b.t, b.do("POST", "/providers/sse/v1/register", registration(b.token())), http.StatusCreated, d)
	return d
}

func (d *device) call(method, path string, body any, headers ...string) *httptest.ResponseRecorder {
	return d.box.do(method, "/providers/sse/v1/devices/"+d.ID+path, body, append(headers, "Authorization: Bearer "+d.Credential)...)
}

func (d *device) push(sightings ...ctim.Sighting) {
	d.box.t.Helper()
	var got struct {
		Taken   int
		Refused []any
	}
	want(d.box.t, d.call("POST", "/sightings", map[string]any{"sightings": append([]ctim.Sighting{}, sightings...)}), http.StatusOK, &got)
	if got.Taken != len(sightings) || len(got.Refused) != 0 {
		d.box.t.Fatalf("taken %d of %d: %v", got.Taken, len(sightings), got.Refused)
	}
}

// sighting is one message as the appliance would tell of it.
func sighting(mid int, at time.Time, observables ...ctim.Observable) ctim.Sighting {
	end := ctim.At(at.Add(time.Second))
	when := ctim.ObservedTime{Start: ctim.At(at), End: &end}
	to := ctim.Observable{Type: ctim.Email, Value: "bob@corp.example"}
	return ctim.Sighting{
		Type: "sighting", ID: fmt.Sprintf("transient:sighting-5b6d2f4e-1f0a-5c3b-9a53-%012d", mid),
		SchemaVersion: "1.0.16", ExternalIDs: []string{fmt.Sprintf("esasim-S-%d", mid)},
		Source: "Email Security Appliance", SourceURI: "http://127.0.0.1:8080/", Description: "Incoming message (Delivered)",
		Confidence: "High", Severity: "Low", Count: 1, Internal: true, Sensor: "process.email-service", Resolution: "allowed",
		ObservedTime: when, Observables: observables,
		Targets: []ctim.Target{{Type: "email", Observables: []ctim.Observable{to}, ObservedTime: when}},
		Relations: []ctim.Relation{{Origin: "Email Security Appliance", Relation: "Sent_To",
			Source: ctim.Observable{Type: ctim.Email, Value: "alice@sender.example"}, Related: to}},
	}
}

// toMany is a message with 1,000 recipients of the longest addresses there are.
func toMany(mid int, at time.Time, observables ...ctim.Observable) ctim.Sighting {
	s := sighting(mid, at, observables...)
	target, relation := s.Targets[0], s.Relations[0]
	s.Targets, s.Relations = nil, nil
	for i := range 1000 {
		to := ob("email", fmt.Sprintf("%063d@%s.example", i, strings.Repeat("x", 246)))
		target.Observables, relation.Source, relation.Related = []ctim.Observable{to}, to, to
		s.Targets, s.Relations = append(s.Targets, target), append(s.Relations, relation)
	}
	return s
}

func ob(kind, value string) ctim.Observable {
	return ctim.Observable{Type: ctim.ObservableType(kind), Value: value}
}

// connect registers a device, switches Threat Response on and adds a module.
func (b *box) connect(name string) (*device, ctr.Module) {
	b.t.Helper()
	d := b.register()
	want(b.t, b.do("PUT", "/sse/api/v1/services", `{"Cisco Threat Response":true}`), http.StatusOK, nil)
	m, err := b.cloud.CTR().AddModule(context.Background(), ctr.Module{Name: name, Type: ctr.ESAType, DeviceID: d.ID})
	if err != nil {
		b.t.Fatal(err)
	}
	return d, m
}

// client adds an API client and gives the header with an access token of it.
func (b *box) client(scopes ...string) string {
	b.t.Helper()
	c := ctr.NewClient("test", scopes)
	if err := b.cloud.CTR().AddClient(context.Background(), c); err != nil {
		b.t.Fatal(err)
	}
	var got struct {
		Token string `json:"access_token"`
	}
	want(b.t, b.do("POST", "/iroh/oauth2/token",
		map[string]string{"grant_type": "client_credentials", "client_id": c.ID, "client_password": c.Password},
		"Content-Type: application/json"), http.StatusOK, &got)
	return "Authorization: Bearer " + got.Token
}

func (b *box) observe(observables ...ctim.Observable) ctr.Envelope {
	b.t.Helper()
	env, err := b.cloud.CTR().Observe(context.Background(), observables)
	if err != nil {
		b.t.Fatal(err)
	}
	return env
}

// docs gives the sightings of the first module's answer.
func docs(env ctr.Envelope) []ctim.Sighting {
	if len(env.Data) == 0 || len(env.Data[0].Data[ctr.Sightings]) == 0 {
		return nil
	}
	return env.Data[0].Data.Sightings()
}

func newInt(b []byte) *big.Int { return new(big.Int).SetBytes(b) }

func asBase64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// devices gives the rows of the portal's table.
func (b *box) devices() []sse.Device {
	b.t.Helper()
	var got struct{ Devices []sse.Device }
	want(b.t, b.do("GET", "/sse/api/v1/devices", nil), http.StatusOK, &got)
	return got.Devices
}
