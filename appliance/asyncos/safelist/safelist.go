// Package safelist is the area of the AsyncOS REST API that looks at and changes the
// end users' safelists and blocklists: quarantine/safelist and quarantine/blocklist.
package safelist

import (
	"errors"
	"net/http"
	"strings"

	"esasim/appliance/asyncos/rest"
	"esasim/appliance/slbl"
	"esasim/appliance/users"
)

// Options of the area.
type Options struct {
	Lists *slbl.Lists // nil: the feature is switched off
}

// Routes are the calls of the area.
func Routes(o Options) []rest.Route {
	var out []rest.Route
	for _, list := range []slbl.List{slbl.Safelist, slbl.Blocklist} {
		a := &area{o.Lists, list}
		path := "quarantine/" + list.String()
		out = append(out,
			rest.Route{Method: "GET", Path: path, Takes: viewParameters, Plus: []string{"search"}, May: users.Role.MayConfigure, Serve: a.enabled(a.view)},
			rest.Route{Method: "POST", Path: path, May: mayChange, Serve: a.enabled(a.change)},
			rest.Route{Method: "DELETE", Path: path, May: mayChange, Serve: a.enabled(a.remove)})
	}
	return out
}

// mayChange: other users' lists are none of the help desk's business. Source: AsyncOS
// user guide, "User Roles" (inferred).
func mayChange(r users.Role) bool { return r.MayChange() && r.MayConfigure() }

// area is the calls for one of the lists.
type area struct {
	lists *slbl.Lists
	list  slbl.List
}

// The two ways to look at lists.
const (
	byRecipient = "recipient"
	bySender    = "sender"
)

// enabled refuses a call while the feature is switched off.
func (a *area) enabled(serve func(*rest.Call) (any, error)) func(*rest.Call) (any, error) {
	if a.lists != nil {
		return serve
	}
	return func(*rest.Call) (any, error) {
		return nil, rest.Fault{Status: http.StatusForbidden, Message: "End User Safelist/Blocklist is not enabled."}
	}
}

// told is an error of the lists as a refusal, if it is one.
func told(err error) error {
	if r := slbl.Refused(""); errors.As(err, &r) && r != "" {
		return rest.Fault{Status: http.StatusBadRequest, Message: upper(string(r)) + "."}
	}
	return err
}

// upper makes a text of ours begin as sentences do.
func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
