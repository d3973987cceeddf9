package dialect

import (
	"net"
	"sync"

	gosmtp "github.com/emersion/go-smtp"
)

// Verdict is what the Host Access Table says of a connection.
type Verdict uint8

const (
	Accept Verdict = iota // banner, then the conversation (HAT rules ACCEPT and RELAY)
	Reject                // a 554 instead of the banner, then closed (REJECT)
	Refuse                // closed without a word (TCPREFUSE)
)

// Admission is the decision about a new connection and what goes with it.
type Admission struct {
	Verdict    Verdict
	Reply      *gosmtp.SMTPError // with Reject: said instead of the banner; nil: [PoorReputation]
	MaxMessage int64             // the mail flow policy's limit in octets; 0: Options.MaxMessage
	NoTLS      bool              // the mail flow policy does not offer STARTTLS
	// Auth says whether somebody is who he says he is; nil: AUTH is not available.
	// AuthOnlyTLS has it available only on an encrypted connection.
	Auth        func(mechanism, user, passphrase string) bool
	AuthOnlyTLS bool
	// XCLIENT decides about the client that this one says it is; nil: it may not
	// say so. It runs as admit does.
	XCLIENT  func(XCLIENT) Admission
	Observer Observer // told what happens below the session; may be nil
	Value    any      // the caller's own state of the connection
}

// Ending says why a connection ended. Its text is that of the event
// ConnectionClosed.
type Ending string

const (
	Closed   Ending = ""        // by QUIT, or by us
	Lost     Ending = "lost"    // the peer went away without QUIT
	TimedOut Ending = "timeout" // idle for longer than Options.CommandIdle
	TimeUp   Ending = "time up" // it has taken longer than Options.MaxTime
)

// Observer is told of what go-smtp and the session do not see. Calls come from
// the connection's goroutine, one at a time, and Closed is the last one;
// only Closed comes from another goroutine when that one closed the connection
// (go-smtp's Server.Close does, [Listener.Shutdown] does not).
type Observer interface {
	// TLSStarted gives protocol and cipher as the mail logs write them:
	// "TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384".
	TLSStarted(protocol, cipher string)
	// TLSFailed is told of a handshake that did not succeed, or was not begun
	// ([ErrTooManyTLS]); the connection ends.
	TLSFailed(err error)
	// UnknownCommand gives the line, printable and bounded.
	UnknownCommand(line string)
	// BadAddress gives a MAIL (sender) or RCPT whose address is none, likewise. Of a
	// client that does so again and again only the first ones are told.
	BadAddress(sender bool, line string)
	// Closed is called once for every connection that Admit has seen.
	Closed(why Ending)
}

// Listener wraps a net.Listener so that its connections speak the appliance's
// dialect. Give it to the go-smtp server made by [Server].
type Listener struct {
	net.Listener
	take func(net.Conn) (net.Conn, *Options, func(net.Conn) Admission)

	mu    sync.Mutex // guards conns and down
	conns map[*Conn]struct{}
	down  bool
}

// Listen wraps l. admit decides about each new connection; it runs in the
// connection's own goroutine before the banner, so it may be slow, and it must
// not read, write or close what it is given. A nil admit accepts everyone.
func Listen(l net.Listener, opts *Options, admit func(raw net.Conn) Admission) *Listener {
	return ListenEach(l, func(c net.Conn) (net.Conn, *Options, func(net.Conn) Admission) { return c, opts, admit })
}

// ListenEach is Listen with options of its own for each connection. take is given it
// when it was accepted, may wrap it, and must not wait for anything.
func ListenEach(l net.Listener, take func(net.Conn) (net.Conn, *Options, func(net.Conn) Admission)) *Listener {
	return &Listener{Listener: l, take: take, conns: map[*Conn]struct{}{}}
}

// Accept waits for the next connection and returns it as a *[Conn].
func (l *Listener) Accept() (net.Conn, error) {
	raw, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := NewConn(l.take(raw))
	c.forget = l.forget
	l.mu.Lock()
	l.conns[c] = struct{}{}
	down := l.down
	l.mu.Unlock()
	if down {
		c.Shutdown()
	}
	return c, nil
}

func (l *Listener) forget(c *Conn) {
	l.mu.Lock()
	delete(l.conns, c)
	l.mu.Unlock()
}

// CloseConns cuts off every connection there is.
func (l *Listener) CloseConns() {
	for _, c := range l.held() {
		_ = c.Close()
	}
}

func (l *Listener) held() []*Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	conns := make([]*Conn, 0, len(l.conns))
	for c := range l.conns {
		conns = append(conns, c)
	}
	return conns
}

// Shutdown stops accepting and ends every connection as soon as it waits for
// its client: the client is told "421 ... Service not available". It does not
// wait; call go-smtp's Server.Shutdown afterwards for that.
func (l *Listener) Shutdown() error {
	l.mu.Lock()
	l.down = true
	l.mu.Unlock()
	err := l.Listener.Close()
	for _, c := range l.held() {
		c.Shutdown()
	}
	return err
}
