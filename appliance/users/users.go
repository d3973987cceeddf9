// Package users says who may use the appliance's API and its pages, and what each
// of them may do there: accounts, their roles, sign-in with a passphrase, and the
// tokens that stand for a sign-in.
//
// Whoever guesses passphrases is slowed down. Slow hashes are computed once for
// each sign-in that succeeds, because HTTP Basic repeats it with every call.
package users

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"golang.org/x/crypto/bcrypt"
)

// Account is one user, as the configuration has it. Either Passphrase or Hash is
// set; the hash is one of bcrypt.
type Account struct {
	Name       string
	Passphrase string
	Hash       string
	Role       Role
}

// User is somebody who has signed in.
type User struct {
	Name    string
	Role    Role
	Factory bool // his passphrase is [FactoryPassphrase]
}

// Options of a set of users.
type Options struct {
	Accounts []Account
	Timeout  time.Duration // how long a token is good for
	Key      []byte        // signs tokens; at least KeySize octets that nobody else knows
}

// Users are those that may sign in. It is safe for concurrent use.
type Users struct {
	o        Options
	accounts map[string]Account
	secret   []byte // keys the digests of passphrases; of this process alone
	slow     bool   // some account has a slow hash
	stranger Account
	turn     chan struct{} // held while a slow hash is computed
	verified verified
	failures failures
}

// What is wrong with a sign-in.
var (
	ErrCredentials = errors.New("wrong user or passphrase")
	ErrExpired     = errors.New("the token has expired")
	ErrToken       = errors.New("not a token of this appliance")
)

// Wait is the error of who has failed too often: nothing is looked at before.
type Wait struct{ For time.Duration }

func (w *Wait) Error() string {
	return fmt.Sprintf("too many failed attempts: wait %s", w.For.Round(time.Second))
}

// atOnce is how many slow hashes are computed side by side: more would only take
// the processors from mail.
const atOnce = 2

// New makes a set of users. The accounts must have passed Check.
func New(o Options) (*Users, error) {
	if err := Check(o.Accounts); err != nil {
		return nil, err
	}
	if len(o.Key) < KeySize {
		return nil, fmt.Errorf("key of tokens: %d octets, want at least %d", len(o.Key), KeySize)
	}
	u := &Users{o: o, accounts: map[string]Account{}, secret: make([]byte, sha256.Size), turn: make(chan struct{}, atOnce)}
	_, _ = rand.Read(u.secret) // it never fails
	for _, a := range o.Accounts {
		u.accounts[a.Name] = a
		if a.Hash != "" {
			u.slow, u.stranger = true, a
		}
	}
	return u, nil
}

// mostPassphrase is how many octets bcrypt looks at; a longer passphrase is not
// cut silently.
const mostPassphrase = 72

// mostCost bounds how long a hash may take: at 14 it is about a second.
const mostCost = 14

// Check says what is wrong with accounts; the error names the key of one.
func Check(accounts []Account) error {
	var errs []error
	seen := map[string]bool{}
	administrator := false
	for i, a := range accounts {
		if key, err := a.check(); err != nil {
			errs = append(errs, fmt.Errorf("users[%d].%s: %w", i, key, err))
		}
		if seen[a.Name] {
			errs = append(errs, fmt.Errorf("users[%d].name: there are two of the name %q", i, a.Name))
		}
		seen[a.Name] = true
		administrator = administrator || a.Role == Administrator
	}
	if !administrator {
		errs = append(errs, fmt.Errorf("users: want one with the role %s at least", Administrator))
	}
	return errors.Join(errs...)
}

func (a *Account) check() (key string, err error) {
	switch {
	case a.Name == "" || strings.ContainsFunc(a.Name, unicode.IsControl) || strings.Contains(a.Name, ":"):
		return "name", fmt.Errorf("%q: want a name without colon", a.Name) // HTTP Basic ends it with a colon
	case (a.Passphrase == "") == (a.Hash == ""):
		return "passphrase", errors.New("want either passphrase or passphrase_hash")
	case len(a.Passphrase) > mostPassphrase:
		return "passphrase", fmt.Errorf("%d octets: want at most %d", len(a.Passphrase), mostPassphrase)
	case !a.Role.Known():
		return "role", fmt.Errorf("%q: want %s", a.Role, strings.Join(Roles(), ", "))
	}
	if a.Hash != "" {
		if cost, err := bcrypt.Cost([]byte(a.Hash)); err != nil || cost > mostCost {
			return "passphrase_hash", fmt.Errorf("want a hash made by bcrypt, as htpasswd -nB makes it, of cost %d at most", mostCost)
		}
	}
	return "", nil
}

// SignIn tells who a user is that comes from an address. The error is
// ErrCredentials, a *Wait, or that of ctx.
func (u *Users) SignIn(ctx context.Context, name, passphrase, from string) (User, error) {
	who := attempt{name: u.digest("attempt", name), from: from}
	if left := u.failures.left(who, time.Now()); left > 0 {
		return User{}, &Wait{left}
	}
	ok, err := u.proved(ctx, name, passphrase)
	switch {
	case err != nil:
		return User{}, err
	case !ok:
		u.failures.add(who, time.Now())
		return User{}, ErrCredentials
	}
	u.failures.forget(who)
	return u.user(name), nil
}

// FactoryPassphrase is what everybody knows. Source: AsyncOS user guide, "Setup and
// Installation".
const FactoryPassphrase = "ironport"

func (u *Users) user(name string) User {
	a := u.accounts[name]
	return User{Name: name, Role: a.Role, Factory: a.Passphrase == FactoryPassphrase}
}

// proved tells whether the passphrase is the user's. A name that nobody has takes as
// long as one with a slow hash, if there is any.
func (u *Users) proved(ctx context.Context, name, passphrase string) (bool, error) {
	a, known := u.accounts[name]
	if a.Hash == "" && (known || !u.slow) {
		same := hmac.Equal(digest(u.secret, a.Passphrase), digest(u.secret, passphrase))
		return same && known, nil
	}
	if len(passphrase) > mostPassphrase {
		return false, nil
	}
	if !known {
		a = u.stranger
	}
	mark := u.digest("verified", name+"\x00"+passphrase)
	if known && u.verified.has(mark) {
		return true, nil
	}
	select {
	case u.turn <- struct{}{}:
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
	defer func() { <-u.turn }()
	if known && u.verified.has(mark) { // somebody else was quicker
		return true, nil
	}
	same := bcrypt.CompareHashAndPassword([]byte(a.Hash), []byte(passphrase)) == nil
	if same && known {
		u.verified.add(mark)
	}
	return same && known, nil
}

// mark is a digest that says nothing of what it was made of.
type mark [sha256.Size]byte

func (u *Users) digest(purpose, text string) mark {
	return mark(digest(u.secret, purpose+"\x00"+text))
}

func digest(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
