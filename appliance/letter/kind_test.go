package letter

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// archive makes a ZIP file of empty files.
func archive(t *testing.T, names ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range names {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		f.Write(bytes.Repeat([]byte("content "), 5000))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestKinds(t *testing.T) {
	ole := "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 5000)
	locked := []byte(archive(t, "a.txt", "b.txt"))
	locked[bytes.LastIndex(locked, []byte("PK\x03\x04"))+6] |= 1 // only the second file
	for _, c := range []struct {
		what, data, kind string
		encrypted, macro bool
	}{
		{"empty", "", "", false, false},
		{"pdf", "%PDF-1.4\n1 0 obj", "pdf", false, false},
		{"pdf behind a line", "\n\n%PDF-1.4\n1 0 obj", "pdf", false, false},
		{"pdf with a password", "%PDF-1.4\n" + strings.Repeat("x", window-12) + "/Encrypt 5 0 R", "pdf", true, false},
		{"zip", archive(t, "a.txt"), "zip", false, false},
		{"zip with a password", string(locked), "zip", true, false},
		{"docx", archive(t, "[Content_Types].xml", "word/document.xml"), "docx", false, false},
		{"xlsm", archive(t, "[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin"), "xlsx", false, true},
		{"pptx", archive(t, "_rels/.rels", "ppt/presentation.xml"), "pptx", false, false},
		{"doc", ole + string(utf16("WordDocument")), "doc", false, false},
		{"doc with a macro", ole + string(utf16("_VBA_PROJECT")), "doc", false, true},
		{"docx with a password", ole + string(utf16("EncryptedPackage")), "doc", true, false},
		{"7z", "7z\xbc\xaf\x27\x1c\x00\x04", "7z", false, false},
		{"7z with a password", "7z\xbc\xaf\x27\x1c\x00\x04...\x06\xf1\x07\x01", "7z", true, false},
		{"rar 5", "Rar!\x1a\x07\x01\x00crc4\x05\x01\x00", "rar", false, false},
		{"rar 5 with hidden names", "Rar!\x1a\x07\x01\x00crc4\x05\x04\x00", "rar", true, false},
		{"rar 4 with a password", "Rar!\x1a\x07\x00cc\x73\x00\x00\x0d\x00......cc\x74\x04\x00", "rar", true, false},
		{"rar 4 with hidden names", "Rar!\x1a\x07\x00cc\x73\x80\x00\x0d\x00", "rar", true, false},
		{"exe", "MZ\x90\x00\x03", "exe", false, false},
		{"text that begins with MZ", "MZ is the mark of DOS", "text", false, false},
		{"gif", "GIF89a\x01\x00", "gif", false, false},
		{"jpeg", "\xff\xd8\xff\xe0", "jpeg", false, false},
		{"png", "\x89PNG\r\n\x1a\n", "png", false, false},
		{"rtf", `{\rtf1`, "rtf", false, false},
		{"html", "  <!DOCTYPE html><p>", "html", false, false},
		{"shell", "#!/bin/sh\n", "script", false, false},
		{"batch", "@ECHO off\r\n", "script", false, false},
		{"vbs", `Set x = CreateObject("WScript.Shell")`, "script", false, false},
		{"text", "just words", "text", false, false},
		{"anything", "\x01\x02\x03\x00", "", false, false},
	} {
		mail := fmt.Sprintf("Content-Type: application/x; name=f\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n",
			base64.StdEncoding.EncodeToString([]byte(c.data)))
		l, err := Read(strings.NewReader(mail))
		if err != nil || len(l.Parts) != 1 {
			t.Fatalf("%s: %v %+v", c.what, err, l)
		}
		p := l.Parts[0]
		if p.Kind != c.kind || p.Encrypted != c.encrypted || p.Macro != c.macro || l.Encrypted != c.encrypted {
			t.Errorf("%s: kind %q, encrypted %t, macro %t", c.what, p.Kind, p.Encrypted, p.Macro)
		}
		if c.kind != "" && !slices.Contains(Kinds(), c.kind) {
			t.Errorf("%s is not in Kinds", c.kind)
		}
	}
}
