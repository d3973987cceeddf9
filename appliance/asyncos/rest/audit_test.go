package rest

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// Each call that changes something, and only such a one, has a line: who, from where,
// what, and what came of it; of the body it says nothing.
func TestAudit(t *testing.T) {
	for _, c := range []struct{ user, method, where, body, want string }{
		{"admin", "GET", "things/a", "", ""},
		{"reader", "GET", "login/privileges", "", ""},
		{"admin", "POST", "things/a%0Ab", `{"action":"top-secret"}`, `user=admin role=Administrator from=127.0.0.1 method=POST path=/esa/api/v2.0/things/a%0Ab query=""`},
		{"admin", "POST", "things/a?x=1", `{}`, `user=admin role=Administrator from=127.0.0.1 method=POST path=/esa/api/v2.0/things/a query="x=1" refused="Wrong Parameter - x: unknown."`},
		{"admin", "POST", "things/a", `{"nothing":"top-secret"}`, `refused="Wrong Parameter - nothing: unknown."`},
		{"reader", "POST", "things/a", `{}`, `user=reader role=ReadOnlyOperator from=127.0.0.1 method=POST path=/esa/api/v2.0/things/a query="" refused="The role ReadOnlyOperator may not call this."`},
		{"admin", "DELETE", "things/a", "", ""}, // there is no such call
		{"admin", "POST", "login", `{"data": {"userName": "YWRtaW4=", "passphrase": "aXJvbnBvcnQ="}}`, ""},
	} {
		var out bytes.Buffer
		h := loggedAPI(t, slog.New(slog.NewTextHandler(&out, nil)))
		ask(h, c.user, c.method, c.where, c.body)
		lines := strings.Count(out.String(), "\n")
		if got := out.String(); lines > 1 || (lines == 1) != (c.want != "") || !strings.Contains(got, c.want) || strings.Contains(got, "top-secret") {
			t.Errorf("%s %s %s: %q, want %s", c.user, c.method, c.where, got, c.want)
		}
	}
	// Nobody who has not signed in changes anything.
	var out bytes.Buffer
	ask(loggedAPI(t, slog.New(slog.NewTextHandler(&out, nil))), "stranger", "POST", "things/a", `{}`)
	if got := out.String(); strings.Contains(got, "audit") || !strings.Contains(got, "sign-in to the API failed") {
		t.Errorf("a stranger: %q", got)
	}
}
