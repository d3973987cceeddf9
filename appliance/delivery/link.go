package delivery

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"esasim/esa"
)

// How long a host may take. Those of the appliance are not published; RFC 5321
// asks for 5 minutes and, after the message, 10.
const (
	dialTime    = 30 * time.Second
	commandTime = 5 * time.Minute
	dataTime    = 10 * time.Minute
	quitTime    = 5 * time.Second
)

// link is one connection to a host. One attempt at a time has it.
type link struct {
	c      *gosmtp.Client
	wire   *wire
	source esa.Source // our end and the host's
	dcid   esa.DCID
	used   int       // messages it has carried
	until  time.Time // when it is closed if nobody uses it
	free   func() bool
	end    sync.Once // of the connection
	ended  func()    // called then
}

// wire is a connection whose peer can neither hang while it is written to nor
// answer without end.
type wire struct {
	net.Conn
	answered int
}

// mostAnswer is how long the answer to one command may be.
const mostAnswer = 64 << 10

var errTooLong = errors.New("response too long")

// Write gives each piece its time; go-smtp has no deadline while a message is sent.
func (w *wire) Write(p []byte) (int, error) {
	w.answered = 0
	if err := w.SetWriteDeadline(time.Now().Add(commandTime)); err != nil {
		return 0, err
	}
	return w.Conn.Write(p)
}

func (w *wire) Read(p []byte) (int, error) {
	if w.answered > mostAnswer {
		return 0, errTooLong
	}
	n, err := w.Conn.Read(p)
	w.answered += n
	return n, err
}

// quit takes leave in order, but not for long.
func (l *link) quit() {
	l.c.CommandTimeout = quitTime
	_ = l.c.Quit() // it is closed in any case
	l.close()
}

func (l *link) close() {
	l.free()
	l.end.Do(l.ended)
	_ = l.wire.Close() // nobody waits for what is not sent yet
}

// dial opens a connection to one host of the route, up to the greeting.
func (q *Queue) dial(address string) (*link, error) {
	ctx, cancel := context.WithTimeout(q.attempts, dialTime)
	defer cancel()
	conn, err := q.Dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	l := &link{wire: &wire{Conn: conn}, source: esa.Source{Local: addrOf(conn.LocalAddr()), Remote: addrOf(conn.RemoteAddr())}}
	q.hosts.open(1)
	l.ended = func() { q.hosts.open(-1) }
	l.free = context.AfterFunc(q.attempts, func() { _ = conn.Close() })
	l.speak(l.wire)
	return l, nil
}

// speak has go-smtp speak over a connection.
func (l *link) speak(conn net.Conn) {
	l.c = gosmtp.NewClient(conn)
	l.c.CommandTimeout, l.c.SubmissionTimeout = commandTime, dataTime
}

func addrOf(a net.Addr) netip.Addr {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap()
}

func portOf(address string) int64 {
	var n int64
	_, port, _ := net.SplitHostPort(address)
	_, _ = fmt.Sscan(port, &n) // Route.Check has seen it
	return n
}

// errNotOffered and errUnexpected say why there is no TLS.
var (
	errNotOffered = errors.New("STARTTLS not offered")
	errUnexpected = errors.New("STARTTLS unexpected response")
)

// secure makes the connection one with TLS. go-smtp does this only while it makes
// a client, under the name "localhost"; so STARTTLS is said here, and go-smtp gets
// the connection that comes of it as a new one, with a greeting.
func (l *link) secure(name string, verify bool) (tls.ConnectionState, error) {
	if ok, _ := l.c.Extension("STARTTLS"); !ok {
		return tls.ConnectionState{}, errNotOffered
	}
	if err := l.wire.SetReadDeadline(time.Now().Add(commandTime)); err != nil {
		return tls.ConnectionState{}, err
	}
	if _, err := io.WriteString(l.wire, "STARTTLS\r\n"); err != nil {
		return tls.ConnectionState{}, err
	}
	reply, err := line(l.wire)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	if !strings.HasPrefix(reply, "220") || strings.HasPrefix(reply, "220-") {
		return tls.ConnectionState{}, errUnexpected
	}
	conn := tls.Client(l.wire, &tls.Config{ServerName: name, InsecureSkipVerify: !verify}) //nolint:gosec // as the route wants it
	if err := conn.Handshake(); err != nil {
		return tls.ConnectionState{}, fmt.Errorf("%w: %w", errHandshake, err)
	}
	l.speak(&greeted{Conn: conn, greeting: strings.NewReader("220 secured\r\n")})
	return conn.ConnectionState(), nil
}

var errHandshake = errors.New("handshake")

// line reads one line, octet by octet: what follows belongs to TLS.
func line(r io.Reader) (string, error) {
	var b [1]byte
	var out []byte
	for len(out) < 1000 {
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return "", err
		}
		if out = append(out, b[0]); b[0] == '\n' {
			break
		}
	}
	return string(out), nil
}

// greeted is a connection on which something is read before what the peer says.
type greeted struct {
	net.Conn
	greeting *strings.Reader
}

func (g *greeted) Read(p []byte) (int, error) {
	if g.greeting.Len() > 0 {
		return g.greeting.Read(p)
	}
	return g.Conn.Read(p)
}
