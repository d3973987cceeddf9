package ctr

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// TestTimely: what a token's times come to, in the middleware's order.
func TestTimely(t *testing.T) {
	now := time.Date(2020, 5, 14, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) *jwt.NumericDate { return jwt.NewNumericDate(now.Add(d)) }
	for _, c := range []struct {
		iat, nbf, exp *jwt.NumericDate
		want          string
	}{
		{at(0), at(-time.Minute), at(10 * time.Minute), ""},
		{at(-10 * time.Minute), at(-11 * time.Minute), at(0), ""},
		{at(-time.Hour), at(-time.Hour), at(-63 * time.Second), "jwt_expired: This JWT max lifetime has expired 1min 3s ago"},
		{at(0), at(time.Hour), at(-time.Hour), "jwt_valid_in_future: This JWT will be valid in 1h"},
		{at(-72*time.Hour - time.Second), at(-73 * time.Hour), at(time.Hour), "jwt_expired_via_max_jwt_lifetime: This JWT has expired since 2 days 1s (we don't allow JWT older than 1 day)"},
		{nil, at(0), nil, "jwt_missing_field: This JWT doesn't contain the following fields #{:exp :iat}"},
	} {
		claim := claims{RegisteredClaims: jwt.RegisteredClaims{IssuedAt: c.iat, NotBefore: c.nbf, ExpiresAt: c.exp}}
		got := ""
		if err := claim.timely(now); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// TestCommon: what two lists of scopes have in common.
func TestCommon(t *testing.T) {
	for _, c := range []struct{ wanted, has, want string }{
		{"integration", "integration:read enrich", "integration:read"},
		{"integration:read", "integration", "integration:read"},
		{"enrich inspect", "inspect enrich", "enrich inspect"},
		{"enrich enrich", "enrich", "enrich"},
		{"casebook:write", "casebook:read", ""},
		{"", "enrich", ""},
	} {
		if got := strings.Join(common(strings.Fields(c.wanted), strings.Fields(c.has)), " "); got != c.want {
			t.Errorf("%q of %q: %q, want %q", c.wanted, c.has, got, c.want)
		}
	}
}

// FuzzTokenRequest: whatever the body, it is read, or refused as a fault.
func FuzzTokenRequest(f *testing.F) {
	f.Add("application/json", `{"client_id":"a","client_password":"b","grant_type":"client_credentials"}`)
	f.Add("application/x-www-form-urlencoded", "grant_type=client_credentials&scope=a%20b")
	f.Add("application/json; charset=\"", `{"grant_type":null}`)
	f.Fuzz(func(t *testing.T, media, body string) {
		r := httptest.NewRequest("POST", "/iroh/oauth2/token", strings.NewReader(body))
		r.Header.Set("Content-Type", media)
		r.SetBasicAuth("a", "b")
		req, err := readTokenRequest(httptest.NewRecorder(), r)
		if bad := (fault{}); err != nil && (!errors.As(err, &bad) || bad.status < 400 || bad.status > 499) {
			t.Errorf("%v", err)
		}
		if err == nil && req.GrantType == clientCredentials && req.ClientID == "" && !strings.Contains(body, "client_id") {
			t.Errorf("%q: no client: %+v", body, req)
		}
	})
}
