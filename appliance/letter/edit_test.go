package letter

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"esasim/internal/rawmime"
)

// TestHeaderEdits: what becomes of a header, octet by octet.
func TestHeaderEdits(t *testing.T) {
	const mail = "A: 1\r\nSubject : first\r\n  folded\r\nno field\r\nB: 2\r\nSUBJECT: second\r\n\r\nbody\r\n"
	long := strings.Repeat("word ", 30) + "end"
	for name, c := range map[string]struct {
		edits []HeaderEdit
		want  string
	}{
		"add": {[]HeaderEdit{{Add, "B", "3"}, {Add, "C", ""}},
			"A: 1\r\nSubject : first\r\n  folded\r\nno field\r\nB: 2\r\nSUBJECT: second\r\nB: 3\r\nC: \r\n\r\nbody\r\n"},
		"remove": {[]HeaderEdit{{Remove, "subject", ""}},
			"A: 1\r\nno field\r\nB: 2\r\n\r\nbody\r\n"},
		"replace": {[]HeaderEdit{{Replace, "Subject", "one"}},
			"A: 1\r\nSubject: one\r\nno field\r\nB: 2\r\n\r\nbody\r\n"},
		"replace what is not there": {[]HeaderEdit{{Replace, "C", "3"}},
			"A: 1\r\nSubject : first\r\n  folded\r\nno field\r\nB: 2\r\nSUBJECT: second\r\nC: 3\r\n\r\nbody\r\n"},
		"replace twice": {[]HeaderEdit{{Replace, "A", "3"}, {Replace, "a", "4"}, {Remove, "Subject", ""}},
			"A: 4\r\nno field\r\nB: 2\r\n\r\nbody\r\n"},
		"remove, add": {[]HeaderEdit{{Remove, "A", ""}, {Add, "A", "3"}, {Remove, "Subject", ""}},
			"no field\r\nB: 2\r\nA: 3\r\n\r\nbody\r\n"},
		"remove, replace": {[]HeaderEdit{{Remove, "A", ""}, {Replace, "A", "3"}, {Replace, "A", "4"}, {Remove, "Subject", ""}},
			"no field\r\nB: 2\r\nA: 4\r\n\r\nbody\r\n"},
		"add, remove": {[]HeaderEdit{{Add, "A", "3"}, {Remove, "A", ""}, {Remove, "Subject", ""}},
			"no field\r\nB: 2\r\n\r\nbody\r\n"},
		"injection": {[]HeaderEdit{{Replace, "A", "1\r\nBcc: all\n\rX\x00Y"}, {Remove, "Subject", ""}},
			"A: 1  Bcc: all  X Y\r\nno field\r\nB: 2\r\n\r\nbody\r\n"},
		"folded": {[]HeaderEdit{{Replace, "A", long}, {Remove, "Subject", ""}},
			"A: " + strings.Repeat("word ", 13) + "word\r\n " + strings.Repeat("word ", 14) + "word\r\n word end\r\nno field\r\nB: 2\r\n\r\nbody\r\n"},
		"a name and an address": {[]HeaderEdit{{Replace, "A", "Jörg Müller <j@b.example>"}, {Remove, "Subject", ""}},
			"A: =?utf-8?b?SsO2cmcgTcO8bGxlcg==?= <j@b.example>\r\nno field\r\nB: 2\r\n\r\nbody\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := apply(t, &Edit{Header: c.edits}, []byte(mail))
			if d := cmp.Diff(c.want, string(got)); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestStripAll: what is left when the only parts are removed is a message still.
func TestStripAll(t *testing.T) {
	empty := "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"
	multi := "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
	for mail, want := range map[string]string{
		multi + "--b\r\nContent-Type: a/b\r\n\r\nx\r\n--b\r\n\r\ny\r\n--b--\r\n": multi + "--b\r\n" + empty + "\r\n\r\n--b--\r\n",
		multi + "--b\r\nContent-Type: a/b\r\n\r\nx":                              multi + "--b\r\n" + empty + "\r\n\r\n",
		"A: 1\r\nContent-ID: <x>\r\n\r\nx\r\n":                                   "A: 1\r\n" + empty + "MIME-Version: 1.0\r\n\r\n\r\n",
	} {
		got := string(apply(t, &Edit{Strip: map[int]string{0: "", 1: ""}}, []byte(mail)))
		sorted := func(s string) []string { l := strings.SplitAfter(s, "\r\n"); slices.Sort(l); return l }
		if d := cmp.Diff(sorted(want), sorted(got)); d != "" || !strings.HasSuffix(got, want[len(want)-6:]) {
			t.Errorf("%q: %q", mail, got)
		}
	}
}

// TestAnyValue: any text can be read again, and no line is too long.
func TestAnyValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{" ", "  ", "=?", "ü", "=?utf-8?q?x?=",
			strings.Repeat("y", 600), strings.Repeat("wort ", 20)})), 0, 20).Draw(t, "value"), "")
		var out bytes.Buffer
		e := Edit{Header: []HeaderEdit{{Replace, "Subject", value}}}
		if err := e.Apply(&out, strings.NewReader("Subject: x\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		for l := range strings.SplitSeq(out.String(), "\r\n") {
			if len(l) > maxLine || strings.ContainsAny(l, "\r\n") || len(l) > 78 && strings.Contains(strings.TrimSpace(l), " ") && !strings.Contains(l, "  ") {
				t.Fatalf("line of %d: %q", len(l), l)
			}
		}
		l, _ := Read(&out)
		want := strings.Join(strings.Fields(plain(value)), " ")
		if got := strings.Join(strings.Fields(l.Values("Subject")[0]), " "); got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	})
}

// TestHeaderNames: a name that is none is an error before anything is written.
func TestHeaderNames(t *testing.T) {
	for _, name := range []string{"", "a b", "a:", "ü", "a\r\nb"} {
		var out bytes.Buffer
		err := (&Edit{Header: []HeaderEdit{{Add, name, "x"}}}).Apply(&out, strings.NewReader("A: 1\r\n\r\n"))
		if err == nil || out.Len() > 0 {
			t.Errorf("%q: %v, %q", name, err, out.String())
		}
	}
}

// TestErrors: those of reader and writer come back as they are.
func TestErrors(t *testing.T) {
	lost := errors.New("lost")
	e := &Edit{Header: []HeaderEdit{{Add, "A", "1"}}, Foot: "foot"}
	for _, head := range []string{"", "A: 1\r\n", "A: 1\r\n\r\ntext", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nX: "} {
		broken := func() io.Reader { return io.MultiReader(strings.NewReader(head), iotest.ErrReader(lost)) }
		if _, err := Read(broken()); err != lost {
			t.Errorf("%q: read: %v", head, err)
		}
		if err := e.Apply(io.Discard, broken()); err != lost {
			t.Errorf("%q: apply: %v", head, err)
		}
	}
	for _, e := range []*Edit{e, {Header: e.Header}, {}} {
		if err := e.Apply(fullWriter{lost}, strings.NewReader(strings.Repeat("x\r\n", 10000))); err != lost {
			t.Errorf("full: %v", err)
		}
	}
}

type fullWriter struct{ error }

func (w fullWriter) Write([]byte) (int, error) { return 0, w.error }

// TestURLs: what counts as an URL, and what becomes of it.
func TestURLs(t *testing.T) {
	mark := func(url string) string { return "https://gate.example/?" + url }
	for _, c := range []struct {
		kind, text string
		urls       []string
		rewritten  string
	}{
		{"plain", "see http://a.example, (https://b.example/x_(y)) or <ftp://c.example/z>.", []string{"http://a.example", "https://b.example/x_(y)", "ftp://c.example/z"},
			"see https://gate.example/?http://a.example, (https://gate.example/?https://b.example/x_(y)) or <https://gate.example/?ftp://c.example/z>."},
		{"plain", "xhttp://a HTTP://B gopher://c http:// ://", []string{"http://a", "HTTP://B"},
			"xhttps://gate.example/?http://a https://gate.example/?HTTP://B gopher://c http:// ://"},
		{"plain", "abc://http://d", []string{"http://d"}, "abc://https://gate.example/?http://d"},
		{"html", `<A class=x HREF="h` + "\t" + `ttp://a.example/?x&amp;y">http://a.example/?x&amp;z</A><img src='http://i.example'/>`,
			[]string{"http://a.example/?x&y", "http://a.example/?x&z", "http://i.example"},
			`<a class="x" href="https://gate.example/?http://a.example/?x&amp;y">https://gate.example/?http://a.example/?x&amp;z</A><img src="https://gate.example/?http://i.example"/>`},
		{"html", `<a title="http://no.example" href=mailto:a@b>x</a><!-- http://no.example -->`, nil,
			`<a title="http://no.example" href=mailto:a@b>x</a><!-- http://no.example -->`},
		{"html", `<script>if (a<b) x="http://s.example"</script><a href="http://open.example`, []string{"http://s.example"}, ""},
	} {
		mail := "Content-Type: text/" + c.kind + "\r\n\r\n" + c.text
		l, _ := Read(strings.NewReader(mail))
		if d := cmp.Diff(c.urls, l.URLs()); d != "" {
			t.Errorf("%s: %s", c.text, d)
		}
		after, _ := Read(bytes.NewReader(apply(t, &Edit{URL: mark}, []byte(mail))))
		if got := strings.TrimSuffix(after.Parts[0].Text, "\r\n"); c.rewritten != "" && got != c.rewritten {
			t.Errorf("%s: rewritten %s", c.text, got)
		}
	}
}

// TestURLsUnchanged: rewriting that changes no URL changes nothing of HTML.
func TestURLsUnchanged(t *testing.T) {
	same := func(url string) string { return url }
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{"<", ">", "a", " ", "href=", `"`, "'", "http://x", "&amp;", "&", "<a ", "</a>",
			"<!--", "-->", "<script>", "</script>", "<plaintext>", "\x00", "/", "<textarea>", "<![CDATA[", "\r", "\n", "ü"})).Draw(t, "html"), "")
		if got := rewriteHTML(s, same); got != s {
			t.Fatalf("%q: %q", s, got)
		}
	})
}

func plain(s string) string { return rawmime.Plain([]byte(s)) }
