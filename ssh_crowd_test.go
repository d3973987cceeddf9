package esasim_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"esasim/appliance/sshd"
	"esasim/esasimtest"
)

// sshTo connects to a lab's command line.
func sshTo(t testing.TB, l *esasimtest.Lab) *ssh.Client {
	t.Helper()
	c, err := tryingSSH(l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func tryingSSH(l *esasimtest.Lab) (*ssh.Client, error) {
	conn, err := net.Dial("tcp", l.Addresses.SSH)
	if err != nil {
		return nil, err
	}
	c, err := dialSSH(conn, l.Addresses.ConsoleUser, l.Addresses.ConsolePassphrase)
	if err != nil {
		_ = conn.Close()
	}
	return c, err
}

// A hundred sessions at once, half of them dialogues on a screen: each has all of its
// answers, while mail arrives.
func TestSSHCrowd(t *testing.T) {
	l := esasimtest.Start(t)
	l.Send(t, "alice@example.com", "Subject: test test\r\n\r\nhello\r\n", "bob@example.org", "451-4.2.1@esasim.test")
	begin := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			c, err := tryingSSH(l)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			s, err := c.NewSession()
			if err != nil {
				t.Error(err)
				return
			}
			<-begin
			if err := visit(s, i%2 == 0); err != nil {
				t.Errorf("session %d: %v", i, err)
			}
		})
	}
	close(begin)
	for range 20 {
		l.Send(t, "alice@example.com", "Subject: meanwhile\r\n\r\nhello\r\n", "bob@example.org")
	}
	wg.Wait()
}

// visit gives some commands and looks at what is shown.
func visit(s *ssh.Session, screen bool) error {
	const commands = "version; status detail; showrecipients all; grep 'MID 1 ready' mail_logs; whoami"
	var out bytes.Buffer
	s.Stdout = &out
	var err error
	if screen {
		s.Stdin = strings.NewReader(commands + "\rexit\r")
		if err = errors.Join(s.RequestPty("vt100", 0, 80, nil), s.Shell()); err == nil {
			err = s.Wait()
		}
	} else {
		err = s.Run(commands)
	}
	text := strings.ReplaceAll(out.String(), "\r\n", "\n")
	for _, want := range []string{"Serial #: ", "\nGauges: ", "451-4.2.1@esasim.test\n", "Info: MID 1 ready ", "\nRole: Administrator\n"} {
		if !strings.Contains(text, want) {
			return fmt.Errorf("no %q, %w in\n%s", want, err, text)
		}
	}
	return err
}

// What is no session is refused, and what could grow has a bound.
func TestSSHRefused(t *testing.T) {
	l := esasimtest.Start(t)
	c := sshTo(t, l)
	if _, err := c.Dial("tcp", l.Addresses.SMTP); err == nil {
		t.Error("connections are forwarded")
	}
	if _, err := c.Listen("tcp", "127.0.0.1:0"); err == nil {
		t.Error("ports are forwarded")
	}
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RequestSubsystem("sftp"); err == nil {
		t.Error("there is SFTP")
	}
	if err := s.Setenv("A", "b"); err == nil {
		t.Error("variables are kept")
	}
	out, err := s.CombinedOutput("whoami " + strings.Repeat("x", 40_000))
	if status := (*ssh.ExitError)(nil); !errors.As(err, &status) || string(out) != "The command is too long.\n" {
		t.Errorf("%q, %v", out, err)
	}
	var held []*ssh.Session
	for {
		s, err := c.NewSession()
		if err != nil {
			break
		}
		if held = append(held, s); len(held) > 10 {
			t.Fatal("sessions without bound")
		}
	}
	for _, s := range held {
		_ = s.Close()
	}
}

// Connections beyond the bound are closed, those before it go on, and one that ends
// makes room.
func TestSSHFull(t *testing.T) {
	l := esasimtest.Start(t)
	mine := sshTo(t, l)
	var conns []net.Conn
	for range sshd.Connections - 1 {
		conn, err := net.Dial("tcp", l.Addresses.SSH)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
		defer conn.Close()
		if n, err := conn.Read(make([]byte, 1)); n != 1 {
			t.Fatalf("connection %d: %v", len(conns), err)
		}
	}
	more, err := net.Dial("tcp", l.Addresses.SSH)
	if err != nil {
		t.Fatal(err)
	}
	defer more.Close()
	if n, err := more.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Error("one more is served")
	}
	s, err := mine.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := s.Output("whoami"); err != nil || !strings.HasPrefix(string(out), "Username: admin\n") {
		t.Errorf("%q, %v", out, err)
	}
	_ = conns[0].Close()
	eventually(t, "room", func() error {
		c, err := tryingSSH(l)
		if err != nil {
			return err
		}
		return c.Close()
	})
}

// Who does not read what is shown holds up nobody, and the lab ends all the same.
func TestSSHUnread(t *testing.T) {
	l := esasimtest.Start(t)
	for range 200 {
		l.Send(t, "alice@example.com", "Subject: test test\r\n\r\nhello\r\n", "bob@example.org")
	}
	c := sshTo(t, l)
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	pipe, err := s.StdoutPipe() // never read beyond its first octet: the window fills
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(strings.TrimSuffix(strings.Repeat("grep Info mail_logs;", 500), ";")); err != nil {
		t.Fatal(err)
	}
	if _, err := pipe.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	other, err := sshTo(t, l).NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := other.Output("whoami"); err != nil || len(out) == 0 {
		t.Errorf("%q, %v", out, err)
	}
}

// The lab ends at once, whatever sessions there are: at the prompt, in a question,
// following a log, or with an output that nobody reads.
func TestSSHEnds(t *testing.T) {
	var began time.Time
	t.Cleanup(func() { // runs last
		if d := time.Since(began); d > 10*time.Second {
			t.Errorf("the lab took %v to end", d)
		}
	})
	l := esasimtest.Start(t)
	l.Send(t, "alice@example.com", "Subject: test test\r\n\r\nhello\r\n", "bob@example.org")
	for _, typed := range []string{"", "hoststatus\r", "tail mail_logs\r", "workqueue rate 3600\r", strings.Repeat("grep Info mail_logs;", 190) + "\r"} {
		c, err := tryingSSH(l) // not closed before the lab ends
		if err != nil {
			t.Fatal(err)
		}
		s, err := c.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		in, err := s.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := s.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(s.RequestPty("vt100", 0, 80, nil), s.Shell()); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(in, typed); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(out, make([]byte, 100+len(typed))); err != nil {
			t.Fatal(err)
		}
	}
	began = time.Now()
}

// FuzzSSH types anything, on a screen and without one. The session ends when nothing
// more is typed, or when a command that goes on for ever is interrupted.
func FuzzSSH(f *testing.F) {
	for _, seed := range []string{
		"version\nexit\n", "grep -i \"MID 1\" mail_logs\r", "findevent\r3\rtest\r\r1\r1\r\r", "tail mail_logs\r", "workqueue rate\r", "dictionaryconfig new a b;showchanges\rclear\r\r",
		"\x1b[200~paste\r\x1b[201~\r", "\x1b[" + strings.Repeat("1", 300), strings.Repeat("x", 5000) + "\r", "a\x03\x04", "help;;\"\\\r", "grep (((a*)*)* mail_logs\r", "grep -C 99999 x mail_logs\n",
		"\xff\xfe\x00\r", "suspenddel\r\r\rresumedel\r\r", "showrecipients\r2\r\r", strings.Repeat("whoami;", 1000) + "\r",
	} {
		f.Add(true, uint8(24), []byte(seed))
		f.Add(false, uint8(0), []byte(seed))
	}
	l := esasimtest.Start(f)
	l.Send(f, "alice@example.com", "Subject: test test\r\n\r\nhello\r\n", "bob@example.org", "451-4.2.1@esasim.test")
	c := sshTo(f, l)
	f.Fuzz(func(t *testing.T, screen bool, rows uint8, typed []byte) {
		defer time.AfterFunc(20*time.Second, func() { panic(fmt.Sprintf("the session does not end after %q", typed)) }).Stop() // shows who waits for what
		s, err := c.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		s.Stdin, s.Stdout = bytes.NewReader(typed), io.Discard
		if screen {
			if err := s.RequestPty("vt100", int(rows), 80, nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Shell(); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- s.Wait() }()
		impatience := time.NewTicker(100 * time.Millisecond)
		defer impatience.Stop()
		for {
			select {
			case err := <-done:
				if err != nil {
					t.Fatalf("%v after %q", err, typed)
				}
				return
			case <-impatience.C:
				_ = s.Signal(ssh.SIGINT)
			}
		}
	})
}
