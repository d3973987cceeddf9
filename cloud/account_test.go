package cloud_test

import (
	"testing"
)

// TestAccountRoutes asks each route of clients, users and organisations once, so that
// none is there that nobody has seen answer well.
func TestAccountRoutes(t *testing.T) {
	b := open(t, "AMERICAS")
	auth := b.client("oauth", "profile", "users")
	for _, path := range []string{"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration",
		"/iroh/oauth2-clients/clients", "/iroh/profile/whoami", "/iroh/profile/org"} {
		want(t, b.do("GET", path, nil, auth), 200, nil)
	}
	var me struct {
		User struct {
			ID string `json:"user-id"`
		}
	}
	want(t, b.do("GET", "/iroh/profile/whoami", nil, auth), 200, &me)
	want(t, b.do("GET", "/iroh/user-mgmt/users/"+me.User.ID, nil, auth), 200, nil)
	want(t, b.do("GET", "/iroh/user-mgmt/batch/users?id="+me.User.ID, nil, auth), 200, nil)
	want(t, b.do("GET", "/iroh/user-mgmt/search/users", nil, auth), 200, nil)
	want(t, b.do("POST", "/iroh/profile/org", `{"name":"Another Ltd"}`, auth), 200, nil)
	var made struct{ ID string }
	want(t, b.do("POST", "/iroh/oauth2-clients/clients", `{"name":"mine","scopes":["inspect"]}`, auth), 200, &made)
	path := "/iroh/oauth2-clients/clients/" + made.ID
	want(t, b.do("GET", path, nil, auth), 200, nil)
	want(t, b.do("PATCH", path, `{"name":"yours"}`, auth), 200, nil)
	want(t, b.do("DELETE", path, nil, auth), 204, nil)
}
