package rest

import (
	"net/http"
	"slices"
	"strings"

	"esasim/appliance/users"
)

// Route is one call of the API.
type Route struct {
	Method string
	// Path below the prefix, as net/http has patterns: config/lists/{name}.
	Path      string
	Privilege string                         // its name in login/privileges; "": it has none
	May       func(users.Role) bool          // who may call it; nil: everybody who has signed in
	Takes     []string                       // the parameters it knows; others are refused
	Repeated  []string                       // those of them that may be given again
	Plus      []string                       // those in which + is itself, not a blank; dates are always so
	Serve     func(*Call) (v any, err error) // v is answered as JSON with 200; nil: the call has answered itself
}

// Call is one request to a route by somebody who has signed in.
type Call struct {
	Writer  http.ResponseWriter
	Request *http.Request
	User    users.User
	Parameters
	notes []any
}

// Note puts more into the line that the log gets of a call that changes something, as
// keys and values of slog. What is noted must be bounded, and no secret.
func (c *Call) Note(said ...any) { c.notes = append(c.notes, said...) }

// Admits tells whether a role may call the route.
func (t *Route) Admits(role users.Role) bool { return t.May == nil || t.May(role) }

// Own are the kernel's own calls. That of the login has nothing to serve it: who calls
// it has not signed in. That of the privileges is served by New.
func Own() []Route { return []Route{{Method: "POST", Path: "login"}, privileges(nil)} }

func privileges(serve func(*Call) (any, error)) Route {
	return Route{Method: "GET", Path: "login/privileges", Serve: serve}
}

// routes are all calls: those of the areas and the kernel's own.
func (a *api) routes() []Route {
	return slices.Concat([]Route{Own()[0], privileges(a.servePrivileges)}, a.Routes)
}

// paths are the routes by path.
func (a *api) paths() map[string][]Route {
	out := map[string][]Route{}
	for _, r := range a.routes() {
		out[r.Path] = append(out[r.Path], r)
	}
	return out
}

// open answers what browsers ask before they call from another site, and says with
// every answer that they may. It gives nobody anything: who calls has to say who he
// is with each call. Source: published samples of answers.
func open(w http.ResponseWriter, r *http.Request, answer func()) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Headers", "content-type, jwttoken, mid, h, email, authorization")
	h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS")
	h.Set("Access-Control-Allow-Credentials", "true")
	h.Set("Access-Control-Expose-Headers", "Content-Disposition, jwtToken")
	h.Set("Cache-Control", "no-store")
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusOK)
		return
	}
	answer()
}

// dispatch takes a request to the route of its method.
func (a *api) dispatch(w http.ResponseWriter, r *http.Request, at []Route) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	i := slices.IndexFunc(at, func(t Route) bool { return t.Method == method })
	if i < 0 {
		var methods []string
		for _, t := range at {
			methods = append(methods, t.Method)
		}
		w.Header().Set("Allow", strings.Join(methods, ", "))
		fail(w, Fault{http.StatusMethodNotAllowed, "Invalid method - " + Clip(r.Method) + "."})
		return
	}
	c := &Call{Writer: w, Request: r}
	v, err := a.serve(c, &at[i])
	a.audit(c, err)
	if err != nil {
		a.refuse(c, err)
		return
	}
	if v != nil {
		answer(w, http.StatusOK, v)
	}
}

// serve makes the answer of a call; nil: it has been given.
func (a *api) serve(c *Call, t *Route) (v any, err error) {
	if t.Serve == nil {
		return a.serveLogin(c)
	}
	if c.User, err = a.caller(c.Request); err != nil {
		return nil, err
	}
	if !t.Admits(c.User.Role) {
		return nil, forbidden(c.User.Role)
	}
	if c.Parameters, err = readParameters(c.Request.URL.RawQuery, t); err != nil {
		return nil, err
	}
	return t.Serve(c)
}

// servePrivileges lists what the caller may call.
func (a *api) servePrivileges(c *Call) (any, error) {
	list := []string{}
	for _, t := range a.routes() {
		if t.Privilege != "" && t.Admits(c.User.Role) && !slices.Contains(list, t.Privilege) {
			list = append(list, t.Privilege)
		}
	}
	return Data{list}, nil
}

func forbidden(role users.Role) Fault {
	return Fault{http.StatusForbidden, "The role " + string(role) + " may not call this."}
}
