package letter

import (
	"io"
	"runtime"
	"strings"
	"testing"
)

// benchmarks are the messages of the figures in the package's documentation.
func benchmarks() map[string]string {
	header := "Received: from mail.example by esa.example with ESMTP; Mon, 23 Nov 2026 10:00:00 +0000\r\n" +
		"From: A <a@b.example>\r\nTo: <u@x.example>\r\nSubject: quarterly report\r\nMessage-ID: <1@b.example>\r\n" +
		"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
	line := strings.Repeat("x", 70) + "\r\n"
	return map[string]string{
		"plain2KiB": header + "Content-Type: text/plain; charset=utf-8\r\n\r\n" + strings.Repeat(line, 23),
		"alternative2KiB": header + "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n" +
			strings.Repeat(line, 11) + "--b\r\nContent-Type: text/html\r\n\r\n" + strings.Repeat(line, 10) + "--b--\r\n",
		"attachment1MiB": header + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Disposition: attachment; filename=a\r\n" +
			"Content-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat(strings.Repeat("QUJD", 19)+"\r\n", 18000) + "--b--\r\n",
	}
}

func BenchmarkRead(b *testing.B) {
	for name, mail := range benchmarks() {
		b.Run(name, func(b *testing.B) {
			var rd Reader
			r := strings.NewReader(mail)
			b.SetBytes(int64(len(mail)))
			b.ReportAllocs()
			for b.Loop() {
				r.Reset(mail)
				if _, err := rd.Read(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkApply(b *testing.B) {
	edits := map[string]*Edit{
		"header": {Header: []HeaderEdit{{Replace, "Subject", "[SPAM] quarterly report"}}},
		"foot":   {Foot: "This message has been looked at."},
	}
	for name, mail := range benchmarks() {
		for what, e := range edits {
			b.Run(name+"/"+what, func(b *testing.B) {
				r := strings.NewReader(mail)
				b.SetBytes(int64(len(mail)))
				b.ReportAllocs()
				for b.Loop() {
					r.Reset(mail)
					if err := e.Apply(io.Discard, r); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// large repeats a piece up to a size, without holding it.
type large struct {
	piece string
	at    int
	left  int
}

func (l *large) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, io.EOF
	}
	n := copy(p, l.piece[l.at:])
	l.at = (l.at + n) % len(l.piece)
	l.left -= n
	return n, nil
}

// TestLargeMessages: of 100 MB with a file, or 12 MB of whatever is more work, 8 MiB are in memory at most.
// What is allocated in all is more, because text is replaced in pieces.
func TestLargeMessages(t *testing.T) {
	const bound = 8 << 20
	part := "--b\r\nContent-Type: text/plain; name=a\r\n\r\nx\r\n"
	for name, c := range map[string]struct{ head, piece string }{
		"file": {"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Disposition: attachment; filename=a\r\n" +
			"Content-Transfer-Encoding: base64\r\n\r\n", strings.Repeat("QUJD", 19) + "\r\n"},
		"text":        {"Subject: text\r\n\r\n", "text with http://evil.example/x and a foot\r\n"},
		"one word":    {"Content-Type: text/html\r\n\r\n", "http://evil.example/xü"},
		"soft breaks": {"Content-Transfer-Encoding: quoted-printable\r\n\r\n", "=\r\n"},
		"header line": {"Subject: ", "long "},
		"folded":      {"Subject: a\r\n", " folded\r\n"},
		"parts":       {"Content-Type: multipart/mixed; boundary=b\r\n\r\n", part},
		"messages":    {"", "Content-Type: message/rfc822; name=a.eml\r\n\r\n"},
		"tags":        {"Content-Type: text/html\r\n\r\n", "<a href=http://x.example/"},
		"URLs":        {"", "http://://(((http://a))))) "},
	} {
		t.Run(name, func(t *testing.T) {
			size := 12 << 20
			if name == "file" {
				size = 100 << 20
			}
			mail := func() io.Reader {
				return io.MultiReader(strings.NewReader(c.head), &large{piece: strings.Repeat(c.piece, 64<<10/len(c.piece)+1), left: size})
			}
			var l *Letter
			peak(t, bound, func(tick func()) {
				var err error
				if l, err = Read(ticker{mail(), tick}); err != nil {
					t.Fatal(err)
				}
			})
			if l.Size < int64(size) {
				t.Errorf("size %d", l.Size)
			}
			l.URLs()
			e := everything(l)
			peak(t, bound, func(tick func()) {
				if err := e.Apply(io.Discard, ticker{mail(), tick}); err != nil {
					t.Fatal(err)
				}
			})
			runtime.KeepAlive(l)
		})
	}
}

// ticker calls tick now and then.
type ticker struct {
	io.Reader
	tick func()
}

func (r ticker) Read(p []byte) (int, error) {
	r.tick()
	return r.Reader.Read(p)
}

// peak looks how much memory is in use, after a collection, every 2 MiB or so
// that are read.
func peak(t *testing.T, bound uint64, do func(tick func())) {
	t.Helper()
	inUse := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	start, most, calls := inUse(), uint64(0), 0
	do(func() {
		if calls++; calls%512 == 0 {
			most = max(most, inUse())
		}
	})
	if most > start+bound {
		t.Errorf("%d KiB in use", (most-start)>>10)
	}
}
