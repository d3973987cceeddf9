package letter

import (
	"bytes"
	"net/http"
	"strings"
)

// Kinds lists what [Part.Kind] can be. "doc" is any OLE document: Word, Excel,
// PowerPoint before 2007, and what is encrypted by later ones.
func Kinds() []string {
	return []string{"7z", "bmp", "doc", "docx", "elf", "exe", "gif", "gzip", "html", "jpeg", "pdf", "png", "pptx", "rar", "rtf",
		"script", "text", "tiff", "xlsx", "zip"}
}

// kindOf tells from its beginning what a part is.
func kindOf(b []byte) string {
	b = b[:min(len(b), 1024)]
	if len(b) == 0 {
		return ""
	}
	for _, m := range [...]struct{ begins, kind string }{
		{"MZ", "exe"}, {"\x7fELF", "elf"}, {"PK\x03\x04", "zip"}, {"PK\x05\x06", "zip"}, {"Rar!\x1a\x07", "rar"},
		{"7z\xbc\xaf\x27\x1c", "7z"}, {"\x1f\x8b", "gzip"}, {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "doc"}, {"{\\rtf", "rtf"},
		{"GIF8", "gif"}, {"\xff\xd8\xff", "jpeg"}, {"\x89PNG\r\n", "png"}, {"BM", "bmp"}, {"II*\x00", "tiff"}, {"MM\x00*", "tiff"},
		{"#!", "script"},
	} {
		if !bytes.HasPrefix(b, []byte(m.begins)) {
			continue
		}
		if len(m.begins) > 2 || m.kind == "script" || bytes.IndexByte(b, 0) >= 0 || m.kind == "gzip" {
			return m.kind
		}
	}
	if bytes.Contains(b, []byte("%PDF-")) { // readers accept it anywhere in the beginning
		return "pdf"
	}
	return textKind(b)
}

// textKind tells HTML and scripts from other text.
func textKind(b []byte) string {
	what := http.DetectContentType(b)
	switch {
	case strings.HasPrefix(what, "text/html"):
		return "html"
	case !strings.HasPrefix(what, "text/"):
		return ""
	case isScript(b):
		return "script"
	}
	return "text"
}

func isScript(b []byte) bool {
	b = bytes.ToLower(b)
	for _, mark := range []string{"wscript.", "createobject(", "activexobject(", "@echo off", "<?php", "powershell", "invoke-expression"} {
		if bytes.Contains(b, []byte(mark)) {
			return true
		}
	}
	return false
}
