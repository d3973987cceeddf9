package letter

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"esasim/internal/rawmime"
)

// TestLongText: text that is longer than what is held is changed from its
// beginning to its end, whatever its encoding, and the pieces fit together.
func TestLongText(t *testing.T) {
	const lines = 60000
	for name, c := range map[string]struct{ header, line, want string }{
		"plain":   {"", "Gruß http://evil.example/a\r\n", "Gruß https://good.example/a\r\n"},
		"latin1":  {"Content-Type: text/plain; charset=iso-8859-1\r\n", "Gru\xdf http://evil.example/a\r\n", "Gruß https://good.example/a\r\n"},
		"unsaid":  {"", "Gru\xdf http://evil.example/a\r\n", "Gruß https://good.example/a\r\n"},
		"quoted":  {"Content-Transfer-Encoding: quoted-printable\r\n", "Gru=C3=9F http://evil.=\r\nexample/a\r\n", "Gruß https://good.example/a\r\n"},
		"no line": {"", "Gruß http://evil.example/a ", "Gruß https://good.example/a "},
		"html":    {"Content-Type: text/html\r\n", "<a\r\nhref='http://evil.example/a'>Gruß</a>", `<a href="https://good.example/a">Gruß</a>`},
	} {
		mail := c.header + "\r\n" + strings.Repeat(c.line, lines)
		e := &Edit{Head: "Head", Foot: "Foot", URL: func(url string) string {
			return strings.Replace(url, "http://evil.example/", "https://good.example/", 1)
		}}
		out := apply(t, e, []byte(mail))
		got := decodedBody(t, out)
		want := "Head\r\n" + strings.Repeat(c.want, lines)
		switch {
		case name == "html":
			want = "<p>Head</p>\r\n" + strings.Repeat(c.want, lines) + "<p>Foot</p>\r\n"
		case strings.HasSuffix(want, "\n"):
			want += "Foot"
		default:
			want += "\r\nFoot"
		}
		if strings.TrimRight(got, "\r\n") != strings.TrimRight(want, "\r\n") {
			i := 0
			for i < min(len(got), len(want)) && got[i] == want[i] {
				i++
			}
			t.Errorf("%s: %d octets, want %d; from %d on: %.80q, want %.80q", name, len(got), len(want), i, got[i:], want[i:])
		}
	}
}

// decodedBody is the text of a message without parts, all of it.
func decodedBody(t *testing.T, mail []byte) string {
	t.Helper()
	_, body, ok := bytes.Cut(mail, []byte("\r\n\r\n"))
	how := "quoted-printable"
	if bytes.Contains(mail, []byte("Encoding: base64")) {
		how = "base64"
	}
	var out bytes.Buffer
	if _, err := out.ReadFrom(rawmime.DecodeText(how, bytes.NewReader(body))); err != nil || !ok {
		t.Fatal(err, ok)
	}
	return out.String()
}

// TestCut: what is beyond a bound is said to be, and copied as it is.
func TestCut(t *testing.T) {
	part := "--b\r\nContent-Type: text/plain; name=a\r\n\r\nx\r\n"
	deep := ""
	for i := range 40 {
		deep += fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	for name, c := range map[string]struct {
		mail  string
		parts int
	}{
		"parts":    {"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat(part, 3000) + "--b--\r\n", rawmime.MaxParts},
		"depth":    {deep + "\r\nx", 1},
		"messages": {strings.Repeat("Content-Type: message/rfc822\r\n\r\n", 40), 1},
		"header":   {strings.Repeat("X: y\r\n", maxHeader/6+1) + "Content-Type: text/html\r\n\r\ntext", 1},
		"text":     {"\r\n" + strings.Repeat("text ", MaxText/5+1), 1},
	} {
		l, err := Read(strings.NewReader(c.mail))
		if err != nil || !l.Cut || len(l.Parts) != c.parts {
			t.Errorf("%s: %v, cut %t, %d parts", name, err, l.Cut, len(l.Parts))
		}
		got := apply(t, &Edit{Header: []HeaderEdit{{Remove, "X", ""}, {Replace, "Subject", "s"}}, Strip: map[int]string{5000: ""}}, []byte(c.mail))
		want := strings.Replace(strings.ReplaceAll(c.mail, "X: y\r\n", ""), "\r\n\r\n", "\r\nSubject: s\r\n\r\n", 1)
		if name == "text" {
			want = "Subject: s\r\n" + c.mail
		}
		if string(got) != want {
			t.Errorf("%s: %.200q, want %.200q", name, got, want)
		}
	}
	l, _ := Read(strings.NewReader("Subject: x\r\n\r\nbody"))
	if l.Cut {
		t.Error("cut, but nothing is")
	}
}

// TestSigned: signed text changes only if that is asked for.
func TestSigned(t *testing.T) {
	mail := crlf(t, "testdata/letters/signed.eml")
	e := &Edit{Foot: "the foot", Replace: func(s string) string { return strings.ToUpper(s) }}
	if got := apply(t, e, mail); !bytes.Equal(got, mail) {
		t.Errorf("changed: %s", got)
	}
	e.Signed = true
	if got := string(apply(t, e, mail)); !strings.Contains(got, "IS SIGNED\r\nthe foot\r\n--s") {
		t.Errorf("unchanged: %s", got)
	}
}
