package letter

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"io"

	"esasim/internal/rawmime"
)

const (
	window  = 4 << 10 // octets of a part looked at in one piece
	overlap = 256     // of one piece and the next, so that no mark is cut in two
)

// inspector reads parts, one after the other, and tells what they are. The zero
// value is ready.
type inspector struct {
	sum  hash.Hash
	buf  []byte
	text []byte
}

// findings is what was found in a part.
type findings struct {
	size      int64
	sum       string
	kind      string
	text      []byte // the beginning, as long as it was to be kept; valid until the next part
	cut       bool   // there was more text
	encrypted bool
	macro     bool
}

// read reads a part to its end, or as far as it can be decoded, and keeps the
// first octets.
func (i *inspector) read(r io.Reader, keep int) findings {
	if i.sum == nil {
		i.sum, i.buf = sha256.New(), make([]byte, overlap+window)
	}
	i.sum.Reset()
	i.text = i.text[:0]
	var f findings
	tail := 0 // octets of the last piece, at the beginning of buf
	for {
		n, err := io.ReadFull(r, i.buf[tail:tail+window])
		fresh := i.buf[tail : tail+n]
		i.sum.Write(fresh)
		if room := keep - len(i.text); room > 0 {
			i.text = append(i.text, fresh[:min(n, room)]...)
		}
		if f.size == 0 {
			f.kind = kindOf(fresh)
		}
		f.size += int64(n)
		f.look(i.buf[:tail+n])
		if err != nil {
			break
		}
		copy(i.buf, i.buf[tail+n-overlap:tail+n])
		tail = overlap
	}
	f.sum, f.text, f.cut = hex.EncodeToString(i.sum.Sum(nil)), i.text, f.size > int64(len(i.text))
	return f
}

// describe notes the findings.
func (f *findings) describe(p *Part) {
	p.Size, p.SHA256, p.Kind = f.size, f.sum, f.kind
	p.Encrypted, p.Macro = p.Encrypted || f.encrypted, f.macro
}

// look searches a piece for the marks of encryption and macros. The pieces
// overlap.
func (f *findings) look(b []byte) {
	switch f.kind {
	case "zip", "docx", "xlsx", "pptx":
		f.macro = f.macro || bytes.Contains(b, []byte("vbaProject.bin"))
		f.zip(b)
	case "pdf":
		f.encrypted = f.encrypted || bytes.Contains(b, []byte("/Encrypt"))
	case "doc":
		f.macro = f.macro || bytes.Contains(b, utf16("_VBA_PROJECT"))
		f.encrypted = f.encrypted || bytes.Contains(b, utf16("EncryptedPackage"))
	case "7z":
		f.encrypted = f.encrypted || bytes.Contains(b, []byte("\x06\xf1\x07\x01")) // the id of AES-256
	case "rar":
		f.encrypted = f.encrypted || rarEncrypted(b)
	}
}

// zip looks at the local headers: bit 0 of the flags is encryption, the names
// tell an Office document.
func (f *findings) zip(b []byte) {
	for {
		i := bytes.Index(b, []byte("PK\x03\x04"))
		if i < 0 || len(b) < i+30 {
			return
		}
		head := b[i:]
		b = b[i+4:]
		if version := binary.LittleEndian.Uint16(head[4:]); version&0xff > 63 {
			continue // chance
		}
		f.encrypted = f.encrypted || head[6]&1 != 0
		name := head[30:min(len(head), 30+int(binary.LittleEndian.Uint16(head[26:])))]
		for dir, kind := range officeDirs() {
			if f.kind == "zip" && bytes.HasPrefix(name, []byte(dir)) {
				f.kind = kind
			}
		}
	}
}

func officeDirs() map[string]string {
	return map[string]string{"word/": "docx", "xl/": "xlsx", "ppt/": "pptx"}
}

// rarEncrypted looks at the beginning of an archive of version 4 or 5.
func rarEncrypted(b []byte) bool {
	if rest, ok := bytes.CutPrefix(b, []byte("Rar!\x1a\x07\x01\x00")); ok { // CRC, size, type
		return len(rest) > 5 && rest[5] == 4
	}
	rest, ok := bytes.CutPrefix(b, []byte("Rar!\x1a\x07\x00"))
	if !ok || len(rest) < 7 {
		return false
	}
	if rest[2] == 0x73 && rest[3]&0x80 != 0 {
		return true
	}
	size := int(binary.LittleEndian.Uint16(rest[5:]))
	return len(rest) > size+3 && rest[size+2] == 0x74 && rest[size+3]&4 != 0
}

func utf16(s string) []byte {
	b := make([]byte, 0, 2*len(s))
	for _, ch := range []byte(s) {
		b = append(b, ch, 0)
	}
	return b
}

// tap makes size and sum of an attached message while it is walked through. The
// last line end belongs to the boundary that follows.
type tap struct {
	sum  hash.Hash
	size int64
	kept []byte
}

func newTap() *tap { return &tap{sum: sha256.New()} }

func (t *tap) write(line []byte) {
	t.sum.Write(t.kept)
	text := rawmime.TrimEnd(line)
	t.sum.Write(text)
	t.size += int64(len(t.kept) + len(text))
	t.kept = append(t.kept[:0], line[len(text):]...)
}

func (t *tap) describe(p *Part, whole bool) {
	if whole {
		t.sum.Write(t.kept)
		t.size += int64(len(t.kept))
	}
	p.Size, p.SHA256, p.Kind = t.size, hex.EncodeToString(t.sum.Sum(nil)), "text"
}
