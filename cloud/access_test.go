package cloud_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"esasim/cloud/ctr"
)

const inspectPath = "/iroh/iroh-inspect/inspect"

// TestTokenRoute: both forms of the request, and every refusal.
func TestTokenRoute(t *testing.T) {
	b := open(t, "AMERICAS")
	c := ctr.Client{ID: "client-5a1c", Password: "secret", Name: "ci", Scopes: []string{"inspect", "enrich:read"}}
	for range 2 {
		if err := b.cloud.CTR().AddClient(context.Background(), c); err != nil {
			t.Fatal(err)
		}
	}
	basic := func(id, password string) string {
		return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+password))
	}
	form, js := "Content-Type: application/x-www-form-urlencoded", "Content-Type: application/json"
	good := `{"client_id":"client-5a1c","client_password":"secret","grant_type":"client_credentials"}`
	for _, q := range []struct {
		body    string
		headers []string
		scope   string
	}{
		{"grant_type=client_credentials", []string{basic("client-5a1c", "secret"), form, "Accept: application/json"}, "inspect enrich:read"},
		{"grant_type=client_credentials&scope=" + url.QueryEscape("inspect:read casebook enrich"), []string{basic("client-5a1c", "secret"), form + "; charset=utf-8"}, "inspect:read enrich:read"},
		{good, []string{js}, "inspect enrich:read"},
	} {
		var got struct {
			AccessToken string `json:"access_token"`
			TokenType   string `json:"token_type"`
			ExpiresIn   int    `json:"expires_in"`
			Scope       string
		}
		w := b.do("POST", "/iroh/oauth2/token", q.body, q.headers...)
		want(t, w, 200, &got)
		if got.TokenType != "bearer" || got.ExpiresIn != 600 || got.Scope != q.scope {
			t.Errorf("%s: %+v", q.body, got)
		}
		want(t, b.do("POST", inspectPath, `{"content":"1.2.3.4"}`, "Authorization: Bearer "+got.AccessToken), 200, nil)
	}
	for _, q := range []struct {
		body    string
		headers []string
		code    string
	}{
		{"grant_type=client_credentials", []string{basic("client-nobody", "secret"), form}, "invalid_client"},
		{"grant_type=client_credentials", []string{basic("client-5a1c", "wrong"), form}, "wrong_client_creds"},
		{"grant_type=password", []string{basic("client-5a1c", "secret"), form}, "unsupported_grant_type"},
		{"grant_type=client_credentials", []string{form}, "invalid_request"},
		{"", []string{basic("client-5a1c", "secret"), form}, "invalid_request"},
		{"grant_type=client_credentials&x=1", []string{basic("client-5a1c", "secret"), form}, "invalid_request"},
		{"%zz", []string{basic("client-5a1c", "secret"), form}, "invalid_request"},
		{strings.Replace(good, "5a1c", "nobody", 1), []string{js}, "invalid_client"},
		{strings.Replace(good, "secret", "wrong", 1), []string{js}, "wrong_client_creds"},
		{strings.Replace(good, "client_credentials", "authorization_code", 1), []string{js}, "unsupported_grant_type"},
		{strings.Replace(good, `"secret"`, `1`, 1), []string{js}, "invalid_request"},
		{strings.Replace(good, `{`, `{"x":"y",`, 1), []string{js}, "invalid_request"},
		{`{}`, []string{js}, "invalid_request"},
		{`null`, []string{js}, "invalid_request"},
		{`{`, []string{js}, "invalid_request"},
		{good, nil, "invalid_request"},
		{good, []string{"Content-Type: text/plain"}, "invalid_request"},
	} {
		refused(t, b.do("POST", "/iroh/oauth2/token", q.body, q.headers...), 400, q.code)
	}
	refused(t, b.do("POST", "/iroh/oauth2/token", strings.Repeat("x", 1<<20), form), 413, "request_too_large")
}

// TestClaims: the token's claims are those of a published token, and its
// signature is by the key that the region publishes.
func TestClaims(t *testing.T) {
	b := open(t, "AMERICAS")
	token := strings.TrimPrefix(b.client("inspect"), "Authorization: Bearer ")
	var keys struct {
		Keys []struct{ Kty, Alg, Kid, N, E string }
	}
	want(t, b.do("GET", "/.well-known/jwks", nil), 200, &keys)
	n, err := base64.RawURLEncoding.DecodeString(keys.Keys[0].N)
	if err != nil || keys.Keys[0].E != "AQAB" {
		t.Fatal(err, keys)
	}
	pub := &rsa.PublicKey{E: 65537}
	pub.N = newInt(n)
	parsed, err := jwt.Parse(token, func(tok *jwt.Token) (any, error) { return pub, nil }, jwt.WithValidMethods([]string{"RS256"}))
	if err != nil {
		t.Fatal(err)
	}
	c := parsed.Claims.(jwt.MapClaims)
	const at = "https://schemas.cisco.com/iroh/identity/claims/"
	if parsed.Header["kid"] != keys.Keys[0].Kid || c["iss"] != "IROH Auth" || c[at+"org/name"] != "Example Ltd" ||
		c[at+"oauth/grant"] != "client-creds" || c[at+"oauth/kind"] != "access-token" || c[at+"version"] != "1" {
		t.Errorf("%v %v", parsed.Header, c)
	}
	iat := c["iat"].(float64)
	if c["nbf"].(float64) != iat-60 || c["exp"].(float64) != iat+600 {
		t.Errorf("times %v", c)
	}
	for _, name := range []string{"sub", "email", "jti", at + "user/email", at + "user/id", at + "user/scopes", at + "scopes", at + "org/id",
		at + "oauth/client/id", at + "oauth/scopes", at + "oauth/user/id"} {
		if c[name] == nil {
			t.Errorf("no claim %s", name)
		}
	}
}

// TestBearer: who is let in, and what the others are told.
func TestBearer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, other := open(t, "AMERICAS"), open(t, "EUROPE")
		auth := b.client("inspect:read")
		w := b.do("POST", inspectPath, `{"content":"x"}`, auth)
		want(t, w, 200, nil)
		for name, value := range map[string]string{"Content-Type": "application/json;charset=utf-8", "X-Ratelimit-Org-Limit": "8000", "X-Ctim-Version": "1.0.16"} {
			if w.Header().Get(name) != value {
				t.Errorf("%s: %q", name, w.Header().Get(name))
			}
		}
		if w.Header().Get("X-Iroh-Version") == "" || w.Header().Get("X-Iroh-Config") == "" {
			t.Error(w.Header())
		}

		w = b.do("POST", "/iroh/iroh-enrich/observe/observables", `[]`, auth)
		var scope struct {
			Error    string
			Missing  []string `json:"missing-scopes"`
			Required []string `json:"required-scopes"`
			Scopes   []string
			User     string `json:"user-id"`
			Org      string `json:"org-id"`
			Trace    string `json:"trace_id"`
		}
		want(t, w, 403, &scope)
		if scope.Error != "missing_scope" || scope.Missing[0] != "enrich/observables/observe:read" || scope.Scopes[0] != "inspect:read" ||
			scope.User == "" || scope.Org == "" || !strings.HasPrefix(scope.Trace, "ctx-") {
			t.Errorf("%+v", scope)
		}

		w = b.do("POST", inspectPath, `{"content":"x"}`)
		if want(t, w, 401, nil); strings.TrimSpace(w.Body.String()) != `{"error":"invalid_request","error_description":"No JWT found in HTTP Authorization header"}` {
			t.Error(w.Body)
		}
		for header, code := range map[string]string{
			"Authorization: Bearer":           "invalid_request",
			"Authorization: Basic eDp5":       "invalid_request",
			"Authorization: Bearer a.b":       "jwt_decode_failed_exception",
			auth + "x":                        "jwt_invalid_signature",
			forged(t, auth, "RS256"):          "jwt_invalid_signature",
			forged(t, auth, "none"):           "jwt_invalid_signature",
			other.client("inspect", "enrich"): "jwt_public_key_not_found",
		} {
			refused(t, b.do("POST", inspectPath, `{"content":"x"}`, header), 401, code)
		}
		time.Sleep(599 * time.Second)
		want(t, b.do("POST", inspectPath, `{"content":"x"}`, auth), 200, nil)
		time.Sleep(64 * time.Second)
		w = b.do("POST", inspectPath, `{"content":"x"}`, auth)
		refused(t, w, 401, "jwt_expired")
		if !strings.Contains(w.Body.String(), "This JWT max lifetime has expired 1min 3s ago") {
			t.Error(w.Body)
		}
	})
}

// forged signs the claims of a token with another key, or not at all.
func forged(t *testing.T, auth, alg string) string {
	t.Helper()
	parsed, _, err := jwt.NewParser().ParseUnverified(strings.TrimPrefix(auth, "Authorization: Bearer "), jwt.MapClaims{})
	if err != nil {
		t.Fatal(err)
	}
	tok := jwt.NewWithClaims(jwt.GetSigningMethod(alg), parsed.Claims)
	tok.Header["kid"] = parsed.Header["kid"]
	var key any = jwt.UnsafeAllowNoneSignatureType
	if alg == "RS256" {
		if key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			t.Fatal(err)
		}
	}
	s, err := tok.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return "Authorization: Bearer " + s
}

// TestBadRequests: what every face says to a request that cannot be.
func TestBadRequests(t *testing.T) {
	b := open(t, "AMERICAS")
	b.connect("ESA")
	auth := b.client("inspect", "enrich", "integration")
	const observe = "/iroh/iroh-enrich/observe/observables"
	const deliberate = "/iroh/iroh-enrich/deliberate/observables"
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", inspectPath, `{}`, 400, `{"content":"missing-required-key"}`},
		{"POST", inspectPath, `{"content":"x","y":1}`, 400, `{"errors":{"y":"disallowed-key"}}`},
		{"POST", inspectPath, `{"content":1}`, 400, `{"content":"(not (instance?`},
		{"POST", inspectPath, `[]`, 400, `"invalid_request"`},
		{"POST", inspectPath, `{"content":`, 400, `"invalid_request"`},
		{"POST", inspectPath, `{"content":"` + strings.Repeat("x", 1<<20) + `"}`, 413, `"request_too_large"`},
		{"POST", inspectPath + "?x=1", `{"content":"x"}`, 400, `query parameter \"x\"`},
		{"GET", inspectPath, ``, 405, `"method_not_allowed"`},
		{"POST", observe, `{}`, 400, `"invalid_request"`},
		{"POST", observe, `null`, 400, `"invalid_request"`},
		{"POST", observe, `[1]`, 400, `"invalid_request"`},
		{"POST", observe, `[{"type":"ip","value":"1.2.3.4"},{"type":"ip"}]`, 400, `{"errors":[null,{"value":"missing-required-key"}]}`},
		{"POST", observe, `[{"type":"ip","value":"1.2.3.4","x":1}]`, 400, `{"errors":[{"x":"disallowed-key"}]}`},
		{"POST", observe, `[{"type":"mid","value":"1"}]`, 400, `{"errors":[{"type":"(not (observable-type \"mid\"))"}]}`},
		{"POST", deliberate, `[{"type":"ip","value":""}]`, 400, `{"errors":[{"value":`},
		{"POST", deliberate, `[{"type":"ip","value":7}]`, 400, `{"errors":[{"value":`},
		{"POST", observe, `[` + strings.Repeat(`{"type":"ip","value":"1.2.3.4"},`, 1000) + `{"type":"ip","value":"1.2.3.4"}]`, 400, `At most 1000`},
		{"POST", observe, `[` + strings.Repeat(" ", 1<<20) + `]`, 413, `"request_too_large"`},
		{"POST", observe + "?module=x", `[]`, 400, `query parameter \"module\"`},
		{"POST", "/iroh/iroh-enrich/health?x=1", ``, 400, `query parameter \"x\"`},
		{"POST", "/iroh/iroh-enrich/health/x", ``, 404, `"module_instance_not_found"`},
		{"DELETE", observe, ``, 405, `"method_not_allowed"`},
		{"GET", "/iroh/nothing", ``, 404, `"not_found"`},
		{"GET", "/ctia/nothing", ``, 404, `"Not Found"`},
		{"GET", "/sse/nothing", ``, 404, `"not_found"`},
		{"GET", "/providers/sse/v1/register", ``, 405, `"method_not_allowed"`},
		{"PATCH", "/sse/api/v1/devices", ``, 405, `"method_not_allowed"`},
		{"GET", "/sse/api/v1/devices?x=1", ``, 400, `query parameter`},
		{"PUT", "/sse/api/v1/services", `{}`, 400, `Cisco Threat Response or Eventing is missing`},
		{"PUT", "/sse/api/v1/services", `{"Orbital":true}`, 400, `unknown key`},
		{"DELETE", "/sse/api/v1/devices/nobody", ``, 404, `"unknown_device"`},
		{"GET", "/", ``, 404, `"not_found"`},
		{"POST", observe + "?mids=%zz", `[]`, 400, `"invalid_request"`},
		{"POST", observe + "?mids=a;flags=b", `[]`, 400, `cannot be read`},
		{"POST", observe + "?mids=a&mids=b", `[]`, 200, `{"data":[]}`},
		{"POST", deliberate + "?x=1", `[]`, 400, `query parameter \"x\"`},
		{"POST", "/iroh/iroh-enrich/health/x?x=1", ``, 400, `query parameter \"x\"`},
		{"GET", "/.well-known/jwks?x=1", ``, 400, `query parameter \"x\"`},
		{"POST", "/iroh/oauth2/token?x=1", ``, 400, `query parameter \"x\"`},
		{"POST", "/sse/api/v1/tokens?devices=2", `{}`, 400, `query parameter \"devices\"`},
		{"GET", "/sse/api/v1/services?x=1", ``, 400, `query parameter \"x\"`},
		{"PUT", "/sse/api/v1/services?x=1", `{"Cisco Threat Response":true}`, 400, `query parameter \"x\"`},
		{"DELETE", "/sse/api/v1/devices/nobody?x=1", ``, 400, `query parameter \"x\"`},
		{"POST", "/providers/sse/v1/register?x=1", ``, 400, `query parameter \"x\"`},
		{"POST", "/providers/sse/v1/devices/x/sightings?x=1", ``, 400, `query parameter \"x\"`},
	} {
		w := b.do(c.method, c.path, c.body, auth)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s %s %.60s: %d %.300s, want %d %s", c.method, c.path, c.body, w.Code, w.Body, c.status, c.want)
		}
		if c.status == 405 && w.Header().Get("Allow") == "" {
			t.Errorf("%s %s: no Allow", c.method, c.path)
		}
	}
}
