package filter

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"esasim/appliance/letter"
	"esasim/appliance/stage"
	"esasim/esa"
)

// everything is filters that ask all there is of a message, and change all of it.
const everything = `
a: if (body-contains("(?i)invoice", 2) or attachment-contains("x") or only-body-contains("y")) { log-entry("$AllHeaders $Subject $filenames"); }
b: if (header("Subject") or every-attachment-filename == "x" or addr-count > 1) { edit-header-text("Subject", "(.)", "\\1\\1"); strip-header("From"); }
c: if (url-reputation(-10, 10) or url-no-reputation or url-category("Phishing") or dictionary-match("cards") or body-dictionary-match("money", 3)) { insert-header("X-Subject", "$Subject $Header['To']"); }
d: if (attachment-size >= 0 or attachment-filetype == "Document" or macro-detection-rule or encrypted) { drop-attachments-by-name("^.*$", "$filenames $dropped_filenames"); }
e: { url-reputation-defang(-10, 10); url-category-replace("Phishing", "[x]"); add-footer("", "$Subject"); add-heading("warning"); edit-subject-text("prepend", "[$EnvelopeRecipients]"); }
f: { notify-copy("$EnvelopeFrom, a@z.example", "$Subject"); bcc("b@z.example", "$Subject", "$EnvelopeFrom"); alt-rcpt-to("$EnvelopeRecipients, $Subject"); }
`

// No message makes filters panic, and what they make of it is a message whose header
// nobody wrote but they.
func FuzzMessage(f *testing.F) {
	s, err := Messages(everything, options())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(wire(sample), "sally@b.example", "bob@x.example")
	f.Add("Subject: =?utf-8?q?a=0D=0ABcc:_b@c?=\r\nTo: <\r\n\r\nhttp://evil.example/http://evil.example?http://", "", "\r\nBcc: x@y")
	f.Add("Content-Type: text/html\r\n\r\n<a href=\"http://evil.example/?a&amp;b\">http://evil.example</a>", "a,b@c", "$Subject@x")
	f.Fuzz(func(t *testing.T, raw, sender, recipient string) {
		m := message(t, raw)
		m.Sender, m.Recipients = sender, []esa.Recipient{{Address: recipient}}
		j := stage.NewJob(func(esa.MID) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(raw)), nil })
		j.Take(m)
		found, err := s.Scan(j)
		if err != nil || len(found.Told) > maxTold {
			t.Fatalf("%d, %v", len(found.Told), err)
		}
		var out bytes.Buffer
		if err := found.Want.Edit.Apply(&out, strings.NewReader(raw)); err != nil {
			t.Fatal(err)
		}
		for _, c := range found.Want.Copies {
			for _, to := range append(c.To, c.From) {
				if strings.ContainsAny(to, "\r\n") {
					t.Fatalf("address %q", to)
				}
			}
			head, _, _ := strings.Cut(string(c.Content), "\r\n\r\n")
			for line := range strings.SplitSeq(head, "\r\n") {
				if name, _, _ := strings.Cut(line, ":"); head != "" && !strings.HasPrefix(line, " ") && !strings.Contains("From To Subject Date Message-ID Auto-Submitted MIME-Version Content-Type Content-Transfer-Encoding", name) {
					t.Fatalf("line %q of a notification", line)
				}
			}
		}
		for _, to := range found.Want.To {
			if strings.ContainsAny(to, "\r\n <>") {
				t.Fatalf("recipient %q", to)
			}
		}
	})
}

// What filters see of a header that filters before them changed is what the message
// has in the end.
func TestOverlay(t *testing.T) {
	for _, do := range []string{
		`insert-header("X-List", "three"); strip-header("X-Mailer"); insert-header("x-mailer", "new");`,
		`replace-header("X-List", "only"); replace-header("X-None", "new"); replace-header("X-Mailer", "a");`,
		`edit-header-text("X-List", "o", "0"); edit-subject-text("append", " ü"); strip-header("Cc");`,
		`strip-header("X-List"); replace-header("X-List", "back"); insert-header("X-List", "$Subject"); edit-header-text("X-List", "^", "<");`,
		`edit-subject-text("prepend", "[a] "); edit-subject-text("prepend", "[b] "); strip-header("Subject"); edit-subject-text("prepend", "[c] ");`,
	} {
		s, err := Messages("f: { "+do+" }\ng: { log-entry(\"$AllHeaders\"); }", options())
		if err != nil {
			t.Fatal(err)
		}
		j, _ := job(t, wire(sample))
		f, err := s.Scan(j)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := f.Want.Edit.Apply(&out, strings.NewReader(wire(sample))); err != nil {
			t.Fatal(err)
		}
		l, err := letter.Read(&out)
		if err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		for _, h := range l.Header {
			fmt.Fprintf(&all, "%s: %s ", h.Name, h.Value)
		}
		if got := f.Told[len(f.Told)-1].Text; !strings.EqualFold(got, all.String()) {
			t.Errorf("%s:\n%s\nin the end\n%s", do, got, all.String())
		}
	}
}

// A message with more bad URLs than anybody wants to read of is told of in part, and
// makes no more copies than there may be.
func TestBounds(t *testing.T) {
	var b strings.Builder
	b.WriteString("Subject: x\r\n\r\n")
	for i := range 900 {
		fmt.Fprintf(&b, "http://evil.example/%d\r\n", i)
	}
	s, err := Messages(`f: if (url-reputation(-10, -1)) { `+strings.Repeat(`bcc("a@z.example"); `, 150)+`}`, options())
	if err != nil {
		t.Fatal(err)
	}
	j, _ := job(t, b.String())
	f, err := s.Scan(j)
	if err != nil || len(f.Told) != maxTold || len(f.Want.Copies) != maxCopies {
		t.Errorf("%d told, %d copies, %v", len(f.Told), len(f.Want.Copies), err)
	}
}

// BenchmarkFilters is fifty filters on a message of 2 KiB none of which matches, by
// what they look at.
func BenchmarkFilters(b *testing.B) {
	raw := wire("Subject: hello\nTo: bob@x.example\n\n" + strings.Repeat("Nothing of interest is written here, line by line.\n", 39))
	for name, rule := range map[string]string{
		"envelope": `mail-from == "@good%d\\.example$" or subject == "(?i)invoice %d"`,
		"body":     `only-body-contains("(?i)wire transfer %d [0-9]+")`,
		"regexp":   `only-body-contains("[a-z]+ %d [0-9]+")`,
	} {
		b.Run(name, func(b *testing.B) {
			var text strings.Builder
			for i := range 50 {
				fmt.Fprintf(&text, "f%d: if (%s) { drop(); }\n", i, strings.ReplaceAll(rule, "%d", fmt.Sprint(i)))
			}
			s, err := Messages(text.String(), options())
			if err != nil {
				b.Fatal(err)
			}
			j, m := job(b, raw)
			b.ReportAllocs()
			for b.Loop() {
				j.Take(m)
				if f, err := s.Scan(j); err != nil || f.Verdict != esa.Negative {
					b.Fatalf("%+v, %v", f, err)
				}
			}
		})
	}
}
