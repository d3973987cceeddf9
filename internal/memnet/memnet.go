// Package memnet is a network in memory: listeners and connections without
// sockets, for tests that run a whole lab in a testing/synctest bubble.
package memnet

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"syscall"
)

// Network is one network. The zero value is ready.
type Network struct {
	mu        sync.Mutex // guards what follows
	listeners map[string]*listener
	port      int
}

// Listen takes connections to a "host:port"; port 0 is given a free one.
func (n *Network) Listen(_, address string) (net.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if port == "0" {
		n.port++
		port = strconv.Itoa(40000 + n.port)
	}
	a := addr(net.JoinHostPort(host, port))
	if n.listeners[string(a)] != nil {
		return nil, fmt.Errorf("listen %s: address already in use", a)
	}
	if n.listeners == nil {
		n.listeners = map[string]*listener{}
	}
	l := &listener{n: n, addr: a, conns: make(chan net.Conn), done: make(chan struct{})}
	n.listeners[string(a)] = l
	return l, nil
}

// Dial connects to a listener of this network. The client seems to be where the
// listener is: a dialer has no address here.
func (n *Network) Dial(ctx context.Context, _, address string) (net.Conn, error) {
	return n.DialFrom(ctx, address, address)
}

// DialFrom connects to a listener of this network as a client that is elsewhere,
// at the "host:port" from.
func (n *Network) DialFrom(ctx context.Context, from, address string) (net.Conn, error) {
	n.mu.Lock()
	l := n.listeners[address]
	n.mu.Unlock()
	if l == nil {
		return nil, fmt.Errorf("dial %s: %w", address, syscall.ECONNREFUSED)
	}
	here, there := net.Pipe()
	select {
	case l.conns <- conn{there, l.addr, addr(from)}:
		return conn{here, addr(from), l.addr}, nil
	case <-l.done:
		return nil, fmt.Errorf("dial %s: %w", address, syscall.ECONNREFUSED)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// addr is the "host:port" of a listener.
type addr string

// Network says that the address is of no real network.
func (addr) Network() string { return "memory" }

// String is the "host:port".
func (a addr) String() string { return string(a) }

// conn is one end of a connection.
type conn struct {
	net.Conn
	local, remote addr
}

// LocalAddr is the address of this end.
func (c conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr is the address of the other end.
func (c conn) RemoteAddr() net.Addr { return c.remote }

type listener struct {
	n     *Network
	addr  addr
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

// Accept waits for the next connection; net.ErrClosed once the listener is
// closed.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close frees the address; whoever waits in Accept or Dial gets an error. It may
// be called again.
func (l *listener) Close() error {
	l.once.Do(func() {
		close(l.done)
		l.n.mu.Lock()
		defer l.n.mu.Unlock()
		delete(l.n.listeners, string(l.addr))
	})
	return nil
}

// Addr is the address listened at, with the port that was given for 0.
func (l *listener) Addr() net.Addr { return l.addr }
