package content

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"esasim/esa"
)

var update = flag.Bool("update", false, "write the golden files")

const mails = "../../testdata/mails"

// TestMails compares what is found in testdata/mails/*.eml with the .json
// beside each.
func TestMails(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(mails, "*.eml"))
	if err != nil || len(files) < 15 {
		t.Fatalf("%d mails, %v", len(files), err)
	}
	var s Scanner // one for all: it must not remember
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			mail := read(t, file)
			got, err := s.Scan(bytes.NewReader(mail))
			if err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(file, ".eml") + ".json"
			if *update {
				b, err := json.MarshalIndent(got, "", "  ")
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(golden, append(b, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			var want Content
			if err := json.Unmarshal(read(t, golden), &want); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
			bytewise, err := Scan(iotest.OneByteReader(bytes.NewReader(mail)))
			if err != nil || !reflect.DeepEqual(bytewise, got) {
				t.Errorf("byte by byte: %v, %s", err, cmp.Diff(got, bytewise))
			}
		})
	}
}

// read gives a file with CRLF line ends, as on the wire; in the tree, mails
// have LF. A line end that is written \r\n already stays as it is.
func read(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(file) == ".eml" {
		b = bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
	}
	return b
}

// TestLongHeaderLine: a header line of 10 MB does not hide what follows it,
// and a subject of 10 MB is cut.
func TestLongHeaderLine(t *testing.T) {
	long := strings.Repeat("long ", 2<<20)
	got, err := Scan(strings.NewReader("X: " + long + "\r\nSubject: still here\r\nMessage-ID: <1@x>\r\n\r\nbody\r\n"))
	if err != nil || got.Subject != "still here" || got.MessageID != "<1@x>" || got.HeaderLines != 3 {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = Scan(strings.NewReader("Subject: " + long + "\r\nMessage-ID: <1@x>\r\n\r\nbody\r\n"))
	if err != nil || len(got.Subject) != maxValue || got.MessageID != "<1@x>" {
		t.Errorf("subject of %d, %q, %v", len(got.Subject), got.MessageID, err)
	}
}

// TestLargeAttachment: sizes and sums of files larger than any buffer, with
// lines longer than it, in all encodings.
func TestLargeAttachment(t *testing.T) {
	file := bytes.Repeat([]byte("\r\n--x\r--\n0123456789abcdef\x00\xff"), 40000)
	file = append(bytes.Repeat([]byte("y"), bufSize-1), append([]byte("\r\n"), file...)...)
	wrapped := base64.StdEncoding.EncodeToString(file)
	for name, encoded := range map[string]string{"base64": wrapped, "binary": string(file)} {
		mail := fmt.Sprintf("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Disposition: attachment; filename=f.bin\r\n"+
			"Content-Type: Application/X\r\nContent-Transfer-Encoding: %s\r\n\r\n%s\r\n--b--\r\n", name, encoded)
		got, err := Scan(strings.NewReader(mail))
		sum := sha256.Sum256(file)
		want := []esa.Attachment{{Name: "f.bin", Type: "application/x", Size: int64(len(file)), SHA256: hex.EncodeToString(sum[:])}}
		if d := cmp.Diff(want, got.Attachments); d != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, d)
		}
	}
}

// TestBounds: parts without end and without bottom.
func TestBounds(t *testing.T) {
	part := "--b\r\nContent-Disposition: attachment\r\n\r\nx\r\n"
	many := "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat(part, 3000)
	got, err := Scan(strings.NewReader(many))
	if err != nil || len(got.Attachments) != maxParts {
		t.Errorf("%d attachments, %v", len(got.Attachments), err)
	}
	for _, depth := range []int{5, 31, 32, 200} {
		var deep strings.Builder
		for i := range depth {
			fmt.Fprintf(&deep, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
		}
		deep.WriteString("Content-Type: text/plain; name=deep.txt\r\n\r\nx")
		got, err := Scan(strings.NewReader(deep.String()))
		if want := depth <= maxDepth; err != nil || want != (len(got.Attachments) == 1) {
			t.Errorf("depth %d: %+v, %v", depth, got.Attachments, err)
		}
		forwarded := strings.Repeat("Content-Type: message/rfc822\r\n\r\n", depth) + "Content-Type: a/b; name=c\r\n\r\nx"
		got, err = Scan(strings.NewReader(forwarded))
		if want := depth <= maxDepth; err != nil || want != (len(got.Attachments) == 1) {
			t.Errorf("forwarded %d times: %+v, %v", depth, got.Attachments, err)
		}
	}
}

// TestReaderError: the reader's error comes back as it is, with what was found.
func TestReaderError(t *testing.T) {
	lost := errors.New("lost")
	for _, head := range []string{"Subject: s\r\n", "Subject: s\r\n\r\nbody",
		"Subject: s\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Disposition: attachment\r\n\r\nx"} {
		got, err := Scan(io.MultiReader(strings.NewReader(head), iotest.ErrReader(lost)))
		if err != lost || got.Subject != "s" {
			t.Errorf("%q: %+v, %v", head, got, err)
		}
	}
}

// FuzzScan: never panics, always reads to the end, and finds the same however
// the message comes in.
func FuzzScan(f *testing.F) {
	files, _ := filepath.Glob(filepath.Join(mails, "*.eml"))
	for _, file := range files {
		f.Add(read(f, file))
	}
	f.Fuzz(func(t *testing.T, mail []byte) {
		r := bytes.NewReader(mail)
		whole, err := Scan(r)
		if err != nil || r.Len() > 0 {
			t.Fatalf("%v, %d bytes left", err, r.Len())
		}
		bytewise, err := Scan(iotest.OneByteReader(bytes.NewReader(mail)))
		if err != nil || !reflect.DeepEqual(whole, bytewise) {
			t.Fatalf("byte by byte: %v, %s", err, cmp.Diff(whole, bytewise))
		}
		for _, s := range []string{whole.Subject, whole.MessageID, whole.From, whole.ReplyTo, whole.Date} {
			if strings.ContainsAny(s, "\r\n\x00") || strings.ToValidUTF8(s, "") != s {
				t.Fatalf("not one line of text: %q", s)
			}
		}
		for _, a := range whole.Attachments {
			if strings.ContainsAny(a.Name, "/\\\r\n\x00") || len(a.SHA256) != 64 || a.Size < 0 || a.Size > int64(len(mail)) {
				t.Fatalf("attachment %+v", a)
			}
		}
	})
}

func BenchmarkScan(b *testing.B) {
	header := "Received: from mail.example by esa.example with ESMTP; Mon, 23 Nov 2026 10:00:00 +0000\r\n" +
		"From: A <a@b.example>\r\nTo: <u@x.example>\r\nSubject: quarterly report\r\nMessage-ID: <1@b.example>\r\n" +
		"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
	line := strings.Repeat("x", 70) + "\r\n"
	for name, mail := range map[string]string{
		"plain2KiB": header + "Content-Type: text/plain; charset=utf-8\r\n\r\n" + strings.Repeat(line, 23),
		"alternative2KiB": header + "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n" +
			strings.Repeat(line, 11) + "--b\r\nContent-Type: text/html\r\n\r\n" + strings.Repeat(line, 10) + "--b--\r\n",
		"attachment1MiB": header + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Disposition: attachment; filename=a\r\n" +
			"Content-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat(strings.Repeat("QUJD", 19)+"\r\n", 18000) + "--b--\r\n",
	} {
		b.Run(name, func(b *testing.B) {
			var s Scanner
			r := strings.NewReader(mail)
			b.SetBytes(int64(len(mail)))
			b.ReportAllocs()
			for b.Loop() {
				r.Reset(mail)
				if _, err := s.Scan(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
