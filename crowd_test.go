package esasim_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// crowd is many clients at once.
type crowd struct {
	t      *testing.T
	server string
	came   sync.WaitGroup // counts those that are connected
	going  sync.WaitGroup
}

// visitor is one of them. Unlike [client] it may run beside the test.
type visitor struct {
	conn net.Conn
	in   *bufio.Reader
}

// join lets so many clients do the same, each in a goroutine of its own, until act
// returns; what it returns fails the test.
func (c *crowd) join(n int, what string, act func(v *visitor) error) {
	c.came.Add(n)
	for i := range n {
		c.going.Go(func() {
			conn, err := net.Dial("tcp", c.server)
			c.came.Done()
			if err == nil {
				defer conn.Close()
				err = act(&visitor{conn, bufio.NewReader(conn)})
			}
			if err != nil {
				c.t.Errorf("%s %d: %v", what, i+1, err)
			}
		})
	}
}

// patience is how long a visitor waits for a reply, far longer than it takes.
const patience = time.Minute

// hears reads a reply and compares how its last line begins.
func (v *visitor) hears(want string) error {
	_ = v.conn.SetReadDeadline(time.Now().Add(patience))
	for {
		line, err := v.in.ReadString('\n')
		if err != nil {
			return fmt.Errorf("waiting for %s: %q, %w", want, line, err)
		}
		if len(line) > 3 && line[3] == '-' {
			continue
		}
		if !strings.HasPrefix(line, want) {
			return fmt.Errorf("got %q, want %s", line, want)
		}
		return nil
	}
}

// says goes through commands, each with how its reply begins.
func (v *visitor) says(pairs ...string) error {
	for pair := range slices.Chunk(pairs, 2) {
		if _, err := v.conn.Write([]byte(pair[0])); err != nil {
			return err
		}
		if err := v.hears(pair[1]); err != nil {
			return err
		}
	}
	return nil
}

// begins a message of a sender.
func (v *visitor) begins(sender string) error {
	if err := v.hears("220 "); err != nil {
		return err
	}
	return v.says("EHLO crowd.test\r\n", "250 ", "MAIL FROM:<"+sender+"@crowd.example>\r\n", "250 ", "RCPT TO:<b@example.org>\r\n", "250 ", "DATA\r\n", "354 ")
}

const goodbye = "421 esa.esasim.test Service not available"

// idle says nothing more after EHLO.
func (v *visitor) idle() error {
	if err := v.hears("220 "); err != nil {
		return err
	}
	if err := v.says("EHLO crowd.test\r\n", "250 "); err != nil {
		return err
	}
	return v.hears(goodbye)
}

// trickles is a command that never ends, an octet at a time.
func (v *visitor) trickles() error {
	if err := v.hears("220 "); err != nil {
		return err
	}
	for range int(patience / (100 * time.Millisecond)) {
		_, err := v.conn.Write([]byte("N"))
		_ = v.conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		line, heard := v.in.Peek(len(goodbye))
		if string(line) == goodbye {
			return nil
		}
		if err != nil || heard != nil && !errors.Is(heard, os.ErrDeadlineExceeded) {
			return fmt.Errorf("heard %q, %w", line, errors.Join(err, heard))
		}
	}
	return errors.New("not cut off")
}

// dribbles sends a whole message, in pieces for some seconds.
func (v *visitor) dribbles() error {
	if err := v.begins("slow"); err != nil {
		return err
	}
	if _, err := v.conn.Write([]byte("Subject: slow\r\n\r\n")); err != nil {
		return err
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for range 25 {
		<-tick.C
		if _, err := v.conn.Write([]byte("a little more of it\r\n.")); err != nil { // each piece ends in what may be the end
			return err
		}
	}
	return v.says("\r\n.\r\n", "250 ok:  Message ")
}

// hesitates begins the handshake of TLS and goes no further until it is told to go.
func (v *visitor) hesitates(leave <-chan struct{}) error {
	if err := v.hears("220 "); err != nil {
		return err
	}
	if err := v.says("EHLO crowd.test\r\n", "250 ", "STARTTLS\r\n", "220 "); err != nil {
		return err
	}
	if _, err := v.conn.Write([]byte{0x16, 0x03, 0x01, 0x02, 0x00, 0x01}); err != nil { // a record of 512 octets, of which one came
		return err
	}
	<-leave
	return nil
}

// heaves sends a message of the largest size that is taken by default.
func (v *visitor) heaves() error {
	if err := v.begins("large"); err != nil {
		return err
	}
	const head = "Subject: large\r\n\r\n"
	if _, err := v.conn.Write([]byte(head)); err != nil {
		return err
	}
	piece := bytes.Repeat([]byte(strings.Repeat("x", 62)+"\r\n"), 1<<10)
	for left := 100<<20 - len(head); left > 0; left -= len(piece) {
		if left < len(piece) {
			piece = append(bytes.Repeat([]byte("x"), left-2), "\r\n"...)
		}
		if _, err := v.conn.Write(piece); err != nil {
			return err
		}
	}
	return v.says(".\r\n", "250 ok:  Message ")
}

// TestCrowd: a thousand sessions, of which hundreds are idle, or send an octet now
// and then, or hold a TLS handshake half open, and the largest messages three at a
// time: other mail goes on meanwhile, memory is bounded, and nothing of them is left.
func TestCrowd(t *testing.T) {
	p := limits(t, "{idle_timeout: 8s, max_connections: 1100}\n"+
		"  mail_flow_policies: [{name: $ACCEPTED, rule: ACCEPT}]\n  sender_groups: []\n"+
		"  all_listeners: {max_connections: 1100, max_tls_connections: 1100}")
	c := &crowd{t: t, server: p.addresses.SMTP}
	stay := make(chan struct{})
	began := time.Now()
	c.join(300, "idle", (*visitor).idle)
	c.join(100, "trickling", (*visitor).trickles)
	c.join(500, "slow", (*visitor).dribbles)
	c.join(100, "half-open TLS", func(v *visitor) error { return v.hesitates(stay) })
	c.join(3, "large", (*visitor).heaves)
	c.came.Wait()
	most := sessions(t, p)
	slowest, sent := mailMeanwhile(t, p, began.Add(7*time.Second))
	close(stay)
	c.going.Wait()
	memory, err := peak(p)
	t.Logf("%d sessions at once; %s; meanwhile %d messages, the slowest in %s", most, time.Since(began).Round(time.Second), sent, slowest.Round(time.Millisecond))
	if most < 1000 {
		t.Errorf("%d sessions at once, want 1000", most)
	}
	if mids := p.found(t, "sender", "slow@crowd.example"); len(mids) != 100 { // a page of them
		t.Errorf("%d slow messages on a page", len(mids))
	}
	if mids := p.found(t, "sender", "large@crowd.example"); len(mids) != 3 {
		t.Errorf("large messages: MIDs %v, want 3", mids)
	}
	p.alive(t)
	nothingLeft(t, p)
	bounded(t, memory, err)
}

// mailMeanwhile sends mail, one message after another, until a moment.
func mailMeanwhile(t *testing.T, p *process, until time.Time) (slowest time.Duration, n int) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for ; n == 0 || time.Now().Before(until); n++ {
		<-tick.C
		start := time.Now()
		c := dial(t, p.addresses.SMTP)
		mustAccept(t, transmit(c, "good@example.com", "Subject: meanwhile\r\n\r\nhello\r\n"))
		c.conn.Close()
		slowest = max(slowest, time.Since(start))
	}
	return slowest, n
}

// peak is the most memory that the program has had, in MiB.
func peak(p *process) (int, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if m == nil {
		return 0, fmt.Errorf("no peak memory in %s", status)
	}
	kB, err := strconv.Atoi(string(m[1]))
	return kB >> 10, err
}

// bounded holds a peak against what the program may have.
func bounded(t *testing.T, peak int, err error) {
	t.Helper()
	if err != nil {
		lacks(t, "peak memory is not known: %v", err)
	}
	t.Logf("peak memory %d MiB", peak)
	if peak > 400 {
		t.Errorf("peak memory %d MiB, want at most 400", peak)
	}
}

// sessions is how many connections the SMTP listener has: established, or closed by
// the client and not by us.
func sessions(t *testing.T, p *process) (n int) {
	t.Helper()
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		lacks(t, "connections are not known: %v", err)
	}
	_, port, _ := net.SplitHostPort(p.addresses.SMTP)
	number, _ := strconv.Atoi(port)
	local := fmt.Sprintf("0100007F:%04X", number)
	for line := range strings.Lines(string(table)) {
		if f := strings.Fields(line); len(f) > 3 && f[1] == local && (f[3] == "01" || f[3] == "08") {
			n++
		}
	}
	return n
}

// nothingLeft waits until the listener has no connections, and looks at what the
// program still does: no goroutine serves one.
func nothingLeft(t *testing.T, p *process) {
	t.Helper()
	eventually(t, "the end of all connections", func() error {
		if n := sessions(t, p); n > 0 {
			return fmt.Errorf("%d are left", n)
		}
		return nil
	})
	if err := p.cmd.Process.Signal(syscall.SIGQUIT); err != nil { // the runtime tells of every goroutine
		t.Fatal(err)
	}
	err := <-p.exited
	p.exited <- err
	said, goroutines, found := strings.Cut(p.out.String(), "SIGQUIT: quit")
	if !found || !strings.Contains(goroutines, "dialect.(*Listener).Accept") {
		t.Fatalf("no goroutines in\n%.4000s", p.out.String())
	}
	for _, served := range []string{"dialect.(*Conn)", "smtp.(*session)", "go-smtp.(*Server).handleConn"} {
		if n := strings.Count(goroutines, served); n > 0 {
			t.Errorf("%d times %s is left", n, served)
		}
	}
	if strings.Contains(said, "panic") || strings.Contains(said, "level=ERROR") {
		t.Errorf("the log has\n%.4000s", said)
	}
}

// TestHalfOpenTLS: who does not finish his handshake is not waited for longer than
// for a command.
func TestHalfOpenTLS(t *testing.T) {
	data := t.TempDir()
	file := filepath.Join(t.TempDir(), "short.yaml")
	if err := os.WriteFile(file, []byte("appliance:\n  listener: {idle_timeout: 1s}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := run(t, ports("--config", file, "--data", data)...)
	c := &crowd{t: t, server: p.addresses.SMTP}
	c.join(5, "half-open TLS", func(v *visitor) error {
		never := make(chan struct{})
		close(never)
		if err := v.hesitates(never); err != nil {
			return err
		}
		_ = v.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		if b, err := v.in.ReadByte(); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			return fmt.Errorf("got %q, %v instead of the end", b, err)
		}
		return nil
	})
	c.going.Wait()
	if lines := logLines(t, data, `^ICID 5 close$`); find(lines, `^ICID 5 TLS failed`) == nil {
		t.Errorf("the mail log does not tell of it:\n%s", strings.Join(lines, "\n"))
	}
	p.alive(t)
	nothingLeft(t, p)
}
