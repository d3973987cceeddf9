package sshd

import (
	"context"
	"io"
	"net"
	"sync/atomic"

	"github.com/gliderlabs/ssh"
	gossh "golang.org/x/crypto/ssh"

	"esasim/appliance/users"
)

// sessions are how many a connection has.
type sessions struct{ n atomic.Int32 }

// channel serves a session. Of its requests the library sees those that begin it,
// and no others: it would keep every variable of an environment that a client
// sends, and wait for somebody to read each size of a window.
func (s *Server) channel(_ *ssh.Server, conn *gossh.ServerConn, c gossh.NewChannel, ctx ssh.Context) {
	if !s.enter() {
		return
	}
	defer s.work.Done()
	have, ok := ctx.Value(sessionsKey).(*sessions)
	if !ok || have.n.Add(1) > perConn {
		have.n.Add(-1)
		_ = c.Reject(gossh.ResourceShortage, "too many sessions")
		return
	}
	defer have.n.Add(-1)
	t := newTerminal()
	of := &ssh.Server{Handler: func(session ssh.Session) { s.session(ctx, session, t) }}
	ssh.DefaultSessionHandler(of, conn, &channel{c, s, t}, ctx)
}

// channel is a session's channel, with the requests that the library may see.
type channel struct {
	gossh.NewChannel
	s *Server
	t *Terminal
}

func (c *channel) Accept() (gossh.Channel, <-chan *gossh.Request, error) {
	ch, reqs, err := c.NewChannel.Accept()
	if err != nil {
		return nil, nil, err
	}
	out := make(chan *gossh.Request)
	if !c.s.enter() {
		close(out)
		return ch, out, ch.Close()
	}
	go func() {
		defer c.s.work.Done()
		defer close(out)
		for r := range reqs {
			c.pass(r, out)
		}
		c.t.end(errGone)
	}()
	return ch, out, nil
}

func (c *channel) pass(r *gossh.Request, out chan<- *gossh.Request) {
	switch r.Type {
	case "pty-req", "shell", "exec":
		out <- r // the library reads them to the end
		return
	case "window-change":
		var size struct{ Columns, Rows, Width, Height uint32 }
		if gossh.Unmarshal(r.Payload, &size) == nil {
			c.t.resize(int(size.Columns), int(size.Rows))
		}
	case "signal":
		var name struct{ Name string }
		if gossh.Unmarshal(r.Payload, &name) == nil && name.Name == string(ssh.SIGINT) {
			c.t.interrupt()
		}
	}
	if r.WantReply {
		_ = r.Reply(false, nil)
	}
}

// session does what a session is for.
func (s *Server) session(ctx context.Context, session ssh.Session, t *Terminal) {
	if !s.enter() {
		return
	}
	defer s.work.Done()
	user, ok := ctx.Value(userKey).(users.User)
	if !ok { // nobody comes here without having signed in
		_ = session.Exit(1)
		return
	}
	if pty, _, ok := session.Pty(); ok {
		t.screen(session, pty.Window.Width, pty.Window.Height)
	} else {
		t.plain(session)
	}
	if s.enter() {
		go func() {
			defer s.work.Done()
			t.listen(session)
		}()
	}
	_ = session.Exit(s.run(ctx, session, user, t))
	t.end(io.EOF)
}

func (s *Server) run(ctx context.Context, session ssh.Session, user users.User, t *Terminal) (status int) {
	command := session.RawCommand()
	if len(command) > mostCommand {
		_, _ = io.WriteString(session, "The command is too long.\n")
		return 1
	}
	from := session.RemoteAddr().String()
	if host, _, err := net.SplitHostPort(from); err == nil {
		from = host
	}
	defer func() {
		if v := recover(); v != nil { // one session's fault is not everybody's
			s.o.Logger.Error("command line: a session failed", "user", user.Name, "panic", v)
			status = 1
		}
	}()
	return s.o.Run(ctx, &Session{User: user, From: from, Command: command, Terminal: t})
}
