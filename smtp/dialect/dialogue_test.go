package dialect

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

const dialogues = "../../testdata/dialogues"

// TestDialogues holds the conversations in testdata/dialogues over loopback.
func TestDialogues(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(dialogues, "*.txt"))
	if err != nil || len(files) < 10 {
		t.Fatalf("%d dialogues, %v", len(files), err)
	}
	certificate := selfSigned(t)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			script, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			d := &player{t: t, backend: newRecorder(), certificate: certificate,
				opts: &Options{Host: "esa.example.com", MaxMessage: 10485760, MaxHeaderLines: 1000}}
			for i, line := range strings.Split(string(script), "\n") {
				d.at = fmt.Sprintf("%s:%d", filepath.Base(file), i+1)
				d.step(line)
			}
			if d.conn != nil {
				d.nothingLeft()
			}
		})
	}
}

// player plays the client's side of one dialogue.
type player struct {
	t           *testing.T
	at          string
	opts        *Options
	admission   Admission
	backend     *recorder
	certificate tls.Certificate
	conn        net.Conn // nil until the first line that needs it
	in          *bufio.Reader
}

func (d *player) step(line string) {
	d.t.Helper()
	command, rest, _ := strings.Cut(line, " ")
	switch command {
	case "", "#":
	case ">":
		d.send(rest + "\r\n")
	case ">raw":
		d.send(d.unquote(rest))
	case ">times":
		d.send(strings.Join(d.times(rest), "\r\n") + "\r\n")
	case "<":
		d.expect(rest)
	case "<times":
		for _, want := range d.times(rest) {
			d.expect(want)
		}
	case "!set":
		d.set(rest)
	case "!tls":
		d.startTLS()
	case "!close":
		d.connected()
		d.conn.Close()
	case "!eof":
		d.connected()
		if line, err := d.in.ReadString('\n'); err == nil || isTimeout(err) {
			d.t.Fatalf("%s: got %q, %v instead of the end", d.at, line, err)
		}
		<-d.backend.gone
	case "!gone":
		d.connected()
		if _, err := io.Copy(io.Discard, d.in); isTimeout(err) {
			d.t.Fatalf("%s: the server has not ended the connection", d.at)
		}
		<-d.backend.gone
	case "!got":
		d.got(rest)
	default:
		d.t.Fatalf("%s: cannot read %q", d.at, line)
	}
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// times repeats "3 RCPT TO:<u%d@x>" with the numbers 1, 2, 3.
func (d *player) times(rest string) (lines []string) {
	count, pattern, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(count)
	if err != nil {
		d.t.Fatalf("%s: %v", d.at, err)
	}
	for i := range n {
		lines = append(lines, strings.ReplaceAll(pattern, "%d", strconv.Itoa(i+1)))
	}
	return lines
}

func (d *player) unquote(s string) string {
	count, quoted, ok := strings.Cut(s, " \"")
	n, err := strconv.Atoi(count)
	if !ok || err != nil { // no repeat count
		n, quoted = 1, strings.TrimPrefix(s, "\"")
	}
	text, err := strconv.Unquote(`"` + quoted)
	if err != nil {
		d.t.Fatalf("%s: %s: %v", d.at, s, err)
	}
	return strings.Repeat(text, n)
}

func (d *player) connected() {
	d.t.Helper()
	if d.conn != nil {
		return
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		d.t.Fatal(err)
	}
	d.admission.Observer = d.backend
	serve(d.t, l, d.opts, d.backend, func(net.Conn) Admission { return d.admission })
	d.conn, err = net.Dial("tcp", l.Addr().String())
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { d.conn.Close() })
	d.conn.SetDeadline(time.Now().Add(10 * time.Second))
	d.in = bufio.NewReader(d.conn)
}

func (d *player) send(s string) {
	d.t.Helper()
	d.connected()
	if _, err := io.WriteString(d.conn, s); err != nil {
		d.t.Fatalf("%s: %v", d.at, err)
	}
}

func (d *player) expect(want string) {
	d.t.Helper()
	d.connected()
	line, err := d.in.ReadString('\n')
	if err != nil {
		d.t.Fatalf("%s: want %q, got %q, %v", d.at, want, line, err)
	}
	got, ok := strings.CutSuffix(line, "\r\n")
	if !ok || !matches(want, got) {
		d.t.Fatalf("%s: want %q, got %q", d.at, want, line)
	}
	if ownWords.MatchString(got) {
		d.t.Errorf("%s: go-smtp's own words: %q", d.at, got)
	}
}

// matches compares with stars that stand for anything.
func matches(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	if !strings.HasPrefix(s, parts[0]) {
		return false
	}
	s = s[len(parts[0]):]
	last := parts[len(parts)-1]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(s, p)
		if i < 0 {
			return false
		}
		s = s[i+len(p):]
	}
	return strings.HasSuffix(s, last)
}

func (d *player) set(rest string) {
	d.t.Helper()
	name, value, _ := strings.Cut(rest, " ")
	n, _ := strconv.ParseInt(value, 10, 64)
	switch name {
	case "max-message":
		d.opts.MaxMessage = n
	case "policy-max-message":
		d.admission.MaxMessage = n
	case "default-domain":
		d.opts.DefaultDomain = value
	case "max-header-lines":
		d.opts.MaxHeaderLines = int(n)
	case "tls":
		d.opts.TLS = &tls.Config{Certificates: []tls.Certificate{d.certificate}}
	case "tls1.2":
		d.opts.TLS = &tls.Config{Certificates: []tls.Certificate{d.certificate}, MaxVersion: tls.VersionTLS12,
			CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}}
	case "implicit-tls":
		d.opts.ImplicitTLS = true
	case "tls-sessions":
		d.opts.TLSSessions = &slots{left: n}
	case "auth":
		d.admission.Auth = d.backend.auth
	case "auth-only-tls":
		d.admission.Auth, d.admission.AuthOnlyTLS = d.backend.auth, true
	case "policy-no-tls":
		d.admission.NoTLS = true
	case "xclient":
		d.backend.xclient, d.admission.XCLIENT = true, d.backend.anew(Accept)
	case "xclient-reject":
		d.backend.xclient, d.admission.XCLIENT = true, d.backend.anew(Reject)
	case "reject":
		d.admission.Verdict = Reject
	case "refuse":
		d.admission.Verdict = Refuse
	default:
		d.t.Fatalf("%s: no setting %q", d.at, name)
	}
}

func (d *player) startTLS() {
	d.t.Helper()
	d.connected()
	if d.in.Buffered() > 0 {
		d.t.Fatalf("%s: the server has said something before the handshake", d.at)
	}
	c := tls.Client(d.conn, &tls.Config{InsecureSkipVerify: true})
	if err := c.Handshake(); err != nil {
		d.t.Fatalf("%s: %v", d.at, err)
	}
	d.conn, d.in = c, bufio.NewReader(c)
}

// got compares what the backend has been given.
func (d *player) got(rest string) {
	d.t.Helper()
	name, want, _ := strings.Cut(rest, " ")
	b := d.backend
	b.mu.Lock()
	defer b.mu.Unlock()
	var got string
	switch name {
	case "sender":
		got = b.sender
	case "options":
		got = fmt.Sprintf("size=%d body=%s utf8=%t", b.options.Size, b.options.Body, b.options.UTF8)
	case "recipients":
		got = strings.Join(b.rcpts, " ")
	case "message":
		got, want = b.message, d.unquote(want)
		if b.bytes != int64(len(got)) {
			d.t.Errorf("%s: DataBytes %d, message %d", d.at, b.bytes, len(got))
		}
	case "messages":
		got = strconv.Itoa(b.messages)
	case "resets":
		got = strconv.Itoa(b.resets)
	case "hello":
		got = b.hello
	case "notes":
		got = strings.Join(b.notes, "; ")
	}
	if !matches(want, got) {
		d.t.Errorf("%s: backend got %s %q, want %q", d.at, name, got, want)
	}
}

// nothingLeft makes sure the dialogue has mentioned every reply.
func (d *player) nothingLeft() {
	d.t.Helper()
	d.conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if line, _ := d.in.ReadString('\n'); line != "" {
		d.t.Errorf("%s: more was said: %q", d.at, line)
	}
}

func selfSigned(t testing.TB) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "esa.example.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * 365 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
