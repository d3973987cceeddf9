package delivery

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"esasim/esa"
)

func TestRouteChoice(t *testing.T) {
	q := Queue{}
	q.goBy(&Settings{Routes: []Route{{Domain: "ALL", Hosts: []string{"a:1"}}, {Domain: ".example.org", Hosts: []string{"b:1"}},
		{Domain: "mail.Example.org", Hosts: []string{"c:1"}}, {Domain: "here.example.org", Hosts: []string{SimulatedHost}}}})
	for domain, want := range map[string]string{"other.test": "a:1", "x.example.org": "b:1", "example.org": "a:1",
		"mail.example.org": "c:1", "y.mail.example.org": "b:1", "here.example.org": ""} {
		got := ""
		if r := q.routeOf(domain); r != nil {
			got = r.Hosts[0]
		}
		if got != want {
			t.Errorf("%s goes to %q, want %q", domain, got, want)
		}
	}
}

func TestRouteCheck(t *testing.T) {
	for _, bad := range []Route{
		{}, {Domain: "x", Hosts: nil}, {Domain: "a@b", Hosts: []string{"h:25"}}, {Domain: "x", Hosts: []string{"h"}}, {Domain: "x", Hosts: []string{":25"}},
		{Domain: "x", Hosts: []string{"h:0"}}, {Domain: "x", Hosts: []string{"h:65536"}}, {Domain: "x", Hosts: []string{"simulated", "h:25"}},
	} {
		if bad.Check() == nil {
			t.Errorf("%+v passes", bad)
		}
	}
	if err := (Route{Domain: ".x", Hosts: []string{"[::1]:25", "h:2525"}}).Check(); err != nil {
		t.Error(err)
	}
}

// All recipients of one route go in one transaction; each has its own answer; what
// is sent is the message with a header before it.
func TestTransaction(t *testing.T) {
	box := serve(t, &mailbox{}, nil)
	q := deliver(t, Route{Domain: "ALL", Hosts: []string{box.address}}, Route{Domain: "near.test", Hosts: []string{SimulatedHost}})
	q.send(t, 8, "Subject: x\r\n\r\n.dot\r\n", "a@one.test", "no@one.test", "b@two.test", "c@near.test", "later@two.test")
	var m esa.Message
	until(t, func() error {
		if m = q.rest(t, 8); len(m.Recipients) > 0 && m.Recipients[0].State != esa.Delivered {
			return errNothing
		}
		return nil
	})
	const want = "[3] |ok:  Message 8 accepted\n[0 2] |2.0.0 queued as 1\n" +
		"[1] 5.1.0 - Unknown address error|550 5.1.1 user unknown\n[4] 4.1.0 - Unknown address error|451 4.7.1 greylisted"
	if got := outcomesOf(m); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	got := slices.DeleteFunc(box.letters(), func(l letter) bool { return l.from == "" }) // but for the bounce message
	if len(got) != 1 || got[0].from != "a@b.test" || strings.Join(got[0].to, " ") != "a@one.test b@two.test" {
		t.Fatalf("letters %+v", got)
	}
	if got[0].text != "Received: here\r\nSubject: x\r\n\r\n.dot\r\n" {
		t.Errorf("sent %q", got[0].text)
	}
}

// What is refused at the end of the data is refused for all.
func TestRefusedData(t *testing.T) {
	box := serve(t, &mailbox{}, nil)
	q := deliver(t, Route{Domain: "ALL", Hosts: []string{box.address}})
	q.send(t, 8, "\r\nREFUSE\r\n", "a@one.test", "b@one.test")
	if got := outcomesOf(q.rest(t, 8)); got != "[0 1] 5.1.0 - Unknown address error|554 5.7.1 not wanted" {
		t.Errorf("got %s", got)
	}
}

// One connection carries many messages, one after another; it is closed in the log
// when the queue ends.
func TestReuse(t *testing.T) {
	box := serve(t, &mailbox{}, nil)
	q := deliverAs(t, []Route{{Domain: "ALL", Hosts: []string{box.address}}}, under(Control{Domain: DefaultDomain, Concurrency: 1}))
	const messages = 50 + 10 // more than a connection carries
	for mid := esa.MID(1); mid <= messages; mid++ {
		q.send(t, mid, "\r\nhello\r\n", "a@one.test")
	}
	for mid := esa.MID(1); mid <= messages; mid++ {
		if m := q.rest(t, mid); m.State != esa.Delivered || !m.Finished {
			t.Errorf("MID %d: %s", mid, m.State)
		}
	}
	q.stop()
	opened, closed := 0, 0
	for _, e := range q.log.all {
		switch e.Kind {
		case esa.DeliveryOpened:
			opened++
		case esa.DeliveryClosed:
			closed++
		}
	}
	if box.sessions != 2 || opened != 2 || closed != 2 || len(box.letters()) != messages {
		t.Errorf("%d sessions, %d opened, %d closed, %d letters", box.sessions, opened, closed, len(box.letters()))
	}
}

// A hanging host has no more connections than its route allows, and does not stop
// deliveries to others. At the end nothing is waited for.
func TestHangingHost(t *testing.T) {
	hangs := script(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	held := serve(t, &mailbox{hold: make(chan struct{})}, nil)
	q := deliverAs(t, []Route{{Domain: "hang.test", Hosts: []string{hangs}}, {Domain: "held.test", Hosts: []string{held.address}}},
		under(Control{Domain: "hang.test", Concurrency: 2}, Control{Domain: "held.test", Concurrency: 3}))
	for mid := esa.MID(1); mid <= 10; mid++ {
		q.send(t, mid, "\r\n", "a@hang.test")
		q.send(t, 100+mid, "\r\n", "a@held.test")
		q.send(t, 200+mid, "\r\n", "a@quick.test")
	}
	for mid := esa.MID(201); mid <= 210; mid++ {
		if m := q.rest(t, mid); m.State != esa.Delivered {
			t.Errorf("MID %d: %s", mid, m.State)
		}
	}
	close(held.hold)
	for mid := esa.MID(101); mid <= 110; mid++ {
		if m := q.rest(t, mid); m.State != esa.Delivered {
			t.Errorf("MID %d: %s", mid, m.State)
		}
	}
	if held.most > 3 {
		t.Errorf("%d connections at a time, want 3 at most", held.most)
	}
	begin := time.Now()
	q.stop()
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("ending took %s", took)
	}
	for mid := esa.MID(1); mid <= 10; mid++ {
		if m, _ := q.log.Message(t.Context(), mid); m.State != esa.Queued || m.Recipients[0].Attempts != 0 {
			t.Errorf("MID %d: %s, %d attempts; what was called off is made again", mid, m.State, m.Recipients[0].Attempts)
		}
	}
}

// The network fails in the words of the logs, and each attempt counts.
func TestNetworkTrouble(t *testing.T) {
	refused, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused.Close()
	closes := script(t, func(net.Conn) {})
	middle := script(t, func(c net.Conn) {
		fmt.Fprint(c, "220 x\r\n")
		for s := bufio.NewScanner(c); s.Scan(); {
			if s.Text() == "DATA" {
				return
			}
			fmt.Fprint(c, "250 ok\r\n")
		}
	})
	busy := script(t, func(c net.Conn) { fmt.Fprint(c, "421 too busy\r\n"); _, _ = io.Copy(io.Discard, c) })
	endless := script(t, func(c net.Conn) {
		for {
			if _, err := fmt.Fprintf(c, "220-%s\r\n", bytes.Repeat([]byte("x"), 900)); err != nil {
				return
			}
		}
	})
	good := serve(t, &mailbox{}, nil)
	for _, c := range []struct {
		name  string
		hosts []string
		want  string
		log   string // of the connection error
	}{
		{"refused", []string{refused.Addr().String()}, "[0] 4.4.0 - Other network problem|000 [Errno 61] Connection refused",
			"Connection Error: DCID: 0 IP: 127.0.0.1 details: [Errno 61] Connection refused interface: 127.0.0.1 reason: network error"},
		{"closes", []string{closes}, "[0] 4.4.0 - Other network problem|000 EOF",
			"Connection Error: DCID: 1 IP: 127.0.0.1 details: EOF interface: 127.0.0.1 reason: network error"},
		{"closes in the middle", []string{middle}, "[0] 4.4.0 - Other network problem|000 EOF",
			"Connection Error: DCID: 1 IP: 127.0.0.1 details: EOF interface: 127.0.0.1 reason: network error"},
		{"busy", []string{busy}, "[0] 4.3.2 - Not accepting messages at this time|421 too busy", ""},
		{"endless", []string{endless}, "[0] 4.4.0 - Other network problem|000 response too long",
			"Connection Error: DCID: 1 IP: 127.0.0.1 details: response too long interface: 127.0.0.1 reason: network error"},
		{"second host", []string{refused.Addr().String(), good.address}, "[0] |2.0.0 queued as 1",
			"Connection Error: DCID: 0 IP: 127.0.0.1 details: [Errno 61] Connection refused interface: 127.0.0.1 reason: network error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := deliver(t, Route{Domain: "ALL", Hosts: c.hosts})
			q.send(t, 8, "Subject: x\r\n\r\n", "a@one.test")
			m := q.rest(t, 8)
			if got := outcomesOf(m); got != c.want || m.Recipients[0].Attempts != 1 {
				t.Errorf("%d attempts, %s; want %s", m.Recipients[0].Attempts, got, c.want)
			}
			log := ""
			for _, e := range m.Events {
				if e.Kind == esa.DeliveryTrouble {
					log += e.Text
				}
			}
			if log != c.log {
				t.Errorf("the log says %q, want %q", log, c.log)
			}
		})
	}
}

// A host that closes a connection while nobody uses it is connected to again.
func TestClosedWhileIdle(t *testing.T) {
	n := 0
	host := script(t, func(c net.Conn) { // one at a time
		n++
		fmt.Fprint(c, "220 x\r\n")
		for s := bufio.NewScanner(c); s.Scan(); {
			switch s.Text() {
			case "DATA":
				fmt.Fprint(c, "354 go\r\n")
			case ".":
				fmt.Fprint(c, "250 taken\r\n")
				return
			default:
				if n > 0 && !strings.HasPrefix(s.Text(), "Received") && slices.ContainsFunc([]string{"EHLO", "MAIL", "RCPT", "NOOP"}, func(p string) bool { return strings.HasPrefix(s.Text(), p) }) {
					fmt.Fprint(c, "250 ok\r\n")
				}
			}
		}
	})
	q := deliverAs(t, []Route{{Domain: "ALL", Hosts: []string{host}}}, under(Control{Domain: DefaultDomain, Concurrency: 1}))
	for mid := esa.MID(1); mid <= 3; mid++ {
		q.send(t, mid, "\r\n", "a@one.test")
		if m := q.rest(t, mid); m.State != esa.Delivered || m.Recipients[0].Attempts != 1 {
			t.Errorf("MID %d: %s", mid, outcomesOf(m))
		}
	}
}

// TLS as the control wants it: used when offered, without where it may be, and not
// at all where it must not.
func TestControlTLS(t *testing.T) {
	cert := certificate(t)
	offers := serve(t, &mailbox{}, func(s *gosmtp.Server) { s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}} })
	plain := serve(t, &mailbox{}, nil)
	broken := serve(t, &mailbox{}, func(s *gosmtp.Server) { s.TLSConfig = &tls.Config{} }) // no certificate: every handshake fails
	for i, c := range []struct {
		box    *mailbox
		tls    string
		took   bool
		secure bool
		log    string
	}{
		{offers, "", true, true, ""},
		{offers, TLSPreferred, true, true, ""},
		{offers, TLSRequired, true, true, ""},
		{offers, TLSNone, true, false, ""},
		{offers, TLSVerified, false, false, "TLS was required but could not be successfully negotiated"},
		{plain, TLSPreferred, true, false, ""},
		{plain, TLSRequired, false, false, "TLS was required but could not be successfully negotiated"},
		{broken, TLSPreferred, true, false, "TLS failed: "},
		{broken, TLSRequired, false, false, "TLS was required but could not be successfully negotiated"},
	} {
		before := len(c.box.letters())
		q := deliverAs(t, []Route{{Domain: "ALL", Hosts: []string{c.box.address}}}, under(Control{Domain: DefaultDomain, TLS: c.tls}))
		q.send(t, 8, "Subject: x\r\n\r\n", "a@one.test")
		m := q.rest(t, 8)
		got := c.box.letters()[before:]
		if took := m.State == esa.Delivered; took != c.took || took != (len(got) == 1) || took && got[0].tls != c.secure {
			t.Errorf("case %d: %s, %+v", i, outcomesOf(m), got)
		}
		said, secured := "", false
		for _, e := range m.Events {
			if e.Kind == esa.DeliveryTrouble {
				said += e.Text
			}
		}
		for _, e := range q.log.all {
			secured = secured || e.Kind == esa.DeliveryTLSStarted && strings.HasPrefix(e.Name, "TLSv1.") && e.Address == "one.test"
		}
		if (said == "") != (c.log == "") || !strings.Contains(said, c.log) || secured != c.secure {
			t.Errorf("case %d: the log says %q, TLS %t", i, said, secured)
		}
		q.stop()
	}
}

// A host that offers STARTTLS and then refuses it is delivered to in the clear.
func TestRefusedSTARTTLS(t *testing.T) {
	said := make(chan string, 100)
	host := script(t, func(c net.Conn) {
		fmt.Fprint(c, "220 x\r\n")
		data := false
		for s := bufio.NewScanner(c); s.Scan(); {
			said <- s.Text()
			switch verb, _, _ := strings.Cut(s.Text(), " "); {
			case data && verb == ".":
				data = false
				fmt.Fprint(c, "250 taken\r\n")
			case data:
			case verb == "EHLO":
				fmt.Fprint(c, "250-x\r\n250-SIZE 1000\r\n250 STARTTLS\r\n")
			case verb == "STARTTLS":
				fmt.Fprint(c, "454 not now\r\n")
			case verb == "DATA":
				data = true
				fmt.Fprint(c, "354 go\r\n")
			default:
				fmt.Fprint(c, "250 ok\r\n")
			}
		}
	})
	q := deliver(t, Route{Domain: "ALL", Hosts: []string{host}})
	q.send(t, 8, "\r\n", "a@one.test")
	m := q.rest(t, 8)
	if got := outcomesOf(m); got != "[0] |taken" {
		t.Errorf("%s", got)
	}
	if !slices.ContainsFunc(m.Events, func(e esa.Event) bool {
		return e.Kind == esa.DeliveryTrouble && e.Text == "DCID 1 TLS failed: STARTTLS unexpected response"
	}) {
		t.Errorf("%+v", m.Events)
	}
	if ehlo := <-said; ehlo != "EHLO esa.example" {
		t.Errorf("said %s", ehlo)
	}
}

// Whatever a host says, the message comes to rest, and nothing is left running.
func FuzzHost(f *testing.F) {
	f.Add("220 x\r\n250 x\r\n250 x\r\n250 x\r\n354 x\r\n250 2.0.0 x\r\n")
	f.Add("220 x\r\n250-x\r\n250 STARTTLS\r\n220 go\r\n\x16\x03\x01")
	f.Add("554-a\r\n554 5.7.1 b\r\n")
	f.Add("220 x\r\n250 x\r\n250 x\r\n550 5.1.2\r\n250 x\r\n")
	f.Add("999 \xff\r\n-1\r\n")
	f.Fuzz(func(t *testing.T, says string) {
		m := &memory{messages: map[esa.MID][]esa.Event{}, contents: map[esa.MID]string{8: "\r\n"}}
		m.queued(8, "a@one.test", "b@one.test")
		q := &Queue{Log: m, Name: "esa.example", Logger: slog.New(slog.DiscardHandler), attempts: t.Context(),
			Dial: func(context.Context, string, string) (net.Conn, error) {
				return &speech{Reader: strings.NewReader(says)}, nil
			}}
		q.goBy(&Settings{Profile: profile, Headers: bare{}})
		r := q.attempt(report{lane: &lane{Route: Route{Domain: "ALL", Hosts: []string{"x:25"}}}, by: q.by, job: job{mid: 8, rids: []esa.RID{0, 1}}})
		if r.called || len(r.rcpts) != 2 {
			t.Fatalf("called off, %d recipients", len(r.rcpts))
		}
		for _, e := range q.outcomes(visit{m: &r.m, dcid: r.dcid, rcpts: r.rcpts, now: time.Now()}, r.replies) {
			if e.Kind != esa.RecipientDelivered && !strings.Contains(e.Name, " - ") || len(e.Text) > mostReply+20 {
				t.Errorf("%+v", e)
			}
		}
	})
}

// speech is a connection to somebody who has said everything already.
type speech struct{ io.Reader }

func (speech) Write(p []byte) (int, error)      { return len(p), nil }
func (speech) Close() error                     { return nil }
func (speech) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (speech) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (speech) SetDeadline(time.Time) error      { return nil }
func (speech) SetReadDeadline(time.Time) error  { return nil }
func (speech) SetWriteDeadline(time.Time) error { return nil }

// An address outside ASCII needs a host that offers it; without, it is a bounce
// at once.
func TestUTF8(t *testing.T) {
	old := serve(t, &mailbox{}, func(s *gosmtp.Server) { s.EnableSMTPUTF8 = false })
	box := serve(t, &mailbox{}, nil)
	q := deliver(t, Route{Domain: "ALL", Hosts: []string{box.address}}, Route{Domain: "old.test", Hosts: []string{old.address}})
	q.send(t, 8, "\r\n", "bücher@one.test")
	q.send(t, 9, "\r\n", "bücher@old.test")
	if m := q.rest(t, 8); m.State != esa.Delivered {
		t.Errorf("%s", outcomesOf(m))
	}
	if got := outcomesOf(q.rest(t, 9)); !strings.HasPrefix(got, "[0] 5.3.0 - Other mail system problem|000 cannot be sent: ") {
		t.Errorf("%s", got)
	}
}
