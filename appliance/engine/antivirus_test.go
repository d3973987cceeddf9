package engine

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"esasim/appliance/stage"
	"esasim/esa"
)

// zipped is an archive; names and contents by turns.
func zipped(t testing.TB, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, files[i+1])
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipped(t testing.TB, s string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, s)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// secret marks the files of an archive as encrypted, as their readers see it.
func secret(s string) string {
	b := []byte(s)
	for i := range b {
		switch {
		case bytes.HasPrefix(b[i:], []byte("PK\x03\x04")):
			b[i+6] |= 1
		case bytes.HasPrefix(b[i:], []byte("PK\x01\x02")):
			b[i+8] |= 1
		}
	}
	return string(b)
}

func deep(t testing.TB, n int, s string) string {
	for range n {
		s = zipped(t, "in.zip", s)
	}
	return s
}

func sumOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// attached is a message with a text and a file.
func attached(name, content string) string {
	var b strings.Builder
	b.WriteString("Subject: You WIN\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n" +
		"--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=" + name + "\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	code := base64.StdEncoding.EncodeToString([]byte(content))
	for len(code) > 76 {
		b.WriteString(code[:76] + "\r\n")
		code = code[76:]
	}
	b.WriteString(code + "\r\n--b--\r\n")
	return b.String()
}

func virusStage(t testing.TB, o VirusOptions) stage.Stage {
	t.Helper()
	s, err := AntiVirus(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const known = "a file that is known to be bad"

// Where a virus is found, and what cannot be looked into.
func TestVirusVerdicts(t *testing.T) {
	listed := map[string]Virus{sumOf(known): {Name: "W32/Known"}}
	bomb := strings.Repeat("\x00", 8<<20)
	for _, c := range []struct {
		name, content string
		want          esa.Verdict
		virus         string
	}{
		{"clean", "Subject: x\r\n\r\nhello\r\n", esa.Negative, ""},
		{"clean file", attached("a.txt", "hello"), esa.Negative, ""},
		{"clean archive", attached("a.zip", zipped(t, "a.txt", "hello")), esa.Negative, ""},
		{"in the text", "Subject: x\r\n\r\nlook: " + eicar + "\r\n", esa.Positive, eicarName},
		{"in a coded text", "Content-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString([]byte("look: "+eicar)) + "\r\n", esa.Positive, eicarName},
		{"in a quoted text", "content-transfer-encoding:quoted-printable\r\n\r\n" + strings.ReplaceAll(eicar, "-", "=2D=\r\n") + "\r\n", esa.Positive, eicarName},
		{"file", attached("eicar.com", eicar), esa.Positive, eicarName},
		{"in a file", attached("a.bin", strings.Repeat("x", 5000)+eicar+"xx"), esa.Positive, eicarName},
		{"in an attached message", "Content-Type: message/rfc822\r\n\r\n" + attached("eicar.com", eicar), esa.Positive, eicarName},
		{"in an archive", attached("a.zip", zipped(t, "a.txt", "hello", "dir/eicar.com", eicar)), esa.Positive, eicarName},
		{"in five archives", attached("a.zip", deep(t, 5, eicar)), esa.Positive, eicarName},
		{"in six archives", attached("a.zip", deep(t, 6, eicar)), esa.Unscannable, ""},
		{"in gzip", attached("a.tar.gz", gzipped(t, "tar"+eicar)), esa.Positive, eicarName},
		{"listed", attached("a.exe", known), esa.Positive, "W32/Known"},
		{"listed, in an archive", attached("a.zip", zipped(t, "a", known)), esa.Positive, "W32/Known"},
		{"two", attached("a.zip", zipped(t, "a", known, "b", eicar)), esa.Positive, "W32/Known, " + eicarName},
		{"not the test file", attached("a", eicar[1:]), esa.Negative, ""},
		{"encrypted archive", attached("a.zip", secret(zipped(t, "a", "hello"))), esa.Encrypted, ""},
		{"encrypted, and a virus", attached("a.zip", secret(zipped(t, "a", "hello"))+zipped(t, "b", eicar)), esa.Positive, eicarName},
		{"PGP", "Subject: x\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nabc\r\n", esa.Encrypted, ""},
		{"S/MIME", "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\n\r\nabc\r\n", esa.Encrypted, ""},
		{"broken archive", attached("a.zip", zipped(t, "a", strings.Repeat("hello ", 50))[:40]), esa.Unscannable, ""},
		{"broken file in an archive", attached("a.zip", strings.Replace(zipped(t, "a", known), "PK\x03\x04", "PK\x03\x04", 1)[:35]+"xxxx"), esa.Unscannable, ""},
		{"broken gzip", attached("a.gz", gzipped(t, "hello")[:12]), esa.Unscannable, ""},
		{"unpacks to too much", attached("a.zip", zipped(t, "a", bomb)), esa.Unscannable, ""},
		{"too many files", attached("a.zip", zipped(t, many(maxFiles+1)...)), esa.Unscannable, ""},
	} {
		for _, large := range []string{"", strings.Repeat("x", 70) + "\r\n"} {
			content := c.content
			if large != "" { // the same in one that is not kept
				head, rest, _ := strings.Cut(content, "\r\n\r\n")
				if !strings.Contains(head, "multipart") {
					continue
				}
				content = head + "\r\n\r\n" + strings.Repeat(large, 1000) + rest
			}
			o := VirusOptions{Viral: stage.Treatment{Action: "drop"}, Viruses: listed}
			f := scan(t, virusStage(t, o), job(content))
			if o.Viruses = nil; c.name != "in a file" && !strings.Contains(c.virus, "Known") { // the same without a list
				if f := scan(t, virusStage(t, o), job(content)); f.Verdict != c.want || f.Name != c.virus {
					t.Errorf("%s (%d octets), nothing listed: verdict %d, %q", c.name, len(content), f.Verdict, f.Name)
				}
			}
			if f.Verdict != c.want || f.Name != c.virus || (f.Want.Drop == "Dropped by antivirus") != (c.want == esa.Positive) {
				t.Errorf("%s (%d octets): verdict %d, %q, %+v", c.name, len(content), f.Verdict, f.Name, f.Want)
			}
		}
	}
}

func many(n int) (files []string) {
	for i := range n {
		files = append(files, fmt.Sprint(i), "")
	}
	return files
}

// With nothing listed, most mail is not taken apart; the verdicts are the same.
func TestVirusUnlisted(t *testing.T) {
	for content, want := range map[string]esa.Verdict{
		"Subject: x\r\nContent-Transfer-Encoding: 7bit\r\nContent-Type: text/plain\r\n\r\nhello\r\n":                                          esa.Negative,
		"Content-Type: text/plain\r\n\r\n" + eicar:                                                                                            esa.Positive,
		"Content-Transfer-Encoding: Base64\r\n\r\n" + base64.StdEncoding.EncodeToString([]byte(eicar)):                                        esa.Positive,
		"Content-Type: multipart/encrypted; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n":                                                      esa.Encrypted,
		"Content-Type: text/plain\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n":                                                                     esa.Encrypted,
		"Content-Transfer-Encoding:\r\n base64\r\n\r\n" + base64.StdEncoding.EncodeToString([]byte("x"+eicar)):                                esa.Positive,
		"Content-Type:\r\n application/x\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString([]byte("x"+eicar)): esa.Positive,
		"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + eicar[:30] + "=\r\n" + eicar[30:]:                                             esa.Positive,
		"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + eicar[:50] + "=\r\n" + eicar[50:]:                                             esa.Positive,
		"Content-Type: application/zip\r\n\r\nPK\x03\x04 broken":                                                                              esa.Unscannable,
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
			base64.StdEncoding.EncodeToString([]byte(eicar)) + "\r\n--b--\r\n": esa.Positive,
	} {
		if f := scan(t, virusStage(t, VirusOptions{}), job(content)); f.Verdict != want {
			t.Errorf("%q: %+v", content, f)
		}
	}
}

// Each verdict has its treatment and its reason.
func TestVirusTreatments(t *testing.T) {
	listed := map[string]Virus{sumOf(known): {Name: "W32/Known", Repairable: true}}
	hold := stage.Treatment{Action: "quarantine", Subject: "[W] "}
	o := VirusOptions{Repair: true, Repaired: hold, Encrypted: hold, Unscannable: hold, Viral: hold, Viruses: listed}
	for reason, content := range map[string]string{
		"a/v verdict:VIRAL":       attached("e", eicar),
		"a/v verdict:REPAIRED":    attached("e", known),
		"a/v verdict:ENCRYPTED":   attached("e", secret(zipped(t, "a", "b"))),
		"a/v verdict:UNSCANNABLE": attached("e", zipped(t, "a", "b")[:30]),
	} {
		f := scan(t, virusStage(t, o), job(content))
		if w := f.Want; len(w.Hold) != 1 || w.Hold[0] != (stage.Hold{Quarantine: "Virus", Reason: reason}) || w.By != "antivirus" || w.Edit.Header[0].Value != "[W] You WIN" {
			t.Errorf("%s: %+v", reason, f)
		}
	}
}

// What can be repaired is, if all that is found can be, and the policy wants it.
func TestVirusRepair(t *testing.T) {
	listed := map[string]Virus{sumOf(known): {Name: "W32/Known", Repairable: true}}
	content := attached("known.exe", known)
	f := scan(t, virusStage(t, VirusOptions{Repair: true, Viruses: listed}), job(content))
	got := edited(f.Want.Edit, content)
	if f.Verdict != esa.Repaired || f.Name != "W32/Known" || f.Want.By != "antivirus" || strings.Contains(got, base64.StdEncoding.EncodeToString([]byte(known))) ||
		!strings.Contains(got, "hello") || !strings.Contains(got, "An attachment was removed by antivirus: it was infected with W32/Known.") {
		t.Errorf("%+v\n%s", f, got)
	}
	for name, o := range map[string]VirusOptions{"not wanted": {Viruses: listed}, "not repairable": {Repair: true, Viruses: map[string]Virus{sumOf(known): {Name: "W32/Known"}}}} {
		if f := scan(t, virusStage(t, o), job(content)); f.Verdict != esa.Positive || !f.Want.Edit.Empty() {
			t.Errorf("%s: %+v", name, f)
		}
	}
	both := attached("a.zip", zipped(t, "a", known, "b", eicar))
	if f := scan(t, virusStage(t, VirusOptions{Repair: true, Viruses: listed}), job(both)); f.Verdict != esa.Positive {
		t.Errorf("one of two: %+v", f)
	}
	strip := VirusOptions{Viral: stage.Treatment{Strip: true}}
	f = scan(t, virusStage(t, strip), job(attached("eicar.com", eicar)))
	if got := edited(f.Want.Edit, attached("eicar.com", eicar)); f.Verdict != esa.Positive || !strings.Contains(got, "infected with "+eicarName) || !strings.Contains(got, "hello") {
		t.Errorf("stripped: %+v\n%s", f, got)
	}
}

// Rules come before what is in the message, and say which files are meant.
func TestVirusRules(t *testing.T) {
	exe := When{Attachment: []string{"*.exe"}}
	content := attached("run.exe", "hello")
	file := esa.Attachment{Name: "run.exe", Type: "application/octet-stream"}
	for _, c := range []struct {
		rule  Rule
		want  esa.Verdict
		parts []int
	}{
		{Rule{Engine: "antivirus", Verdict: "viral", Name: "W32/Rule", When: exe}, esa.Positive, nil},
		{Rule{Engine: "antivirus", Verdict: "repaired", Name: "W32/Rule", When: exe}, esa.Repaired, []int{1}},
		{Rule{Engine: "antivirus", Verdict: "unscannable", Name: "W32/Rule", When: exe}, esa.Unscannable, nil},
		{Rule{Engine: "antivirus", Verdict: "encrypted", Name: "W32/Rule", When: exe}, esa.Encrypted, nil},
		{Rule{Engine: "antivirus", Verdict: "clean", Name: "W32/Rule", When: exe}, esa.Negative, nil},
	} {
		f := scan(t, virusStage(t, VirusOptions{Repair: true, Rules: rules(t, c.rule)}), job(content, file))
		var parts []int
		for p := range f.Want.Edit.Strip {
			parts = append(parts, p)
		}
		if f.Verdict != c.want || f.Name != "W32/Rule" || !slices.Equal(parts, c.parts) {
			t.Errorf("%s: %+v", c.rule.Verdict, f)
		}
	}
	repaired := rules(t, Rule{Engine: "antivirus", Verdict: "repaired", When: When{Subject: []string{"win"}}})
	if f := scan(t, virusStage(t, VirusOptions{Repair: true, Rules: repaired}), job("Subject: x\r\n\r\nhello")); f.Verdict != esa.Positive {
		t.Errorf("nothing to take out: %+v", f)
	}
}

// Everybody is told by a message of his own, which has no sender.
func TestVirusNotice(t *testing.T) {
	o := VirusOptions{Viral: stage.Treatment{Action: "drop"}, Notice: Notice{Sender: true, Recipients: true, Others: []string{"admin@y.test"}, Host: "esa.test"}}
	j := job(attached("eicar.com", eicar), esa.Attachment{Name: "eicar\r\n.com"})
	f := scan(t, virusStage(t, o), j)
	var to []string
	for _, c := range f.Want.Copies {
		to = append(to, c.To...)
		text := string(c.Content)
		if !c.Null || c.By != "antivirus" || !strings.Contains(text, "Virus: "+eicarName+"\r\n") || !strings.Contains(text, "\r\nTo: "+c.To[0]+"\r\n") ||
			!strings.Contains(text, "Attachment: eicar  .com\r\n") || strings.Contains(text, eicar) {
			t.Errorf("%+v\n%s", c, text)
		}
	}
	if want := []string{"admin@y.test", "news@shop.test", "x@y.test", "boss@corp.test"}; !slices.Equal(to, want) || f.Want.Drop == "" {
		t.Errorf("to %v, want %v", to, want)
	}
	j = job("\r\nhello")
	if f := scan(t, virusStage(t, o), j); len(f.Want.Copies) != 0 {
		t.Errorf("clean: %+v", f)
	}
	j = job(attached("eicar.com", eicar))
	j.Message.Sender = ""
	if f := scan(t, virusStage(t, o), j); len(f.Want.Copies) != 3 {
		t.Errorf("null sender: %+v", f)
	}
}

// The test file is found however it comes.
func TestProbe(t *testing.T) {
	for before := range 200 {
		text := strings.Repeat("x", before) + eicar + "yy"
		for _, r := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text)), iotest.HalfReader(strings.NewReader(text)), pieces(text, 50)} {
			var p probe
			if _, err := io.Copy(struct{ io.Writer }{&p}, struct{ io.Reader }{r}); err != nil || !p.found {
				t.Fatalf("behind %d octets: %v", before, err)
			}
		}
	}
	archive := zipped(t, "a", "b")
	for _, r := range []io.Reader{strings.NewReader(archive), iotest.OneByteReader(strings.NewReader(archive))} {
		var p probe
		if _, err := io.Copy(struct{ io.Writer }{&p}, struct{ io.Reader }{r}); err != nil || string(p.kept) != archive || p.over {
			t.Errorf("archive not kept: %d octets, %v", len(p.kept), err)
		}
	}
	var p probe
	p.Write([]byte(archive))
	for range maxArchive / len(archive) {
		p.Write([]byte(archive))
	}
	if !p.over || len(p.kept) != magic {
		t.Errorf("too large, kept %d octets", len(p.kept))
	}
}

// pieces reads n octets at a time.
func pieces(s string, n int) io.Reader {
	var all []io.Reader
	for len(s) > n {
		all = append(all, strings.NewReader(s[:n]))
		s = s[n:]
	}
	return io.MultiReader(append(all, strings.NewReader(s))...)
}

// What the lines of a message tell does not depend on how they are read.
func TestHints(t *testing.T) {
	for _, c := range []struct {
		content string
		want    bool
	}{
		{"Subject: x\r\n\r\n" + eicar, true},
		{"Content-Type: text/html\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\n=\r\nX5EICAR\r\n", true},
		{"Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=\r\nhello", false},
		{"Content-Type: text/html\r\n\r\nEICAR\r\n", false},
		{"content-transfer-encoding: BASE64\r\n\r\nxyz\r\n", true},
		{"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBOR\r\n", false},
		{"Content-Transfer-Encoding: base64\nContent-Type: message/rfc822\n\nxyz\n", true},
		{"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nUEsDBAAA", true},
		{"Content-Type: APPLICATION/pkcs7-mime; x\r\n\r\n", true},
		{"Content-Type: application/pkcs7-signature; x\r\n\r\n", false},
		{"Subject: x\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n", true},
		{"Subject: x\r\n\r\nUEsDAAAA\r\n", false},
		{strings.Repeat("x", 20<<10) + eicar, true},
		{strings.Repeat("x", 20<<10) + "\r\n7z\xbc\xaf\x27\x1c", true},
	} {
		for _, r := range []io.Reader{strings.NewReader(c.content), iotest.OneByteReader(strings.NewReader(c.content)), iotest.DataErrReader(strings.NewReader(c.content)), pieces(c.content, 70)} {
			var h hints
			if err := h.read(r, make([]byte, 0, 8<<10)); err != nil || h.found != c.want {
				t.Errorf("%.80q: %t, %v", c.content, h.found, err)
			}
		}
		if got, err := hides(job(c.content)); got != c.want || err != nil {
			t.Errorf("whole %.80q: %t, %v", c.content, got, err)
		}
	}
	if err := (&hints{}).read(iotest.ErrReader(io.ErrClosedPipe), make([]byte, 0, 8<<10)); err != io.ErrClosedPipe {
		t.Errorf("a broken reader: %v", err)
	}
}

// Whatever an archive is, looking at it ends, within its bounds.
func FuzzArchive(f *testing.F) {
	f.Add([]byte(zipped(f, "a", known, "b/c", eicar)))
	f.Add([]byte(deep(f, 7, eicar)))
	f.Add([]byte(secret(zipped(f, "a", known))))
	f.Add([]byte(gzipped(f, "hello")))
	f.Add([]byte(zipped(f, "a", strings.Repeat("a", 1<<20))))
	f.Fuzz(func(t *testing.T, b []byte) {
		d := dissection{known: map[string]Virus{sumOf(known): {Name: "W32/Known"}}}
		w := d.part(0)
		if n, err := w.Write(b); n != len(b) || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		d.close()
		if d.spent.octets > d.spent.limit || d.spent.limit > maxUnpacked || d.spent.files > maxFiles {
			t.Errorf("%+v", d.spent)
		}
	})
}
