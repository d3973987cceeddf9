// Package smtp is how mail comes in: the listener, who may connect (HAT), for
// whom mail is taken (RAT), and the conversation, up to the words "250 ok:
// Message 8 accepted", which are said only when message 8 is safely on disk.
//
// It reports what happens as events and stores nothing itself.
package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"esasim/esa"
	"esasim/smtp/auth"
	"esasim/smtp/dialect"
)

// Log is where events go.
type Log interface {
	NextICID() (esa.ICID, error)
	NextMID() (esa.MID, error)
	// Append adds events to the log; they become durable soon after.
	Append(events []esa.Event) error
	// Commit adds events and a message's content and returns when they are
	// safely on disk.
	Commit(events []esa.Event, c Content) error
	NewContent(mid esa.MID) Content
}

// Content takes a message's bytes while they arrive.
type Content interface {
	io.Writer
	Discard() error // for a message that is not accepted
}

// Room tells whether the disk has room for mail. Both are asked often, and by
// all sessions.
type Room interface {
	MayBegin() bool          // a new message
	MayGoOn(octets int) bool // one that has begun, by so many octets
}

// Options of a listener.
type Options struct {
	Interface      string // the listener's name in the logs: "IncomingMail"
	Private        bool   // it takes mail for everybody: there is no RAT
	Host           string // the appliance's host name
	HAT            HAT
	Senders        Senders // who the peers are
	RAT            RAT
	Verification   Verification
	DelayRejection bool        // REJECT is said to each recipient instead of at once
	XCLIENT        Networks    // who may say that he is somebody else
	Proxies        Networks    // who must say by the PROXY protocol for whom he speaks
	TLS            *tls.Config // nil: no STARTTLS
	ImplicitTLS    bool        // the client begins with TLS (SMTPS)
	Users          Users       // who may authenticate
	DefaultDomain  string      // of addresses without one; "": they are refused
	MaxMessage     int64       // octets, where the mail flow policy says nothing
	MaxRecipients  int         // of a message, likewise
	MaxHeaderLines int
	MaxConnections int
	NoSubjects     bool          // subjects are not logged
	MaxHops        int           // Received fields of a message; 0: any number
	Idle           time.Duration // wait for a command
	MaxTime        time.Duration // of a connection; 0: any
	Shared         *Shared       // with the other listeners; nil: no limits but its own
	Auth           *auth.Checker // nil: senders are not verified
	SDR            *SDR          // nil: the reputation of domains is not asked for
	Log            Log
	Room           Room
	Logger         *slog.Logger
}

// Listener takes mail.
type Listener struct {
	name string
	now  atomic.Pointer[settings] // those of the connections to come
	ctx  context.Context          // of Serve: what sessions look up ends with it
	live atomic.Int64             // connections

	suspended atomic.Bool // no new connection is taken

	hosts    hosts
	hours    hours // recipients
	harvests hours // those that the RAT rejected
}

// settings are what a connection has from its beginning to its end.
type settings struct {
	Options
	wire dialect.Options
}

// New makes a listener; Serve runs it.
func New(o Options) *Listener {
	l := &Listener{name: o.Interface}
	l.Reload(o)
	return l
}

// Reload gives the connections to come other settings, all at once. Those that there
// are keep theirs to their end. Interface and Host must be as they were.
func (l *Listener) Reload(o Options) {
	if o.Shared == nil {
		o.Shared = NewShared(math.MaxInt, math.MaxInt)
	}
	l.now.Store(&settings{o, dialect.Options{
		Host: o.Host, TLS: o.TLS, MaxMessage: o.MaxMessage,
		MaxHeaderLines: o.MaxHeaderLines, CommandIdle: o.Idle, MaxTime: o.MaxTime, Logger: o.Logger,
		DefaultDomain: o.DefaultDomain, ImplicitTLS: o.ImplicitTLS, TLSSessions: &o.Shared.tls,
	}})
}

// Interface is the listener's name.
func (l *Listener) Interface() string { return l.name }

// Suspend has the listener refuse new connections until Resume. Those that there
// are go on.
func (l *Listener) Suspend() { l.suspended.Store(true) }

// Resume ends that.
func (l *Listener) Resume() { l.suspended.Store(false) }

// Connections is how many there are just now.
func (l *Listener) Connections() int { return int(l.live.Load()) }

// Suspended tells whether new connections are refused.
func (l *Listener) Suspended() bool { return l.suspended.Load() }

// Serve takes connections from l until ctx ends; then it tells the clients that
// the service is going away and returns when the last one is gone.
func (l *Listener) Serve(ctx context.Context, raw net.Listener) error {
	server := dialect.Server(gosmtp.BackendFunc(newSession), &l.now.Load().wire)
	outer := dialect.ListenEach(raw, l.take)
	ctx, broken := context.WithCancelCause(ctx)
	defer broken(nil)
	l.ctx = ctx
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := server.Serve(outer); err != nil && ctx.Err() == nil {
			broken(fmt.Errorf("%w: %w", errBroken, err))
		}
	}()
	<-ctx.Done()
	err := outer.Shutdown()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	gone := make(chan struct{})
	go func() { defer close(gone); _ = server.Shutdown(context.Background()) }()
	select {
	case <-gone:
	case <-time.After(grace):
		// Someone is in the middle of a long message, or does not read: what
		// was not accepted may be cut off.
		outer.CloseConns()
		<-gone
	}
	<-served
	if cause := context.Cause(ctx); errors.Is(cause, errBroken) {
		err = errors.Join(fmt.Errorf("listener %s: %w", l.name, cause), err)
	}
	return err
}

// grace is how long clients have to end by themselves.
const grace = time.Second

var errBroken = errors.New("no more connections")

// client is who a connection is from.
type client struct {
	local, real netip.Addr // the ends of the TCP connection
	remote      netip.Addr // who it is taken for: real, unless XCLIENT said otherwise
	who         *sender
}

// take gives a new connection its settings.
func (l *Listener) take(raw net.Conn) (net.Conn, *dialect.Options, func(net.Conn) dialect.Admission) {
	s := l.now.Load()
	return s.Proxies.conn(raw), &s.wire, func(c net.Conn) dialect.Admission { return l.admit(s, c) }
}

// admit decides about a new connection.
func (l *Listener) admit(s *settings, raw net.Conn) dialect.Admission {
	local, remote, err := ends(raw)
	from := client{local, remote, remote, s.Senders.of(remote)}
	if err != nil {
		return l.mute(s, from, err)
	}
	return l.judge(s, from)
}

// mute ends the connection of a proxy that did not say for whom it speaks.
func (l *Listener) mute(s *settings, from client, why error) dialect.Admission {
	a := dialect.Admission{Verdict: dialect.Refuse}
	icid, err := s.Log.NextICID()
	if err != nil || !s.Room.MayGoOn(0) {
		return a
	}
	src := &esa.Source{Listener: s.Interface, Local: from.local, Remote: from.remote, Host: from.who.host, Verified: from.who.verified}
	c := &conn{l: l, o: &s.Options, icid: icid, source: src, policy: &Policy{}}
	l.live.Add(1)
	c.report(esa.Event{Kind: esa.ConnectionOpened, Time: time.Now(), ICID: icid, Source: src})
	c.trouble("PROXY protocol: " + why.Error())
	a.Observer = c
	return a
}

// judge decides about a client.
func (l *Listener) judge(s *settings, from client) dialect.Admission {
	if l.suspended.Load() {
		return dialect.Admission{Verdict: dialect.Reject, Reply: dialect.Unavailable(s.Host)}
	}
	// A connection is some events whatever comes of it. When what is left is
	// needed for accepted mail, nothing may be written for it at all.
	if !s.Room.MayGoOn(0) {
		return dialect.Admission{Verdict: dialect.Reject, Reply: dialect.Unavailable(s.Host)}
	}
	icid, err := s.Log.NextICID()
	if err != nil {
		s.Logger.Error("no number for a connection", "error", err)
		return dialect.Admission{Verdict: dialect.Reject, Reply: dialect.Unavailable(s.Host)}
	}
	src, policy := s.HAT.decide(from.remote, from.who)
	src.Listener, src.Local = s.Interface, from.local
	c := &conn{l: l, o: &s.Options, icid: icid, source: src, policy: policy}
	now := time.Now()
	c.report(
		esa.Event{Kind: esa.ConnectionOpened, Time: now, ICID: icid, Source: src},
		esa.Event{Kind: esa.HATDecided, Time: now, ICID: icid, Source: src})
	a := dialect.Admission{Observer: c, Value: c, MaxMessage: policy.MaxMessageSize, NoTLS: policy.TLS == TLSOff}
	if policy.Auth == AuthPreferred || policy.Auth == AuthRequired {
		a.Auth, a.AuthOnlyTLS = c.authenticate, policy.AuthOnlyTLS
	}
	if s.XCLIENT.has(from.real) {
		a.XCLIENT = func(x dialect.XCLIENT) dialect.Admission { return l.judge(s, from.as(x, &s.Senders)) }
	}
	a.Verdict, a.Reply = c.verdict()
	return a
}

// as is the client that XCLIENT makes of one. What it says nothing of is looked
// up, as for a client that really came from there.
func (c client) as(x dialect.XCLIENT, known *Senders) client {
	if x.Addr.IsValid() {
		c.remote, c.who = x.Addr, known.of(x.Addr)
	}
	if x.NameGiven {
		who := *c.who
		who.host, who.verified = x.Name, x.Name != ""
		c.who = &who
	}
	return c
}

// address is the IP address of an end; loopback where there is none, as on a
// connection in memory.
func address(a net.Addr) netip.Addr {
	if ap, err := netip.ParseAddrPort(a.String()); err == nil {
		return ap.Addr().Unmap().WithZone("")
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}
