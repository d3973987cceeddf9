package rawmime

import (
	"strings"
	"testing"
)

func TestFileName(t *testing.T) {
	for in, want := range map[string]string{
		`C:\Users\me\a.pdf`:      "a.pdf",
		"../../etc/passwd":       "passwd",
		"a\x00b\r\n.txt":         "ab.txt",
		"dir/":                   "",
		strings.Repeat("ü", 300): strings.Repeat("ü", 255),
	} {
		if got := FileName(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestParameters(t *testing.T) {
	tests := []struct{ in, first, key, want string }{
		{`Text/Plain; NAME="a \"b\".txt"`, "text/plain", "name", `a "b".txt`},
		{`attachment; filename=my file.pdf; size=3`, "attachment", "filename", "my file.pdf"},
		{`attachment; filename="C:\temp\a.pdf"`, "attachment", "filename", `C:\temp\a.pdf`},
		{`attachment; filename="open`, "attachment", "filename", "open"},
		{`attachment; filename*=UTF-8''%e2%82%ac%20rates.txt`, "attachment", "filename", "€ rates.txt"},
		{`attachment; filename*=iso-8859-1'en'%A3.txt; filename=pound.txt`, "attachment", "filename", "£.txt"},
		{`attachment; filename*1=b; filename*0=a; filename*2*=%20c`, "attachment", "filename", "ab c"},
		{`attachment; filename*0*=gb18030''%C4%E3; filename*1*=%BA%C3.txt`, "attachment", "filename", "你好.txt"},
		{`attachment; filename*0=a; filename*0=z; filename*1=b`, "attachment", "filename", "ab"},
		{`attachment; filename*=%zz%4`, "attachment", "filename", "%zz%4"},
		{`attachment; filename="=?utf-8?b?4oKsLnR4dA==?="`, "attachment", "filename", "€.txt"},
		{`attachment; filename="first"; filename="second"`, "attachment", "filename", "first"},
		{`multipart/mixed; boundary="=?utf-8?q?b?="`, "multipart/mixed", "boundary", "=?utf-8?q?b?="},
		{`;;=;a;=b; filename=x`, "", "filename", "x"},
		{`attachment; filename*x=1; filename*99999999999999999999=2`, "attachment", "filename", ""},
	}
	for _, test := range tests {
		first, params := Parameters(test.in)
		if first != test.first || params[test.key] != test.want {
			t.Errorf("%s: %q, %q", test.in, first, params)
		}
	}
}
