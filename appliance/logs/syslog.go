package logs

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"time"
)

// Syslog says where a subscription is pushed to, in the form of RFC 3164. Over TCP
// and TLS each message ends with a line feed (RFC 6587, 3.4.2, non-transparent
// framing, which no line of ours has inside); over UDP each is a datagram.
type Syslog struct {
	Network  string // "udp" or "tcp"
	Address  string // "127.0.0.1:514"
	TLS      *tls.Config
	Facility int // RFC 5424, 6.2.1: 2 is mail
	Dial     func(ctx context.Context, network, address string) (net.Conn, error)
	Logger   *slog.Logger
}

const (
	maxDatagram  = 9216     // octets of a message over UDP; what is longer is cut
	chunk        = 32 << 10 // octets that are written, and if that fails written again, together
	writeTimeout = 30 * time.Second
	goodbye      = 500 * time.Millisecond
	firstWait    = time.Second // before the second attempt to reach the server; it doubles
	maxWait      = time.Minute
)

// server is a syslog server. What its connection has taken counts as written:
// there is no acknowledgement. A chunk of which it took a part is sent again as a
// whole, so a server may see lines twice when the connection breaks.
type server struct {
	o    *Syslog
	conn net.Conn
	gone chan struct{} // closed when conn is of no use any more
}

func (s *server) open([]byte) error { return nil }

// sync has nothing to do; the note is that of files of which there are none.
func (s *server) sync() (note []byte, err error) { return []byte("{}"), nil }

// write sends lines, and while the server cannot be reached tries again until ctx
// ends, whose cause is the error then.
func (s *server) write(ctx context.Context, lines []byte) (settled bool, err error) {
	for wait := firstWait; len(lines) > 0; {
		n := chunkOf(lines, s.o.Network == "udp")
		err := s.send(ctx, lines[:n])
		if err == nil {
			lines, wait = lines[n:], firstWait
			continue
		}
		if ctx.Err() == nil {
			s.o.Logger.Warn("syslog server does not take lines", "address", s.o.Address, "error", err, "again in", wait)
		}
		select {
		case <-ctx.Done():
			return false, context.Cause(ctx)
		case <-time.After(wait):
			wait = min(2*wait, maxWait)
		}
	}
	return true, nil
}

// chunkOf is how many octets at the beginning go out together: as many whole lines
// as a chunk has room for, but at least one, and just one if they are datagrams.
func chunkOf(lines []byte, one bool) int {
	if !one {
		if len(lines) <= chunk {
			return len(lines)
		}
		if n := bytes.LastIndexByte(lines[:chunk], '\n') + 1; n > 0 {
			return n
		}
	}
	return bytes.IndexByte(lines, '\n') + 1
}

func (s *server) send(ctx context.Context, b []byte) error {
	if err := s.connect(ctx); err != nil {
		return err
	}
	conn := s.conn
	stop := context.AfterFunc(ctx, func() { _ = conn.SetWriteDeadline(time.Unix(1, 0)) })
	defer stop()
	if s.o.Network == "udp" {
		b = b[:min(len(b)-1, maxDatagram)]
	}
	_ = conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	if ctx.Err() != nil { // the deadline just set may have taken the place of the one that ends all
		return context.Cause(ctx)
	}
	_, err := conn.Write(b)
	if err == nil {
		return nil
	}
	_ = s.close()
	if s.o.Network == "udp" && ctx.Err() == nil {
		return nil // nobody listens: nobody promised
	}
	return err
}

// connect makes a connection, unless there is one that the server has not closed.
func (s *server) connect(ctx context.Context) error {
	select {
	case <-s.gone: // nil without a connection
		_ = s.close()
	default:
	}
	if s.conn != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	conn, err := s.dial(ctx)
	if err != nil {
		return err
	}
	gone := make(chan struct{})
	s.conn, s.gone = conn, gone
	// A server says nothing; that reading ends is how its leaving is noticed
	// before lines are written to nobody.
	go func() {
		defer close(gone)
		_, _ = io.Copy(io.Discard, conn)
	}()
	return nil
}

func (s *server) dial(ctx context.Context) (net.Conn, error) {
	conn, err := s.o.Dial(ctx, s.o.Network, s.o.Address)
	if err != nil || s.o.TLS == nil {
		return conn, err
	}
	secure := tls.Client(conn, s.o.TLS)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secure, nil
}

// close closes the connection, and waits for its reader.
func (s *server) close() error {
	if s.conn == nil {
		return nil
	}
	if secure, ok := s.conn.(*tls.Conn); ok { // it says goodbye, to one who may not listen
		late := time.AfterFunc(goodbye, func() { _ = secure.NetConn().Close() })
		defer late.Stop()
	}
	_ = s.conn.Close() // one that broke says so again
	<-s.gone
	s.conn, s.gone = nil, nil
	return nil
}
