package delivery

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"esasim/esa"
)

// mailbox is a real SMTP server that takes mail, and notes how it came.
type mailbox struct {
	mu       sync.Mutex // guards what follows
	got      []letter
	sessions int
	most     int // sessions at a time
	now      int

	address string
	hold    chan struct{} // not nil: DATA is answered when it is closed
}

type letter struct {
	from string
	to   []string
	text string
	tls  bool
}

func (b *mailbox) NewSession(c *gosmtp.Conn) (gosmtp.Session, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sessions++
	b.now++
	b.most = max(b.most, b.now)
	_, secure := c.TLSConnectionState()
	return &postman{b: b, letter: letter{tls: secure}}, nil
}

func (b *mailbox) letters() []letter {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]letter(nil), b.got...)
}

type postman struct {
	b *mailbox
	letter
}

func (p *postman) Reset() { p.to = nil }
func (p *postman) Logout() error {
	p.b.mu.Lock()
	defer p.b.mu.Unlock()
	p.b.now--
	return nil
}
func (p *postman) Mail(from string, _ *gosmtp.MailOptions) error { p.from = from; return nil }

// Rcpt answers what the local part asks for: no, later.
func (p *postman) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	switch local, _, _ := strings.Cut(to, "@"); local {
	case "no":
		return &gosmtp.SMTPError{Code: 550, EnhancedCode: gosmtp.EnhancedCode{5, 1, 1}, Message: "user unknown"}
	case "later":
		return &gosmtp.SMTPError{Code: 451, EnhancedCode: gosmtp.EnhancedCode{4, 7, 1}, Message: "greylisted"}
	}
	p.to = append(p.to, to)
	return nil
}

func (p *postman) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if p.b.hold != nil {
		<-p.b.hold
	}
	if strings.Contains(string(b), "REFUSE") {
		return &gosmtp.SMTPError{Code: 554, EnhancedCode: gosmtp.EnhancedCode{5, 7, 1}, Message: "not wanted"}
	}
	p.b.mu.Lock()
	defer p.b.mu.Unlock()
	l := p.letter
	l.text = string(b)
	p.b.got = append(p.b.got, l)
	return &gosmtp.SMTPError{Code: 250, EnhancedCode: gosmtp.EnhancedCode{2, 0, 0}, Message: fmt.Sprintf("queued as %d", len(p.b.got))}
}

func serve(t *testing.T, b *mailbox, change func(*gosmtp.Server)) *mailbox {
	t.Helper()
	s := gosmtp.NewServer(b)
	s.Domain, s.EnableSMTPUTF8, s.ErrorLog = "mx.example", true, quiet{}
	if change != nil {
		change(s)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.address = l.Addr().String()
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close(); <-done })
	return b
}

// bare adds one field.
type bare struct{}

func (bare) Deliver(_ *esa.Message, content io.Reader) io.Reader {
	return io.MultiReader(strings.NewReader("Received: here\r\n"), content)
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// script is a server that speaks by hand: it does with each connection what f
// says. Connections are closed at the end of the test.
func script(t *testing.T, f func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				defer context.AfterFunc(ctx, func() { _ = c.Close() })()
				f(c)
			})
		}
	})
	t.Cleanup(func() { cancel(); _ = l.Close(); wg.Wait() })
	return l.Addr().String()
}

func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"mx.example"}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: k}
}

// running is a queue with routes that runs over a log in memory.
type running struct {
	*Queue
	log  *memory
	stop func()
}

func deliver(t *testing.T, routes ...Route) *running {
	t.Helper()
	return deliverAs(t, routes)
}

// under has a queue deliver under controls.
func under(c ...Control) func(*Queue) { return func(q *Queue) { q.Controls = c } }

// deliverAs runs a queue that is changed before.
func deliverAs(t *testing.T, routes []Route, change ...func(*Queue)) *running {
	t.Helper()
	m := &memory{messages: map[esa.MID][]esa.Event{}, contents: map[esa.MID]string{}, entries: make(chan []esa.Entry), mid: 1000}
	r := &running{log: m, Queue: &Queue{
		Log: m, Settings: Settings{Host: Simulated{}, Routes: routes, Profile: profile, Headers: bare{}}, Dial: (&net.Dialer{}).DialContext,
		Name: "esa.example", Local: netip.MustParseAddr("127.0.0.1"), Logger: slog.New(slog.DiscardHandler),
	}}
	r.Profile.Bounces = true
	for _, c := range change {
		c(r.Queue)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx, nil, m) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

// send queues a message.
func (r *running) send(t *testing.T, mid esa.MID, content string, rcpts ...string) {
	t.Helper()
	r.log.mu.Lock()
	r.log.contents[mid] = content
	r.log.queued(mid, rcpts...)
	e := esa.Entry{Events: r.log.messages[mid]}
	r.log.mu.Unlock()
	r.log.entries <- []esa.Entry{e}
}

// rest waits until nobody of a message is to be tried at once.
func (r *running) rest(t *testing.T, mid esa.MID) esa.Message {
	t.Helper()
	var m esa.Message
	until(t, func() error {
		m, _ = r.log.Message(t.Context(), mid)
		if !m.State.AtRest() {
			return fmt.Errorf("MID %d is %s", mid, m.State)
		}
		return nil
	})
	return m
}

func until(t *testing.T, ok func() error) {
	t.Helper()
	ticks := time.NewTicker(5 * time.Millisecond)
	defer ticks.Stop()
	end := time.After(20 * time.Second)
	for {
		err := ok()
		if err == nil {
			return
		}
		select {
		case <-ticks.C:
		case <-end:
			t.Fatal(err)
		}
	}
}

// texts are the kinds and texts of what came of a message, for comparison.
func outcomesOf(m esa.Message) string {
	var out []string
	for _, e := range m.Events {
		switch e.Kind {
		case esa.RecipientDelivered, esa.RecipientDelayed, esa.RecipientBounced:
			out = append(out, fmt.Sprintf("%v %s|%s", e.RIDs, e.Name, e.Text))
		}
	}
	return strings.Join(out, "\n")
}

var errNothing = errors.New("nothing came")
