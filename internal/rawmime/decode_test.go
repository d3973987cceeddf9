package rawmime

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime/quotedprintable"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// TestDecodeText: broken text gives what a person would see.
func TestDecodeText(t *testing.T) {
	for _, c := range []struct{ encoding, in, want string }{
		{"base64", "R3L8\r\n39 8=", "Gr\xfc\xdf\xdf"},
		{"base64", "YWJj*?ZGVm", "abcdef"},
		{"base64", "YQ==YmM=ZA", "abcd"},
		{"base64", "Y", ""},
		{"quoted-printable", "a=3Db=\r\nc =\n d=3d", "a=bc  d="},
		{"quoted-printable", "a=zzb=3\r\n=", "a=zzb=3\r\n"},
		{"quoted-printable", "blanks \t \r\n x  =  \r\ny==41", "blanks\r\n x  y=A"},
		{"quoted-printable", "==\r\n\xff=\r", "=\xff"},
		{"8bit", "as=20it", "as=20it"},
		{"x-unknown", "as=20it", "as=20it"},
	} {
		for name, r := range map[string]io.Reader{"whole": strings.NewReader(c.in), "bytewise": iotest.OneByteReader(strings.NewReader(c.in))} {
			got, err := io.ReadAll(DecodeText(c.encoding, r))
			if string(got) != c.want || err != nil {
				t.Errorf("%s: %q: %q, %v, want %q", name, c.in, got, err, c.want)
			}
		}
	}
}

// TestDecodeWellFormed: what the standard library encodes comes back.
func TestDecodeWellFormed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(rapid.SampledFrom([]byte("a= \t\r\n\xfc\x00=")), 0, 300).Draw(t, "data")
		var quoted bytes.Buffer
		w := quotedprintable.NewWriter(&quoted)
		w.Binary = true
		w.Write(data)
		w.Close()
		for encoding, in := range map[string]string{"base64": base64.StdEncoding.EncodeToString(data), "quoted-printable": quoted.String()} {
			got, err := io.ReadAll(DecodeText(encoding, strings.NewReader(in)))
			if err != nil || !bytes.Equal(got, data) {
				t.Fatalf("%s: %q: %q, %v", encoding, data, got, err)
			}
		}
	})
}

func TestDecodeError(t *testing.T) {
	for _, encoding := range []string{"base64", "quoted-printable", ""} {
		_, err := io.ReadAll(DecodeText(encoding, io.MultiReader(strings.NewReader("YWJj"), iotest.ErrReader(io.ErrClosedPipe))))
		if err != io.ErrClosedPipe {
			t.Errorf("%s: %v", encoding, err)
		}
	}
}

// TestUTF8: text in a charset, in one that is not known, and in none.
func TestUTF8(t *testing.T) {
	for _, c := range []struct{ charset, in, want string }{
		{"", "Gr\xfc\xdfe", "Grüße"},
		{"us-ascii", "Grüße", "Grüße"},
		{"iso-8859-1", "Gr\xfc\xdfe", "Grüße"},
		{"utf-8", "Gr\xfc\xdfe", "Gr\uFFFD\uFFFDe"},
		{"x-nowhere", "\x80", "€"},
		{"iso-2022-jp", "\x1b$B$\"\x1b(B", "あ"},
		{"utf-16le", "\xe4\x00\xac\x20", "ä€"},
	} {
		if got := UTF8(c.charset, []byte(c.in)); got != c.want {
			t.Errorf("%s: %q: %q", c.charset, c.in, got)
		}
	}
}
