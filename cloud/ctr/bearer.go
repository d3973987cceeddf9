package ctr

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"esasim/cloud/route"
)

// Handler serves /iroh/... and /.well-known/jwks.
func (t *Threat) Handler() http.Handler {
	m := route.New(func(w http.ResponseWriter, status int, message string) {
		code := map[int]string{http.StatusBadRequest: "invalid_request", http.StatusMethodNotAllowed: "method_not_allowed"}[status]
		t.fail(w, fault{status, cmp.Or(code, "not_found"), message})
	})
	m.HandleFunc("POST /iroh/oauth2/token", t.serveToken)
	m.HandleFunc("GET /.well-known/jwks", t.serveJWKS)
	// Scopes and parameters of the routes: schema.
	narrow := []string{"mids", "flags", "product_categories"}
	m.HandleFunc("POST /iroh/iroh-inspect/inspect", t.needs("inspect:read", t.serveInspect))
	m.HandleFunc("POST /iroh/iroh-enrich/observe/observables", t.needs("enrich/observables/observe:read", t.serveObserve), narrow...)
	m.HandleFunc("POST /iroh/iroh-enrich/deliberate/observables", t.needs("enrich/observables/deliberate:read", t.serveDeliberate), narrow...)
	m.HandleFunc("POST /iroh/iroh-enrich/health", t.needs("integration/health:read", t.serveHealth))
	m.HandleFunc("POST /iroh/iroh-enrich/health/{id}", t.needs("integration/health:read", t.serveOneHealth))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/.well-known/") {
			irohHeaders(w.Header(), t.schema)
		}
		m.ServeHTTP(w, r)
	})
}

// irohHeaders are those of every answer of the service. Source: recorded
// answers; the values of version and config are ours.
func irohHeaders(h http.Header, schema string) {
	h.Set("Content-Type", "application/json;charset=utf-8")
	h.Set("X-Iroh-Version", "esasim")
	h.Set("X-Iroh-Config", "esasim")
	h.Set("X-Ctim-Version", schema)
	h.Set("X-Ratelimit-Org-Limit", "8000")
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

// needs lets a request through that bears an access token with a scope.
func (t *Threat) needs(scope string, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := t.bearer(r)
		if err != nil {
			t.fail(w, err)
			return
		}
		if !slices.ContainsFunc(c.Scopes, func(g string) bool { return covers(g, scope) }) {
			route.JSON(w, http.StatusForbidden, missingScope{
				"missing_scope", "You do not have the required credentials to access this route.",
				[]string{scope}, []string{scope}, append([]string{}, c.Scopes...), c.UserID, c.OrgID, "ctx-" + uuid.NewString(),
			})
			return
		}
		h(w, r)
	}
}

func unauthorized(code, description string) fault {
	return fault{http.StatusUnauthorized, code, description}
}

// errNoKey says that a token was not signed by this region's key.
var errNoKey = errors.New("no key for this token")

// bearer reads and proves the access token of a request. Codes and texts are
// those of the vendor's open-source middleware; that the absence of a token is
// invalid_request is in the schema.
func (t *Threat) bearer(r *http.Request) (*claims, error) {
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(text) == "" {
		return nil, unauthorized("invalid_request", "No JWT found in HTTP Authorization header")
	}
	key, err := t.key()
	if err != nil {
		return nil, err
	}
	var c claims
	_, err = jwt.ParseWithClaims(strings.TrimSpace(text), &c, func(token *jwt.Token) (any, error) {
		if token.Header["kid"] != key.id || c.Issuer != issuer {
			return nil, errNoKey
		}
		return &key.private.PublicKey, nil
	}, jwt.WithValidMethods([]string{"RS256"}), jwt.WithExpirationRequired())
	if err != nil {
		return nil, jwtFault(err, &c)
	}
	return &c, nil
}

func jwtFault(err error, c *claims) fault {
	switch {
	case errors.Is(err, errNoKey):
		return unauthorized("jwt_public_key_not_found",
			"Cannot retrieve a key for your JWT. One common reason would be that it has the wrong `iss` claim")
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return unauthorized("jwt_invalid_signature", "Invalid Signature")
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return unauthorized("jwt_missing_field", "JWT missing field exp")
	case errors.Is(err, jwt.ErrTokenExpired):
		return unauthorized("jwt_expired", fmt.Sprintf("This JWT max lifetime has expired %s ago", spoken(time.Since(c.ExpiresAt.Time))))
	case errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return unauthorized("jwt_valid_in_future", "This JWT will be valid in the future")
	}
	return unauthorized("jwt_decode_failed_exception", "JWT decode failed")
}

// spoken writes a duration as the service's expiry text has it: 1 day 2h 3min
// 4s (the exact form is inferred).
func spoken(d time.Duration) string {
	left := int64(d / time.Second)
	var parts []string
	for _, u := range []struct {
		seconds int64
		form    string
	}{{86400, "%d day"}, {3600, "%dh"}, {60, "%dmin"}, {1, "%ds"}} {
		if n := left / u.seconds; n > 0 {
			parts = append(parts, fmt.Sprintf(u.form, n))
			left %= u.seconds
		}
	}
	if parts == nil {
		return "0s"
	}
	return strings.Join(parts, " ")
}
