package smtp

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"esasim/esa"
	"esasim/smtp/dialect"
)

// User is somebody who may authenticate by AUTH.
type User struct{ Name, Passphrase string }

// Users are those of an SMTP authentication profile.
type Users struct {
	profile string // its name, as the logs write it
	list    map[string]string
}

// NewUsers checks the users.
func NewUsers(profile string, list []User) (Users, error) {
	u := Users{profile: profile, list: make(map[string]string, len(list))}
	if profile == "" || strings.ContainsFunc(profile, unicode.IsControl) {
		return u, fmt.Errorf("profile: %q: want a name", profile)
	}
	for i, one := range list {
		_, twice := u.list[one.Name]
		err := error(nil)
		switch {
		case one.Name == "" || strings.ContainsFunc(one.Name, unicode.IsControl):
			err = fmt.Errorf("name: %q: want a name", one.Name)
		case one.Passphrase == "":
			err = errors.New("passphrase: must not be empty")
		case twice:
			err = fmt.Errorf("name: there are two of the name %s", one.Name)
		}
		if err != nil {
			return u, fmt.Errorf("users[%d].%w", i, err)
		}
		u.list[one.Name] = one.Passphrase
	}
	return u, nil
}

func (u *Users) know(name, passphrase string) bool {
	want, known := u.list[name]
	a, b := sha256.Sum256([]byte(want)), sha256.Sum256([]byte(passphrase)) // so that time does not tell the length either
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && known
}

// authenticate says whether somebody is who he says, and notes it.
func (c *conn) authenticate(mechanism, user, passphrase string) bool {
	ok, how := c.o.Users.know(user, passphrase), "failed"
	if ok {
		how = "succeeded"
	}
	c.tried(esa.Event{Address: user, Name: mechanism + " with profile: " + c.o.Users.profile, Text: how})
	return ok
}

// needsAuth refuses what only a known user may do. A connection tells of it once.
func (c *conn) needsAuth() error {
	if !c.unknown {
		c.unknown = true
		c.tried(esa.Event{Text: "was required but remote host did not initiate it"})
	}
	return dialect.AuthFirst
}

func (c *conn) tried(e esa.Event) {
	e.Kind, e.Time, e.ICID = esa.AuthTried, time.Now(), c.icid
	c.report(e)
}

// trusted is what the connection counts as once its user is known: as one whose
// policy has the rule RELAY, whatever the Host Access Table said of the address.
func (c *conn) trusted() *esa.Source {
	if c.relaying == nil {
		src := *c.source
		src.Rule, src.Outgoing = Relay, true
		c.relaying = &src
	}
	return c.relaying
}
