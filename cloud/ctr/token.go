package ctr

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"esasim/cloud/route"
)

// tokenLifetime is how long an access token is good. Source: vendor document.
const tokenLifetime = 600 * time.Second

// issuer is the iss claim. Source: claims of a published token.
const issuer = "IROH Auth"

// clientCredentials is the one grant there is.
const clientCredentials = "client_credentials"

const maxTokenRequest = 64 << 10 // bytes

// claims are those of a published token (2018). Times are whole seconds.
type claims struct {
	jwt.RegisteredClaims
	Email       string   `json:"email"`
	UserEmail   string   `json:"https://schemas.cisco.com/iroh/identity/claims/user/email"`
	UserID      string   `json:"https://schemas.cisco.com/iroh/identity/claims/user/id"`
	UserScopes  []string `json:"https://schemas.cisco.com/iroh/identity/claims/user/scopes"`
	Scopes      []string `json:"https://schemas.cisco.com/iroh/identity/claims/scopes"`
	OrgID       string   `json:"https://schemas.cisco.com/iroh/identity/claims/org/id"`
	OrgName     string   `json:"https://schemas.cisco.com/iroh/identity/claims/org/name"`
	ClientID    string   `json:"https://schemas.cisco.com/iroh/identity/claims/oauth/client/id"`
	Grant       string   `json:"https://schemas.cisco.com/iroh/identity/claims/oauth/grant"`
	OAuthScopes []string `json:"https://schemas.cisco.com/iroh/identity/claims/oauth/scopes"`
	OAuthUserID string   `json:"https://schemas.cisco.com/iroh/identity/claims/oauth/user/id"`
	Kind        string   `json:"https://schemas.cisco.com/iroh/identity/claims/oauth/kind"`
	Version     string   `json:"https://schemas.cisco.com/iroh/identity/claims/version"`
}

// mint makes an access token for a client that acts for a user.
func (t *Threat) mint(clientID string, u User, scopes []string) (string, error) {
	key, err := t.key()
	if err != nil {
		return "", err
	}
	now, org := time.Now(), t.Organisation()
	c := claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Subject: u.ID, ID: uuid.NewString(),
			IssuedAt:  jwt.NewNumericDate(now),
			NotBefore: jwt.NewNumericDate(now.Add(-60 * time.Second)),
			ExpiresAt: jwt.NewNumericDate(now.Add(tokenLifetime)),
		},
		Email: u.Email, UserEmail: u.Email, UserID: u.ID,
		UserScopes: u.Scopes(), Scopes: scopes, OrgID: org.ID, OrgName: org.Name,
		ClientID: clientID, Grant: "client-creds", OAuthScopes: scopes, OAuthUserID: u.ID,
		Kind: "access-token", Version: "1",
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, c)
	token.Header["kid"] = key.id
	signed, err := token.SignedString(key.private)
	if err != nil {
		return "", fmt.Errorf("sign access token: %w", err)
	}
	return signed, nil
}

// tokenRequest is what both request forms of the token route come to.
type tokenRequest struct {
	GrantType string
	ClientID  string
	Password  string
	Scope     string // blank-separated; empty: all the client has
}

type tokenResponse struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"`
	Scope       string `json:"scope"`
}

// serveToken answers POST /iroh/oauth2/token. Every refusal has status 400
// (public client; RFC 6749 names for a malformed request and another grant,
// inferred).
func (t *Threat) serveToken(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	req, err := readTokenRequest(w, r)
	if err != nil {
		t.fail(w, err)
		return
	}
	if req.GrantType != clientCredentials {
		t.fail(w, unsupportedGrant())
		return
	}
	c, u, err := t.client(r.Context(), req.ClientID, req.Password)
	if errors.Is(err, errInvalidClient) || errors.Is(err, errWrongClientCreds) {
		err = fault{status: http.StatusBadRequest, code: err.Error()}
	}
	if err != nil {
		t.fail(w, err)
		return
	}
	scopes := narrow(common(c.Scopes, u.Scopes()), req.Scope)
	token, err := t.mint(req.ClientID, u, scopes)
	if err != nil {
		t.fail(w, err)
		return
	}
	route.JSON(w, http.StatusOK, tokenResponse{token, "bearer", int(tokenLifetime / time.Second), strings.Join(scopes, " ")})
}

// narrow gives the scopes asked for that the client has; asked for none, all.
// The answer may be smaller than the wish. Source: vendor document.
func narrow(has []string, asked string) []string {
	if strings.TrimSpace(asked) == "" {
		return has
	}
	return common(strings.Fields(asked), has)
}

func invalidRequest(description string) fault {
	return fault{http.StatusBadRequest, "invalid_request", description}
}

// readTokenRequest reads either form: a form with HTTP Basic, or JSON.
func readTokenRequest(w http.ResponseWriter, r *http.Request) (tokenRequest, error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return tokenRequest{}, invalidRequest("Content-Type: want application/x-www-form-urlencoded or application/json.")
	}
	body, err := readBody(w, r, maxTokenRequest)
	if err != nil {
		return tokenRequest{}, err
	}
	switch media {
	case "application/x-www-form-urlencoded":
		return readTokenForm(r, body)
	case "application/json":
		return readTokenJSON(body)
	}
	return tokenRequest{}, invalidRequest("Content-Type: want application/x-www-form-urlencoded or application/json.")
}

func readTokenForm(r *http.Request, body []byte) (tokenRequest, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return tokenRequest{}, invalidRequest("The form cannot be read.")
	}
	if other := form.Get("grant_type"); other != "" && other != clientCredentials {
		return tokenRequest{GrantType: other}, nil // it has other parameters
	}
	for name, values := range form {
		if name != "grant_type" && name != "scope" {
			return tokenRequest{}, invalidRequest(fmt.Sprintf("There is no parameter %.60q.", name))
		}
		if len(values) > 1 {
			return tokenRequest{}, invalidRequest(fmt.Sprintf("The parameter %s is given twice.", name))
		}
	}
	id, password, ok := r.BasicAuth()
	if !ok {
		return tokenRequest{}, invalidRequest("The client's id and password are missing: want HTTP Basic.")
	}
	if !form.Has("grant_type") {
		return tokenRequest{}, invalidRequest("grant_type is missing.")
	}
	return tokenRequest{form.Get("grant_type"), id, password, form.Get("scope")}, nil
}

func readTokenJSON(body []byte) (tokenRequest, error) {
	var fields map[string]any
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return tokenRequest{}, invalidRequest("The body is not a JSON object.")
	}
	var req tokenRequest
	if other, _ := fields["grant_type"].(string); other != "" && other != clientCredentials {
		return tokenRequest{GrantType: other}, nil // it has other parameters
	}
	into := map[string]*string{
		"grant_type": &req.GrantType, "client_id": &req.ClientID, "client_password": &req.Password, "scope": &req.Scope,
	}
	for name, value := range fields {
		text, isText := value.(string)
		switch {
		case into[name] == nil:
			return req, invalidRequest(fmt.Sprintf("There is no parameter %.60q.", name))
		case !isText:
			return req, invalidRequest(name + " is not a string.")
		}
		*into[name] = text
	}
	for _, name := range []string{"grant_type", "client_id", "client_password"} {
		if _, given := fields[name]; !given {
			return req, invalidRequest(name + " is missing.")
		}
	}
	return req, nil
}
