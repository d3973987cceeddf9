package cloud_test

import (
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/cloud"
	"esasim/cloud/ctr"
)

// openWith is open with users, clients and limits.
func openWith(t testing.TB, a ctr.Access) *box {
	t.Helper()
	b := &box{t: t, fs: vfs.NewMem(), region: "AMERICAS"}
	b.reopen(a)
	t.Cleanup(func() { b.stop() })
	return b
}

func (b *box) reopen(a ctr.Access) {
	b.t.Helper()
	c, err := cloud.Open(cloud.Options{Region: b.region, FS: b.fs, Dir: "cloud", Organisation: "Example Ltd", Access: a})
	if err != nil {
		b.t.Fatal(err)
	}
	b.cloud = c
}

// requestToken asks for a token in the form of public clients.
func (b *box) requestToken(id, password string) *httptest.ResponseRecorder {
	return b.do("POST", "/iroh/oauth2/token", "grant_type=client_credentials", "Accept: application/json",
		"Content-Type: application/x-www-form-urlencoded", "Authorization: Basic "+base64.StdEncoding.EncodeToString([]byte(id+":"+password)))
}

// login gives the header with a token, and its scope.
func (b *box) login(id, password string) (auth, scope string) {
	b.t.Helper()
	var got struct {
		Token string `json:"access_token"`
		Scope string
	}
	want(b.t, b.requestToken(id, password), 200, &got)
	return "Authorization: Bearer " + got.Token, got.Scope
}

// TestPublicClient is what the public client library does: a token, calls with
// it, and at 401 another token and the call again.
func TestPublicClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := openWith(t, ctr.Access{Clients: []ctr.Client{{ID: "c", Password: "p", Name: "c", Scopes: []string{"inspect", "enrich"}}}})
		auth, _ := b.login("c", "p")
		logins := 1
		perform := func(path, body string) {
			t.Helper()
			w := b.do("POST", path, body, auth)
			if w.Code == 401 {
				auth, _ = b.login("c", "p")
				logins++
				w = b.do("POST", path, body, auth)
			}
			want(t, w, 200, nil)
		}
		for range 25 { // two hours
			perform(inspectPath, `{"content":"cisco.com"}`)
			perform("/iroh/iroh-enrich/observe/observables", `[{"type":"domain","value":"cisco.com"}]`)
			time.Sleep(5 * time.Minute)
		}
		if logins != 9 { // at 0, 15, 30 ... minutes: a token is good at 0, 5 and 10
			t.Errorf("%d logins in two hours", logins)
		}
	})
}

// TestRateLimit: the limit is the organisation's, for all its clients, and rolls.
func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := openWith(t, ctr.Access{OrgLimit: 3, Remaining: true})
		one, two := b.client("inspect"), b.client("casebook")
		call := func(auth string, status int, left, wait string) {
			t.Helper()
			w := b.do("POST", inspectPath, `{"content":"x"}`, auth)
			h := w.Header()
			if w.Code != status || h.Get("X-Ratelimit-Org-Limit") != "3" || h.Get("X-Ratelimit-Org-Remaining") != left || h.Get("Retry-After") != wait {
				t.Errorf("%d %v, want %d, left %q, wait %q", w.Code, h, status, left, wait)
			}
			if body := w.Body.String(); status == 429 && body != `{"error": "Too Many Requests"}` {
				t.Errorf("%q", body)
			}
		}
		call(one, 200, "2", "")
		time.Sleep(43*time.Second + 300*time.Millisecond)
		call("X: nobody", 401, "", "") // is not the organisation's
		call(two, 403, "1", "")
		call(one, 200, "0", "")
		call(one, 429, "0", "3557")
		call(two, 429, "0", "3557")
		want(t, b.do("GET", "/ctia/sighting/search", nil, b.client("private-intel")), 429, nil)
		one, two = "", "" // tokens end before the hour does
		time.Sleep(time.Hour - 44*time.Second)
		one = b.client("inspect")
		call(one, 429, "0", "1")
		time.Sleep(time.Second)
		call(one, 200, "0", "")
		call(one, 429, "0", "43")
		time.Sleep(43 * time.Second)
		call(one, 200, "1", "")
	})
}

// TestNoLimit: a lab refuses nobody, and tells of the real limit.
func TestNoLimit(t *testing.T) {
	b := open(t, "AMERICAS")
	auth := b.client("inspect")
	for range 8100 {
		w := b.do("POST", inspectPath, `{"content":"x"}`, auth)
		if w.Code != 200 || w.Header().Get("X-Ratelimit-Org-Limit") != "8000" || w.Header().Get("X-Ratelimit-Org-Remaining") != "" {
			t.Fatal(w.Code, w.Header())
		}
	}
}

// TestUsers: a client may do what it and its user may; who is gone or disabled
// does nothing any more, and ids outlive restarts.
func TestUsers(t *testing.T) {
	ann := ctr.User{Name: "Ann", Email: "ann@example.com", Role: ctr.Admin}
	bob := ctr.User{Name: "Bob", Email: "bob@example.com", Role: ctr.Ordinary}
	client := func(id, user string) ctr.Client {
		return ctr.Client{ID: id, Password: "p", Name: id, Scopes: []string{"enrich:read", "integration", "admin", "users", "profile", "oauth"}, UserID: user}
	}
	both := []ctr.Client{client("a", ""), client("b", "Bob@Example.com")}
	b := openWith(t, ctr.Access{Users: []ctr.User{bob, ann}, Clients: both})
	annAuth, scope := b.login("a", "p")
	if scope != "enrich:read integration admin users profile oauth" {
		t.Error(scope)
	}
	bobAuth, scope := b.login("b", "p")
	if scope != "enrich:read integration:read users:read profile oauth" {
		t.Error(scope)
	}
	whoami := func(auth string) (id string) {
		t.Helper()
		var me struct {
			User struct {
				ID   string `json:"user-id"`
				Name string `json:"user-name"`
			}
		}
		want(t, b.do("GET", "/iroh/profile/whoami", nil, auth), 200, &me)
		return me.User.Name + " " + me.User.ID
	}
	annIs, bobIs := whoami(annAuth), whoami(bobAuth)
	if !strings.HasPrefix(annIs, "Ann ") || !strings.HasPrefix(bobIs, "Bob ") {
		t.Error(annIs, bobIs)
	}
	const clients = "/iroh/oauth2-clients/clients"
	want(t, b.do("DELETE", clients+"/a", nil, bobAuth), 404, nil) // not Bob's
	want(t, b.do("POST", clients, `{"name":"made","scopes":["inspect"]}`, bobAuth), 200, nil)
	var seen []struct{ ID, Name string }
	want(t, b.do("GET", clients, nil, bobAuth), 200, &seen)
	if len(seen) != 2 || seen[0].ID != "b" || seen[1].Name != "made" {
		t.Error(seen)
	}

	b.stop()
	bob.Disabled = true
	b.reopen(ctr.Access{Users: []ctr.User{ann, bob}, Clients: both[:2]})
	if again := whoami(annAuth); again != annIs {
		t.Errorf("%s, was %s", again, annIs)
	}
	refused(t, b.do("GET", "/iroh/profile/whoami", nil, bobAuth), 401, "unauthenticated_user")
	refused(t, b.requestToken("b", "p"), 400, "invalid_client")

	b.stop()
	b.reopen(ctr.Access{Users: []ctr.User{ann}, Clients: both[:1]})
	refused(t, b.do("GET", "/iroh/profile/whoami", nil, bobAuth), 401, "jwt_revoked")
	refused(t, b.requestToken("b", "p"), 400, "invalid_client")
	want(t, b.do("GET", clients, nil, annAuth), 200, &seen)
	if len(seen) != 2 || seen[0].ID != "a" || seen[1].Name != "made" { // made by the API: it stays
		t.Error(seen)
	}
}

// TestMadeClient: a client of the API works with the password that was told
// once, also after a restart; its tokens end with it.
func TestMadeClient(t *testing.T) {
	b := open(t, "AMERICAS")
	admin := b.client("oauth")
	var made struct{ ID, Password string }
	want(t, b.do("POST", "/iroh/oauth2-clients/clients", `{"name":"made","scopes":["inspect"]}`, admin), 200, &made)
	b.stop()
	b.start()
	auth, scope := b.login(made.ID, made.Password)
	if scope != "inspect" || len(made.Password) != 54 {
		t.Error(scope, made.Password)
	}
	want(t, b.do("POST", inspectPath, `{"content":"x"}`, auth), 200, nil)
	path := "/iroh/oauth2-clients/clients/" + made.ID
	want(t, b.do("PATCH", path, `{"enabled?":false}`, admin), 200, nil)
	refused(t, b.do("POST", inspectPath, `{"content":"x"}`, auth), 401, "jwt_revoked")
	refused(t, b.requestToken(made.ID, made.Password), 400, "invalid_client")
	want(t, b.do("PATCH", path, `{"enabled?":true}`, admin), 200, nil)
	want(t, b.do("POST", inspectPath, `{"content":"x"}`, auth), 200, nil)
	want(t, b.do("DELETE", path, nil, admin), 204, nil)
	w := b.do("POST", inspectPath, `{"content":"x"}`, auth)
	if w.Body.String() != `{"error":"jwt_revoked","error_description":"JWT is revoked"}` {
		t.Error(w.Body)
	}
}

// TestInvalidJWT: with the switch on, tokens that are not accepted are 400; that
// there is none stays 401.
func TestInvalidJWT(t *testing.T) {
	b := openWith(t, ctr.Access{InvalidJWT: true})
	w := b.do("POST", inspectPath, `{"content":"x"}`, "Authorization: Bearer a.b")
	if w.Code != 400 || w.Body.String() != `{"error":"invalid_jwt"}` {
		t.Error(w.Code, w.Body)
	}
	want(t, b.do("POST", inspectPath, `{"content":"x"}`), 401, nil)
}

// TestMissingScopeBytes: the body of 403, but for its ids, to the byte.
func TestMissingScopeBytes(t *testing.T) {
	b := open(t, "AMERICAS")
	w := b.do("POST", inspectPath, `{}`, b.client("casebook"))
	got := madeUp.ReplaceAllString(w.Body.String(), "ID")
	const good = `{"error":"missing_scope","error_description":"You do not have the required credentials to access this route.",` +
		`"missing-scopes":["inspect:read"],"required-scopes":["inspect:read"],"scopes":["casebook"],"user-id":"ID","org-id":"ID","trace_id":"ctx-ID"}`
	if w.Code != 403 || got != good {
		t.Errorf("%d %s", w.Code, got)
	}
}

// TestEveryRoute: but for the open ones, no route answers without a token, or
// with one that lacks its scope.
func TestEveryRoute(t *testing.T) {
	b := open(t, "AMERICAS")
	poor := b.client("telemetry")
	opened := []string{}
	routes := b.cloud.CTR().Routes()
	for _, r := range routes {
		method, path, _ := strings.Cut(r.Pattern, " ")
		path = strings.NewReplacer("{", "", "}", "", "...", "").Replace(path)
		if r.Scope == "" {
			opened = append(opened, r.Pattern)
			continue
		}
		refused(t, b.do(method, path, nil), 401, "invalid_request")
		w := b.do(method, path, nil, poor)
		refused(t, w, 403, "missing_scope")
		if !strings.Contains(w.Body.String(), `"required-scopes":[`+strconv.Quote(r.Scope)+`]`) {
			t.Errorf("%s: %s", r.Pattern, w.Body)
		}
	}
	const want = "[POST /iroh/oauth2/token GET /.well-known/jwks GET /.well-known/oauth-authorization-server GET /.well-known/openid-configuration " +
		"POST /iroh/oauth2/refresh POST /iroh/oauth2/device_authorization GET /iroh/oauth2/authorize]"
	if fmt.Sprint(opened) != want || len(routes) < 15 {
		t.Errorf("%d routes; open: %v", len(routes), opened)
	}
}
