package quarantine

import (
	"errors"
	"fmt"
	"slices"
)

// Who may use a quarantine besides administrators. Source: AsyncOS user guide, "About
// Distributing Message Processing Tasks to Other Users"; that a quarantine of the
// factory is everybody's is ours.
const (
	Everybody = "everybody" // who may use quarantines by his role
	Named     = "named"     // of those the ones that are named
)

// Access is who may use a quarantine besides administrators, who always may.
type Access struct {
	Who   string   // empty: Everybody
	Users []string // with Named, their names; nobody else may
}

// Admits tells whether somebody who is no administrator may use the quarantine.
func (a *Access) Admits(user string) bool { return a.Who != Named || a.Names(user) }

// Names tells whether a user is named.
func (a *Access) Names(user string) bool {
	return a.Who == Named && slices.Contains(a.Users, user)
}

// Check says what is wrong with the access; the errors begin with the key.
func (a *Access) Check() error {
	if a.Who != "" && a.Who != Everybody && a.Who != Named {
		return fmt.Errorf("access: %q: want %s or %s", a.Who, Everybody, Named)
	}
	if a.Who != Named && len(a.Users) > 0 {
		return errors.New("users: is for the access named only")
	}
	return nil
}
