package dialect

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// scripted is a client that has said everything beforehand, in chunks, and
// notes what it hears. As a listener it gives itself, once.
type scripted struct {
	net.Conn
	chunk int
	said  []byte
	heard bytes.Buffer
	taken bool
}

func (s *scripted) Accept() (net.Conn, error) {
	if s.taken {
		return nil, net.ErrClosed
	}
	s.taken = true
	return s, nil
}

func (s *scripted) Read(p []byte) (int, error) {
	if len(s.said) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.said[:min(len(s.said), s.chunk)])
	s.said = s.said[n:]
	return n, nil
}

func (s *scripted) Write(p []byte) (int, error)      { return s.heard.Write(p) }
func (s *scripted) Close() error                     { return nil }
func (s *scripted) Addr() net.Addr                   { return &net.TCPAddr{} }
func (s *scripted) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (s *scripted) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (s *scripted) SetDeadline(time.Time) error      { return nil }
func (s *scripted) SetReadDeadline(time.Time) error  { return nil }
func (s *scripted) SetWriteDeadline(time.Time) error { return nil }

// converse lets a client say said in chunks and returns what it hears.
func converse(t testing.TB, said []byte, chunk int) (string, *recorder) {
	var log bytes.Buffer
	opts := &Options{Host: "h", MaxMessage: 1 << 20, Logger: slog.New(slog.NewTextHandler(&log, nil))}
	rec := newRecorder()
	rec.xclient = true
	client := &scripted{said: said, chunk: chunk}
	l := Listen(client, opts, func(net.Conn) Admission { return Admission{Observer: rec, XCLIENT: rec.anew(Accept), Auth: rec.auth} })
	server := Server(rec, opts)
	server.Serve(l)
	server.Shutdown(t.Context())
	if s := log.String(); strings.Contains(s, "panic") && !strings.Contains(s, "on purpose") {
		t.Errorf("panic: %s", s)
	}
	heard := client.heard.String()
	for line := range strings.Lines(heard) {
		text, ok := strings.CutSuffix(line, "\r\n")
		if !ok || len(text) < 4 || len(text) > 510 || strings.ContainsAny(text, "\r\n\x00") {
			t.Errorf("bad reply %q", line)
		}
		if ownWords.MatchString(text) && !strings.Contains(text, "syntax error") {
			t.Errorf("go-smtp's own words %q", line)
		}
	}
	return heard, rec
}

// unstuffed says what a backend must get of the octets behind DATA: nil if they
// are no whole message, or one with bare CR or LF.
func unstuffed(data []byte) []byte {
	raw, _, ended := bytes.Cut(append([]byte("\r\n"), data...), []byte("\r\n.\r\n"))
	if !ended {
		return nil
	}
	raw = append(raw, "\r\n"...)
	if clean := bytes.ReplaceAll(raw, []byte("\r\n"), nil); bytes.ContainsAny(clean, "\r\n") {
		return nil
	}
	return bytes.ReplaceAll(raw, []byte("\r\n."), []byte("\r\n"))[2:]
}

// FuzzConversation lets a client send anything: commands, and behind DATA a
// message, in chunks of any size.
func FuzzConversation(f *testing.F) {
	files, _ := filepath.Glob(filepath.Join(dialogues, "*.txt"))
	for _, file := range files {
		script, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		d := player{t: nil}
		var said strings.Builder
		for line := range strings.Lines(string(script)) {
			line = strings.TrimSuffix(line, "\n")
			if s, ok := strings.CutPrefix(line, "> "); ok {
				said.WriteString(s + "\r\n")
			} else if s, ok := strings.CutPrefix(line, ">raw \""); ok {
				said.WriteString(d.unquote(`"` + s))
			}
		}
		f.Add([]byte(said.String()), byte(7))
	}
	for _, s := range []string{"x\r\n.\r\nQUIT\r\n", "a\n.\nb\r\n.\r\n", "\r\n..\r\n.\r\n", ".\r\n", ".\r\r\n.\r\n",
		"\r\n.\r.\r\n.\r\n", "a\r", "..\r\n.a\r\n.\r\nMAIL FROM:<\"a b\"@c>\r\n"} {
		f.Add([]byte(s), byte(1))
		f.Add([]byte(s), byte(255))
	}
	f.Fuzz(func(t *testing.T, said []byte, chunk byte) {
		n := int(chunk) + 1
		heard, _ := converse(t, said, n)
		if again, _ := converse(t, said, 1); again != heard {
			t.Errorf("the chunking matters:\n%q\n%q", heard, again)
		}
		checkData(t, toData, said, n)
		checkData(t, strings.Replace(toData, "a@b", "direct@b", 1), said, n)
		for _, sender := range []string{"early@b", "directearly@b", "hasty@b"} {
			toData := strings.Replace(toData, "a@b", sender, 1)
			if _, _, ended := bytes.Cut(append([]byte("\r\n"), said...), []byte("\r\n.\r\n")); !ended {
				continue
			}
			heard, _ := converse(t, append([]byte(toData), said...), n)
			if strings.Count(heard, "354 go ahead\r\n451 #4.3.0 Server Error\r\n") < 1 {
				t.Errorf("%s%q: heard %q", toData, said, heard)
			}
		}
	})
}

// checkData sends said as a message and compares what the backend got.
func checkData(t *testing.T, toData string, said []byte, chunk int) {
	_, rec := converse(t, append([]byte(toData), said...), chunk)
	if len(rec.outcomes) == 0 {
		t.Fatal("no message")
	}
	got, want := rec.outcomes[0], unstuffed(said)
	if want == nil && got.err == nil {
		t.Errorf("%q: the message looked complete: %q", said, got.message)
	}
	if want != nil && len(want) < 1<<20 && (got.err != nil || got.message != string(want)) {
		t.Errorf("%q: got %q, %v", said, got.message, got.err)
	}
}
