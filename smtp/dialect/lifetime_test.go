package dialect

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener for net.Pipe, which works in a synctest bubble.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) dial() net.Conn {
	client, server := net.Pipe()
	p.conns <- server
	return client
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// talk serves one connection in a bubble, says what the client says, and
// returns what it hears until the end.
func talk(t *testing.T, opts *Options, rec *recorder, client func(c net.Conn, l *Listener)) string {
	t.Helper()
	p := newPipes()
	l := serve(t, p, opts, rec, func(net.Conn) Admission { return Admission{Observer: rec} })
	c := p.dial()
	heard := make(chan string)
	go func() {
		b, _ := io.ReadAll(c)
		heard <- string(b)
	}()
	client(c, l)
	s := <-heard
	<-rec.gone
	return s
}

const (
	toData      = "HELO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<u@x>\r\nDATA\r\n"
	unavailable = "421 h Service not available, closing transaction channel\r\n"
	timeUp      = "421 Exceeded allowable connection time\r\n"
)

// busy says something every minute for as long as it can.
func busy(c net.Conn, what string) {
	for {
		if _, err := io.WriteString(c, what); err != nil {
			return
		}
		time.Sleep(time.Minute)
	}
}

// TestEndings looks at every way a conversation ends: what the client hears
// last, what the observer is told, and after how long.
func TestEndings(t *testing.T) {
	tests := []struct {
		name   string
		client func(c net.Conn, l *Listener)
		last   string
		why    Ending
		after  time.Duration
	}{
		{"idle at once", func(net.Conn, *Listener) {}, unavailable, TimedOut, 5 * time.Minute},
		{"idle after a command", func(c net.Conn, _ *Listener) {
			time.Sleep(4 * time.Minute)
			io.WriteString(c, "NOOP\r\n")
		}, unavailable, TimedOut, 9 * time.Minute},
		{"a command drawn out", func(c net.Conn, _ *Listener) {
			for range 100 {
				if _, err := io.WriteString(c, "x"); err != nil {
					return
				}
				time.Sleep(time.Minute)
			}
		}, unavailable, TimedOut, 5 * time.Minute},
		{"idle in data", func(c net.Conn, _ *Listener) {
			io.WriteString(c, toData)
			time.Sleep(4 * time.Minute)
			io.WriteString(c, "x\r\n")
		}, unavailable, TimedOut, 9 * time.Minute},
		{"idle in refused data", func(c net.Conn, _ *Listener) {
			io.WriteString(c, toData+"a\nb")
		}, unavailable, TimedOut, 5 * time.Minute},
		{"idle in a handshake", func(c net.Conn, _ *Listener) {
			io.WriteString(c, "STARTTLS\r\n")
			c.Write([]byte{0x16, 0x03})
		}, "220 Go ahead with TLS\r\n", Closed, 30 * time.Second},
		{"a handshake drawn out", func(c net.Conn, _ *Listener) {
			io.WriteString(c, "STARTTLS\r\n")
			for _, b := range append([]byte{0x16, 0x03, 0x01, 0x02, 0x00}, make([]byte, 512)...) {
				if _, err := c.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}, "220 Go ahead with TLS\r\n", Closed, 30 * time.Second},
		{"shutdown in a handshake", func(c net.Conn, l *Listener) {
			io.WriteString(c, "STARTTLS\r\n")
			synctest.Wait()
			l.Shutdown()
		}, "220 Go ahead with TLS\r\n", Closed, 0},
		{"never idle", func(c net.Conn, _ *Listener) { busy(c, "NOOP\r\n") }, timeUp, TimeUp, 15 * time.Minute},
		{"never idle in data", func(c net.Conn, _ *Listener) {
			io.WriteString(c, toData)
			busy(c, "x\r\n")
		}, timeUp, TimeUp, 15 * time.Minute},
		{"lost", func(c net.Conn, _ *Listener) { c.Close() }, "", Lost, 0},
		{"lost in a command", func(c net.Conn, _ *Listener) {
			io.WriteString(c, "MAIL FR")
			c.Close()
		}, "", Lost, 0},
		{"lost in data", func(c net.Conn, _ *Listener) {
			io.WriteString(c, toData+"abc")
			c.Close()
		}, "", Lost, 0},
		{"quit", func(c net.Conn, _ *Listener) { io.WriteString(c, "QUIT\r\n") }, "221 h\r\n", Closed, 0},
		{"shutdown while idle", func(_ net.Conn, l *Listener) {
			synctest.Wait()
			l.Shutdown()
		}, unavailable, Closed, 0},
		{"shutdown in data", func(c net.Conn, l *Listener) {
			io.WriteString(c, toData+"abc")
			synctest.Wait()
			l.Shutdown()
		}, unavailable, Closed, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			secure := &tls.Config{Certificates: []tls.Certificate{selfSigned(t)}}
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				rec := newRecorder()
				heard := talk(t, &Options{Host: "h", TLS: secure, MaxTime: 15 * time.Minute}, rec, test.client)
				if !strings.HasSuffix(heard, test.last) {
					t.Errorf("heard %q", heard)
				}
				if want := "closed " + string(test.why); rec.notes[len(rec.notes)-1] != want {
					t.Errorf("notes %q, want %q last", rec.notes, want)
				}
				// Some clients notice the end only when they speak again.
				if d := time.Since(began); d < test.after || d > test.after+2*time.Minute {
					t.Errorf("ended after %v", d)
				}
				if rec.messages > 0 || ownWords.MatchString(heard) {
					t.Errorf("%d messages; heard %q", rec.messages, heard)
				}
				if strings.Contains(test.name, "data") && rec.dataErr == nil {
					t.Error("a message cut short looked complete")
				}
			})
		})
	}
}

// TestSlowAdmission: a slow decision holds up its own connection only.
func TestSlowAdmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		turn := make(chan bool, 2)
		turn <- true
		turn <- false
		serve(t, p, &Options{Host: "h"}, newRecorder(), func(net.Conn) Admission {
			if <-turn {
				time.Sleep(time.Hour)
			}
			return Admission{}
		})
		began := time.Now()
		slow := p.dial()
		synctest.Wait()
		fast := p.dial()
		for _, c := range []net.Conn{fast, slow} {
			if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || line != "220 h ESMTP\r\n" {
				t.Fatal(line, err)
			}
			if c == fast && time.Since(began) > 0 {
				t.Error("the fast one waited", time.Since(began))
			}
		}
		fast.Close()
		slow.Close()
	})
}

// TestClose closes from elsewhere, more than once, while a read is pending.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := newRecorder()
		talk(t, &Options{Host: "h"}, rec, func(_ net.Conn, l *Listener) {
			synctest.Wait()
			l.mu.Lock()
			var conns []*Conn
			for c := range l.conns {
				conns = append(conns, c)
			}
			l.mu.Unlock()
			for _, c := range conns {
				c.Close()
				c.Close()
			}
			synctest.Wait()
			if len(l.conns) != 0 {
				t.Error("the listener remembers a closed connection")
			}
		})
		if len(rec.notes) != 1 || rec.logouts != 0 {
			t.Errorf("notes %q, %d logouts", rec.notes, rec.logouts)
		}
	})
}
