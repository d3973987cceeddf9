// Package asyncos is the AsyncOS REST API, version 2.0, that scripts, SOAR packs
// and connectors speak to an appliance, below /esa/api/v2.0 and /sma/api/v2.0. It
// puts the areas of the API together, each of which is a package of its own, over
// the kernel that they have in common.
//
// What it answers is made of messages and their events when it is asked for. The
// caller wraps the handler in web.Guard and web.Recover.
package asyncos

import (
	"cmp"
	"log/slog"
	"net/http"
	"slices"

	"esasim/appliance/asyncos/health"
	"esasim/appliance/asyncos/lists"
	"esasim/appliance/asyncos/logfiles"
	"esasim/appliance/asyncos/messagetracking"
	"esasim/appliance/asyncos/openapi"
	"esasim/appliance/asyncos/quarantines"
	"esasim/appliance/asyncos/remediation"
	"esasim/appliance/asyncos/reports"
	"esasim/appliance/asyncos/reputation"
	"esasim/appliance/asyncos/rest"
	"esasim/appliance/asyncos/safelist"
	"esasim/appliance/users"
)

// Prefixes are the paths below which the API is served, and those of its description.
func Prefixes() []string { return append(rest.Prefixes(), openapi.Path, openapi.Path+"/") }

// Options of the API, by area. SignIn is required, and what an area requires.
type Options struct {
	SignIn      rest.SignIn
	Logger      *slog.Logger // nil: slog.Default()
	Audit       func(users.Deed)
	Safelist    safelist.Options
	Tracking    messagetracking.Options
	Remediation remediation.Options
	Health      health.Options
	Reports     reports.Options
	Logs        logfiles.Options
	SDR         reputation.Options
	Lists       lists.Options
	Quarantines quarantines.Options
}

// New makes the handler of the API, below both prefixes, and of the page that
// describes it.
func New(o Options) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", rest.New(rest.Options{SignIn: o.SignIn, Logger: o.Logger, Audit: o.Audit, Routes: o.routes()}))
	page := openapi.Handler(cmp.Or(o.Logger, slog.Default()), Descriptions()...)
	mux.Handle(openapi.Path, page)
	mux.Handle(openapi.Path+"/", page)
	return mux
}

// routes are the calls of all areas. Each is described in its area's openapi.yaml.
func (o *Options) routes() []rest.Route {
	return slices.Concat(
		safelist.Routes(o.Safelist),
		messagetracking.Routes(o.Tracking),
		remediation.Routes(o.Remediation),
		quarantines.Routes(o.Quarantines),
		health.Routes(o.Health),
		reports.Routes(o.Reports),
		logfiles.Routes(o.Logs), reputation.Routes(o.SDR), lists.Routes(o.Lists),
	)
}

// Descriptions are the parts of the OpenAPI document, the kernel's first.
func Descriptions() []openapi.Part {
	return []openapi.Part{
		rest.Description(),
		safelist.Description(),
		messagetracking.Description(),
		remediation.Description(),
		health.Description(),
		reports.Description(),
		logfiles.Description(), reputation.Description(), lists.Description(),
		quarantines.Description(),
	}
}
