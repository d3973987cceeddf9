package quarantines

import (
	"net/http"
	"slices"
	"strings"

	"esasim/appliance/asyncos/commit"
	"esasim/appliance/asyncos/rest"
	"esasim/appliance/changes"
	"esasim/appliance/config"
	"esasim/appliance/quarantine"
	"esasim/appliance/users"
)

// Changes is how the configuration is read and changed.
type Changes interface {
	commit.Changes
	Running() config.Appliance
	History() []changes.Entry
}

// Bounds of the settings of quarantines.
const (
	mostSettings = 1 << 20 // octets of a body
	mostMade     = 100     // quarantines in it
)

// settingRoutes are the calls about what the quarantines are. Administrators alone
// change it, else others could name themselves. Source: AsyncOS user guide,
// "Distributing Message Processing Tasks".
func (a *api) settingRoutes() []rest.Route {
	var out []rest.Route
	route := func(method, path string, serve func(*rest.Call) (any, error)) {
		may := users.Role.MayConfigure
		if method != http.MethodGet {
			may = func(r users.Role) bool { return r == users.Administrator }
		}
		out = append(out, rest.Route{Method: method, Path: "config/" + path, May: may, Takes: []string{"device_type"}, Serve: func(c *rest.Call) (any, error) {
			if _, err := c.One("device_type", "esa"); err != nil {
				return nil, err
			}
			return serve(c)
		}})
	}
	route("POST", "local_quarantines", a.serveMake)
	route("GET", "local_quarantines/{name}", a.serveSettings)
	route("PUT", "local_quarantines/{name}", a.serveChange)
	route("DELETE", "local_quarantines/{name}", a.serveRemove)
	route("GET", "quarantine_filters/{name}", a.serveUses)
	route("GET", "quarantine_users", a.serveUsers)
	return out
}

// status is the policy, virus or outbreak quarantine that a call names.
func (a *api) status(c *rest.Call) (quarantine.Status, error) {
	name := c.Request.PathValue("name")
	if s := a.find(name); s != nil && !s.Gone && name != quarantine.Spam {
		return *s, nil
	}
	return quarantine.Status{}, rest.Fault{Status: http.StatusNotFound, Message: "There is no quarantine " + rest.Clip(name) + "."}
}

func (a *api) serveSettings(c *rest.Call) (any, error) {
	s, err := a.status(c)
	if err != nil {
		return nil, err
	}
	return rest.Data{Data: a.settings(&s)}, nil
}

// otherUsers are all users but administrators, who may use every quarantine.
func (a *api) otherUsers() []string {
	out := []string{}
	now := a.Changes.Running()
	for _, u := range now.Users {
		if u.Role != string(users.Administrator) {
			out = append(out, u.Name)
		}
	}
	return out
}

// namesAnswer says which quarantines were made or changed.
type namesAnswer struct {
	Total int      `json:"totalCount"`
	Names []string `json:"quarantine_names"`
}

// serveMake makes quarantines, all that a body has or none.
func (a *api) serveMake(c *rest.Call) (any, error) {
	var body struct {
		Quarantines []created `json:"quarantines"`
	}
	if err := c.Body(&body, mostSettings); err != nil {
		return nil, err
	}
	switch n := len(body.Quarantines); {
	case n == 0:
		return nil, rest.Missing("quarantines")
	case n > mostMade:
		return nil, rest.Wrong("quarantines", "want at most 100")
	}
	a.changing.Lock()
	defer a.changing.Unlock()
	var edits []changes.Edit
	out := namesAnswer{Names: []string{}}
	for i := range body.Quarantines {
		q := &body.Quarantines[i].settings
		if err := a.checkNew(q, out.Names); err != nil {
			return nil, err
		}
		e, err := q.edit()
		if err != nil {
			return nil, err
		}
		edits, out.Names = append(edits, e), append(out.Names, q.Name)
	}
	out.Total = len(out.Names)
	return rest.Data{Data: out}, commit.Now(c, a.Changes, edits...)
}

// checkNew says why there cannot be a quarantine of the name. Names that differ in
// letter case alone are not told apart by who reads them.
func (a *api) checkNew(q *settings, others []string) error {
	same := func(name string) bool { return strings.EqualFold(name, q.Name) }
	switch {
	case q.Name == "":
		return rest.Missing("quarantine_name")
	case slices.ContainsFunc(others, same):
		return rest.Wrong("quarantine_name", rest.Clip(q.Name)+" is there twice")
	case slices.ContainsFunc(a.Keeper.List(), func(s quarantine.Status) bool { return !s.Gone && same(s.Name) }):
		return rest.Fault{Status: http.StatusConflict, Message: "There is a quarantine " + rest.Clip(q.Name) + " already."}
	}
	return nil
}

// serveChange changes a quarantine. What a body does not say stays as it is.
func (a *api) serveChange(c *rest.Call) (any, error) {
	a.changing.Lock()
	defer a.changing.Unlock()
	s, err := a.status(c)
	if err != nil {
		return nil, err
	}
	q := a.settings(&s)
	if err := c.Body(&q, mostSettings); err != nil {
		return nil, err
	}
	if q.Name != s.Name {
		return nil, rest.Wrong("quarantine_name", "a quarantine keeps its name")
	}
	e, err := q.edit()
	if err == nil {
		err = commit.Now(c, a.Changes, e)
	}
	return rest.Data{Data: namesAnswer{1, []string{s.Name}}}, err
}

// serveRemove deletes a quarantine that holds nothing.
func (a *api) serveRemove(c *rest.Call) (any, error) {
	a.changing.Lock()
	defer a.changing.Unlock()
	s, err := a.status(c)
	switch {
	case err != nil:
		return nil, err
	case slices.ContainsFunc(quarantine.BuiltIn(), func(q quarantine.Quarantine) bool { return q.Name == s.Name }):
		return nil, rest.Fault{Status: http.StatusBadRequest, Message: "The quarantine " + s.Name + " cannot be deleted: it comes with the appliance."}
	case s.Messages > 0:
		return nil, rest.Fault{Status: http.StatusBadRequest, Message: "The quarantine " + rest.Clip(s.Name) + " cannot be deleted: it holds messages. Release or delete them first."}
	}
	err = commit.Now(c, a.Changes, changes.Edit{Key: changes.Key(quarantinesKey, s.Name), Remove: true})
	return rest.Data{Data: namesAnswer{1, []string{s.Name}}}, err
}

// usesAnswer lists who has messages held in a quarantine.
type usesAnswer struct {
	Filters []use `json:"quarantine_filters"`
}

type use struct {
	Type string `json:"type"`
	Name string `json:"name"`
	Host string `json:"esa"`
}

func (a *api) serveUses(c *rest.Call) (any, error) {
	s, err := a.status(c)
	if err != nil {
		return nil, err
	}
	now, out := a.Changes.Running(), usesAnswer{[]use{}}
	for _, u := range now.QuarantineUses(s.Name) {
		out.Filters = append(out.Filters, use{u.Kind, u.Name, a.Host})
	}
	return rest.Data{Data: out}, nil
}

// usersAnswer lists who can be named for a quarantine.
type usersAnswer struct {
	CustomRoles []string `json:"custom_user_roles"`
	External    string   `json:"external_authentication_service"`
	ExtUsers    []string `json:"ext_users"`
	Local       []string `json:"local_users"`
}

func (a *api) serveUsers(*rest.Call) (any, error) {
	return rest.Data{Data: usersAnswer{[]string{}, "disabled", []string{}, a.otherUsers()}}, nil
}
