package users

import "slices"

// Role is what a user may do. The words are those that the API answers a login
// with. Source: AsyncOS API, login; AsyncOS user guide, "User Roles".
type Role string

const (
	Administrator Role = "Administrator"
	Operator      Role = "Operator"         // everything but users
	ReadOnly      Role = "ReadOnlyOperator" // looks at everything, changes nothing
	HelpDesk      Role = "HelpDeskUser"     // message tracking and quarantines
)

// Roles are the names of all of them.
func Roles() []string {
	return []string{string(Administrator), string(Operator), string(ReadOnly), string(HelpDesk)}
}

// Known tells whether there is such a role.
func (r Role) Known() bool { return slices.Contains(Roles(), string(r)) }

// MayChange tells whether the role may change something.
func (r Role) MayChange() bool { return r != ReadOnly && r.Known() }

// MayConfigure tells whether the role sees more than message tracking and
// quarantines.
func (r Role) MayConfigure() bool { return r != HelpDesk && r.Known() }
