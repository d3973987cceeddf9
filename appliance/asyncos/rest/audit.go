package rest

import (
	"errors"
	"net/http"

	"esasim/appliance/users"
)

// changes tells whether a call of the method changes something.
func changes(method string) bool { return method != http.MethodGet && method != http.MethodHead }

// audit tells the log of a call that changes something: who made it, from where, what
// it was, and what came of it. It is made here, so that no area can forget it. What
// the body says is left out: passphrases may be in it.
func (a *api) audit(c *Call, err error) {
	if !changes(c.Request.Method) || c.User.Name == "" { // a failed sign-in has a line of its own
		return
	}
	said := []any{"user", Clip(c.User.Name), "role", string(c.User.Role), "from", peer(c.Request),
		"method", c.Request.Method, "path", Clip(c.Request.URL.EscapedPath()), "query", Clip(c.Request.URL.RawQuery)}
	said = append(said, c.notes...)
	if f := (Fault{}); errors.As(err, &f) {
		said = append(said, "refused", Clip(f.Message))
	} else if err != nil {
		said = append(said, "failed", err.Error())
	}
	a.Logger.Info("audit: a change by the API", said...)
	what := c.Request.Method + " " + Clip(c.Request.URL.RequestURI())
	if err != nil {
		what += ": " + Clip(err.Error())
	}
	a.tell(c.Request, users.Deed{User: c.User.Name, Role: c.User.Role, What: what, Refused: err != nil})
}

// tell has a deed told to whoever wants to know.
func (a *api) tell(r *http.Request, d users.Deed) {
	if a.Audit != nil {
		d.By, d.From = "API", peer(r)
		a.Audit(d)
	}
}
