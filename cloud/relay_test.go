package cloud_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"esasim/cloud/ctr"
	"esasim/cloud/relay"
	"esasim/internal/golden"
	"esasim/internal/relaytest"
)

var update = flag.Bool("update", false, "write the expected answers again")

// pythonRelay starts the relay of testdata and gives its URL.
func pythonRelay(t *testing.T, args ...string) string {
	t.Helper()
	return relaytest.Start(t, "../testdata/relay/relay.py", args...)
}

func (b *box) relay(name, url string, settings map[string]any) ctr.Module {
	b.t.Helper()
	all := map[string]any{"url": url}
	for key, value := range settings {
		all[key] = value
	}
	m, err := b.cloud.CTR().AddModule(b.t.Context(), ctr.Module{Name: name, Type: "Relay", Settings: all})
	if err != nil {
		b.t.Fatal(err)
	}
	return m
}

// misbehaviours are what the relay can do besides being good.
func misbehaviours() []string {
	return []string{"none", "errors", "partial", "authorization", "too-many", "no-envelope", "null", "list", "no-count",
		"wrong-count", "unknown-kind", "no-id", "no-time", "vocabulary", "observable-type", "extra-key", "bad-errors",
		"bare-verdict", "401", "403", "404", "429", "500", "503", "non-json", "truncated", "content-type", "deep",
		"redirect", "huge", "hang-up", "cut"}
}

// TestRelay asks a relay that is good, and misbehaves in every way that we could
// think of. What clients are told is in testdata/relay.txt.
func TestRelay(t *testing.T) {
	url := pythonRelay(t)
	b := open(t, "AMERICAS")
	auth := b.client("enrich")
	var got bytes.Buffer
	for _, how := range misbehaviours() {
		m := b.relay("Python Relay", url+"/as/"+how, nil)
		w := b.do("POST", "/iroh/iroh-enrich/observe/observables?mids="+m.ID, `[{"type":"domain","value":"cisco.com"}]`, auth)
		fmt.Fprintf(&got, "== %s\n%d %s\n", how, w.Code, shortDocs(strings.ReplaceAll(w.Body.String(), m.ID, "ID")))
	}
	golden.Check(t, "testdata/relay.txt", got.Bytes(), *update)
}

// shortDocs leaves out sightings of which there are many.
func shortDocs(s string) string {
	rest := regexp.MustCompile(`(,\{"confidence":.*?"type":"sighting"\})+`)
	return strings.TrimSpace(rest.ReplaceAllStringFunc(s, func(all string) string {
		if n := strings.Count(all, `"type":"sighting"`); n > 9 {
			return fmt.Sprintf(" and %d more", n)
		}
		return all
	}))
}

// TestRelaySlow: a relay that says nothing, and one that says it octet by octet,
// are timeouts; they hold up nobody beyond the deadline of a module.
func TestRelaySlow(t *testing.T) {
	t.Parallel()
	url := pythonRelay(t)
	b := open(t, "AMERICAS")
	for _, how := range []string{"slow", "dribble", "none"} {
		b.relay(how, url+"/as/"+how, nil)
	}
	env := b.observe(ob("domain", "cisco.com"))
	var late []string
	for _, e := range env.Errors {
		late = append(late, e.Type+" "+e.Code+": "+e.Message)
	}
	if want := []string{"warning module-timeout: There was a timeout in the 'slow' module",
		"warning module-timeout: There was a timeout in the 'dribble' module"}; !slices.Equal(late, want) {
		t.Errorf("errors: %q", late)
	}
	if len(env.Data) != 1 || env.Data[0].Module != "none" || len(env.Data[0].Data.Sightings()) != 3 {
		t.Errorf("data: %+v", env.Data)
	}
}

// TestRelayRoutes asks a good relay for everything but observe.
func TestRelayRoutes(t *testing.T) {
	b := open(t, "AMERICAS")
	auth := b.client("enrich", "integration", "response")
	m := b.relay("Python Relay", pythonRelay(t)+"/", nil) // a slash at the end is the same URL
	asked := `[{"type":"domain","value":"cisco.com"},{"type":"ip","value":"192.0.2.1"}]`
	for _, c := range []struct{ path, definition, holds string }{
		{"/iroh/iroh-enrich/deliberate/observables", "DeliberateEnvelopedObserveBundle", `"disposition_name":"Malicious"`},
		{"/iroh/iroh-enrich/refer/observables", "EnvelopedRefs", `"url":"https://relay.example/search?q=192.0.2.1"`},
		{"/iroh/iroh-enrich/health", "EnvelopedHealth", `"status":"ok"`},
		{"/iroh/iroh-enrich/health/" + m.ID, "EnvelopedSingleHealth", `"status":"ok"`},
	} {
		w := b.do("POST", c.path, asked, auth)
		if w.Code != 200 || !strings.Contains(w.Body.String(), c.holds) || strings.Contains(w.Body.String(), "errors") {
			t.Errorf("%s: %d %s", c.path, w.Code, w.Body)
		}
	}
}

// TestRelayAuthorization: each form of authorisation is understood by a relay
// that knows nothing of us, and one that is not right is told on.
func TestRelayAuthorization(t *testing.T) {
	t.Parallel()
	b := open(t, "AMERICAS")
	server := httptest.NewServer(b.cloud.Handler())
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	stored := func(key string) string {
		token, err := relay.Stored(map[string]any{"key": "abc"}, key)
		if err != nil {
			t.Fatal(err)
		}
		return "Bearer " + token
	}
	for _, c := range []struct {
		relay    string
		settings map[string]any
		fault    string
	}{
		{"hs256:s3cret", map[string]any{"authorization-header": stored("s3cret")}, ""},
		{"hs256:s3cret", map[string]any{"authorization-header": stored("other")}, "Failed to decode JWT with provided key"},
		{"hs256:s3cret", map[string]any{"auth-type": "configuration-token", "configuration-token-alg": "HS256", "configuration-token-key": "s3cret", "custom_key": "abc"}, ""},
		{"hs256:s3cret", map[string]any{"auth-type": "configuration-token", "configuration-token-alg": "HS256", "configuration-token-key": "s3cret", "custom_other": "abc"}, "Wrong JWT payload structure"},
		{"hs256:s3cret", nil, "Authorization header is missing"},
		{"header:Basic dTpw", map[string]any{"auth-type": "basic", "custom_username": "u", "custom_password": "p"}, ""},
		{"header:Basic dTpw", map[string]any{"auth-type": "basic", "username": "u", "password": "x"}, "Wrong authorization type"},
		{"header:Bearer t0ken", map[string]any{"auth-type": "bearer", "token": "t0ken"}, ""},
		{"header:Key k", map[string]any{"auth-type": "authorization-header", "authorization-header": "Key k"}, ""},
		{"rs256", map[string]any{"auth-type": "configuration-token", "custom_key": "abc", "custom_jwks_host": host}, ""},
		{"rs256", map[string]any{"auth-type": "configuration-token", "custom_key": "abc"}, "jwks_host is missing in JWT payload. Make sure custom_jwks_host field is present in module_type"},
		{"rs256", map[string]any{"auth-type": "configuration-token", "custom_key": "abc", "custom_jwks_host": host, "configuration-token-audience": "x"}, "Wrong configuration-token-audience"},
	} {
		m := b.relay("Relay", pythonRelay(t, "--auth", c.relay)+"/", c.settings)
		w := b.do("POST", "/iroh/iroh-enrich/observe/observables?mids="+m.ID, `[{"type":"domain","value":"cisco.com"}]`, b.client("enrich"))
		var env struct {
			Data   []json.RawMessage
			Errors []ctr.ModuleError
		}
		want(t, w, 200, &env)
		if c.fault == "" && (len(env.Errors) > 0 || len(env.Data) != 1) {
			t.Errorf("%v: %s", c.settings, w.Body)
		}
		if c.fault != "" && (len(env.Errors) != 1 || env.Errors[0].Code != "authorization error" || env.Errors[0].Message != "Authorization failed: "+c.fault) {
			t.Errorf("%v: want %q: %s", c.settings, c.fault, w.Body)
		}
	}
}

// TestRelayByAPI does what a partner does: a module type of one's own that says
// where the relay is and how it is called, an instance that has the user's key, and
// an investigation. Another instance has the wrong key.
func TestRelayByAPI(t *testing.T) {
	t.Parallel()
	b := open(t, "AMERICAS")
	server := httptest.NewServer(b.cloud.Handler())
	defer server.Close()
	auth := b.client("enrich", "integration")
	var made struct{ ID string }
	want(t, b.do("POST", "/iroh/iroh-int/module-type", map[string]any{
		"title": "Python", "default_name": "Python Relay",
		"properties": map[string]any{"url": pythonRelay(t, "--auth", "rs256"), "auth-type": "configuration-token",
			"supported-apis":   []string{"health", "observe/observables", "deliberate/observables"},
			"custom_jwks_host": strings.TrimPrefix(server.URL, "http://")},
		"configuration_spec": []any{map[string]any{"key": "custom_key", "type": "api_key", "label": "Key", "required": true}},
	}, auth), 200, &made)
	typeID := made.ID
	instance := func(name, key string) string {
		want(t, b.do("POST", "/iroh/iroh-int/module-instance", map[string]any{"name": name, "module_type_id": typeID,
			"visibility": "org", "settings": map[string]any{"custom_key": key}}, auth), 200, &made)
		return made.ID
	}
	good, bad := instance("Good", "abc"), instance("Bad", "xyz")
	w := b.do("POST", "/iroh/iroh-enrich/observe/observables", `[{"type":"domain","value":"cisco.com"}]`, auth)
	var env struct {
		Data   []ctr.Label
		Errors []ctr.ModuleError
	}
	want(t, w, 200, &env)
	if len(env.Data) != 1 || env.Data[0].ModuleInstanceID != good || env.Data[0].ModuleTypeID != typeID || !strings.Contains(w.Body.String(), `"disposition_name":"Malicious"`) {
		t.Errorf("data: %s", w.Body)
	}
	if len(env.Errors) != 1 || env.Errors[0].ModuleInstanceID != bad || env.Errors[0].Message != "Authorization failed: Wrong JWT payload structure" {
		t.Errorf("errors: %+v", env.Errors)
	}
	// The type says that there is no such route, so nobody is asked.
	if got := b.do("POST", "/iroh/iroh-enrich/refer/observables", `[{"type":"domain","value":"cisco.com"}]`, auth).Body.String(); strings.TrimSpace(got) != `{"data":[]}` {
		t.Error(got)
	}
}
