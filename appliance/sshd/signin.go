package sshd

import (
	"net"
	"net/netip"
	"time"

	"github.com/gliderlabs/ssh"
	gossh "golang.org/x/crypto/ssh"

	"esasim/appliance/users"
)

// key names what is kept of a connection in its context.
type key int

const (
	userKey     key = iota // users.User: who has signed in
	deadlineKey            // *time.Timer: ends a connection of which nobody signs in
	sessionsKey            // *sessions
)

// connected gives a connection that has just begun its time to sign in.
func (s *Server) connected(ctx ssh.Context, conn net.Conn) net.Conn {
	ctx.SetValue(deadlineKey, time.AfterFunc(signInWithin, func() { _ = conn.Close() }))
	ctx.SetValue(sessionsKey, &sessions{})
	return conn
}

func (s *Server) password(ctx ssh.Context, passphrase string) bool {
	from := ctx.RemoteAddr().String()
	if host, _, err := net.SplitHostPort(from); err == nil {
		from = host
	}
	deed := users.Deed{By: "CLI", User: ctx.User(), From: from, What: users.SignedIn}
	user, err := s.o.SignIn.SignIn(ctx, ctx.User(), passphrase, from)
	if err == nil {
		err = s.refused(user, from)
	}
	if err != nil {
		s.o.Logger.Info("command line: no sign-in", "user", ctx.User(), "from", from, "error", err)
		deed.What, deed.Refused = users.SignInFailed+err.Error(), true
		s.tell(deed)
		return false
	}
	s.o.Logger.Info("command line: sign-in", "user", user.Name, "from", from)
	deed.Role = user.Role
	s.tell(deed)
	ctx.SetValue(userKey, user)
	if t, ok := ctx.Value(deadlineKey).(*time.Timer); ok {
		t.Stop()
	}
	return true
}

func (s *Server) tell(d users.Deed) {
	if s.o.Audit != nil {
		s.o.Audit(d)
	}
}

// refusal is why somebody whose passphrase is right is not let in.
type refusal string

func (r refusal) Error() string { return string(r) }

func (s *Server) refused(u users.User, from string) error {
	a, err := netip.ParseAddr(from)
	switch {
	case u.Factory && (err != nil || !a.Unmap().IsLoopback()):
		return refusal("the factory's passphrase is good on this machine only; change it in appliance.users")
	case s.o.Admit != nil && !s.o.Admit(u):
		return refusal("the role " + string(u.Role) + " has no command line")
	}
	return nil
}

// keyboard is for clients that know no other way to send a passphrase.
func (s *Server) keyboard(ctx ssh.Context, ask gossh.KeyboardInteractiveChallenge) bool {
	answers, err := ask(ctx.User(), "", []string{"Password: "}, []bool{false})
	return err == nil && len(answers) == 1 && s.password(ctx, answers[0])
}
