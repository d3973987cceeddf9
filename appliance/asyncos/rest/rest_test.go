package rest

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"esasim/appliance/users"
)

func TestUnescape(t *testing.T) {
	for in, want := range map[string]string{"": "", "a%20b": "a b", "100%": "100%", "%zz%4": "%zz%4", "%C3%A4": "ä", "%ff": "\uFFFD", "%2B+": "++", "%+1": "%+1"} {
		if got := unescape(in); got != want {
			t.Errorf("unescape(%q) = %q, want %q", in, got, want)
		}
	}
}

// The factory's passphrase opens nothing to other machines, and to pages of other
// sites.
func TestElsewhere(t *testing.T) {
	h := testAPI(t)
	for from, want := range map[string]int{"192.0.2.7:50000": http.StatusUnauthorized, "[2001:db8::1]:50000": http.StatusUnauthorized, "[::1]:50000": http.StatusOK} {
		if w := askFrom(h, from); w.Code != want {
			t.Errorf("from %s: %d %s", from, w.Code, w.Body)
		}
	}
	for origin, want := range map[string]int{"": http.StatusOK, "http://127.0.0.1:8080": http.StatusOK, "http://127.0.0.1:9": http.StatusUnauthorized,
		"https://evil.example": http.StatusUnauthorized, "null": http.StatusUnauthorized, "::": http.StatusUnauthorized} {
		r := httptest.NewRequest("GET", "http://127.0.0.1:8080/esa/api/v2.0/login/privileges", nil)
		r.SetBasicAuth("admin", "ironport")
		r.RemoteAddr = "127.0.0.1:50000"
		r.Header.Set("Origin", origin)
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != want {
			t.Errorf("for a page of %q: %d %s", origin, w.Code, w.Body)
		}
	}
}

// testAPI has one call of each kind beside the kernel's own.
func testAPI(t testing.TB) http.Handler { return loggedAPI(t, slog.New(slog.DiscardHandler)) }

func loggedAPI(t testing.TB, logger *slog.Logger) http.Handler {
	t.Helper()
	u, err := users.New(users.Options{Timeout: time.Hour, Key: []byte(strings.Repeat("k", users.KeySize)),
		Accounts: []users.Account{{Name: "admin", Passphrase: "ironport", Role: users.Administrator},
			{Name: "reader", Passphrase: "secret", Role: users.ReadOnly}}})
	if err != nil {
		t.Fatal(err)
	}
	return New(Options{SignIn: u, Logger: logger, Routes: []Route{
		{Method: "GET", Path: "things/{name}", Takes: []string{"mid", "text", "mail"}, Repeated: []string{"mid"}, Plus: []string{"mail"}, Serve: func(c *Call) (any, error) {
			return Data{[]any{c.Request.PathValue("name"), c.Parameters}}, nil
		}},
		{Method: "POST", Path: "things/{name}", May: func(r users.Role) bool { return r == users.Administrator }, Serve: func(c *Call) (any, error) {
			var body struct {
				Action string `json:"action"`
				MIDs   []int  `json:"mids"`
			}
			err := c.Body(&body, 50)
			return Data{body}, err
		}},
	}})
}

func ask(h http.Handler, user, method, where, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/esa/api/v2.0/"+where, strings.NewReader(body))
	r.SetBasicAuth(user, map[string]string{"admin": "ironport", "reader": "secret"}[user])
	r.RemoteAddr = "127.0.0.1:50000"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// What routes declare of themselves holds: who may, which parameters there are, how a
// + is read; and bodies are read strictly, whatever they say they are.
func TestRoutes(t *testing.T) {
	h := testAPI(t)
	for _, c := range []struct {
		user, method, where, body string
		status                    int
		want                      string
	}{
		{"reader", "GET", "things/a%20b?mid=1&mid=2&text=x+y&mail=x+y", "{}", 200, `{"data":["a b",{"mail":["x+y"],"mid":["1","2"],"text":["x y"]}]}`},
		{"reader", "GET", "things/a?text=1&text=2", "", 404, `Wrong Parameter - text: given more than once.`},
		{"reader", "GET", "things/a?other=1", "", 404, `Wrong Parameter - other: unknown.`},
		{"reader", "POST", "things/a", "{}", 403, `may not call this`},
		{"reader", "PUT", "things/a", "{}", 405, `Invalid method - PUT.`},
		{"reader", "GET", "things", "", 404, `There is no resource`},
		{"admin", "POST", "things/a", `{"action":"x","mids":[1]}`, 200, `{"data":{"action":"x","mids":[1]}}`},
		{"admin", "POST", "things/a", `{"action":"x","mid":[1]}`, 400, `Wrong Parameter - mid: unknown.`},
		{"admin", "POST", "things/a", `{"action":1}`, 400, `Wrong Parameter - action: not a number.`},
		{"admin", "POST", "things/a", `[]`, 400, `The body is not the JSON that this call takes.`},
		{"admin", "POST", "things/a", ``, 400, `Want a JSON object in the body.`},
		{"admin", "POST", "things/a", `{} {}`, 400, `nothing behind it`},
		{"admin", "POST", "things/a", `{"action":"` + strings.Repeat("x", 50) + `"}`, 413, `The body is too large.`},
	} {
		w := ask(h, c.user, c.method, c.where, c.body)
		if got := w.Body.String(); w.Code != c.status || !strings.Contains(got, c.want) {
			t.Errorf("%s %s %s: %d %s; want %d %s", c.method, c.where, c.body, w.Code, got, c.status, c.want)
		}
	}
}

func askFrom(h http.Handler, from string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "/esa/api/v2.0/login/privileges", nil)
	r.SetBasicAuth("admin", "ironport")
	r.RemoteAddr = from
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
