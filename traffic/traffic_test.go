package traffic_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"esasim/esasimtest"
	"esasim/traffic"
	"esasim/traffic/mix"
)

// A mixed load is taken by a lab, all of it, and the lab finds in it what was
// put in.
func TestLoadLab(t *testing.T) {
	l := esasimtest.Start(t)
	progress := 0
	r, err := traffic.Load{
		Server: l.Addresses.SMTP, Sessions: 4, Limit: 300, Mix: mix.New(1, "example.com"), Reconnect: true,
		Progress: func(traffic.Result) { progress++ },
	}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r.Accepted != 300 || r.Refused != 0 || r.Lost != 0 || len(r.Replies) != 0 || r.Octets < 300*1000 {
		t.Errorf("%+v", r)
	}
	if y := r.Latency; y.P50 <= 0 || y.P50 > y.P90 || y.P90 > y.P99 || y.P99 > y.Max {
		t.Errorf("latency %+v", y)
	}
	if want := int(r.Elapsed / time.Second); progress < want-1 || progress > want {
		t.Errorf("told the progress %d times in %s", progress, r.Elapsed)
	}
}

// A load without a mix sends what it always did.
func TestLoadPlain(t *testing.T) {
	s := serve(t, func(int, string) string { return "" })
	r, err := traffic.Load{Server: s.address, Sessions: 2, Size: 1000, Duration: time.Minute, Limit: 20}.Run(t.Context())
	if err != nil || r.Accepted != 20 {
		t.Fatalf("%+v, %v", r, err)
	}
	first := s.message(0)
	if !strings.HasPrefix(first, "From: Sender <sender") || len(first) < 1000 || len(first) > 1100 {
		t.Errorf("message:\n%s", first)
	}
}

// A busy server's 452, 550 and 421 are counted by their text, and sessions go on.
func TestLoadReplies(t *testing.T) {
	s := serve(t, func(n int, command string) string {
		switch {
		case command == "." && n%5 == 1:
			return fmt.Sprintf("452 4.3.1 queue full at %d", 100_000+n)
		case command == "MAIL" && n%7 == 3:
			return "421 4.3.2 closing"
		case command == "RCPT" && n == 9:
			return "550 5.1.1 nobody"
		}
		return ""
	})
	r, err := traffic.Load{Server: s.address, Sessions: 1, Limit: 50, Reconnect: true, Mix: mix.New(2, "example.com")}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int64{}
	for _, reply := range r.Replies {
		count[reply.Text] = reply.Count
	}
	if r.Accepted+r.Refused+r.Lost != 50 || r.Lost != count["421 4.3.2 closing"] || r.Lost < 5 ||
		count["452 4.3.1 queue full at N"] < 5 || count["550 5.1.1 nobody"] < 1 || r.Replies[0].Count < r.Replies[1].Count {
		t.Errorf("%+v", r)
	}
}

// Without Reconnect, a session ends with its connection.
func TestLoadGoodbye(t *testing.T) {
	s := serve(t, func(n int, command string) string {
		if command == "MAIL" && n >= 2 {
			return "421 enough"
		}
		return ""
	})
	r, err := traffic.Load{Server: s.address, Sessions: 1, Limit: 50}.Run(t.Context())
	if err != nil || r.Accepted != 2 || r.Lost != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// A session goes on on another connection before a server has had enough of it.
func TestLoadFullConnections(t *testing.T) {
	var banners atomic.Int64
	s := serve(t, func(_ int, command string) string {
		if command == "banner" {
			banners.Add(1)
		}
		return ""
	})
	r, err := traffic.Load{Server: s.address, Sessions: 1, Limit: 1200}.Run(t.Context())
	if err != nil || r.Accepted != 1200 || r.Lost != 0 || banners.Load() != 3 {
		t.Errorf("%d connections, %+v, %v", banners.Load(), r, err)
	}
}

func TestLoadUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	r, err := traffic.Load{Server: l.Addr().String(), Sessions: 2, Limit: 1, Reconnect: true}.Run(t.Context())
	if err == nil || r.Accepted != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	no := serve(t, func(_ int, command string) string {
		if command == "banner" {
			return "554 not you"
		}
		return ""
	})
	if r, err = (traffic.Load{Server: no.address, Sessions: 1, Limit: 1}).Run(t.Context()); err == nil || len(r.Replies) != 1 || !strings.Contains(err.Error(), "554 not you") {
		t.Errorf("%+v, %v", r, err)
	}
}

// A rate is kept over the whole load, and a server that stops for a while shows
// in the latency of all that should have been sent meanwhile.
func TestLoadRate(t *testing.T) {
	s := serve(t, func(n int, command string) string {
		if command == "." && n == 20 {
			<-time.After(300 * time.Millisecond)
		}
		return ""
	})
	r, err := traffic.Load{Server: s.address, Sessions: 1, Limit: 100, Rate: 200}.Run(t.Context())
	if err != nil || r.Accepted != 100 {
		t.Fatalf("%+v, %v", r, err)
	}
	if r.Elapsed < 490*time.Millisecond {
		t.Errorf("100 messages at 200/s took %s", r.Elapsed)
	}
	// The 60 messages behind the slow one begin late: a closed loop would
	// measure one slow message of 100.
	if r.Late < 20 || r.MostLate < 200*time.Millisecond || r.Latency.P90 < 100*time.Millisecond {
		t.Errorf("%+v", r)
	}
}

// The end of the context ends the load in order, with the result so far.
func TestLoadInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := serve(t, func(n int, command string) string {
		if command == "." && n == 10 {
			cancel()
		}
		return ""
	})
	r, err := traffic.Load{Server: s.address, Sessions: 1, Limit: 1 << 40}.Run(ctx)
	if err != nil || r.Accepted < 10 || r.Accepted > 12 || r.Lost != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// server is a small SMTP server. For each command it asks what to say; "" is the
// usual answer. n counts the messages begun before this one's MAIL.
type server struct {
	address string
	mu      sync.Mutex // guards the rest
	begun   int
	got     []string
}

func (s *server) message(i int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got[i]
}

func serve(t *testing.T, say func(n int, command string) string) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{address: l.Addr().String()}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { defer conn.Close(); s.talk(conn, say) })
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return s
}

func (s *server) talk(conn net.Conn, say func(int, string) string) {
	in := bufio.NewReader(conn)
	n := 0
	answer := func(command, usual string) string {
		text := say(n, command)
		if text == "" {
			text = usual
		}
		fmt.Fprintf(conn, "%s\r\n", text)
		return text
	}
	answer("banner", "220 test ESMTP")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		command := strings.ToUpper(strings.TrimSpace(line[:min(4, len(line))]))
		if command == "MAIL" {
			s.mu.Lock()
			n = s.begun
			s.begun++
			s.mu.Unlock()
		}
		usual := "250 ok"
		if command == "DATA" {
			usual = "354 go ahead"
		}
		text := answer(command, usual)
		if strings.HasPrefix(text, "421") || command == "QUIT" {
			return
		}
		if strings.HasPrefix(text, "354") {
			var b strings.Builder
			for line != ".\r\n" {
				if line, err = in.ReadString('\n'); err != nil {
					return
				}
				b.WriteString(line)
			}
			s.mu.Lock()
			s.got = append(s.got, b.String())
			s.mu.Unlock()
			answer(".", "250 ok")
		}
	}
}
