package engine

import (
	"bytes"
	"encoding/base64"
	"io"
	"strings"
	"testing"

	"esasim/appliance/stage"
	"esasim/esa"
)

type nothing struct{ bytes.Reader }

func (*nothing) Close() error { return nil }

// BenchmarkFactory is a message's way through antispam, antivirus and file reputation
// as they come from the factory: what every message pays.
func BenchmarkFactory(b *testing.B) {
	text := strings.Repeat("some words of a text that people write to each other\r\n", 38)
	head := "From: Alice <alice@b.example>\r\nTo: Bob <bob@x.example>\r\nMessage-ID: <1@b.example>\r\nDate: Mon, 10 Aug 2020 09:52:59 +0000\r\nSubject: hello\r\nMIME-Version: 1.0\r\n"
	plain := head + "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n" + text
	two := head + "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + text[:1000] +
		"\r\n--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>" + text[:1000] + "</p>\r\n--b--\r\n"
	for name, content := range map[string]string{"plain2K": plain, "quoted2K": two, "file30K": file(head, 22<<10), "file1M": file(head, 1<<20)} {
		b.Run(name, func(b *testing.B) {
			drop := stage.Treatment{Action: "drop"}
			spam, err := AntiSpam(SpamOptions{Positive: drop, PositiveScore: 90, SuspectScore: 50, MaxSize: 2 << 20})
			if err != nil {
				b.Fatal(err)
			}
			m := esa.Message{MID: 1, Size: int64(len(content))}
			if strings.HasPrefix(name, "file") {
				m.Attachments = []esa.Attachment{{Name: "a.bin", SHA256: "00"}}
			}
			r, octets := &nothing{}, []byte(content)
			j := stage.NewJob(func(esa.MID) (io.ReadCloser, error) { r.Reset(octets); return r, nil })
			amp, err := AMP(AMPOptions{})
			if err != nil {
				b.Fatal(err)
			}
			stages := []stage.Stage{spam, virusStage(b, VirusOptions{Viral: drop}), amp}
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				j.Take(&m)
				for _, s := range stages {
					if f, err := s.Scan(j); err != nil || f.Want.Drop != "" {
						b.Fatal(f, err)
					}
				}
			}
		})
	}
}

func file(head string, n int) string {
	code := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("\x01abc\xfe"), n/5))
	var b strings.Builder
	b.WriteString(head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\nContent-Type: application/octet-stream; name=a.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	for len(code) > 76 {
		b.WriteString(code[:76] + "\r\n")
		code = code[76:]
	}
	b.WriteString(code + "\r\n--b--\r\n")
	return b.String()
}
