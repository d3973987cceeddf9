package traffic

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// session is one client. It has one connection at a time.
type session struct {
	*run
	id   int
	sent int // messages of this session
	conn net.Conn
	in   *bufio.Reader
	buf  []byte
}

const (
	patience = 10 * time.Minute // for a transaction: RFC 5321, 4.5.3.2, allows that for its end
	leisure  = 2 * time.Second  // the same, once the load is over
	attempts = 5                // connections that may fail one after another
	perConn  = 500              // messages of a connection: the appliance's own policies allow 1,000
	connTime = 10 * time.Minute // and its time: the appliance ends it after 15 minutes
)

// errGoodbye is a server's 421: it closes the connection.
var errGoodbye = errors.New("server closes the connection")

// serve sends until the load is over. With Reconnect it goes on after a broken
// connection, slower each time that nothing was sent on one.
func (s *session) serve(ctx context.Context) error {
	for failed := 0; ; {
		before := s.sent
		full, err := s.connection(ctx)
		if full {
			failed = 0
			continue
		}
		if err == nil || !s.Reconnect || ctx.Err() != nil {
			return err
		}
		if failed++; s.sent > before {
			failed = 0
		}
		if failed == attempts {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond << (2 * failed)):
		}
	}
}

// connection sends until the load is over, or until the connection is full.
func (s *session) connection(ctx context.Context) (full bool, err error) {
	began := time.Now()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.Server)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now().Add(leisure)) })
	defer stop()
	s.conn, s.in = conn, bufio.NewReader(conn)
	if reply, err := s.reply("220"); err != nil || reply[0] != '2' {
		return false, orRefused(err, reply)
	}
	if reply, err := s.command("EHLO load.esasim.test\r\n", "250"); err != nil || reply[0] != '2' {
		return false, orRefused(err, reply)
	}
	for sent := 0; !full; sent++ {
		n, due, ok := s.turn(ctx)
		if !ok {
			break
		}
		// Whoever sees the load's end last shortens the time.
		_ = conn.SetDeadline(time.Now().Add(patience))
		if ctx.Err() != nil {
			_ = conn.SetDeadline(time.Now().Add(leisure))
		}
		if err := s.message(n, due); err != nil {
			return false, err
		}
		full = sent+1 == perConn || time.Since(began) > connTime
	}
	_, err = s.command("QUIT\r\n", "221")
	return full && err == nil, err
}

func orRefused(err error, reply string) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("server said %s", reply)
}

// message sends one message. Only a broken connection is an error.
func (s *session) message(n int64, due time.Time) error {
	l := s.letter(n)
	s.sent++
	ok, err := s.transaction(l)
	switch {
	case err != nil:
		s.lost.Add(1)
		return err
	case !ok:
		s.refused.Add(1)
	default:
		s.accepted.Add(1)
		s.octets.Add(int64(len(l.data) - len(lastLine)))
	}
	s.latency.add(time.Since(due))
	return nil
}

// transaction is false when the message was not accepted. Recipients that are
// refused are left out.
func (s *session) transaction(l letter) (accepted bool, err error) {
	reply, err := s.command("MAIL FROM:<"+l.from+">"+l.params+"\r\n", "250")
	if err != nil || reply[0] != '2' {
		return false, s.reset(err)
	}
	taken := 0
	for _, to := range l.to {
		if reply, err = s.command("RCPT TO:<"+to+">\r\n", "250"); err != nil {
			return false, err
		}
		if reply[0] == '2' {
			taken++
		}
	}
	if taken == 0 {
		return false, s.reset(nil)
	}
	if reply, err = s.command("DATA\r\n", "354"); err != nil || reply[0] != '3' {
		return false, s.reset(err)
	}
	if _, err = s.conn.Write(l.data); err != nil {
		return false, s.lastWords(err)
	}
	if reply, err = s.reply("250"); err != nil || !strings.HasPrefix(reply, "250") {
		return false, err
	}
	if s.Accepted != nil {
		s.Accepted(reply)
	}
	return true, nil
}

func (s *session) reset(err error) error {
	if err == nil {
		_, err = s.command("RSET\r\n", "250")
	}
	return err
}

// command sends text and reads the reply to it. A reply that does not begin with
// the code that is wanted is counted.
func (s *session) command(text, want string) (string, error) {
	if _, err := s.conn.Write([]byte(text)); err != nil {
		return "", s.lastWords(err)
	}
	return s.reply(want)
}

// lastWords looks for the 421 of a server that closed while we were writing.
func (s *session) lastWords(err error) error {
	if _, got := s.reply("250"); errors.Is(got, errGoodbye) {
		return got
	}
	return err
}

// reply reads a reply to its last line: code and text, at least four octets.
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
		if len(line) < 3 {
			return "", fmt.Errorf("server said %q, which is no reply", line)
		}
		if !strings.HasPrefix(line, want) {
			s.replies.add(line)
		}
		if strings.HasPrefix(line, "421") {
			return line, fmt.Errorf("%w: %s", errGoodbye, line)
		}
		return line, nil
	}
}
