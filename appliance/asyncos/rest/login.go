package rest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"esasim/appliance/users"
)

// mostLogin is how long the body of a login can be, in octets.
const mostLogin = 16 << 10

// errLogin is the refusal of wrong credentials. Source: recorded answers.
var errLogin = Fault{http.StatusUnauthorized, "Invalid username or passphrase."}

// loginAnswer is the answer to a login. Source: recorded answers; the list of
// addresses is empty there.
type loginAnswer struct {
	UserName  string   `json:"userName"`
	TwoFactor string   `json:"is2FactorRedirectRequired"`
	Role      string   `json:"role"`
	Email     []string `json:"email"`
	Token     string   `json:"jwtToken"`
}

// serveLogin takes the credentials, in base64, and gives a token for them. The type
// of the body does not matter: older clients say it is plain text.
func (a *api) serveLogin(c *Call) (any, error) {
	if _, err := readParameters(c.Request.URL.RawQuery, &Route{}); err != nil {
		return nil, err
	}
	name, passphrase, err := readLogin(c.Writer, c.Request)
	if err != nil {
		return nil, err
	}
	user, err := a.signIn(c.Request, name, passphrase)
	if err != nil {
		return nil, err
	}
	token, err := a.SignIn.Token(user)
	if err != nil {
		return nil, err
	}
	a.tell(c.Request, users.Deed{User: user.Name, Role: user.Role, What: users.SignedIn})
	return Data{loginAnswer{user.Name, "false", string(user.Role), []string{}, token}}, nil
}

func readLogin(w http.ResponseWriter, r *http.Request) (name, passphrase string, err error) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostLogin))
	if over := (*http.MaxBytesError)(nil); errors.As(err, &over) {
		return "", "", Fault{http.StatusRequestEntityTooLarge, "The body of a login is too large."}
	}
	if err != nil {
		return "", "", Fault{http.StatusBadRequest, "The body ended early."}
	}
	var body struct {
		Data *struct {
			UserName   *string `json:"userName"`
			Passphrase *string `json:"passphrase"`
		} `json:"data"`
	}
	if json.Unmarshal(b, &body) != nil || body.Data == nil || body.Data.UserName == nil || body.Data.Passphrase == nil {
		return "", "", Fault{http.StatusBadRequest, `Want {"data": {"userName": "...", "passphrase": "..."}}, both in base64.`}
	}
	if name, err = unbase64(*body.Data.UserName); err == nil {
		passphrase, err = unbase64(*body.Data.Passphrase)
	}
	if err != nil {
		return "", "", Fault{http.StatusBadRequest, "userName and passphrase must be in base64."}
	}
	return name, passphrase, nil
}

// unbase64 takes any alphabet of base64, with padding or without.
func unbase64(s string) (string, error) {
	s = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(strings.TrimSpace(s), "="))
	b, err := base64.RawStdEncoding.DecodeString(s)
	return string(b), err
}

// signIn proves credentials for whoever sent the request.
func (a *api) signIn(r *http.Request, name, passphrase string) (users.User, error) {
	from := peer(r)
	user, err := a.SignIn.SignIn(r.Context(), name, passphrase, from)
	if errors.Is(err, users.ErrCredentials) {
		a.Logger.Warn("sign-in to the API failed", "user", Clip(name), "from", from)
		a.tell(r, users.Deed{User: name, What: users.SignInFailed + err.Error(), Refused: true})
		return user, errLogin
	}
	if user.Factory && foreign(r, from) {
		return user, Fault{http.StatusUnauthorized, "The passphrase of the factory must be changed before others than this machine may use it."}
	}
	return user, err
}

// peer is the address that a request comes from.
func peer(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}

// foreign is true of a request from another machine, and of one that a page of
// another site has the browser make: with a passphrase that everybody knows, any
// page could.
func foreign(r *http.Request, from string) bool {
	a, err := netip.ParseAddr(from)
	if err == nil && !a.Unmap().IsLoopback() {
		return true
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	u, err := url.Parse(origin)
	return err != nil || u.Host != r.Host
}

// caller tells who calls: by a token, or by HTTP Basic. One that is good is enough.
func (a *api) caller(r *http.Request) (users.User, error) {
	token := r.Header.Get("jwtToken") // in any letter case
	var refused error = Fault{http.StatusUnauthorized, "Unauthorized."}
	if token != "" {
		user, err := a.SignIn.Bearer(strings.TrimSpace(token))
		if err == nil {
			return user, nil
		}
		refused = tokenFault(err)
	}
	name, passphrase, ok := r.BasicAuth()
	if !ok {
		return users.User{}, refused
	}
	return a.signIn(r, name, passphrase)
}

// SignedIn serves next to those who say who they are by HTTP Basic, or by a token:
// for what is read with the accounts of the API and is not part of it. Routes are not
// asked for. may tells which roles; nil: all.
func SignedIn(o Options, may func(users.Role) bool, next http.Handler) http.Handler {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	a := &api{o}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, err := a.caller(r)
		if t := (Route{May: may}); err == nil && !t.Admits(user.Role) {
			err = forbidden(user.Role)
		}
		if err != nil {
			a.refuse(&Call{Writer: w, Request: r}, err)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// tokenFault says why a token is refused; clients compare the whole texts. Source:
// public client.
func tokenFault(err error) Fault {
	if errors.Is(err, users.ErrExpired) {
		return Fault{http.StatusUnauthorized, "ExpiredSignatureError."}
	}
	return Fault{http.StatusUnauthorized, "InvalidTokenError."}
}
