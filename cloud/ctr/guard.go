package ctr

import (
	"context"
	"errors"
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
		c, left, err := t.admit(r)
		if t.remaining && c != nil {
			w.Header().Set("X-Ratelimit-Org-Remaining", strconv.Itoa(left))
		}
		if err != nil {
			t.refuse(w, err)
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
// refusals of their own, and counts the request; Refuse answers an error of it.
func (t *Threat) Caller(r *http.Request) (Caller, error) {
	c, _, err := t.admit(r)
	if err != nil {
		return Caller{}, err
	}
	return Caller{c.ClientID, c.UserID, c.Email, c.OrgID, c.OrgName, c.Scopes}, nil
}

// Self is the organisation's own user, on whose behalf API clients act.
func (t *Threat) Self() Caller {
	org := t.Organisation()
	return Caller{UserID: t.org.UserID, UserEmail: t.org.UserEmail, OrgID: org.ID, OrgName: org.Name}
}

// Refuse answers who bears no good token, or comes too often.
func (t *Threat) Refuse(w http.ResponseWriter, err error) { t.refuse(w, err) }

func allows(granted []string, required string) bool {
	return slices.ContainsFunc(granted, func(g string) bool { return covers(g, required) })
}

// refuse answers who bears no good token. With the switch on, a token that is
// not accepted gets the answer that some scripts of 2018 wait for beside 401.
func (t *Threat) refuse(w http.ResponseWriter, err error) {
	var often tooMany
	if errors.As(err, &often) {
		often.answer(w)
		return
	}
	if f, ok := err.(fault); ok && t.oldRefusal && strings.HasPrefix(f.code, "jwt_") {
		err = fault{status: http.StatusBadRequest, code: "invalid_jwt"}
	}
	t.fail(w, err)
}

// admit proves who makes a request and counts it. The claims are there also when
// there were too many, with an error that is a tooMany.
func (t *Threat) admit(r *http.Request) (c *claims, left int, err error) {
	if c, err = t.bearer(r); err != nil {
		return nil, 0, err
	}
	left, wait := t.limit.take(time.Now())
	if wait > 0 {
		return c, 0, tooMany(wait)
	}
	return c, left, nil
}

// tooMany says that the organisation is over its limit, and for how long.
type tooMany time.Duration

func (e tooMany) Error() string { return "too many requests; wait " + time.Duration(e).String() }

// answer has the recorded body of 30 bytes.
func (e tooMany) answer(w http.ResponseWriter) {
	seconds := (time.Duration(e) + time.Second - 1) / time.Second
	w.Header().Set("Retry-After", strconv.Itoa(int(seconds)))
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(http.StatusTooManyRequests)
	// An error here means that the client is gone.
	_, _ = w.Write([]byte(`{"error": "Too Many Requests"}`))
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
