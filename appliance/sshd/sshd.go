// Package sshd is how the appliance's command line is reached: SSH with a user's
// passphrase, a terminal or a single line. What commands there are is not known
// here.
//
// All that a client can make grow has a bound: connections, sessions of one, the
// time it may take to sign in, lines, what is typed ahead. Nothing but sessions is
// served: no forwarding, no files.
package sshd

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/gliderlabs/ssh"
	gossh "golang.org/x/crypto/ssh"

	"esasim/appliance/users"
)

// The bounds. Figures are ours; the time without input is the appliance's default
// (AsyncOS user guide, "CLI session timeout").
const (
	Connections  = 200              // at a time
	perConn      = 10               // sessions of one connection, as OpenSSH has it
	attempts     = 3                // to sign in, of one connection
	signInWithin = time.Minute      // from the beginning of a connection
	idle         = 30 * time.Minute // without an octet in either direction
	mostCommand  = 32 << 10         // octets of a command that comes with the session
)

// SignIn tells who somebody is.
type SignIn interface {
	SignIn(ctx context.Context, name, passphrase, from string) (users.User, error)
}

// Options of a server.
type Options struct {
	Key    []byte // the host key, made by NewKey
	SignIn SignIn
	// Admit tells whether a user may have a session at all; nil: all may.
	Admit func(users.User) bool
	// Run does what a session is for, and gives its exit status. The context ends
	// with the connection.
	Run    func(ctx context.Context, s *Session) (status int)
	Logger *slog.Logger
	Audit  func(users.Deed) // is told of sign-ins, and of those that fail; nil: nobody is
}

// Session is one session of a user: a command, or a dialogue.
type Session struct {
	User    users.User
	From    string // the address of the client, without its port
	Command string // a line to be run; empty: what is asked for is a dialogue
	*Terminal
}

// Server serves sessions.
type Server struct {
	o   Options
	ssh *ssh.Server

	mu    sync.Mutex // guards what follows
	ended bool       // no connection and no session begins any more
	conns map[net.Conn]struct{}
	work  sync.WaitGroup // connections, sessions, and who reads what is typed; added to while mu is held and ended is not set
}

// NewKey makes a host key, in PEM.
func NewKey() ([]byte, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("host key: %w", err)
	}
	block, err := gossh.MarshalPrivateKey(key, "esasim")
	if err != nil {
		return nil, fmt.Errorf("host key: %w", err)
	}
	return pem.EncodeToMemory(block), nil
}

// New makes a server. The error is one of the key.
func New(o Options) (*Server, error) {
	key, err := gossh.ParsePrivateKey(o.Key)
	if err != nil {
		return nil, fmt.Errorf("host key: %w", err)
	}
	s := &Server{o: o, conns: map[net.Conn]struct{}{}}
	s.ssh = &ssh.Server{
		HostSigners: []ssh.Signer{key}, Version: "esasim", IdleTimeout: idle,
		ConnCallback:               s.connected,
		PasswordHandler:            s.password,
		KeyboardInteractiveHandler: s.keyboard,
		ServerConfigCallback: func(ssh.Context) *gossh.ServerConfig {
			return &gossh.ServerConfig{MaxAuthTries: attempts}
		},
		ChannelHandlers: map[string]ssh.ChannelHandler{"session": s.channel},
		RequestHandlers: map[string]ssh.RequestHandler{},
	}
	return s, nil
}

// Serve serves until ctx ends; then it ends all connections and waits for them.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	defer context.AfterFunc(ctx, func() { s.end(); _ = l.Close() })()
	defer s.work.Wait()
	defer s.end()
	for {
		conn, err := l.Accept()
		if err != nil && ctx.Err() != nil {
			return nil
		}
		if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() {
			continue
		}
		if err != nil {
			return fmt.Errorf("command line: %w", err)
		}
		if !s.begin(conn) {
			_ = conn.Close()
			continue
		}
		go func() {
			defer s.left(conn)
			s.ssh.HandleConn(conn)
		}()
	}
}

// begin takes a connection, if there is room for it.
func (s *Server) begin(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || len(s.conns) >= Connections {
		return false
	}
	s.conns[conn] = struct{}{}
	s.work.Add(1)
	return true
}

func (s *Server) left(conn net.Conn) {
	_ = conn.Close()
	s.mu.Lock()
	delete(s.conns, conn)
	s.mu.Unlock()
	s.work.Done()
}

// enter tells whether something may begin that Serve waits for; it ends with
// s.work.Done. The library starts goroutines that may come late.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	s.work.Add(1)
	return true
}

func (s *Server) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	for conn := range s.conns {
		_ = conn.Close()
	}
}
