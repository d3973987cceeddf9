package users

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/crypto/bcrypt"
)

func hash(t *testing.T, passphrase string) string {
	t.Helper()
	h, err := bcrypt.GenerateFromPassword([]byte(passphrase), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(h)
}

func newUsers(t *testing.T, accounts ...Account) *Users {
	t.Helper()
	u, err := New(Options{Accounts: append([]Account{{Name: "admin", Passphrase: "ironport", Role: Administrator}}, accounts...),
		Timeout: 30 * time.Minute, Key: []byte(strings.Repeat("k", KeySize))})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestSignIn(t *testing.T) {
	u := newUsers(t, Account{Name: "hannah", Hash: hash(t, "helpdesk"), Role: HelpDesk})
	for _, c := range []struct {
		name, passphrase string
		role             Role // "": refused
	}{
		{"admin", "ironport", Administrator}, {"hannah", "helpdesk", HelpDesk}, {"hannah", "helpdesk", HelpDesk},
		{"hannah", "Helpdesk", ""}, {"hannah", "", ""}, {"admin", "", ""}, {"admin", "ironport ", ""}, {"Admin", "ironport", ""},
		{"", "", ""}, {"nobody", "helpdesk", ""}, {"hannah", strings.Repeat("x", 100), ""}, {"hannah\x00helpdesk", "", ""},
	} {
		got, err := u.SignIn(t.Context(), c.name, c.passphrase, c.name+c.passphrase)
		if c.role == "" && !errors.Is(err, ErrCredentials) || c.role != "" && (err != nil || got != User{c.name, c.role, c.passphrase == "ironport"}) {
			t.Errorf("%q %q: %v, %v", c.name, c.passphrase, got, err)
		}
	}
	if n := len(u.verified.marks); n != 1 {
		t.Errorf("%d sign-ins are remembered, want the one that was right", n)
	}
}

// What was verified is not computed again: a hash is looked at once.
func TestSignInCached(t *testing.T) {
	u := newUsers(t, Account{Name: "hannah", Hash: hash(t, "helpdesk"), Role: HelpDesk})
	if _, err := u.SignIn(t.Context(), "hannah", "helpdesk", ""); err != nil {
		t.Fatal(err)
	}
	u.accounts["hannah"] = Account{Name: "hannah", Hash: "no hash at all", Role: HelpDesk}
	if _, err := u.SignIn(t.Context(), "hannah", "helpdesk", ""); err != nil {
		t.Errorf("computed again: %v", err)
	}
	for i := range mostVerified + 10 {
		u.verified.add(u.digest("verified", strconv.Itoa(i)))
	}
	if n := len(u.verified.marks); n > mostVerified {
		t.Errorf("%d are remembered", n)
	}
}

// Only some slow hashes are computed at a time; who waits goes when his request
// ends.
func TestSignInTurn(t *testing.T) {
	u := newUsers(t, Account{Name: "hannah", Hash: hash(t, "helpdesk"), Role: HelpDesk})
	for range atOnce {
		u.turn <- struct{}{}
	}
	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	if _, err := u.SignIn(ctx, "hannah", "helpdesk", ""); !errors.Is(err, gone) {
		t.Errorf("%v", err)
	}
	if _, err := u.SignIn(t.Context(), "admin", "ironport", ""); err != nil {
		t.Errorf("who needs no turn: %v", err)
	}
}

// Who guesses has to wait, longer and longer; others have not, and in the end all is
// forgotten.
func TestFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := newUsers(t)
		try := func(passphrase, from string) error {
			_, err := u.SignIn(t.Context(), "admin", passphrase, from)
			return err
		}
		for range freeFailures {
			if err := try("x", "a"); !errors.Is(err, ErrCredentials) {
				t.Fatal(err)
			}
		}
		for _, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
			wait := (*Wait)(nil)
			if err := try("ironport", "a"); !errors.As(err, &wait) || wait.For != want*time.Second {
				t.Fatalf("%v, want %ds", err, want)
			}
			if err := try("ironport", "b"); err != nil {
				t.Errorf("from elsewhere: %v", err)
			}
			time.Sleep(wait.For)
			if err := try("x", "a"); !errors.Is(err, ErrCredentials) {
				t.Fatal(err)
			}
		}
		time.Sleep(longestWait)
		if err := try("ironport", "a"); err != nil {
			t.Errorf("after the wait: %v", err)
		}
		if err := try("x", "a"); !errors.Is(err, ErrCredentials) || try("ironport", "a") != nil {
			t.Errorf("not forgotten: %v", err)
		}
		for i := range mostFailures + 10 {
			_ = try("x", strconv.Itoa(i))
		}
		if n := len(u.failures.list); n > mostFailures {
			t.Errorf("%d are remembered", n)
		}
	})
}

func TestToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := newUsers(t)
		token, err := u.Token(User{Name: "admin", Role: Administrator})
		if err != nil {
			t.Fatal(err)
		}
		got, err := u.Bearer(token)
		if err != nil || got != (User{"admin", Administrator, true}) {
			t.Errorf("%v, %v", got, err)
		}
		stranger, _ := u.Token(User{Name: "nobody", Role: Administrator})
		other := newUsers(t)
		other.o.Key = []byte(strings.Repeat("o", KeySize))
		foreign, _ := other.Token(User{Name: "admin"})
		changed := newUsers(t)
		changed.accounts["admin"] = Account{Name: "admin", Passphrase: "new", Role: Administrator}
		none, err := jwt.NewWithClaims(jwt.SigningMethodNone, claims{RegisteredClaims: jwt.RegisteredClaims{Subject: "admin",
			ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Hour))}, Account: u.binding("admin")}).SignedString(jwt.UnsafeAllowNoneSignatureType)
		if err != nil {
			t.Fatal(err)
		}
		endless, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{RegisteredClaims: jwt.RegisteredClaims{Subject: "admin"}, Account: u.binding("admin")}).SignedString(u.o.Key)
		if err != nil {
			t.Fatal(err)
		}
		for name, bad := range map[string]string{"of nobody": stranger, "of another appliance": foreign, "unsigned": none, "endless": endless, "altered": token + "x",
			"empty": "", "long": strings.Repeat("a", 1<<16), "text": "a.b.c"} {
			if got, err := u.Bearer(bad); !errors.Is(err, ErrToken) {
				t.Errorf("token %s: %v, %v", name, got, err)
			}
		}
		if got, err := changed.Bearer(token); !errors.Is(err, ErrToken) {
			t.Errorf("another passphrase: %v, %v", got, err)
		}
		time.Sleep(30*time.Minute + time.Second)
		if got, err := u.Bearer(token); !errors.Is(err, ErrExpired) {
			t.Errorf("expired: %v, %v", got, err)
		}
	})
}

func TestCheck(t *testing.T) {
	admin := Account{Name: "a", Passphrase: "b", Role: Administrator}
	for want, accounts := range map[string][]Account{
		"": {admin}, `users: want one`: {{Name: "a", Passphrase: "b", Role: Operator}},
		`users[0].name: "": want a name`: {{Passphrase: "b", Role: Administrator}}, `users[0].name: "a:b": want`: {{Name: "a:b", Passphrase: "b", Role: Administrator}},
		`users[1].name: there are two`: {admin, admin}, `users[0].passphrase: want either`: {{Name: "a", Role: Administrator}},
		`users[0].passphrase: 73 octets`:   {{Name: "a", Passphrase: strings.Repeat("x", 73), Role: Administrator}},
		`users[1].passphrase: want either`: {admin, {Name: "b", Passphrase: "x", Hash: hash(t, "x"), Role: Operator}},
		`users[1].role: "x": want Admin`:   {admin, {Name: "b", Passphrase: "x", Role: "x"}},
		`users[0].passphrase_hash: want a`: {{Name: "a", Hash: "$apr1$x", Role: Administrator}},
	} {
		err := Check(accounts)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := New(Options{Accounts: []Account{admin}, Key: []byte("short")}); err == nil {
		t.Error("a short key is taken")
	}
}

func TestRoles(t *testing.T) {
	for _, c := range []struct {
		role              Role
		change, configure bool
	}{{Administrator, true, true}, {Operator, true, true}, {ReadOnly, false, true}, {HelpDesk, true, false}, {"x", false, false}} {
		if c.role.MayChange() != c.change || c.role.MayConfigure() != c.configure {
			t.Errorf("%s: %t, %t", c.role, c.role.MayChange(), c.role.MayConfigure())
		}
	}
}
