package ctr

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"esasim/cloud/store"
)

// The roles of users. Source: recorded answer ("admin"); "user" is inferred.
const (
	Admin    = "admin"
	Ordinary = "user"
)

// Roles are all roles that a user can have.
func Roles() []string { return []string{Admin, Ordinary} }

// User is somebody of the organisation: API clients act for a user, and can do
// no more than their user.
type User struct {
	ID       string    `json:"id"` // a UUID, made when the user is first seen
	Name     string    `json:"name"`
	Email    string    `json:"email"` // tells users apart, in whatever case
	Role     string    `json:"role"`
	Disabled bool      `json:"disabled,omitempty"`
	Created  time.Time `json:"created"`
	Updated  time.Time `json:"updated"`
}

// Scopes are what a user may do.
func (u User) Scopes() []string {
	switch {
	case u.Disabled:
		return []string{}
	case u.Role == Admin:
		return Scopes()
	}
	return userScopes()
}

// CheckUsers says all that is wrong with a list of users; each error begins with
// its place, as in [1].email.
func CheckUsers(users []User) []error {
	var errs []error
	seen := map[string]bool{}
	admin := false
	for i, u := range users {
		at := strings.LastIndexByte(u.Email, '@')
		switch key := strings.ToLower(u.Email); {
		case at < 1 || !isDomain(u.Email[at+1:]) || len(u.Email) > 254 || strings.ContainsAny(u.Email, " \t\r\n"):
			errs = append(errs, fmt.Errorf("[%d].email: %q: want an e-mail address", i, u.Email))
		case seen[key]:
			errs = append(errs, fmt.Errorf("[%d].email: %q is there twice", i, u.Email))
		default:
			seen[key] = true
		}
		if !slices.Contains(Roles(), u.Role) {
			errs = append(errs, fmt.Errorf("[%d].role: %q: want %s", i, u.Role, strings.Join(Roles(), " or ")))
		}
		admin = admin || u.Role == Admin && !u.Disabled
	}
	if len(users) > 0 && !admin {
		errs = append(errs, errors.New("[0].role: one of the users must be an admin, and not disabled"))
	}
	return errs
}

// setUsers makes the users of the store those that were asked for. Who is there
// already keeps the id.
func (t *Threat) setUsers(users []User) error {
	if len(users) == 0 {
		users = []User{{Name: "Lab User", Email: t.org.UserEmail, Role: Admin}}
	}
	if err := errors.Join(CheckUsers(users)...); err != nil {
		return fmt.Errorf("users: %w", err)
	}
	had, err := t.Users(context.Background())
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	return t.store.Write(func(b *pebble.Batch) error {
		for _, u := range users {
			if err := store.Set(b, store.User(t.identify(&u, had, now)), u); err != nil {
				return err
			}
			had = slices.DeleteFunc(had, func(h User) bool { return h.ID == u.ID })
		}
		for _, gone := range had {
			if err := b.Delete(store.User(gone.ID), nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// identify gives a user the id and the times of the one that is there, or new ones.
func (t *Threat) identify(u *User, had []User, now time.Time) string {
	u.ID, u.Created, u.Updated = uuid.NewString(), now, now
	i := slices.IndexFunc(had, func(h User) bool { return strings.EqualFold(h.Email, u.Email) })
	switch {
	case i >= 0:
		old := had[i]
		u.ID, u.Created, u.Updated = old.ID, old.Created, old.Updated
		if *u != old {
			u.Updated = now
		}
	case strings.EqualFold(u.Email, t.org.UserEmail): // the user of the organisation's record
		u.ID = t.org.UserID
	}
	return u.ID
}

// Users gives the organisation's users, those who came first before the others.
func (t *Threat) Users(context.Context) ([]User, error) {
	var out []User
	err := t.store.Each(store.User(""), func(value []byte) error {
		var u User
		if err := json.Unmarshal(value, &u); err != nil {
			return err
		}
		out = append(out, u)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("users: %w", err)
	}
	slices.SortFunc(out, func(a, b User) int {
		return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.Email, b.Email))
	})
	return out, nil
}

// ErrUser says that there is no such user.
var ErrUser = errors.New("user_not_found")

// User gives one user; with an empty id, the organisation's first administrator.
func (t *Threat) User(ctx context.Context, id string) (u User, err error) {
	if id != "" {
		if err = t.store.Get(store.User(id), &u); errors.Is(err, store.ErrNotFound) {
			err = fmt.Errorf("user %.60q: %w", id, ErrUser)
		}
		return u, err
	}
	users, err := t.Users(ctx)
	if err != nil {
		return u, err
	}
	i := slices.IndexFunc(users, func(u User) bool { return u.Role == Admin && !u.Disabled })
	if i < 0 {
		return u, fmt.Errorf("the first administrator: %w", ErrUser)
	}
	return users[i], nil
}
