package users

// Deed is something that somebody did, or was refused: what audit logs tell. Texts may
// be of a stranger's choice, and of any length.
type Deed struct {
	By      string // what it was done with: API, CLI or GUI
	User    string // as he calls himself
	Role    Role   // empty: unknown, as of who could not sign in
	From    string // his address
	What    string // "The user has signed in."
	Refused bool
}

// Texts of deeds.
const (
	SignedIn     = "The user has signed in."
	SignInFailed = "The user could not sign in: "
)

// RoleOf is the role of a user; empty if there is none of the name.
func (u *Users) RoleOf(name string) Role { return u.accounts[name].Role }
