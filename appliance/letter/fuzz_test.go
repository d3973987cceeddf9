package letter

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"esasim/internal/rawmime"
)

// FuzzRead: never panics, always reads to the end, finds the same however the
// message comes in, and what it finds is bounded and text.
func FuzzRead(f *testing.F) {
	for _, mail := range mails(f) {
		f.Add(mail)
	}
	f.Fuzz(func(t *testing.T, mail []byte) {
		r := bytes.NewReader(mail)
		l, err := Read(r)
		if err != nil || r.Len() > 0 || l.Size != int64(len(mail)) {
			t.Fatalf("%v, %d of %d octets", err, l.Size, len(mail))
		}
		bytewise, err := Read(iotest.OneByteReader(bytes.NewReader(mail)))
		if err != nil || !reflect.DeepEqual(l, bytewise) {
			t.Fatalf("byte by byte: %v, %s", err, cmp.Diff(l, bytewise))
		}
		for _, h := range l.Header {
			if !isLine(h.Name) || !isLine(h.Value) {
				t.Fatalf("not one line of text: %q: %q", h.Name, h.Value)
			}
		}
		text := 0
		for i, p := range l.Parts {
			text += len(p.Text)
			if p.Index != i || len(p.SHA256) != 64 || p.Size > l.Size || !utf8.ValidString(p.Text) || strings.ContainsAny(p.Name, "/\\\r\n\x00") {
				t.Fatalf("part %d: %+v", i, p)
			}
		}
		if text > MaxText {
			t.Fatalf("%d octets of text", text)
		}
		for _, u := range l.URLs() {
			if schemeLength(u) == 0 || len(u) > maxURL {
				t.Fatalf("URL %q", u)
			}
		}
		sameFiles(t, "fuzz", mail)
	})
}

func isLine(s string) bool { return !strings.ContainsAny(s, "\r\n\x00") && utf8.ValidString(s) }

// onlyCRLF makes of any octets a mail as it comes in.
func onlyCRLF(mail []byte) []byte {
	mail = bytes.ReplaceAll(bytes.ReplaceAll(mail, []byte("\r"), nil), []byte("\n"), []byte("\r\n"))
	return mail[:min(len(mail), 64<<10)]
}

// FuzzEdit: whatever the message and the values, line ends stay line ends, what
// was asked for can be read again, and asking again changes nothing more.
func FuzzEdit(f *testing.F) {
	for _, mail := range mails(f) {
		f.Add(mail, "[SPAM] Grüße", "a\r\nX-Injected: 1", "foot\r\n.\r\n", 0)
		f.Add(mail, "=?utf-8?q?x?=  "+strings.Repeat("ü ", 60), strings.Repeat("x", 1200), "", 3)
	}
	f.Fuzz(func(t *testing.T, mail []byte, subject, value, text string, strip int) {
		mail = onlyCRLF(mail)
		if len(subject)+len(value) > 8<<10 {
			return
		}
		before, _ := Read(bytes.NewReader(mail))
		header := &Edit{Header: []HeaderEdit{{Replace, "Subject", subject}, {Remove, "X-Added", ""}, {Add, "X-Added", value}}}
		out := apply(t, header, mail)
		if again := apply(t, header, out); !bytes.Equal(out, again) && !before.Cut {
			t.Fatalf("not idempotent: %s", cmp.Diff(string(out), string(again)))
		}
		after, _ := Read(bytes.NewReader(out))
		if !before.Cut {
			one(t, after, "Subject", subject)
			one(t, after, "X-Added", value)
			if d := cmp.Diff(before.Parts, after.Parts); d != "" {
				t.Fatalf("parts: %s", d)
			}
		}
		all := *header
		all.Strip, all.Head, all.Foot = map[int]string{strip: text}, text, text
		all.Replace = func(s string) string { return strings.ReplaceAll(s, "e", text) }
		for _, out := range [][]byte{out, apply(t, &all, mail)} {
			if bytes.Count(out, []byte("\r")) != bytes.Count(out, []byte("\r\n")) || bytes.Count(out, []byte("\n")) != bytes.Count(out, []byte("\r\n")) {
				t.Fatalf("line ends: %q", out)
			}
		}
		if e := (&Edit{Replace: strings.Clone}); !bytes.Equal(apply(t, e, mail), mail) {
			t.Fatalf("changed by nothing")
		}
		stripped(t, before, mail, strip)
	})
}

// one is true if there is one field of the name, with the value.
func one(t *testing.T, l *Letter, name, value string) {
	t.Helper()
	if got, want := l.Values(name), rawmime.Plain([]byte(value)); len(got) != 1 || got[0] != want {
		t.Fatalf("%s: %q, want %q", name, got, want)
	}
}

// stripped puts a text in the place of a part, and then leaves out the part.
func stripped(t *testing.T, before *Letter, mail []byte, index int) {
	t.Helper()
	if index < 0 || index >= len(before.Parts) || before.Cut {
		return
	}
	inner := 0 // parts of an attached message go with it
	for _, p := range before.Parts {
		for in := p.In; in >= 0; in = before.Parts[in].In {
			if in == index {
				inner++
			}
		}
	}
	after, _ := Read(bytes.NewReader(apply(t, &Edit{Strip: map[int]string{index: "was here"}}, mail)))
	if len(after.Parts) != len(before.Parts)-inner {
		t.Fatalf("%d parts, before %d, and %d with it", len(after.Parts), len(before.Parts), inner)
	}
	if p := after.Parts[index]; p.Type != "text/plain" || p.File || strings.TrimRight(p.Text, "\r\n") != "was here" {
		t.Fatalf("in its place: %+v", p)
	}
	for i, p := range after.Parts {
		if i < index && before.Parts[i].SHA256 != p.SHA256 && before.Parts[i].Type != "message/rfc822" {
			t.Fatalf("part %d has changed: %+v, before %+v", i, p, before.Parts[i])
		}
	}
	left, _ := Read(bytes.NewReader(apply(t, &Edit{Strip: map[int]string{index: ""}}, mail)))
	if n := len(before.Parts) - 1 - inner; len(left.Parts) != n && len(left.Parts) != n+1 {
		t.Fatalf("%d parts left, of %d", len(left.Parts), len(before.Parts))
	}
}
