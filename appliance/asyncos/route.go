package asyncos

import (
	"net/http"
	"slices"
	"strings"

	"esasim/appliance/users"
)

// route is one call of the API.
type route struct {
	method    string
	path      string
	privilege string // its name in login/privileges; "": everybody may who has signed in
	may       func(users.Role) bool
	takes     []string // the parameters it knows
	serve     func(*call) (any, error)
}

// call is one request to a route.
type call struct {
	w    http.ResponseWriter
	r    *http.Request
	user users.User
	parameters
}

// routes are all calls.
func (a *api) routes() []route {
	out := []route{{method: "GET", path: "login/privileges", may: anybody, serve: a.servePrivileges}}
	for _, t := range []struct {
		name, privilege string
		takes           []string
		serve           func(*call) (any, error)
	}{
		{"messages", "messages", searchParameters(), a.serveMessages},
		{"details", "detail", detailsParameters, a.serveDetails},
		{"amp-details", "amp_details", detailsParameters, a.serveAMPDetails},
		{"connection-details", "connection_details", []string{"startDate", "endDate", "icid", "serialNumber"}, a.serveConnection},
		{"dlp-details", "dlp_details", detailsParameters, a.serveDLPDetails},
		{"url-details", "url_details", detailsParameters, a.serveURLDetails},
		{"remediation-details", "remediation_details", detailsParameters, a.serveRemediation},
		{"availability", "availability", nil, a.serveAvailability},
	} {
		out = append(out, route{"GET", "message-tracking/" + t.name, "e_message_tracking_" + t.privilege, anybody, t.takes, t.serve})
	}
	return out
}

func anybody(users.Role) bool { return true }

// paths are the routes by path.
func (a *api) paths() map[string][]route {
	out := map[string][]route{"login": {{method: "POST", path: "login"}}}
	for _, r := range a.routes() {
		out[r.path] = append(out[r.path], r)
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
func (a *api) dispatch(w http.ResponseWriter, r *http.Request, at []route) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	i := slices.IndexFunc(at, func(t route) bool { return t.method == method })
	if i < 0 {
		var methods []string
		for _, t := range at {
			methods = append(methods, t.method)
		}
		w.Header().Set("Allow", strings.Join(methods, ", "))
		fail(w, fault{http.StatusMethodNotAllowed, "Invalid method - " + clip(r.Method) + "."})
		return
	}
	c := &call{w: w, r: r}
	v, err := a.serve(c, &at[i])
	if err != nil {
		a.refuse(c, err)
		return
	}
	if v != nil {
		answer(w, http.StatusOK, v)
	}
}

// serve makes the answer of a call; nil: it has been given.
func (a *api) serve(c *call, t *route) (v any, err error) {
	if t.serve == nil {
		return a.serveLogin(c)
	}
	if c.user, err = a.caller(c.r); err != nil {
		return nil, err
	}
	if !t.may(c.user.Role) {
		return nil, fault{http.StatusForbidden, "The role " + string(c.user.Role) + " may not call this."}
	}
	if c.parameters, err = readParameters(c.r.URL.RawQuery, t.takes); err != nil {
		return nil, err
	}
	return t.serve(c)
}

// servePrivileges lists what the caller may call.
func (a *api) servePrivileges(c *call) (any, error) {
	list := []string{}
	for _, t := range a.routes() {
		if t.privilege != "" && t.may(c.user.Role) && !slices.Contains(list, t.privilege) {
			list = append(list, t.privilege)
		}
	}
	return data{list}, nil
}
