package ctr

import (
	"net/http"

	"esasim/cloud/route"
)

func (t *Threat) discoveryRoutes(m *route.Mux) {
	m.HandleFunc("GET /.well-known/oauth-authorization-server", t.serveMetadata)
	m.HandleFunc("GET /.well-known/openid-configuration", t.serveMetadata)
	m.HandleFunc("POST /iroh/oauth2/refresh", t.serveOtherGrants)
	m.HandleFunc("POST /iroh/oauth2/device_authorization", t.serveOtherGrants)
	m.HandleFunc("GET /iroh/oauth2/authorize", t.serveAuthorize, "response_type", "client_id", "redirect_uri", "scope", "state",
		"nonce", "prompt", "code_challenge", "code_challenge_method")
}

// serveJWKS answers GET /.well-known/jwks.
func (t *Threat) serveJWKS(w http.ResponseWriter, r *http.Request) {
	key, err := t.key()
	if err != nil {
		t.fail(w, err)
		return
	}
	route.JSON(w, http.StatusOK, key.public())
}

// metadata is the answer of both discovery documents (RFC 8414, OpenID Connect
// Discovery). It tells of what is served here; the paths are the schema's.
type metadata struct {
	Issuer         string   `json:"issuer"`
	Authorization  string   `json:"authorization_endpoint"`
	Token          string   `json:"token_endpoint"`
	Device         string   `json:"device_authorization_endpoint"`
	Registration   string   `json:"registration_endpoint"`
	JWKS           string   `json:"jwks_uri"`
	Scopes         []string `json:"scopes_supported"`
	ResponseTypes  []string `json:"response_types_supported"`
	GrantTypes     []string `json:"grant_types_supported"`
	TokenAuth      []string `json:"token_endpoint_auth_methods_supported"`
	SubjectTypes   []string `json:"subject_types_supported"`
	SigningMethods []string `json:"id_token_signing_alg_values_supported"`
}

// serveMetadata answers the discovery routes with URLs of the name that was
// asked. The grant is spelt without its last letter, as by the live service
// (observed); the token route wants it with.
func (t *Threat) serveMetadata(w http.ResponseWriter, r *http.Request) {
	base := "http://" + r.Host
	if r.TLS != nil {
		base = "https://" + r.Host
	}
	route.JSON(w, http.StatusOK, metadata{
		Issuer: base, Authorization: base + "/iroh/oauth2/authorize", Token: base + "/iroh/oauth2/token",
		Device: base + "/iroh/oauth2/device_authorization", Registration: base + clientsPath, JWKS: base + "/.well-known/jwks",
		Scopes: Scopes(), ResponseTypes: []string{}, GrantTypes: []string{"client_credential"},
		TokenAuth: []string{"client_secret_basic"}, SubjectTypes: []string{"public"}, SigningMethods: []string{"RS256"},
	})
}

func unsupportedGrant() fault {
	return fault{http.StatusBadRequest, "unsupported_grant_type", "The only grant here is client_credentials."}
}

// serveOtherGrants answers the routes of the grants that need a person at a
// browser, which there are not here.
func (t *Threat) serveOtherGrants(w http.ResponseWriter, r *http.Request) {
	t.fail(w, unsupportedGrant())
}

func (t *Threat) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	t.fail(w, fault{http.StatusBadRequest, "unsupported_response_type", "Nobody can log in here by OAuth: the only grant is client_credentials."})
}
