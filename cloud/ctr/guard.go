package ctr

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"esasim/cloud/route"
)

// Caller is on whose behalf a request is made: a client's user.
type Caller struct {
	ClientID  string
	UserID    string
	UserEmail string
	OrgID     string
	OrgName   string
	Scopes    []string // of the access token
}

// May is true when the caller's token gives a scope.
func (c Caller) May(scope string) bool { return allows(c.Scopes, scope) }

type callerKey struct{}

// CallerOf gives who makes a request that came through Guard; nobody else's
// context has one.
func CallerOf(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}

// missingScope is the body of 403. Source: schema, with an example.
type missingScope struct {
	Error       string   `json:"error"`
	Description string   `json:"error_description"`
	Missing     []string `json:"missing-scopes"`
	Required    []string `json:"required-scopes"`
	Scopes      []string `json:"scopes"`
	UserID      string   `json:"user-id"`
	OrgID       string   `json:"org-id"`
	Trace       string   `json:"trace_id"`
}

// Guard lets a request through that bears an access token with a scope, as long
// as the organisation keeps within its limit. All services that take the
// region's tokens are behind it, so that they share the limit.
func (t *Threat) Guard(scope string, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := t.bearer(r)
		if err != nil {
			t.refuse(w, err)
			return
		}
		if !t.within(w) {
			return
		}
		if !allows(c.Scopes, scope) {
			route.JSON(w, http.StatusForbidden, missingScope{
				"missing_scope", "You do not have the required credentials to access this route.",
				[]string{scope}, []string{scope}, append([]string{}, c.Scopes...), c.UserID, c.OrgID, "ctx-" + uuid.NewString(),
			})
			return
		}
		caller := Caller{c.ClientID, c.UserID, c.Email, c.OrgID, c.OrgName, c.Scopes}
		h(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, caller)))
	}
}

// Caller proves by its access token who makes a request, for services that have
// refusals of their own; Refuse answers an error of it.
func (t *Threat) Caller(r *http.Request) (Caller, error) {
	c, err := t.bearer(r)
	if err != nil {
		return Caller{}, err
	}
	return Caller{c.ClientID, c.UserID, c.Email, c.OrgID, c.OrgName, c.Scopes}, nil
}

// Self is the organisation's own user, on whose behalf API clients act.
func (t *Threat) Self() Caller {
	return Caller{UserID: t.org.UserID, UserEmail: t.org.UserEmail, OrgID: t.org.ID, OrgName: t.org.Name}
}

// Refuse answers who bears no good token.
func (t *Threat) Refuse(w http.ResponseWriter, err error) { t.refuse(w, err) }

// needs is Guard, for routes that are not registered as Scoped.
func (t *Threat) needs(scope string, h http.HandlerFunc) http.HandlerFunc { return t.Guard(scope, h) }

func allows(granted []string, required string) bool {
	return slices.ContainsFunc(granted, func(g string) bool { return covers(g, required) })
}

// refuse answers who bears no good token. With the switch on, a token that is
// not accepted gets the answer that some scripts of 2018 wait for beside 401.
func (t *Threat) refuse(w http.ResponseWriter, err error) {
	if f, ok := err.(fault); ok && t.oldRefusal && strings.HasPrefix(f.code, "jwt_") {
		err = fault{status: http.StatusBadRequest, code: "invalid_jwt"}
	}
	t.fail(w, err)
}

// within counts a request, or answers that there were too many. The body is
// the recorded one of 30 bytes.
func (t *Threat) within(w http.ResponseWriter) bool {
	left, wait := t.limit.take(time.Now())
	if t.remaining {
		w.Header().Set("X-Ratelimit-Org-Remaining", strconv.Itoa(left))
	}
	if wait == 0 {
		return true
	}
	w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	w.WriteHeader(http.StatusTooManyRequests)
	_, _ = w.Write([]byte(`{"error": "Too Many Requests"}`))
	return false
}

// withHeaders adds the headers that every answer of the service has. Source:
// recorded answers; the values of version and config are ours.
func (t *Threat) withHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Server", "Jetty(9.4.z-SNAPSHOT)")
		if host, _, _ := net.SplitHostPort(r.Host); host != "localhost" && r.Host != "localhost" {
			// A browser would keep to it for everything else that is tried out on localhost.
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if !strings.HasPrefix(r.URL.Path, "/.well-known/") {
			h.Set("Content-Type", "application/json;charset=utf-8")
			h.Set("X-Iroh-Version", "esasim")
			h.Set("X-Iroh-Config", "esasim")
			h.Set("X-Ctim-Version", t.schema)
			h.Set("X-Ratelimit-Org-Limit", strconv.Itoa(t.limit.limit()))
		}
		next.ServeHTTP(w, r)
	})
}
