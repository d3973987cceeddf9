package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	headerTimeout = 10 * time.Second // for the request line and headers
	idleTimeout   = 2 * time.Minute  // of a kept connection between requests
	maxHeader     = 64 << 10         // bytes

	// The second after the context's end: first requests may finish by
	// themselves, then their contexts are cancelled and connections closed.
	graceful = 500 * time.Millisecond
	final    = 400 * time.Millisecond
)

// Serve answers HTTP on ln with handler until ctx ends, then closes ln and
// returns within a second: nil when every connection's goroutine has ended, an
// error naming how many have not (their handlers ignore the request's
// context). An error of ln ends it too. Requests carry ctx's values; their
// contexts are cancelled half a second after ctx ends.
//
// There is no limit on how long a body or an answer may take, because exports
// and long polls are slow by nature; handlers bound what they read.
func Serve(ctx context.Context, ln net.Listener, handler http.Handler, logger *slog.Logger) error {
	requests, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var open counter
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
		BaseContext:       func(net.Listener) context.Context { return requests },
		ConnState:         open.connection,
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()

	var err error
	select {
	case err = <-served: // the listener is broken
	case <-ctx.Done():
		grace, stop := context.WithTimeout(context.WithoutCancel(ctx), graceful)
		_ = server.Shutdown(grace) // what it could not end, Close ends
		stop()
		err = <-served
	}
	cancel()
	_ = server.Close()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	if n := open.wait(final); n > 0 {
		err = errors.Join(err, fmt.Errorf("connections still open: %d", n))
	}
	if err != nil {
		return fmt.Errorf("serve http on %s: %w", ln.Addr(), err)
	}
	return nil
}

// counter counts the connections whose goroutine runs. net/http calls
// connection on each change of state, from several goroutines.
type counter struct {
	mu   sync.Mutex
	n    int
	zero chan struct{} // made by wait; closed when n falls to 0
}

func (c *counter) connection(_ net.Conn, s http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch s {
	case http.StateNew:
		c.n++
	case http.StateClosed, http.StateHijacked:
		c.n--
		if c.n == 0 && c.zero != nil {
			close(c.zero)
			c.zero = nil
		}
	}
}

// wait returns how many connections are left after at most d. It is called
// once, when no new connection can come.
func (c *counter) wait(d time.Duration) int {
	c.mu.Lock()
	if c.n == 0 {
		c.mu.Unlock()
		return 0
	}
	zero := make(chan struct{})
	c.zero = zero
	c.mu.Unlock()

	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-zero:
	case <-timer.C:
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}
