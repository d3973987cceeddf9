// Package asyncos is the AsyncOS REST API, version 2.0, that scripts, SOAR packs
// and connectors speak to an appliance: sign-in and message tracking. It is served
// below /esa/api/v2.0 and /sma/api/v2.0, which answer alike.
//
// What it answers is made of messages and their events when it is asked for. The
// caller wraps the handler in web.Guard and web.Recover.
package asyncos

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"esasim/appliance/users"
	"esasim/esa"
	"esasim/tracking"
)

// Prefixes are the paths below which the API is served.
func Prefixes() []string { return []string{"/esa/api/v2.0/", "/sma/api/v2.0/"} }

// Tracker answers what the API asks of message tracking.
type Tracker interface {
	// Search finds messages, newest first, one page at a time.
	Search(ctx context.Context, q tracking.Query) (tracking.Page, error)
	// Message is one message with all its events; tracking.ErrNotFound.
	Message(ctx context.Context, mid esa.MID) (esa.Message, error)
	// Family is a message with those it was made from and those made from it, by
	// MID; tracking.ErrNotFound.
	Family(ctx context.Context, mid esa.MID) ([]esa.Message, error)
	// Connection is what happened on an injection connection, apart from its
	// messages; tracking.ErrNotFound.
	Connection(ctx context.Context, icid esa.ICID) ([]esa.Event, error)
	// Connections finds connections, newest first, each with all its events.
	Connections(ctx context.Context, q tracking.Connections) ([][]esa.Event, error)
	// Span is the time of the first and of the last message kept; both zero
	// when there is none.
	Span(ctx context.Context) (first, last time.Time, err error)
}

// SignIn tells who calls.
type SignIn interface {
	// SignIn proves a passphrase: users.ErrCredentials, *users.Wait.
	SignIn(ctx context.Context, name, passphrase, from string) (users.User, error)
	// Token makes a token for who has signed in.
	Token(users.User) (string, error)
	// Bearer tells whose token it is: users.ErrExpired, users.ErrToken.
	Bearer(token string) (users.User, error)
}

// Options of the API. Tracker and SignIn are required.
type Options struct {
	Tracker  Tracker
	SignIn   SignIn
	Host     string         // the appliance's name
	Serial   string         // its serial number
	Flat     bool           // rows of message tracking as of AsyncOS 13.0, not keyed by MID
	Location *time.Location // of the times in answers; nil: UTC
	Logger   *slog.Logger   // nil: slog.Default()
}

type api struct {
	Options
	groups []eventGroup
	places places
}

// New makes the handler of the API, below both prefixes.
func New(o Options) http.Handler {
	if o.Location == nil {
		o.Location = time.UTC
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	a := &api{Options: o, groups: eventGroups()}
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
