package config

import (
	"fmt"
	"strings"
	"time"

	"esasim/appliance/users"
)

// User is somebody who may sign in to the appliance's API.
type User struct {
	Name string `yaml:"name"` // what he calls himself
	// Passphrase is in clear. Hash is one of bcrypt, as htpasswd -nB makes it, in its
	// place.
	Passphrase string `yaml:"passphrase"`
	Hash       string `yaml:"passphrase_hash"`
	Role       string `yaml:"role"` // what he may do
}

// factoryUsers are as the appliance comes. Source: AsyncOS user guide, "Setup and
// Installation".
func factoryUsers() []User {
	return []User{{Name: "admin", Passphrase: users.FactoryPassphrase, Role: string(users.Administrator)}}
}

// Accounts are the users as sign-in takes them.
func (a *Appliance) Accounts() []users.Account {
	out := make([]users.Account, len(a.Users))
	for i, u := range a.Users {
		out[i] = users.Account{Name: u.Name, Passphrase: u.Passphrase, Hash: u.Hash, Role: users.Role(u.Role)}
	}
	return out
}

// checkUsers says what is wrong with sign-in; each fault names its key.
func (a *Appliance) checkUsers() (errs []error) {
	if t := a.API.SessionTimeout; t < 5*time.Minute || t > 24*time.Hour {
		errs = append(errs, fmt.Errorf("appliance.api.session_timeout: %s: want 5m to 24h", t))
	}
	if err := users.Check(a.Accounts()); err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			errs = append(errs, fmt.Errorf("appliance.%s", line))
		}
	}
	return errs
}
