package web

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener in memory: dial makes a connection.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
	err    error // returned at once by Accept, if set
}

func newPipes() *pipes {
	return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (p *pipes) Accept() (net.Conn, error) {
	if p.err != nil {
		return nil, p.err
	}
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

func (p *pipes) dial() net.Conn {
	ours, theirs := net.Pipe()
	p.conns <- theirs
	return ours
}

// ask sends one request and reads the answer's body.
func ask(t *testing.T, conn net.Conn, path string) (string, error) {
	t.Helper()
	if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		return "", err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

// serving runs Serve in a bubble and hands the test what it needs. After the
// test it ends the context and holds Serve to its second.
func serving(t *testing.T, h http.HandlerFunc, test func(t *testing.T, ln *pipes, stop func() error)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		ln := newPipes()
		done := make(chan error, 1)
		go func() { done <- Serve(ctx, ln, h, quiet()) }()
		var once sync.Once
		stop := func() (err error) {
			once.Do(func() {
				begun := time.Now()
				cancel()
				err = <-done
				if took := time.Since(begun); took > time.Second {
					t.Errorf("Serve took %v to end", took)
				}
			})
			return err
		}
		test(t, ln, stop)
		if err := stop(); err != nil {
			t.Error(err)
		}
		if _, err := ln.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Error("the listener is still open")
		}
	})
}

func TestServe(t *testing.T) {
	serving(t, ok, func(t *testing.T, ln *pipes, stop func() error) {
		conn := ln.dial()
		for range 2 { // one connection, kept
			if body, err := ask(t, conn, "/"); err != nil || body != "served" {
				t.Fatalf("%q, %v", body, err)
			}
		}
	}) // and it ends although the connection is idle
}

// TestServeLongPoll: a request that waits is told by its context.
func TestServeLongPoll(t *testing.T) {
	told := false
	serving(t, func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		told = true
	}, func(t *testing.T, ln *pipes, stop func() error) {
		conn := ln.dial()
		go func() { _, _ = ask(t, conn, "/") }()
		synctest.Wait()
		if err := stop(); err != nil || !told {
			t.Errorf("told %v, %v", told, err)
		}
	})
}

// TestServeFinishes: a request that is nearly done may finish.
func TestServeFinishes(t *testing.T) {
	serving(t, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(200 * time.Millisecond)
		ok(w, r)
	}, func(t *testing.T, ln *pipes, stop func() error) {
		conn := ln.dial()
		got := make(chan string, 1)
		go func() {
			body, _ := ask(t, conn, "/")
			got <- body
		}()
		synctest.Wait()
		if err := stop(); err != nil {
			t.Error(err)
		}
		if body := <-got; body != "served" {
			t.Errorf("the answer was cut: %q", body)
		}
	})
}

// TestServeStubborn: a handler that ignores its context is named, not waited for.
func TestServeStubborn(t *testing.T) {
	serving(t, func(http.ResponseWriter, *http.Request) { time.Sleep(time.Minute) },
		func(t *testing.T, ln *pipes, stop func() error) {
			conn := ln.dial()
			go func() { _, _ = ask(t, conn, "/") }()
			synctest.Wait()
			if err := stop(); err == nil || !strings.Contains(err.Error(), "connections still open: 1") {
				t.Errorf("%v", err)
			}
			time.Sleep(time.Minute)
		})
}

// TestServeSlowHeader: a client that never finishes its header is cut off.
func TestServeSlowHeader(t *testing.T) {
	serving(t, ok, func(t *testing.T, ln *pipes, stop func() error) {
		conn := ln.dial()
		go func() { _, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: local") }()
		begun := time.Now()
		_, _ = io.Copy(io.Discard, conn)
		if took := time.Since(begun); took < headerTimeout || took > 2*headerTimeout {
			t.Errorf("cut off after %v", took)
		}
	})
}

func TestServeBrokenListener(t *testing.T) {
	ln := newPipes()
	ln.err = errBroken
	if err := Serve(t.Context(), ln, http.HandlerFunc(ok), quiet()); !errors.Is(err, errBroken) {
		t.Errorf("%v", err)
	}
}
