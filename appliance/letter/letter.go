// Package letter reads a message as a whole, for filters and engines, and
// changes it. Both walk through it in the same way (walk.go), so that the part
// with index 3 is the same for who finds it and for who removes it.
//
// Nothing of a message is an error: what can be made out of broken mail is
// reported. Memory is bounded for any input; [Letter.Cut] says whether a bound
// kept something from being seen. What is not changed keeps its octets.
//
// Reading a plain message of 2 KiB takes about 7 us of one core, one with two
// alternatives 12 us, a file in base64 is read at some 300 MB/s. Changing the
// header of 2 KiB takes about 7 us, of large messages as long as copying them
// (1.3 GB/s); a foot 25 us. Of a message of 100 MB less than 8 MiB are in memory.
package letter

import (
	"io"
	"strings"

	"esasim/internal/rawmime"
)

// Bounds of what is kept of a message. Beyond them it is still read to its end,
// or copied as it is.
const (
	MaxText   = 1 << 20   // octets of text, all parts together
	maxHeader = 256 << 10 // octets of one header that are understood
	maxFields = 1000      // of one header
	maxValue  = 16 << 10  // octets of one header field
	maxURLs   = 1000
	maxURL    = 2 << 10 // octets
)

// Letter is a message as filters and engines see it. It can be used by several
// goroutines as long as nobody changes it.
type Letter struct {
	Header    []Field // of the message, in order
	Parts     []Part  // in order
	Size      int64   // octets read
	Encrypted bool    // S/MIME, PGP, or one of the parts is encrypted
	Cut       bool    // a bound was reached: something was not looked at
}

// Field is one field of a header. The value is decoded (RFC 2047), one line of
// valid UTF-8 without blanks around, of at most 16 KiB.
type Field struct{ Name, Value string }

// Part is a leaf of the tree that a message is. Multiparts and attached messages
// are walked through; an attached message with a file name is a part besides,
// before its own parts.
type Part struct {
	Index     int    // in Letter.Parts
	Type      string // media type in lower case, as the header says
	Name      string // of a file, decoded, without path; "" if there is none
	File      bool   // an attachment: it has a name or is said to be one
	Size      int64  // octets, decoded
	SHA256    string // of the decoded octets, in hex
	Kind      string // what the octets look like, one of Kinds; "" if they are none of them
	Text      string // of parts whose type is text/*: UTF-8, lines as they are
	Encrypted bool   // nobody without a key can look into it
	Macro     bool   // an Office document with VBA
	Depth     int    // of multiparts and messages around it
	In        int    // Index of the attached message, a part itself, that it is in; -1 if it is in none
}

// Read reads all of a message with CRLF line ends. The error is that of r,
// unchanged, with what was found before it.
func Read(r io.Reader) (*Letter, error) {
	var rd Reader
	return rd.Read(r)
}

// Values gives the values of all the fields with a name, in order.
func (l *Letter) Values(name string) []string {
	var values []string
	for _, f := range l.Header {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	return values
}

// Has is true if there is a field with this name, be it empty.
func (l *Letter) Has(name string) bool {
	for _, f := range l.Header {
		if strings.EqualFold(f.Name, name) {
			return true
		}
	}
	return false
}

// Files lists the attachments.
func (l *Letter) Files() []Part {
	var files []Part
	for _, p := range l.Parts {
		if p.File {
			files = append(files, p)
		}
	}
	return files
}

// A Reader reads letters, one after the other, and uses its buffers again. The
// zero value is ready. The letters share nothing with it.
type Reader struct {
	// See, if there is one, is asked of each part that is not walked through, by its
	// index, where to write its decoded octets; nil for nowhere. It is asked of the
	// next part when this one was written.
	See func(part int) io.Writer

	walk walker
	look inspector
	l    *Letter
	text int // octets of text that may still be kept
}

// Read is like the function [Read].
func (r *Reader) Read(src io.Reader) (*Letter, error) {
	r.l, r.text = &Letter{}, MaxText
	defer func() { r.l = nil }()
	in := &counter{r: src}
	r.walk.visit = r
	err := r.walk.message(in)
	r.l.Size, r.l.Cut = in.n, r.l.Cut || r.walk.cut
	return r.l, err
}

// counter counts what is read, and hides what else the reader can do.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// begin implements visitor.
func (r *Reader) begin(h *header, e *entity) {
	if e.depth == 0 {
		r.l.Header = h.list()
	}
	if h.more {
		h.rest(&r.walk.lines, nil)
	}
	r.l.Encrypted = r.l.Encrypted || e.encrypted()
}

// leaf implements visitor.
func (r *Reader) leaf(_ *header, e *entity) {
	body := &rawmime.Body{Lines: &r.walk.lines}
	text := strings.HasPrefix(e.Type, "text/")
	decoded := rawmime.Decode(e.Encoding, body)
	if text && !e.File {
		decoded = rawmime.DecodeText(e.Encoding, body)
	}
	keep := 0
	if text {
		keep = r.text
	}
	p := r.part(e)
	if w := r.see(p.Index); w != nil {
		decoded = io.TeeReader(decoded, w)
	}
	found := r.look.read(decoded, keep)
	r.walk.lines.Skip()
	found.describe(p)
	if text {
		p.Text = rawmime.UTF8(e.Params["charset"], found.text)
		p.Text = cutText(p.Text, r.text)
		r.text -= len(p.Text)
		r.l.Cut = r.l.Cut || found.cut
		p.Encrypted = p.Encrypted || strings.Contains(p.Text, "-----BEGIN PGP MESSAGE-----")
	}
	r.l.Encrypted = r.l.Encrypted || p.Encrypted
}

func (r *Reader) see(part int) io.Writer {
	if r.See == nil {
		return nil
	}
	return r.See(part)
}

func (r *Reader) part(e *entity) *Part {
	r.l.Parts = append(r.l.Parts, Part{Index: e.index, Type: e.Type, Name: e.Name, File: e.File, Depth: e.depth,
		In: e.within(), Encrypted: e.encrypted()})
	return &r.l.Parts[len(r.l.Parts)-1]
}

// cutText cuts at a character.
func cutText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// attached implements visitor: an attached message with a name is a part that
// is read twice, as a file and for what is in it.
func (r *Reader) attached(_ *header, e *entity) (done func()) {
	if !e.File {
		return nil
	}
	i := r.part(e).Index
	t := newTap()
	r.walk.tap(t)
	return func() {
		r.walk.untap()
		t.describe(&r.l.Parts[i], r.walk.lines.Hit == rawmime.NoBoundary)
	}
}

// raw implements visitor.
func (r *Reader) raw([]byte) {}

// boundary implements visitor.
func (r *Reader) boundary(*entity) {}

// end implements visitor.
func (r *Reader) end(*entity) {}
