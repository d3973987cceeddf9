package dialect

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"net"
	"testing"

	gosmtp "github.com/emersion/go-smtp"
)

// mail is a message of n octets in lines of 72, as it goes over the wire.
func mail(n int) []byte {
	b := []byte("From: <a@b.example>\r\nTo: <u@x.example>\r\nSubject: a message\r\nMessage-ID: <1@b.example>\r\n\r\n")
	line := append(bytes.Repeat([]byte("x"), 70), "\r\n"...)
	for len(b)+len(line) < n {
		b = append(b, line...)
	}
	return append(b, ".\r\n"...)
}

func BenchmarkScan(b *testing.B) {
	m := mail(2048)
	dst := make([]byte, len(m))
	b.SetBytes(int64(len(m)))
	for b.Loop() {
		s := bodyScanner{maxBytes: 1 << 20, maxHeaderLines: 1000, inHeader: true}
		if _, n, end := s.scan(dst, m); !end || n != len(m) || s.err != nil {
			b.Fatal(n, end, s.err)
		}
	}
}

// discarding is a backend that reads and forgets.
type discarding struct{}

func (discarding) NewSession(*gosmtp.Conn) (gosmtp.Session, error) { return discarding{}, nil }
func (discarding) Reset()                                          {}
func (discarding) Logout() error                                   { return nil }
func (discarding) Mail(string, *gosmtp.MailOptions) error          { return nil }
func (discarding) Rcpt(string, *gosmtp.RcptOptions) error          { return nil }
func (discarding) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

// direct reads by Conn.Message.
type direct struct {
	discarding
	c *Conn
}

func newDirect(c *gosmtp.Conn) (gosmtp.Session, error) { return direct{c: c.Conn().(*Conn)}, nil }

func (d direct) Data(io.Reader) error { return d.discarding.Data(d.c.Message()) }

// BenchmarkTransaction sends messages of 2 KiB over one connection, waiting for
// each reply, to go-smtp with the dialect, with it and Conn.Message, and without it.
func BenchmarkTransaction(b *testing.B) {
	opts := &Options{Host: "h", MaxMessage: 1 << 20, MaxHeaderLines: 1000, Logger: slog.New(slog.DiscardHandler)}
	for _, wire := range []string{"pipe", "loopback"} {
		b.Run(wire+"/dialect", func(b *testing.B) {
			l, dial := listenOn(b, wire)
			transactions(b, Server(discarding{}, opts), Listen(l, opts, nil), dial)
		})
		b.Run(wire+"/direct", func(b *testing.B) {
			l, dial := listenOn(b, wire)
			transactions(b, Server(gosmtp.BackendFunc(newDirect), opts), Listen(l, opts, nil), dial)
		})
		b.Run(wire+"/bare", func(b *testing.B) {
			l, dial := listenOn(b, wire)
			server := gosmtp.NewServer(discarding{})
			server.Domain, server.MaxLineLength = "h", 0
			server.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelWarn)
			transactions(b, server, l, dial)
		})
	}
}

func listenOn(b *testing.B, wire string) (net.Listener, func() net.Conn) {
	if wire == "pipe" {
		p := newPipes()
		return p, p.dial
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	return l, func() net.Conn {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		return c
	}
}

func transactions(b *testing.B, server *gosmtp.Server, l net.Listener, dial func() net.Conn) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.Serve(l)
	}()
	c := dial()
	in := bufio.NewReader(c)
	say := func(s []byte) {
		if s != nil {
			c.Write(s)
		}
		if line, err := in.ReadSlice('\n'); err != nil || line[0] > '3' {
			b.Fatal(string(line), err)
		}
	}
	say(nil)
	say([]byte("HELO c\r\n"))
	m, from, to, data := mail(2048), []byte("MAIL FROM:<a@b.example>\r\n"), []byte("RCPT TO:<u@x.example>\r\n"), []byte("DATA\r\n")
	b.SetBytes(int64(len(m)))
	b.ReportAllocs()
	for b.Loop() {
		say(from)
		say(to)
		say(data)
		say(m)
	}
	c.Close()
	server.Close()
	<-done
}
