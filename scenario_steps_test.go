package esasim_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/esa"
)

// performance is a scenario that is being played. It writes down what it does and
// what is said to it.
type performance struct {
	t *testing.T
	*virtual
	scenario   *scenario
	disk       *vfs.MemFS // what is on it survives a crash
	at         string     // the step, for failures
	transcript strings.Builder
	wires      []*wire
	current    int        // of wires
	others     []*virtual // labs elsewhere, of `!lab`
}

// pause is the time before each step: steps of one moment would have no order in
// logs.
const pause = 100 * time.Millisecond

// step does what a line says and writes down what came of it.
func (p *performance) step(line string) {
	command, rest, _ := strings.Cut(line, " ")
	if strings.HasPrefix(command, "<") || command == "!eof" {
		return // what was said the last time
	}
	fmt.Fprintln(&p.transcript, line)
	if command == "" || command == "#" {
		return
	}
	time.Sleep(pause)
	if strings.HasPrefix(command, ">") {
		p.send(p.text(command, rest))
	} else {
		p.do(command, rest)
	}
	p.listen()
}

// do is a step that is not said to a listener.
func (p *performance) do(command, rest string) {
	switch command {
	case "!connect":
		p.connect(strings.Fields(rest))
	case "!use":
		n, err := strconv.Atoi(rest)
		if err != nil || n < 1 || n > len(p.wires) {
			p.t.Fatalf("%s: there is no such connection", p.at)
		}
		p.current = n - 1
	case "!tls":
		p.wire().encrypt(p)
	case "!close":
		p.wire().Close()
	case "!wait":
		d, err := time.ParseDuration(rest)
		if err != nil {
			p.t.Fatalf("%s: %v", p.at, err)
		}
		time.Sleep(d)
	case "!api":
		p.api(rest)
	case "!tracking":
		p.answer(p.row(p.message(rest)))
	case "!sighting":
		p.answer(p.sightings(p.message(rest).MID))
	case "!lab":
		p.others = append(p.others, elsewhereLab(p.t, &p.net, rest))
	case "!restart":
		p.pause()
		p.start(p.t, p.configure)
	case "!crash":
		after := p.disk.CrashClone(vfs.CrashCloneCfg{})
		p.hangUp() // nobody takes leave
		p.pause()
		p.disk, p.fs = after, after
		p.start(p.t, p.configure)
	default:
		p.t.Fatalf("%s: no such step", p.at)
	}
}

// pause stops the lab for a second. How long the stop itself takes is not always the
// same: HTTP servers look every millisecond whether their connections are idle.
func (p *performance) pause() {
	next := time.Now().Add(time.Second)
	p.stop()
	time.Sleep(time.Until(next))
}

// text is what a client's line sends.
func (p *performance) text(command, rest string) []byte {
	switch command {
	case ">":
		return []byte(rest + "\r\n")
	case ">raw":
		count, quoted, ok := strings.Cut(rest, " \"")
		n, err := strconv.Atoi(count)
		if !ok || err != nil { // no repeat count
			n, quoted = 1, strings.TrimPrefix(rest, `"`)
		}
		text, err := strconv.Unquote(`"` + quoted)
		if err != nil {
			p.t.Fatalf("%s: %v", p.at, err)
		}
		return bytes.Repeat([]byte(text), n)
	case ">times":
		count, pattern, _ := strings.Cut(rest, " ")
		n, err := strconv.Atoi(count)
		if err != nil {
			p.t.Fatalf("%s: %v", p.at, err)
		}
		var b []byte
		for i := range n {
			b = append(b, strings.ReplaceAll(pattern, "%d", strconv.Itoa(i+1))+"\r\n"...)
		}
		return b
	case ">mail":
		if b, ok := p.scenario.mail(rest); ok {
			return b
		}
	}
	p.t.Fatalf("%s: nothing to send", p.at)
	return nil
}

func (p *performance) send(text []byte) {
	if _, err := p.wire().Write(text); err != nil {
		p.t.Fatalf("%s: %v", p.at, err)
	}
}

// connect opens a connection and goes on with it: `!connect from 192.0.2.7`,
// `!connect to 127.0.0.1:2526`, or both.
func (p *performance) connect(words []string) {
	from, to := "127.0.0.1", p.Addresses().SMTP
	for ; len(words) >= 2; words = words[2:] {
		switch words[0] {
		case "from":
			from = words[1]
		case "to":
			to = words[1]
		default:
			words = words[:1]
		}
	}
	if len(words) > 0 {
		p.t.Fatalf("%s: want from ADDRESS, to HOST:PORT, or both", p.at)
	}
	p.current = len(p.wires)
	conn, err := p.net.DialFrom(p.t.Context(), net.JoinHostPort(from, strconv.Itoa(50000+p.current)), to)
	if err != nil {
		p.t.Fatalf("%s: %v", p.at, err)
	}
	p.wires = append(p.wires, newWire(conn))
}

func (p *performance) wire() *wire {
	if len(p.wires) == 0 {
		p.t.Fatalf("%s: there is no connection", p.at)
	}
	return p.wires[p.current]
}

// listen writes down what was said on all connections, when all is quiet. What is
// said on another than the current one has its number.
func (p *performance) listen() {
	synctest.Wait()
	for i, w := range p.wires {
		number := ""
		if i != p.current {
			number = strconv.Itoa(i + 1)
		}
		text, end := w.take()
		for line := range strings.Lines(text) {
			fmt.Fprintf(&p.transcript, "<%s %s\n", number, strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"))
		}
		if end {
			fmt.Fprintln(&p.transcript, strings.TrimSpace("!eof "+number))
		}
	}
}

// answer writes down what is no line of a listener.
func (p *performance) answer(text string) {
	for line := range strings.Lines(text) {
		fmt.Fprintf(&p.transcript, "< %s\n", strings.TrimSuffix(line, "\n"))
	}
}

// api makes a call of the appliance's console, or of a URL: `!api POST
// /_esasim/v1/delivery/suspend`, with a body behind it if it has one.
func (p *performance) api(call string) {
	method, rest, _ := strings.Cut(call, " ")
	where, body, _ := strings.Cut(rest, " ")
	home := p.Addresses()
	if strings.HasPrefix(where, "/") {
		where = home.Console + where
	}
	req, err := http.NewRequestWithContext(p.t.Context(), method, where, strings.NewReader(body))
	if err != nil {
		p.t.Fatalf("%s: %v", p.at, err)
	}
	if strings.Contains(where, "/api/v2.0/") {
		req.SetBasicAuth(home.ConsoleUser, home.ConsolePassphrase)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return p.net.Dial(ctx, network, address)
		}}}
	resp, err := client.Do(req)
	if err != nil {
		p.t.Fatalf("%s: %v", p.at, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatalf("%s: %v", p.at, err)
	}
	p.answer(strconv.Itoa(resp.StatusCode) + " " + string(b))
}

// message is one by its MID.
func (p *performance) message(mid string) *esa.Message {
	n, err := strconv.ParseUint(mid, 10, 64)
	if err != nil {
		p.t.Fatalf("%s: want a MID", p.at)
	}
	m, err := p.Appliance().Tracking().Message(p.t.Context(), esa.MID(n))
	if err != nil {
		p.t.Fatalf("%s: %v", p.at, err)
	}
	return &m
}

// hangUp closes what the steps left open.
func (p *performance) hangUp() {
	for _, w := range p.wires {
		w.Close()
		<-w.done
	}
}

// wire is a client's connection. It is read all the time, since the other end
// waits until it is.
type wire struct {
	net.Conn
	mu   sync.Mutex // guards what follows
	said bytes.Buffer
	end  bool
	done chan struct{} // closed when nobody reads any more
}

func newWire(c net.Conn) *wire {
	w := &wire{Conn: c, done: make(chan struct{})}
	go w.read(c, w.done)
	return w
}

func (w *wire) read(c net.Conn, done chan struct{}) {
	defer close(done)
	b := make([]byte, 4096)
	for {
		n, err := c.Read(b)
		w.mu.Lock()
		w.said.Write(b[:n])
		w.end = w.end || errors.Is(err, io.EOF)
		w.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// take gives what was said since the last time, and whether it was the end.
func (w *wire) take() (text string, end bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text, end = w.said.String(), w.end
	w.said.Reset()
	w.end = false
	return text, end
}

// encrypt does the handshake, always for the same cipher.
func (w *wire) encrypt(p *performance) {
	past := time.Now().Add(-time.Second)
	if err := errors.Join(w.SetReadDeadline(past), waitFor(w.done), w.SetReadDeadline(time.Time{})); err != nil {
		p.t.Fatalf("%s: %v", p.at, err)
	}
	c := tls.Client(w.Conn, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12,
		CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}})
	if err := c.Handshake(); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		p.t.Fatalf("%s: %v", p.at, err)
	}
	w.Conn, w.done = c, make(chan struct{})
	go w.read(c, w.done)
}

func waitFor(done chan struct{}) error {
	<-done
	return nil
}
