package esasim_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// TestCommandLine plays the files in testdata/cli; its README has the form of them.
// Each is a lab in a bubble: mail is sent to it, then commands are given by SSH.
func TestCommandLine(t *testing.T) {
	playStories(t, "testdata/cli/*.txtar", "commands", func(p *performance, commands string) string {
		o := &operator{t: p.t, p: p, user: "admin", passphrase: "ironport"}
		defer o.hangUp()
		return o.play(commands)
	})
}

// operator gives the commands of a file.
type operator struct {
	t                *testing.T
	p                *performance
	user, passphrase string
	from             string // address and port; empty: the lab's machine
	client           *ssh.Client
	out              strings.Builder
	command          string
	typed            []string
	comment          bool
}

func (o *operator) play(commands string) string {
	for line := range strings.SplitSeq(strings.TrimSuffix(commands, "\n"), "\n") {
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case strings.HasPrefix(word, "="), strings.HasPrefix(line, " "), line == "":
			continue // what was shown the last time
		case word == "+":
			o.typed = append(o.typed, rest)
		default:
			o.flush()
			if !o.comment {
				o.out.WriteString("\n")
			}
			o.comment = word == "#"
			o.begin(word, rest)
		}
		fmt.Fprintln(&o.out, line)
	}
	o.flush()
	return strings.TrimPrefix(o.out.String(), "\n")
}

// begin does what a line says that is no command, and keeps one.
func (o *operator) begin(word, rest string) {
	o.t.Helper()
	switch word {
	case "#":
	case "$", "@", ">":
		o.command = word + " " + rest
	case "!user":
		o.hangUp()
		o.user, o.passphrase, _ = strings.Cut(rest, " ")
	case "!from":
		o.hangUp()
		o.from = rest
	case "!wait":
		d, err := time.ParseDuration(rest)
		if err != nil {
			o.t.Fatal(err)
		}
		time.Sleep(d)
	case "!step":
		o.p.step(rest)
		time.Sleep(settling)
	default:
		o.t.Fatalf("%s %s: no such line", word, rest)
	}
}

func (o *operator) hangUp() {
	if o.client != nil {
		_ = o.client.Close()
	}
	o.client = nil
}

// buffered is a connection whose Write does not wait for a reader, as it does not on a
// network: both sides of SSH begin with writing.
type buffered struct {
	net.Conn
	queue chan []byte
	quit  chan struct{}
	once  sync.Once
}

func newBuffered(c net.Conn) *buffered {
	b := &buffered{Conn: c, queue: make(chan []byte, 1000), quit: make(chan struct{})}
	go func() {
		for {
			select {
			case p := <-b.queue:
				if _, err := b.Conn.Write(p); err != nil {
					_ = b.Close()
				}
			case <-b.quit:
				return
			}
		}
	}()
	return b
}

func (b *buffered) Write(p []byte) (int, error) {
	select {
	case b.queue <- bytes.Clone(p):
		return len(p), nil
	case <-b.quit:
		return 0, net.ErrClosed
	}
}

func (b *buffered) Close() error {
	b.once.Do(func() { close(b.quit) })
	return b.Conn.Close()
}

// dialSSH connects to a command line.
func dialSSH(conn net.Conn, user, passphrase string) (*ssh.Client, error) {
	c, chans, reqs, err := ssh.NewClientConn(conn, "esa", &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.Password(passphrase)}, HostKeyCallback: ssh.InsecureIgnoreHostKey(),
	})
	if err != nil {
		return nil, err
	}
	return ssh.NewClient(c, chans, reqs), nil
}

// flush gives the command that has been read, and writes down what was shown.
func (o *operator) flush() {
	o.t.Helper()
	if o.command == "" {
		return
	}
	if o.client == nil {
		conn, err := o.p.net.DialFrom(o.t.Context(), cmp.Or(o.from, "127.0.0.1:49152"), o.p.Addresses().SSH)
		if err != nil {
			o.t.Fatal(err)
		}
		if o.client, err = dialSSH(newBuffered(conn), o.user, o.passphrase); err != nil {
			_ = conn.Close()
			fmt.Fprintf(&o.out, "= refused\n")
			o.client, o.command, o.typed = nil, "", nil
			return
		}
	}
	status, shown := o.give()
	if status < 0 {
		fmt.Fprintf(&o.out, "= ended\n%s", o.shown(shown))
	} else {
		fmt.Fprintf(&o.out, "= %d\n%s", status, o.shown(shown))
	}
	o.command, o.typed = "", nil
	time.Sleep(pause)
}

// give gives the command: "$ line" without a screen, "@ 80x24 line" on one, and "> "
// a dialogue.
func (o *operator) give() (status int, shown string) {
	o.t.Helper()
	s, err := o.client.NewSession()
	if err != nil {
		o.t.Fatal(err)
	}
	defer s.Close()
	kind, line, _ := strings.Cut(o.command, " ")
	end := "\n"
	if kind == "@" {
		var columns, rows int
		size, rest, _ := strings.Cut(line, " ")
		if _, err := fmt.Sscanf(size, "%dx%d", &columns, &rows); err != nil {
			o.t.Fatalf("%s: %v", o.command, err)
		}
		line, end = rest, "\r"
		if err := s.RequestPty("vt100", rows, columns, nil); err != nil {
			o.t.Fatal(err)
		}
	}
	stop := make(chan struct{})
	defer close(stop)
	s.Stdin = &typist{lines: o.typed, end: end, stop: stop}
	var all strings.Builder
	s.Stdout, s.Stderr = &all, &all
	switch kind {
	case ">":
		err = s.Shell()
	case "@":
		if err = s.Shell(); line != "" {
			o.t.Fatalf("%s: a dialogue has no command", o.command)
		}
	default:
		err = s.Start(line)
	}
	if err != nil {
		o.t.Fatal(err)
	}
	err = s.Wait()
	ended := (*ssh.ExitError)(nil)
	if errors.As(err, &ended) {
		return ended.ExitStatus(), all.String()
	}
	if err != nil { // the connection has ended
		o.hangUp()
		return -1, all.String()
	}
	return 0, all.String()
}

// typist types lines, each when all is quiet. "^C" alone is that key, "!3s" is a
// pause.
type typist struct {
	lines []string
	end   string
	stop  chan struct{} // closed when nobody listens any more
}

func (p *typist) Read(b []byte) (int, error) {
	time.Sleep(pause) // others come first
	if len(p.lines) == 0 {
		return 0, io.EOF
	}
	line := p.lines[0]
	p.lines = p.lines[1:]
	if wait, ok := strings.CutPrefix(line, "!"); ok {
		d, err := time.ParseDuration(wait)
		select {
		case <-time.After(d):
			return 0, err
		case <-p.stop:
			return 0, io.EOF
		}
	}
	if key, err := strconv.Unquote(line); err == nil {
		return copy(b, key), nil
	}
	return copy(b, line+p.end), nil
}

var (
	machine = regexp.MustCompile(`(CPUs: )\d+( expected, )\d+`)
	load    = regexp.MustCompile(`(?m)^( +(?:RAM Utilization|MGA|Total|Disk I/O Utilization) +)\d+%`)
)

// shown is what was shown as the file has it: indented, without what depends on the
// machine.
func (o *operator) shown(text string) string {
	text = load.ReplaceAllStringFunc(text, func(s string) string { return load.FindStringSubmatch(s)[1] + "<N>%" })
	text = machine.ReplaceAllString(text, "${1}2${2}2")
	var out strings.Builder
	for line := range strings.Lines(text) {
		ended := strings.HasSuffix(line, "\n")
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if q := strconv.Quote(line); q != `"`+line+`"` && strings.Contains(q, `\x1b`) || strings.ContainsAny(line, "\r\x1b") {
			line = q
		}
		if !ended {
			line += "\\" // no line feed
		}
		fmt.Fprintf(&out, "  %s\n", line)
	}
	return out.String()
}
