package quarantines

import (
	"fmt"
	"net/http"
	"slices"

	"esasim/appliance/asyncos/rest"
	"esasim/appliance/quarantine"
	"esasim/appliance/users"
)

// mayLook tells whether somebody may see what a quarantine holds. Source: AsyncOS user
// guide, "Distributing Message Processing Tasks".
func mayLook(u users.User, a *quarantine.Access) bool {
	return u.Role == users.Administrator || a.Admits(u.Name)
}

// mayChange tells whether somebody may do something with what a quarantine holds. Help
// Desk may where he is named.
func mayChange(u users.User, a *quarantine.Access) bool {
	return mayLook(u, a) && u.Role.MayChange() && (u.Role.MayConfigure() || a.Names(u.Name))
}

// find is a quarantine by its name; nil: there is none.
func (a *api) find(name string) *quarantine.Status {
	list := a.Keeper.List()
	if i := slices.IndexFunc(list, func(s quarantine.Status) bool { return s.Name == name }); i >= 0 {
		return &list[i]
	}
	return nil
}

// pvoNames are the quarantines but that for spam which the caller may use.
func (a *api) pvoNames(c *rest.Call, may func(users.User, *quarantine.Access) bool) []string {
	var out []string
	for _, s := range a.Keeper.List() {
		if s.Name != quarantine.Spam && may(c.User, &s.Access) {
			out = append(out, s.Name)
		}
	}
	return out
}

// use says why the caller cannot use a quarantine: there is none, or it is not for him.
// key is where the call names it.
func (a *api) use(c *rest.Call, key, name string, may func(users.User, *quarantine.Access) bool) error {
	s := a.find(name)
	if s == nil || name == quarantine.Spam && key != "" {
		return rest.Wrong(key, fmt.Sprintf("there is no quarantine %q", rest.Clip(name)))
	}
	if !may(c.User, &s.Access) {
		return rest.Fault{Status: http.StatusForbidden, Message: fmt.Sprintf("The user %s may not do this in the quarantine %s.", rest.Clip(c.User.Name), rest.Clip(name))}
	}
	return nil
}
