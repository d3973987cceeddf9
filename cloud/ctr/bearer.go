package ctr

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"esasim/cloud/route"
)

// Handler serves /iroh/... and /.well-known/jwks.
func (t *Threat) Handler() http.Handler {
	return t.withHeaders(t.routes())
}

// Routes is the table of the service's routes, with the scope that each needs.
func (t *Threat) Routes() []route.Route { return t.routes().Routes() }

// routes is the table of the service's routes, with the scope of each.
func (t *Threat) routes() *route.Mux {
	m := route.NewGuarded(func(w http.ResponseWriter, status int, message string) {
		code := map[int]string{http.StatusBadRequest: "invalid_request", http.StatusMethodNotAllowed: "method_not_allowed"}[status]
		t.fail(w, fault{status, cmp.Or(code, "not_found"), message})
	}, t.Guard)
	m.HandleFunc("POST /iroh/oauth2/token", t.serveToken)
	m.HandleFunc("GET /.well-known/jwks", t.serveJWKS)
	t.discoveryRoutes(m)
	t.clientRoutes(m)
	t.profileRoutes(m)
	// Scopes and parameters of the routes: schema.
	m.Scoped("POST /iroh/iroh-inspect/inspect", "inspect:read", t.serveInspect)
	t.enrichRoutes(m)
	t.instances(m)
	t.typeRoutes(m)
	t.patchRoutes(m)
	t.older(m)
	t.deviceRoutes(m)
	t.respondRoutes(m)
	return m
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
	}, jwt.WithValidMethods([]string{"RS256"}), jwt.WithoutClaimsValidation())
	if err != nil {
		return nil, jwtFault(err)
	}
	if err := c.timely(time.Now()); err != nil {
		return nil, err
	}
	if err := t.standing(r.Context(), &c); err != nil {
		return nil, err
	}
	return &c, nil
}

func jwtFault(err error) fault {
	switch {
	case errors.Is(err, errNoKey):
		return unauthorized("jwt_public_key_not_found",
			"Cannot retrieve a key for your JWT. One common reason would be that it has the wrong `iss` claim")
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return unauthorized("jwt_invalid_signature", "Invalid Signature")
	}
	return unauthorized("jwt_decode_failed_exception", "JWT decode failed")
}

// timely holds a token to its times, in the order of the middleware. That
// jwt_expired is about the claim exp, and the texts of the other codes, are
// inferred.
func (c *claims) timely(now time.Time) error {
	var missing []string
	for _, f := range []struct {
		name string
		time *jwt.NumericDate
	}{{":exp", c.ExpiresAt}, {":iat", c.IssuedAt}, {":nbf", c.NotBefore}} {
		if f.time == nil {
			missing = append(missing, f.name)
		}
	}
	if missing != nil {
		return unauthorized("jwt_missing_field", "This JWT doesn't contain the following fields #{"+strings.Join(missing, " ")+"}")
	}
	early, old, late := c.NotBefore.Sub(now), now.Sub(c.IssuedAt.Time)-maxLifetime, now.Sub(c.ExpiresAt.Time)
	switch {
	case early > 0:
		return unauthorized("jwt_valid_in_future", fmt.Sprintf("This JWT will be valid in %s", spoken(early)))
	case old > 0:
		return unauthorized("jwt_expired_via_max_jwt_lifetime", fmt.Sprintf("This JWT has expired since %s (we don't allow JWT older than %s)", spoken(old), spoken(maxLifetime)))
	case late > 0:
		return unauthorized("jwt_expired", fmt.Sprintf("This JWT max lifetime has expired %s ago", spoken(late)))
	}
	return nil
}

// maxLifetime is how old a token may be, whatever it says of itself: the
// middleware's default (inferred).
const maxLifetime = 24 * time.Hour

// spoken writes a duration as the service's expiry text has it: 2 days 3h 4min
// 5s (the exact form is inferred).
func spoken(d time.Duration) string {
	left := int64(d / time.Second)
	var parts []string
	for _, u := range []struct {
		seconds int64
		form    string
	}{{86400, "%d day"}, {3600, "%dh"}, {60, "%dmin"}, {1, "%ds"}} {
		if n := left / u.seconds; n > 0 {
			part := fmt.Sprintf(u.form, n)
			if u.seconds == 86400 && n > 1 {
				part += "s"
			}
			parts = append(parts, part)
			left %= u.seconds
		}
	}
	if parts == nil {
		return "0s"
	}
	return strings.Join(parts, " ")
}
