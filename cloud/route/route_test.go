package route

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// oneConn is a listener for one connection in memory.
type oneConn struct {
	conns chan net.Conn
	done  chan struct{}
}

func (l oneConn) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}
func (l oneConn) Close() error   { close(l.done); return nil }
func (l oneConn) Addr() net.Addr { return &net.TCPAddr{} }

// speak serves a handler on one connection and gives its other end.
func speak(t *testing.T, h http.Handler) net.Conn {
	ours, theirs := net.Pipe()
	l := oneConn{make(chan net.Conn, 1), make(chan struct{})}
	l.conns <- theirs
	s := &http.Server{Handler: h}
	served := make(chan error)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		ours.Close()
		s.Close()
		<-served
	})
	return ours
}

// TestStalledBody: who does not go on with a body is answered when its time is
// up, whether the body was wanted or not; who sent it in time may wait for an
// answer as long as that takes.
func TestStalledBody(t *testing.T) {
	m := New(func(w http.ResponseWriter, status int, message string) { http.Error(w, message, status) })
	m.HandleFunc("POST /read", func(w http.ResponseWriter, r *http.Request) {
		if _, err := Body(w, r, 100); errors.Is(err, ErrLate) {
			w.WriteHeader(http.StatusRequestTimeout)
		} else if err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	m.HandleFunc("POST /refuse", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	m.HandleFunc("POST /slow", func(w http.ResponseWriter, r *http.Request) {
		if _, err := Body(w, r, 100); err != nil {
			t.Error(err)
		}
		select {
		case <-r.Context().Done():
			t.Error(context.Cause(r.Context()))
		case <-time.After(10 * Patience):
		}
	})
	for _, c := range []struct {
		path, body string
		status     int
		after      time.Duration
	}{
		{"/read", "123", 408, Patience}, {"/refuse", "123", 401, Patience}, {"/slow", "1234567890", 200, 10 * Patience},
	} {
		t.Run(c.path, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn := speak(t, m)
				start := time.Now()
				if _, err := io.WriteString(conn, "POST "+c.path+" HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"+c.body); err != nil {
					t.Fatal(err)
				}
				resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if took := time.Since(start); resp.StatusCode != c.status || took != c.after {
					t.Errorf("%s after %v, want %d after %v", resp.Status, took, c.status, c.after)
				}
			})
		})
	}
}
