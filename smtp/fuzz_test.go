package smtp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"esasim/esa"
)

// spoken is a client that has said everything beforehand, and notes what it hears.
type spoken struct {
	said   io.Reader
	heard  bytes.Buffer
	once   sync.Once
	closed chan struct{}
}

func newSpoken(said string, chunk int) *spoken {
	return &spoken{said: &pieces{[]byte(said), chunk}, closed: make(chan struct{})}
}

// door is a listener with one client.
type door struct {
	clients chan net.Conn
	once    sync.Once
	shut    chan struct{}
}

func newDoor(c net.Conn) *door {
	d := &door{clients: make(chan net.Conn, 1), shut: make(chan struct{})}
	d.clients <- c
	return d
}

func (d *door) Accept() (net.Conn, error) {
	select {
	case c := <-d.clients:
		return c, nil
	case <-d.shut:
		return nil, net.ErrClosed
	}
}

func (d *door) Close() error {
	d.once.Do(func() { close(d.shut) })
	return nil
}

func (d *door) Addr() net.Addr { return &net.TCPAddr{} }

// pieces is a text that comes in pieces.
type pieces struct {
	left  []byte
	chunk int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.left) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.left[:min(len(p.left), p.chunk)])
	p.left = p.left[n:]
	return n, nil
}

func (s *spoken) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

func (s *spoken) Read(p []byte) (int, error)       { return s.said.Read(p) }
func (s *spoken) Write(p []byte) (int, error)      { return s.heard.Write(p) }
func (s *spoken) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (s *spoken) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (s *spoken) SetDeadline(time.Time) error      { return nil }
func (s *spoken) SetReadDeadline(time.Time) error  { return nil }
func (s *spoken) SetWriteDeadline(time.Time) error { return nil }

// events is a log that keeps the events, and which messages were committed.
type events struct {
	ledger
	all       []esa.Event
	committed []esa.MID
}

func (l *events) Append(list []esa.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, list...)
	return nil
}

func (l *events) Commit(list []esa.Event, _ Content) error {
	l.mu.Lock()
	l.committed = append(l.committed, list[0].MID)
	l.mu.Unlock()
	return l.Append(list)
}

// FuzzSession lets a client say anything to a listener with all its tables: what is
// promised is committed, what is taken is for whom mail is taken, each message and
// each connection has one beginning and one end.
func FuzzSession(f *testing.F) {
	for _, said := range []string{
		"EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<u@x.example>\r\nRCPT TO:<u@y.example>\r\nDATA\r\nSubject: x\r\n\r\nhello\r\n.\r\nQUIT\r\n",
		"XCLIENT ADDR=10.0.0.1\r\nHELO c\r\nMAIL FROM:<>\r\nRCPT TO:<u@any.test>\r\nDATA\r\n\r\n.\r\nMAIL FROM:<a@b>\r\nRCPT TO:<u@x.example>\r\nDATA\r\na\nb\r\n.\r\n",
		"HELO c\r\nMAIL FROM:<a@nx.example>\r\nMAIL FROM:<boss@nx.example>\r\nRCPT TO:<OLD@x.example>\r\nRCPT TO:<info@x.example>\r\nDATA\r\nhalf",
		"XCLIENT ADDR=192.0.2.2\r\nEHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<u@x.example>\r\nXCLIENT ADDR=192.0.2.1\r\nRSET\r\nXCLIENT ADDR=192.0.2.4\r\n",
		"EHLO c\r\nMAIL FROM:<a@b> SIZE=10485761\r\nMAIL FROM:<a@b>\r\nRCPT TO:<\"a@x.example\"@y.example>\r\nRCPT TO:<@x.example:u@y.example>\r\nNONSENSE\r\n",
	} {
		f.Add(said, byte(3))
		f.Add(said, byte(255))
	}
	files, _ := filepath.Glob("../testdata/dialogues/*.txt")
	for _, file := range files {
		script, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		said := ""
		for _, m := range regexp.MustCompile(`(?m)^> (.*)$`).FindAllSubmatch(script, -1) {
			said += string(m[1]) + "\r\n"
		}
		f.Add(said, byte(255))
	}
	f.Fuzz(func(t *testing.T, said string, chunk byte) {
		client, log := newSpoken(said, int(chunk)+1), &events{}
		o := testTables(t, factory())
		o.Log = log
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- New(o).Serve(ctx, newDoor(client)) }()
		<-client.closed
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		checkReplies(t, client.heard.String(), log.committed)
		checkStories(t, log.all, log.committed)
	})
}

// checkReplies holds what the client heard against what was committed.
func checkReplies(t *testing.T, heard string, committed []esa.MID) {
	t.Helper()
	var promised []esa.MID
	for line := range strings.Lines(heard) {
		text, ok := strings.CutSuffix(line, "\r\n")
		if !ok || len(text) < 4 || len(text) > 510 || strings.ContainsAny(text, "\r\n\x00") {
			t.Errorf("bad reply %q", line)
		}
		var mid esa.MID
		if _, err := fmt.Sscanf(text, "250 ok:  Message %d accepted", &mid); err == nil {
			promised = append(promised, mid)
		}
	}
	if !slices.Equal(promised, committed) {
		t.Errorf("promised %v, committed %v", promised, committed)
	}
}

// checkStories holds the events against each other.
func checkStories(t *testing.T, all []esa.Event, committed []esa.MID) {
	t.Helper()
	type number struct {
		kind esa.Kind
		icid esa.ICID
		mid  esa.MID
	}
	n, groups := map[number]int{}, map[esa.ICID]string{}
	for i := range all {
		e := &all[i]
		n[number{e.Kind, e.ICID, e.MID}]++
		switch e.Kind {
		case esa.ConnectionOpened:
			groups[e.ICID] = e.Source.Group
		case esa.RecipientGiven:
			if a := strings.ToLower(e.Address); groups[e.ICID] != "RELAYLIST" && (!strings.HasSuffix(a, "@x.example") || a == "old@x.example") {
				t.Errorf("%s was taken from %s", e.Address, groups[e.ICID])
			}
		}
	}
	for k, count := range n {
		switch k.kind {
		case esa.ConnectionOpened:
			if ends := n[number{esa.ConnectionClosed, k.icid, 0}]; count != 1 || ends != 1 {
				t.Errorf("ICID %d began %d times and ended %d times", k.icid, count, ends)
			}
		case esa.MessageStarted:
			ready, aborted := n[number{esa.MessageReady, k.icid, k.mid}], n[number{esa.MessageAborted, k.icid, k.mid}]
			if count != 1 || ready+aborted != 1 || (ready == 1) != slices.Contains(committed, k.mid) || groups[k.icid] == "" {
				t.Errorf("MID %d of ICID %d in group %q began %d times, was ready %d times and aborted %d times", k.mid, k.icid, groups[k.icid], count, ready, aborted)
			}
		}
	}
}

// FuzzHAT makes a table of any groups, apart by an empty line: what is taken decides
// as its members do one by one, from the first group to the last.
func FuzzHAT(f *testing.F) {
	for _, s := range []string{"10.0.0.0/8\n\nALL", "sbrs[none]\nsbrs[-3:1.5]\n\n.example\nmail.b.example", "192.0.2.\n\n2001:db8::/32\n\n::/0\n\n0.0.0.0/0", "country[x]\n\n\n\n", "ALL\nALL"} {
		f.Add(s, "192.0.2.1", int8(-20))
		f.Add(s, "2001:db8::1", int8(127))
	}
	f.Fuzz(func(t *testing.T, text, address string, tenths int8) {
		known, err := NewPolicies([]Policy{{Name: "$A", Rule: Accept}})
		if err != nil {
			t.Fatal(err)
		}
		var groups []SenderGroup
		for i, g := range strings.Split(text, "\n\n") {
			groups = append(groups, SenderGroup{Name: fmt.Sprint("G", i), Policy: "$A", Members: strings.Split(g, "\n")})
		}
		h, err := NewHAT(groups, known)
		a, bad := netip.ParseAddr(address)
		if err != nil || bad != nil {
			return
		}
		who := nobody()
		if tenths > -100 {
			who = &sender{sbrs: "x", scored: true, score: float64(tenths) / 10, host: "mail.b.example", verified: tenths%2 == 0, country: "x"}
		}
		group, match := "None", "ALL"
	search:
		for _, g := range groups {
			for _, s := range g.Members {
				m, err := newMember(s)
				if err != nil {
					t.Fatalf("%q is taken in a group, and not alone: %v", s, err)
				}
				if m.has(a, who) {
					group, match = g.Name, s
					break search
				}
			}
		}
		if src, _ := h.decide(a, who); src.Group != group || src.Match != match || src.Rule != Accept {
			t.Errorf("%s %+v in %q: %s by %q, want %s by %q", a, *who, text, src.Group, src.Match, group, match)
		}
	})
}

// FuzzRAT makes a table of any rows, a line each: address, access and reply. What is
// taken gives to each address the row that fits best.
func FuzzRAT(f *testing.F) {
	for _, s := range []string{"x.example", "ALL|reject|550 no", ".x.example\nx.example|REJECT\nu@|accept", "u@x.example|reject|450 4.2.1 later\nx.example", "..\n@\n@x", "a|reject|200 x"} {
		f.Add(s, "u@x.example")
		f.Add(s, `"u@x.example"@A.B.x.Example`)
	}
	f.Fuzz(func(t *testing.T, text, address string) {
		var rows []Recipient
		for line := range strings.SplitSeq(text, "\n") {
			cells := append(strings.SplitN(line, "|", 3), "", "")
			rows = append(rows, Recipient{Address: cells[0], Access: cells[1], Reply: cells[2]})
		}
		r, err := NewRAT(rows)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "recipient ") {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		best := fitting(rows, address)
		if row := r.judge(address); (row.reply == nil) != (best != nil && !strings.EqualFold(best.Access, "reject")) {
			t.Errorf("%q of %q: %+v, but the best row is %+v", address, text, row.reply, best)
		} else if best != nil && best.Reply != "" && strings.Join(strings.Fields(fmt.Sprint(row.reply.Code, " ", row.reply.Message)), " ") != strings.Join(strings.Fields(best.Reply), " ") {
			t.Errorf("%q of %q: %+v instead of %q", address, text, row.reply, best.Reply)
		}
	})
}

// fitting is the row that fits best, found the slow way; nil if none does.
func fitting(rows []Recipient, address string) *Recipient {
	address = strings.ToLower(address)
	at := strings.LastIndexByte(address, '@')
	var candidates []string
	if at >= 0 {
		candidates = []string{address, address[:at+1]}
	}
	domain := address[at+1:]
	candidates = append(candidates, domain)
	for i := 1; i < len(domain); i++ {
		if domain[i] == '.' {
			candidates = append(candidates, domain[i:])
		}
	}
	for _, c := range candidates {
		for i := range rows {
			if rows[i].Address != "ALL" && strings.ToLower(rows[i].Address) == c {
				return &rows[i]
			}
		}
	}
	if i := slices.IndexFunc(rows, func(r Recipient) bool { return r.Address == "ALL" }); i >= 0 {
		return &rows[i]
	}
	return nil
}
