// Package rest is the kernel of the AsyncOS REST API, version 2.0: sign-in, routes,
// parameters, bodies, answers and refusals, which are alike for all of its areas.
// Each area is a package of its own beside this one and gives its routes.
package rest

import (
	"context"
	"log/slog"
	"net/http"

	"esasim/appliance/users"
)

// Prefixes are the paths below which the API is served; both answer alike.
func Prefixes() []string { return []string{"/esa/api/v2.0/", "/sma/api/v2.0/"} }

// SignIn tells who calls.
type SignIn interface {
	// SignIn proves a passphrase: users.ErrCredentials, *users.Wait.
	SignIn(ctx context.Context, name, passphrase, from string) (users.User, error)
	// Token makes a token for who has signed in.
	Token(users.User) (string, error)
	// Bearer tells whose token it is: users.ErrExpired, users.ErrToken.
	Bearer(token string) (users.User, error)
}

// Options of the API. SignIn is required.
type Options struct {
	SignIn SignIn
	Logger *slog.Logger // nil: slog.Default()
	Routes []Route      // of all areas
	// Audit is told of sign-ins by login, of those that fail, and of each call that
	// changes something; nil: nobody is.
	Audit func(users.Deed)
}

type api struct {
	Options
}

// New makes the handler of the API, below both prefixes. The caller wraps it in
// web.Guard and web.Recover.
func New(o Options) http.Handler {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	a := &api{o}
	mux := http.NewServeMux()
	for _, prefix := range Prefixes() {
		mux.HandleFunc(prefix, func(w http.ResponseWriter, r *http.Request) {
			open(w, r, func() { fail(w, notFound(r)) })
		})
		for path, at := range a.paths() {
			mux.HandleFunc(prefix+path, func(w http.ResponseWriter, r *http.Request) {
				open(w, r, func() { a.dispatch(w, r, at) })
			})
		}
	}
	return mux
}
