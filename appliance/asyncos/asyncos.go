// Package asyncos is the AsyncOS REST API, version 2.0, that scripts, SOAR packs
// and connectors speak to an appliance, below /esa/api/v2.0 and /sma/api/v2.0. It
// puts the areas of the API together, each of which is a package of its own, over
// the kernel that they have in common.
//
// What it answers is made of messages and their events when it is asked for. The
// caller wraps the handler in web.Guard and web.Recover.
package asyncos

import (
	"log/slog"
	"net/http"

	"esasim/appliance/asyncos/messagetracking"
	"esasim/appliance/asyncos/rest"
)

// Prefixes are the paths below which the API is served.
func Prefixes() []string { return rest.Prefixes() }

// Options of the API, by area. SignIn is required, and what an area requires.
type Options struct {
	SignIn   rest.SignIn
	Logger   *slog.Logger // nil: slog.Default()
	Tracking messagetracking.Options
}

// New makes the handler of the API, below both prefixes.
func New(o Options) http.Handler {
	return rest.New(rest.Options{SignIn: o.SignIn, Logger: o.Logger, Routes: o.routes()})
}

// routes are the calls of all areas.
func (o *Options) routes() []rest.Route {
	return messagetracking.Routes(o.Tracking)
}
