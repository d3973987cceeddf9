package logs

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"esasim/esa"
	"esasim/internal/memnet"
)

// receiver is a syslog server that takes lines until it is closed.
type receiver struct {
	l     net.Listener
	leave int // lines after which it closes a connection; 0: never
	wg    sync.WaitGroup

	mu    sync.Mutex // guards lines
	lines []string
}

func receive(l net.Listener, leave int) *receiver {
	r := &receiver{l: l, leave: leave}
	r.wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			r.wg.Go(func() { r.read(conn) })
		}
	})
	return r
}

// read takes what it is sent a thousand octets at a time, and leaves in the middle
// of a line: what it had taken of that is lost.
func (r *receiver) read(conn net.Conn) {
	defer conn.Close()
	var have []byte
	for n, b := 0, make([]byte, 1000); r.leave == 0 || n < r.leave; {
		got, err := conn.Read(b)
		if err != nil {
			return
		}
		have = append(have, b[:got]...)
		r.mu.Lock()
		for {
			line, rest, ok := bytes.Cut(have, []byte("\n"))
			if !ok {
				break
			}
			r.lines, have, n = append(r.lines, string(line)), rest, n+1
		}
		r.mu.Unlock()
	}
}

func (r *receiver) got() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lines)
}

// happened is a log of messages that were queued, all in the same second.
func happened(n int) *memory {
	m := &memory{}
	for i := range n {
		m.entries = append(m.entries, esa.Entry{Seq: uint64(i + 1), Events: []esa.Event{{MID: esa.MID(i + 1), Time: time.Now()}}})
	}
	return m
}

func pushTo(o Syslog) Options {
	o.Logger = slog.New(slog.DiscardHandler)
	return Options{Name: "mail_logs", Content: &queued{}, Level: Info, Syslog: &o}
}

// push starts a writer of what happened up to an entry; stop ends it.
func push(t *testing.T, o Options, m *memory, to int) (stop func()) {
	t.Helper()
	w, err := Open(o, m)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx, &reader{m, int(w.Seq()), to}) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// missing lists the messages of which no line came, and says whether the first
// lines of all are in order.
func missing(lines []string, n int) (missing []int, inOrder bool) {
	last, first := 0, map[int]bool{}
	inOrder = true
	for _, line := range lines {
		mid := 0
		if _, err := fmt.Sscanf(line, "<166>Jan 1 00:00:00 mail_logs: Info: MID %d queued for delivery", &mid); err != nil {
			return nil, false
		}
		if !first[mid] {
			inOrder, last = inOrder && mid == last+1, mid
			first[mid] = true
		}
	}
	for mid := 1; mid <= n; mid++ {
		if !first[mid] {
			missing = append(missing, mid)
		}
	}
	return missing, inOrder
}

// A server that is away holds the cursor back, also over a restart; when it comes,
// it gets everything once.
func TestSyslogAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network memnet.Network
		m := happened(3000)
		o := pushTo(Syslog{Network: "tcp", Address: "127.0.0.1:514", Facility: 20, Dial: network.Dial})
		for range 2 {
			stop := push(t, o, m, 3000)
			time.Sleep(10 * time.Minute)
			stop()
			if m.seq != 0 {
				t.Fatalf("the cursor is at %d although nobody took a line", m.seq)
			}
		}
		stop := push(t, o, m, 3000)
		time.Sleep(10 * time.Minute)
		l, err := network.Listen("tcp", "127.0.0.1:514")
		if err != nil {
			t.Fatal(err)
		}
		r := receive(l, 0)
		time.Sleep(2 * time.Minute)
		stop()
		l.Close()
		r.wg.Wait()
		if lost, inOrder := missing(r.got(), 3000); len(lost) > 0 || !inOrder || len(r.lines) != 3000 || m.seq != 3000 {
			t.Errorf("%d lines, in order %t, missing %v, cursor %d", len(r.lines), inOrder, lost, m.seq)
		}
	})
}

// A server that leaves again and again gets every line, some of them twice.
func TestSyslogLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network memnet.Network
		m := happened(3000)
		l, err := network.Listen("tcp", "127.0.0.1:514")
		if err != nil {
			t.Fatal(err)
		}
		r := receive(l, 200)
		stop := push(t, pushTo(Syslog{Network: "tcp", Address: "127.0.0.1:514", Facility: 20, Dial: network.Dial}), m, 3000)
		time.Sleep(time.Hour)
		stop()
		l.Close()
		r.wg.Wait()
		if lost, inOrder := missing(r.got(), 3000); len(lost) > 0 || !inOrder || m.seq != 3000 || len(r.lines) == 3000 {
			t.Errorf("%d lines, in order %t, missing %v, cursor %d", len(r.lines), inOrder, lost, m.seq)
		}
	})
}

// Over TLS lines go to a server that somebody vouches for, and to no other.
func TestSyslogTLS(t *testing.T) {
	web := httptest.NewTLSServer(nil) // for its certificate
	web.Close()
	trust := x509.NewCertPool()
	trust.AddCert(web.Certificate())
	for name, c := range map[string]struct {
		config *tls.Config
		want   int
	}{
		"trusted": {&tls.Config{RootCAs: trust, ServerName: "127.0.0.1"}, 10},
		"unknown": {&tls.Config{RootCAs: x509.NewCertPool(), ServerName: "127.0.0.1"}, 0},
		"another": {&tls.Config{RootCAs: trust, ServerName: "127.0.0.9"}, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			var network memnet.Network
			m := happened(10)
			l, err := network.Listen("tcp", "127.0.0.1:6514")
			if err != nil {
				t.Fatal(err)
			}
			r := receive(tls.NewListener(l, &tls.Config{Certificates: web.TLS.Certificates}), 0)
			stop := push(t, pushTo(Syslog{Network: "tcp", Address: "127.0.0.1:6514", TLS: c.config, Facility: 20, Dial: network.Dial}), m, 10)
			time.Sleep(2 * time.Minute)
			stop()
			l.Close()
			r.wg.Wait()
			if n := len(r.got()); n != c.want || m.seq != uint64(c.want) {
				t.Errorf("%s: %d lines, cursor %d, want %d", name, n, m.seq, c.want)
			}
		})
	}
}

// Over UDP each line is a datagram without a line end, and what is too long is cut;
// when nobody listens the cursor moves all the same.
func TestSyslogUDP(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := happened(3)
	o := pushTo(Syslog{Network: "udp", Address: conn.LocalAddr().String(), Facility: 11, Dial: (&net.Dialer{}).DialContext})
	o.Content = long{}
	stop := push(t, o, m, 3)
	want := "<94>" + m.entries[0].Events[0].Time.UTC().Format("Jan _2 15:04:05") + " mail_logs: Info: "
	for _, n := range []int{len(want) + 1, maxDatagram, maxDatagram} {
		b := make([]byte, 1<<16)
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		got, _, err := conn.ReadFrom(b)
		if err != nil {
			t.Fatal(err)
		}
		if got != n || !strings.HasPrefix(string(b), want) || bytes.IndexByte(b[:got], '\n') >= 0 {
			t.Errorf("datagram of %d octets, want %d: %.60q", got, n, b[:got])
		}
	}
	stop()
	conn.Close()
	m = happened(300)
	w, err := Open(o, m)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	end := &ending{reader{m, 0, 300}, cancel}
	if err := w.Run(ctx, end); err != nil || m.seq != 300 {
		t.Errorf("nobody listens: cursor %d, %v", m.seq, err)
	}
}

// long says of each message a line that is 5000 times as long as the one before.
type long struct{}

func (long) Write(_ context.Context, l *Lines, entries []esa.Entry) error {
	for _, e := range entries {
		for _, e := range e.Events {
			l.Say(e.Time, Info, strings.Repeat("x", 1+int(e.MID-1)*10_000))
		}
	}
	return nil
}

func (long) Forget() {}

// ending ends everything when all has been handed out.
type ending struct {
	reader
	end func()
}

func (r *ending) Next(ctx context.Context) ([]esa.Entry, error) {
	if r.next == r.to {
		r.end()
	}
	return r.reader.Next(ctx)
}

// Chunks end with lines, and together they are what was to be sent.
func TestChunks(t *testing.T) {
	all := []byte(strings.Repeat("short\n", 20_000) + strings.Repeat("x", 3*chunk) + "\n" + "end\n")
	for rest := all; len(rest) > 0; {
		n := chunkOf(rest, false)
		if n <= 0 || rest[n-1] != '\n' || n > chunk && bytes.IndexByte(rest, '\n') != n-1 {
			t.Fatalf("a chunk of %d octets", n)
		}
		if one := chunkOf(rest, true); one != bytes.IndexByte(rest, '\n')+1 {
			t.Fatalf("a line of %d octets", one)
		}
		rest = rest[n:]
	}
}

// A server that takes a connection and nothing more does not keep the appliance from
// ending, and what it did not take is still to be sent.
func TestSyslogStuck(t *testing.T) {
	web := httptest.NewTLSServer(nil) // for its certificate
	web.Close()
	trust := x509.NewCertPool()
	trust.AddCert(web.Certificate())
	for name, secure := range map[string]*tls.Config{"tcp": nil, "tls": {RootCAs: trust, ServerName: "127.0.0.1"}} {
		synctest.Test(t, func(t *testing.T) {
			var network memnet.Network
			m := happened(10)
			l, err := network.Listen("tcp", "127.0.0.1:514")
			if err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			var conns []net.Conn
			wg.Go(func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					conns = append(conns, conn)
					if secure != nil {
						_ = tls.Server(conn, &tls.Config{Certificates: web.TLS.Certificates}).Handshake()
					}
				}
			})
			stop := push(t, pushTo(Syslog{Network: "tcp", Address: "127.0.0.1:514", TLS: secure, Dial: network.Dial}), m, 10)
			time.Sleep(10 * time.Second)
			begin := time.Now()
			stop()
			if took := time.Since(begin); took > time.Second || m.seq != 0 {
				t.Errorf("%s: ending took %s, cursor %d", name, took, m.seq)
			}
			l.Close()
			wg.Wait()
			for _, c := range conns {
				c.Close()
			}
		})
	}
}

// What was lost while a server was away is told to it.
func TestSyslogOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network memnet.Network
		m := happened(100)
		l, err := network.Listen("tcp", "127.0.0.1:514")
		if err != nil {
			t.Fatal(err)
		}
		r := receive(l, 0)
		w, err := Open(pushTo(Syslog{Network: "tcp", Address: "127.0.0.1:514", Facility: 20, Dial: network.Dial}), m)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := w.Run(ctx, &overtaken{reader{m, 0, 100}, 42}); err != nil {
			t.Fatal(err)
		}
		l.Close()
		r.wg.Wait()
		const want = "<164>Jan  1 00:00:00 mail_logs: Warning: Log subscription mail_logs: 42 events were lost because writing fell behind."
		if got := r.got(); len(got) != 59 || got[0] != want || m.seq != 100 {
			t.Errorf("%d lines, cursor %d, the first %q", len(got), m.seq, got[0])
		}
	})
}
