package letter

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"esasim/esa"
	"esasim/smtp/content"
)

var update = flag.Bool("update", false, "write the golden files")

// mails gives all the mails there are to try, by file.
func mails(t testing.TB) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, dir := range []string{"testdata/letters", "../../testdata/mails"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.eml"))
		if err != nil || len(files) < 8 {
			t.Fatalf("%s: %d mails, %v", dir, len(files), err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file, ".edited.eml") {
				all[file] = crlf(t, file)
			}
		}
	}
	return all
}

// crlf reads a mail; in the tree they have LF.
func crlf(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return []byte(strings.ReplaceAll(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n", "\r\n"))
}

// golden compares with a file, or writes it.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s: %s", file, d)
	}
}

// view is a letter as the golden files show it.
type view struct {
	*Letter
	URLs []string `json:",omitempty"`
}

// everything is an edit that touches whatever there is.
func everything(l *Letter) *Edit {
	e := &Edit{
		Header: []HeaderEdit{
			{Replace, "Subject", "[Grüße] " + strings.Join(l.Values("Subject"), "")},
			{Remove, "X-Remove", ""},
			{Add, "X-Added", "one\r\nX-Injected: two"},
		},
		Strip:   map[int]string{},
		Head:    "External <sender>.",
		Foot:    "Für Sie geprüft.",
		Replace: func(s string) string { return strings.ReplaceAll(s, "http://evil.example/", "https://safe.example/?") },
	}
	for _, f := range l.Files() {
		if e.Strip[f.Index] = ""; f.Name != "" {
			e.Strip[f.Index] = "Removed: " + f.Name
		}
	}
	return e
}

func apply(t testing.TB, e *Edit, mail []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := e.Apply(&out, bytes.NewReader(mail)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestLetters compares testdata/letters/*.eml as read with the .json beside
// each, and as changed with the .edited.eml.
func TestLetters(t *testing.T) {
	for file, mail := range mails(t) {
		if !strings.HasPrefix(file, "testdata/letters") {
			continue
		}
		l, err := Read(bytes.NewReader(mail))
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.MarshalIndent(view{l, l.URLs()}, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		stem := strings.TrimSuffix(file, ".eml")
		golden(t, stem+".json", append(b, '\n'))
		edited := apply(t, everything(l), mail)
		golden(t, stem+".edited.eml", bytes.ReplaceAll(edited, []byte("\r\n"), []byte("\n")))
	}
}

// TestReadAgain: one reader for all must not remember, and how a message comes
// in does not matter.
func TestReadAgain(t *testing.T) {
	var r Reader
	for file, mail := range mails(t) {
		want, err := Read(bytes.NewReader(mail))
		if err != nil {
			t.Fatal(err)
		}
		if want.Size != int64(len(mail)) {
			t.Errorf("%s: size %d of %d", file, want.Size, len(mail))
		}
		got, err := r.Read(iotest.OneByteReader(bytes.NewReader(mail)))
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%s: %v %s", file, err, d)
		}
	}
}

// TestFilesAreThoseOfTracking: an attachment here is an attachment there.
func TestFilesAreThoseOfTracking(t *testing.T) {
	seen := 0
	for file, mail := range mails(t) {
		seen += sameFiles(t, file, mail)
	}
	if seen < 10 {
		t.Errorf("only %d files", seen)
	}
}

// sameFiles counts the files that tracking sees, all of which must be files
// here, in the same order; those within attached files only we see.
func sameFiles(t *testing.T, what string, mail []byte) int {
	t.Helper()
	tracked, err := content.Scan(bytes.NewReader(mail))
	if err != nil {
		t.Fatal(err)
	}
	l, err := Read(bytes.NewReader(mail))
	if err != nil {
		t.Fatal(err)
	}
	files := l.Files()
	for _, a := range tracked.Attachments {
		for len(files) > 0 && a != (esa.Attachment{Name: files[0].Name, Type: files[0].Type, Size: files[0].Size, SHA256: files[0].SHA256}) {
			files = files[1:]
		}
		if len(files) == 0 {
			t.Errorf("%s: tracking has %+v, the letter has not: %+v", what, a, l.Files())
			return 0
		}
		files = files[1:]
	}
	return len(tracked.Attachments)
}

// TestNothingChanges: edits that find nothing leave every octet.
func TestNothingChanges(t *testing.T) {
	for file, mail := range mails(t) {
		for name, e := range map[string]*Edit{
			"empty":          {},
			"nothing found":  {Header: []HeaderEdit{{Op: Remove, Name: "X-None"}}, Strip: map[int]string{9999: "x"}},
			"same text":      {Replace: func(s string) string { return s }},
			"header and all": {Header: []HeaderEdit{{Op: Remove, Name: "X-None"}}, Replace: strings.Clone},
		} {
			if got := apply(t, e, mail); !bytes.Equal(got, mail) {
				t.Errorf("%s: %s: %s", file, name, cmp.Diff(string(mail), string(got)))
			}
		}
	}
}
