// Package traffic throws mail at a box: a load of SMTP sessions that send one
// message after another and count the answers.
package traffic

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Load is a stream of mail.
type Load struct {
	Server   string // host:port
	Sessions int    // connections, each used for many messages
	Size     int    // octets of a message, about
	Duration time.Duration
	Limit    int64 // messages at most; 0: no limit
	// Accepted, if set, is told the text of each final reply that began with
	// 250, from several goroutines.
	Accepted func(reply string)
}

// Result is what came of a load.
type Result struct {
	Accepted int64         // messages answered 250
	Refused  int64         // messages answered anything else
	Elapsed  time.Duration // from the first connection to the last answer
}

// PerSecond is the accepted messages a second.
func (r Result) PerSecond() float64 { return float64(r.Accepted) / r.Elapsed.Seconds() }

// Run sends until the duration is over, the limit is reached or ctx ends. A
// server that goes away ends the sessions it had; that is an error only if
// nothing was accepted before.
func (l Load) Run(ctx context.Context) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, l.Duration)
	defer cancel()
	var r Result
	var sent atomic.Int64
	errs := make([]error, l.Sessions)
	start := time.Now()
	var wg sync.WaitGroup
	for i := range l.Sessions {
		wg.Go(func() {
			s := session{load: &l, id: i, sent: &sent, result: &r}
			errs[i] = s.run(ctx)
		})
	}
	wg.Wait()
	r.Elapsed = time.Since(start)
	if r.Accepted == 0 {
		return r, errors.Join(errs...)
	}
	return r, nil
}

// session is one connection.
type session struct {
	load   *Load
	id     int
	sent   *atomic.Int64 // begun by all sessions
	result *Result       // counted with atomics
	conn   net.Conn
	in     *bufio.Reader
}

func (s *session) run(ctx context.Context) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.load.Server)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Now().Add(2 * time.Second)) })
	defer stop()
	s.conn, s.in = conn, bufio.NewReader(conn)
	if _, err := s.reply("2"); err != nil {
		return err
	}
	if _, err := s.command("EHLO load.esasim.test\r\n", "2"); err != nil {
		return err
	}
	for n := 0; ctx.Err() == nil; n++ {
		if limit := s.load.Limit; limit > 0 && s.sent.Add(1) > limit {
			break
		}
		if err := s.message(n); err != nil {
			return err
		}
	}
	_, err = s.command("QUIT\r\n", "2")
	return err
}

// message sends one message. Only a broken connection is an error.
func (s *session) message(n int) error {
	steps := [...]struct{ text, want string }{
		{fmt.Sprintf("MAIL FROM:<sender%d@example.com>\r\n", s.id), "2"},
		{fmt.Sprintf("RCPT TO:<rcpt%d@example.org>\r\n", n%1000), "2"},
		{"DATA\r\n", "3"},
	}
	for _, step := range steps {
		reply, err := s.command(step.text, step.want)
		if err != nil {
			return err
		}
		if !strings.HasPrefix(reply, step.want) {
			atomic.AddInt64(&s.result.Refused, 1)
			_, err = s.command("RSET\r\n", "2")
			return err
		}
	}
	reply, err := s.command(s.body(n), "2")
	if err != nil {
		return err
	}
	if !strings.HasPrefix(reply, "250") {
		atomic.AddInt64(&s.result.Refused, 1)
		return nil
	}
	atomic.AddInt64(&s.result.Accepted, 1)
	if s.load.Accepted != nil {
		s.load.Accepted(reply)
	}
	return nil
}

func (s *session) body(n int) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: Sender <sender%d@example.com>\r\nTo: rcpt%d@example.org\r\nSubject: load %d of session %d\r\n"+
		"Message-ID: <%d.%d@load.esasim.test>\r\nDate: Thu, 14 May 2020 13:23:57 +0000\r\nMIME-Version: 1.0\r\n"+
		"Content-Type: text/plain; charset=utf-8\r\n\r\n", s.id, n%1000, n, s.id, n, s.id)
	for b.Len() < s.load.Size {
		b.WriteString("The quick brown fox jumps over the lazy dog, again and again.\r\n")
	}
	b.WriteString(".\r\n")
	return b.String()
}

// command sends text and reads the reply to it.
func (s *session) command(text, want string) (string, error) {
	if _, err := s.conn.Write([]byte(text)); err != nil {
		return "", err
	}
	return s.reply(want)
}

// reply reads a reply to its last line. A 421 is the server's goodbye.
func (s *session) reply(want string) (string, error) {
	for {
		line, err := s.in.ReadString('\n')
		if err != nil {
			return "", err
		}
		line = strings.TrimRight(line, "\r\n")
		if len(line) > 3 && line[3] == '-' {
			continue
		}
		if strings.HasPrefix(line, "421") {
			return line, fmt.Errorf("server said %s where %s.. was expected", line, want)
		}
		return line, nil
	}
}
