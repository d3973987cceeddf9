package smtp

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"esasim/esa"
	"esasim/internal/memnet"
)

// ledger is a log that keeps what it is told, in words.
type ledger struct {
	mu    sync.Mutex
	icids esa.ICID
	mids  esa.MID
	lines []string
}

func (l *ledger) NextICID() (esa.ICID, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.icids++
	return l.icids, nil
}

func (l *ledger) NextMID() (esa.MID, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mids++
	return l.mids, nil
}

func (l *ledger) Append(events []esa.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range events {
		if s := words(&events[i]); s != "" {
			l.lines = append(l.lines, s)
		}
	}
	return nil
}

func (l *ledger) Commit(events []esa.Event, _ Content) error { return l.Append(events) }

func (l *ledger) NewContent(esa.MID) Content { return thrownAway{io.Discard} }

type thrownAway struct{ io.Writer }

func (thrownAway) Discard() error { return nil }

type endless struct{}

func (endless) MayBegin() bool   { return true }
func (endless) MayGoOn(int) bool { return true }

// words says of an event what the cases below look at.
func words(e *esa.Event) string {
	switch e.Kind {
	case esa.ConnectionOpened:
		return fmt.Sprintf("%d from %s %s %t", e.ICID, e.Source.Remote, e.Source.Host, e.Source.Verified)
	case esa.HATDecided:
		s := e.Source
		return fmt.Sprintf("%d %s %s %s %s", e.ICID, s.Rule, s.Group, s.Match, s.SBRS)
	case esa.ConnectionTrouble:
		return fmt.Sprintf("%d %s", e.ICID, e.Text)
	case esa.ConnectionClosed:
		return strings.TrimRight(fmt.Sprintf("%d closed %s", e.ICID, e.Text), " ")
	case esa.MessageStarted:
		s := fmt.Sprintf("%d MID %d of %s", e.ICID, e.MID, e.Source.Group)
		if e.Address != "" {
			s += fmt.Sprintf(" by %s, %s", e.Address, e.Source.Rule)
		}
		return s
	case esa.AuthTried:
		return strings.TrimRight(fmt.Sprintf("%d auth %s %s %s", e.ICID, e.Text, e.Address, e.Name), " ")
	case esa.AuthChecked:
		return fmt.Sprintf("%d %s %s", e.ICID, e.Name, e.Text)
	case esa.MessageAborted:
		if strings.HasPrefix(e.Text, "Rejected") {
			return fmt.Sprintf("%d %s", e.ICID, e.Text)
		}
	case esa.RecipientRejected:
		return fmt.Sprintf("%d %s by %s", e.ICID, e.Address, e.Text)
	case esa.RecipientGiven:
		return fmt.Sprintf("%d %s", e.ICID, e.Address)
	}
	return ""
}

// talker is a client, which may have several connections.
type talker struct {
	t     *testing.T
	net   *memnet.Network
	conns []net.Conn
	ins   []*bufio.Reader
	at    int // which connection is meant
	l     *Listener
}

// play does one line of a script: "> command", "< reply", lines of a long one
// joined by /; "dial", "use 0", "tls", "end", "wait 1h", "quit".
func (k *talker) play(line string) {
	k.t.Helper()
	verb, arg, _ := strings.Cut(line, " ")
	switch verb {
	case "dial":
		c, err := k.net.Dial(k.t.Context(), "tcp", "esa:25")
		if err != nil {
			k.t.Fatal(err)
		}
		k.at = len(k.conns)
		k.conns, k.ins = append(k.conns, c), append(k.ins, bufio.NewReader(c))
	case "use":
		fmt.Sscan(arg, &k.at)
	case ">":
		if _, err := io.WriteString(k.conns[k.at], arg+"\r\n"); err != nil {
			k.t.Fatalf("%s: %v", line, err)
		}
	case "<":
		if got := k.reply(); !strings.HasPrefix(got, arg) {
			k.t.Fatalf("%s: got %s", line, got)
		}
	case "end":
		if b, err := k.ins[k.at].ReadString('\n'); err == nil || b != "" {
			k.t.Fatalf("got %q instead of the end", b)
		}
		synctest.Wait() // for the listener to note it
	case "tls":
		c := tls.Client(k.conns[k.at], &tls.Config{InsecureSkipVerify: true})
		if err := c.Handshake(); err != nil {
			k.t.Fatal(err)
		}
		k.conns[k.at], k.ins[k.at] = c, bufio.NewReader(c)
	case "wait":
		d, err := time.ParseDuration(arg)
		if err != nil {
			k.t.Fatal(err)
		}
		time.Sleep(d)
	case "raw":
		text, err := strconv.Unquote(arg)
		if err != nil {
			k.t.Fatal(err)
		}
		if _, err := io.WriteString(k.conns[k.at], text); err != nil {
			k.t.Fatalf("%s: %v", line, err)
		}
	case "suspend":
		k.l.Suspend()
	case "resume":
		k.l.Resume()
	case "quit":
		k.conns[k.at].Close()
		synctest.Wait()
	default:
		k.t.Fatalf("cannot read %q", line)
	}
}

func (k *talker) reply() string {
	k.t.Helper()
	var lines []string
	for {
		s, err := k.ins[k.at].ReadString('\n')
		if err != nil {
			return fmt.Sprintf("%q, %v", s, err)
		}
		lines = append(lines, strings.TrimRight(s, "\r\n"))
		if len(s) < 4 || s[3] != '-' {
			return strings.Join(lines, " / ")
		}
	}
}

// testTables are the tables of the cases below.
func testTables(t *testing.T, policies []Policy) Options {
	t.Helper()
	known, err := NewPolicies(policies)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Interface: "IncomingMail", Host: "esa.example.com", MaxMessage: 10485760, MaxRecipients: 5, MaxHeaderLines: 1000,
		MaxConnections: 10, Idle: 5 * time.Hour, Room: endless{}, Logger: slog.New(slog.DiscardHandler)}
	var errs [5]error
	o.HAT, errs[0] = NewHAT([]SenderGroup{
		{"RELAYLIST", "$RELAYED", []string{"10.0.0.0/8"}}, {"REFUSED", "$REFUSED", []string{"sbrs[-10.0:-9.0]"}},
		{"BLACKLIST", "$BLOCKED", []string{"sbrs[-9.0:-3.0]"}}, {"SUSPECTLIST", "$THROTTLED", []string{"sbrs[-3.0:-1.0]"}},
		{"PARTNERS", "$TLS", []string{".partner.example"}}, {"UNKNOWNLIST", "$ACCEPTED", []string{"sbrs[-1.0:10.0]", "sbrs[none]"}},
	}, known)
	o.Senders, errs[1] = NewSenders([]Sender{{Address: "192.0.2.1", SBRS: "-4", Host: "bad.example", Unverified: true},
		{Address: "192.0.2.2", SBRS: "-2"}, {Address: "192.0.2.3", SBRS: "-2"}, {Address: "192.0.2.4", SBRS: "-10"}})
	o.RAT, errs[2] = NewRAT([]Recipient{{Address: "x.example"}, {Address: "info@x.example", Bypass: true},
		{Address: "old@x.example", Access: "reject", Reply: "550 5.1.6 has moved"}})
	o.Verification, errs[3] = NewVerification([]string{"nx.example"}, []string{"boss@nx.example"})
	o.XCLIENT, errs[4] = NewNetworks([]string{"127.0.0.0/8"})
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	return o
}

func factory() []Policy {
	return []Policy{{Name: "$ACCEPTED", Rule: Accept, MaxMessages: 2}, {Name: "$BLOCKED", Rule: Reject}, {Name: "$RELAYED", Rule: Relay},
		{Name: "$THROTTLED", Rule: Accept, MaxRecipients: 2, MaxRecipientsPerHour: 3, MaxMessageSize: 1000, MaxConnections: 1, TLS: TLSOff},
		{Name: "$TLS", Rule: Accept, TLS: TLSRequired}, {Name: "$REFUSED", Rule: TCPRefuse}}
}

// What clients hear who are not just welcome, and what is noted about them.
func TestAccess(t *testing.T) {
	const (
		banner   = "< 220 esa.example.com ESMTP"
		hello    = "< 250-esa.example.com / 250-8BITMIME / 250-PIPELINING / 250-SMTPUTF8 / 250-STARTTLS / 250-XCLIENT NAME ADDR HELO / 250 SIZE 10485760"
		rejected = "Your access to this mail system has been rejected due to the sending MTA's poor reputation."
		first    = "1 from 127.0.0.1  false; 1 ACCEPT UNKNOWNLIST sbrs[none] None; "
	)
	as := func(words string) []string { return []string{"dial", banner, "> XCLIENT " + words} }
	mail := func(from string) []string {
		return []string{"> MAIL FROM:<" + from + ">", "< 250 sender <" + from + "> ok"}
	}
	for _, c := range []accessCase{
		{"a welcome one", nil, [][]string{{"dial", banner, "> EHLO c", hello}, mail("a@b.example"), {"> RCPT TO:<u@x.example>", "< 250", "> QUIT", "< 221", "end"}},
			first + "1 MID 1 of UNKNOWNLIST; 1 u@x.example; 1 closed"},
		{"XCLIENT", nil, [][]string{as("ADDR=IPV6:2001:db8::1 NAME=mx.partner.example HELO=other"), {banner, "> EHLO c", hello, "> QUIT", "< 221", "end"}},
			first + "1 closed; 2 from 2001:db8::1 mx.partner.example true; 2 ACCEPT PARTNERS .partner.example None; 2 closed"},
		{"XCLIENT looks up what it does not say", nil, [][]string{as("ADDR=192.0.2.2"), {banner, "quit"}},
			first + "1 closed; 2 from 192.0.2.2  false; 2 ACCEPT SUSPECTLIST sbrs[-3.0:-1.0] -2.0; 2 closed lost"},
		{"XCLIENT again, after EHLO and a message", nil, [][]string{as("ADDR=10.0.0.1"), {banner, "> EHLO c", hello}, mail("a@b.example"),
			{"> RCPT TO:<any@where.test>", "< 250", "> XCLIENT ADDR=10.0.0.2", "< 503 #5.5.0 XCLIENT not permitted during a mail transaction", "> RSET", "< 250 reset",
				"> XCLIENT ADDR=198.51.100.1", banner, "> MAIL FROM:<a@b.example>", "< 503 #5.5.1 EHLO first", "> EHLO c", hello}, mail("a@b.example"),
			{"> RCPT TO:<any@where.test>", "< 550 #5.1.0 Address rejected.", "quit"}},
			first + "1 closed; 2 from 10.0.0.1  false; 2 RELAY RELAYLIST 10.0.0.0/8 None; 2 MID 1 of RELAYLIST; 2 any@where.test; 2 closed; " +
				"3 from 198.51.100.1  false; 3 ACCEPT UNKNOWNLIST sbrs[none] None; 3 MID 2 of UNKNOWNLIST; 3 any@where.test by RAT; 3 closed lost"},
		{"XCLIENT by whom nobody trusts", func(o *Options) { o.XCLIENT = nil }, [][]string{{"dial", banner, "> EHLO c",
			"< 250-esa.example.com / 250-8BITMIME / 250-PIPELINING / 250-SMTPUTF8 / 250-STARTTLS / 250 SIZE 10485760",
			"> XCLIENT ADDR=10.0.0.1", "< 500 #5.5.1 command not recognized", "> QUIT", "< 221", "end"}},
			first + "1 Unknown command: XCLIENT ADDR=10.0.0.1; 1 closed"},
		{"rejected", nil, [][]string{as("ADDR=192.0.2.1"), {"< 554-esa.example.com / 554 " + rejected, "end"}},
			first + "1 closed; 2 from 192.0.2.1 bad.example false; 2 REJECT BLACKLIST sbrs[-9.0:-3.0] -4.0; 2 closed"},
		{"rejected late", func(o *Options) { o.DelayRejection = true }, [][]string{as("ADDR=192.0.2.1"), {banner, "> EHLO c", hello}, mail("a@b.example"),
			{"> RCPT TO:<u@x.example>", "< 550 " + rejected, "> DATA", "< 503 #5.5.1 RCPT first", "> QUIT", "< 221", "end"}},
			first + "1 closed; 2 from 192.0.2.1 bad.example false; 2 REJECT BLACKLIST sbrs[-9.0:-3.0] -4.0; " +
				"2 Delayed HAT REJECT continuing session for recipient logging (192.0.2.1); 2 MID 1 of BLACKLIST; 2 u@x.example by HAT; 2 closed"},
		{"refused", nil, [][]string{as("ADDR=192.0.2.4"), {"end"}},
			first + "1 closed; 2 from 192.0.2.4  false; 2 TCPREFUSE REFUSED sbrs[-10.0:-9.0] -10.0; 2 closed refused"},
		{"throttled", nil, [][]string{as("ADDR=192.0.2.2"), {banner, "> EHLO c",
			"< 250-esa.example.com / 250-8BITMIME / 250-PIPELINING / 250-SMTPUTF8 / 250-XCLIENT NAME ADDR HELO / 250 SIZE 1000",
			"> STARTTLS", "< 500", "> MAIL FROM:<a@b.example> SIZE=1001", "< 552 size limit exceeded"}, mail("a@b.example"),
			{"> RCPT TO:<u@x.example>", "< 250", "> RCPT TO:<v@x.example>", "< 250", "> RCPT TO:<w@x.example>", "< 452 #4.5.3 Too many recipients", "> RSET", "< 250"},
			mail("a@b.example"), {"> RCPT TO:<u@x.example>", "< 250", "> RCPT TO:<v@x.example>", "< 452 Too many recipients received this hour",
				"> RCPT TO:<info@x.example>", "< 250", "> RSET", "< 250", "wait 1h"},
			mail("a@b.example"), {"> RCPT TO:<u@x.example>", "< 250", "> QUIT", "< 221", "end"}},
			first + "1 closed; 2 from 192.0.2.2  false; 2 ACCEPT SUSPECTLIST sbrs[-3.0:-1.0] -2.0; 2 Unknown command: STARTTLS; " +
				"2 MID 1 of SUSPECTLIST; 2 u@x.example; 2 v@x.example; 2 MID 2 of SUSPECTLIST; 2 u@x.example; 2 v@x.example by Injection Control; 2 info@x.example; " +
				"2 MID 3 of SUSPECTLIST; 2 u@x.example; 2 closed"},
		{"the hour is the host's, not the connection's", nil, [][]string{as("ADDR=192.0.2.2"), {banner, "> HELO c", "< 250"}, mail("a@b.example"),
			{"> RCPT TO:<u@x.example>", "< 250", "> RCPT TO:<v@x.example>", "< 250", "> RSET", "< 250", "> XCLIENT ADDR=192.0.2.3", banner, "> HELO c", "< 250"}, mail("a@b.example"),
			{"> RCPT TO:<u@x.example>", "< 250", "> RCPT TO:<v@x.example>", "< 250", "> RSET", "< 250", "> XCLIENT ADDR=192.0.2.2", banner, "> HELO c", "< 250"}, mail("a@b.example"),
			{"> RCPT TO:<u@x.example>", "< 250", "> RCPT TO:<v@x.example>", "< 452 Too many recipients received this hour", "quit"}}, "*"},
		{"one connection of a host", nil, [][]string{as("ADDR=192.0.2.2"), {banner}, as("ADDR=192.0.2.2"),
			{"< 421 #4.4.5 Too many connections from your host", "end"}, as("ADDR=192.0.2.3"), {banner, "quit", "use 0", "quit"}, as("ADDR=192.0.2.2"), {banner, "quit"}},
			first + "1 closed; 2 from 192.0.2.2  false; 2 ACCEPT SUSPECTLIST sbrs[-3.0:-1.0] -2.0; " +
				"3 from 127.0.0.1  false; 3 ACCEPT UNKNOWNLIST sbrs[none] None; 3 closed; " +
				"4 from 192.0.2.2  false; 4 ACCEPT SUSPECTLIST sbrs[-3.0:-1.0] -2.0; 4 Receiving Failed: Connection limit exceeded; 4 closed; *"},
		{"too many messages", nil, [][]string{{"dial", banner, "> HELO c", "< 250"}, mail("a@b.example"), {"> RSET", "< 250"}, mail("c@b.example"), {"> RSET", "< 250",
			"> MAIL FROM:<d@b.example>", "< 421 #4.x.2 Too many messages for this session", "end"}},
			first + "1 MID 1 of UNKNOWNLIST; 1 MID 2 of UNKNOWNLIST; 1 Receiving Failed: Too Many Messages; 1 closed"},
		{"TLS required", nil, [][]string{as("ADDR=198.51.100.9 NAME=mx.partner.example"), {banner, "> EHLO c", hello, "> MAIL FROM:<a@b.example>", "< 530 #5.7.0 Must issue a STARTTLS command first",
			"> MAIL FROM:<a@b.example>", "< 530", "> STARTTLS", "< 220 Go ahead with TLS", "tls", "> HELO c", "< 250"}, mail("a@b.example"), {"> QUIT", "< 221", "end"}},
			first + "1 closed; 2 from 198.51.100.9 mx.partner.example true; 2 ACCEPT PARTNERS .partner.example None; " +
				"2 TLS was required but remote host did not initiate it; 2 MID 1 of PARTNERS; 2 closed"},
		{"senders", nil, [][]string{{"dial", banner, "> HELO c", "< 250", "> MAIL FROM:<a@nx.example>", "< 553 #5.1.8 Domain of sender address <a@nx.example> does not exist"},
			mail("boss@nx.example"), {"> XCLIENT", "< 501", "> RSET", "< 250", "> XCLIENT ADDR=10.0.0.1", banner, "> HELO c", "< 250"}, mail("a@nx.example"), {"> QUIT", "< 221", "end"}},
			first + "1 Address: <a@nx.example> sender rejected, envelope sender domain does not exist; " +
				"1 Address: <boss@nx.example> sender allowed, envelope sender matched domain exception; 1 MID 1 of UNKNOWNLIST; 1 closed; " +
				"2 from 10.0.0.1  false; 2 RELAY RELAYLIST 10.0.0.0/8 None; 2 MID 2 of RELAYLIST; 2 closed"},
		{"an administrator's own words", nil, [][]string{{"dial", banner, "> HELO c", "< 250"}, mail(""), {"> RCPT TO:<old@x.example>", "< 550 5.1.6 has moved",
			"> RCPT TO:<u@y.example>", "< 550 #5.1.0 Address rejected.", "> QUIT", "< 221", "end"}},
			first + "1 MID 1 of UNKNOWNLIST; 1 old@x.example by RAT; 1 u@y.example by RAT; 1 closed"},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, factory()) })
	}
}

// accessCase is a conversation with a listener, and what is noted of it.
type accessCase struct {
	name   string
	change func(*Options)
	script [][]string
	want   string // with * at the end: what is noted begins so
}

func (c *accessCase) run(t *testing.T, policies []Policy) {
	cert := selfSigned(t)
	synctest.Test(t, func(t *testing.T) {
		o, noted := testTables(t, policies), &ledger{}
		o.Log, o.TLS = noted, cert
		if c.change != nil {
			c.change(&o)
		}
		k := &talker{t: t, net: &memnet.Network{}}
		stop := k.serve(o)
		defer stop()
		for _, part := range c.script {
			for _, line := range part {
				k.play(line)
			}
		}
		synctest.Wait()
		noted.mu.Lock()
		defer noted.mu.Unlock()
		got := strings.Join(noted.lines, "; ")
		want, open := strings.CutSuffix(c.want, "*")
		if got != want && !(open && strings.HasPrefix(got, want)) {
			t.Errorf("noted\n%s\nwant\n%s", got, c.want)
		}
	})
}

// serve runs a listener until the function it gives is called.
func (k *talker) serve(o Options) (stop func()) {
	raw, err := k.net.Listen("tcp", "esa:25")
	if err != nil {
		k.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	l := New(o)
	k.l = l
	go func() { done <- l.Serve(ctx, raw) }()
	return func() {
		for _, c := range k.conns {
			c.Close()
		}
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			k.t.Error(err)
		}
		all := l.now.Load().Shared
		if n := l.live.Load(); n != 0 || len(l.hosts.open) != 0 || all.connections.taken.Load() != 0 || all.tls.taken.Load() != 0 {
			k.t.Errorf("%d connections and hosts %v left, shared %d and %d", n, l.hosts.open, all.connections.taken.Load(), all.tls.taken.Load())
		}
	}
}

func selfSigned(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	// A bubble begins in the year 2000.
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}
