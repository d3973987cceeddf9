package letter

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"esasim/internal/rawmime"
)

// maxHeld is how much of a text part is held, as it was and decoded. If it is
// no longer, it is left as it was when nothing in it changes. A longer one is
// always written anew, piece by piece.
const maxHeld = 1 << 20

// wanted is true if the text of a leaf may change.
func (ed *editor) wanted(e *entity) bool {
	known := rawmime.Identity(e.Encoding) || e.Encoding == "base64" || e.Encoding == "quoted-printable"
	if !strings.HasPrefix(e.Type, "text/") || e.File || !known || e.signed && !ed.edit.Signed {
		return false
	}
	return ed.edit.rewrites() || isBody(e) && (ed.edit.Head != "" || ed.edit.Foot != "")
}

// isBody is true for a leaf that Head and Foot belong to.
func isBody(e *entity) bool { return e.body && (e.Type == "text/plain" || e.Type == "text/html") }

// rewrite writes a text part with its changes.
func (ed *editor) rewrite(h *header, e *entity, c *changes) {
	if isBody(e) {
		ed.head, ed.foot = true, true
	}
	ed.held, ed.text = ed.held[:0], ed.text[:0]
	src := ed.decoded(e)
	if h.more || !ed.hold(src) {
		ed.stream(h, e, c, src)
		return
	}
	old := rawmime.UTF8(e.Params["charset"], ed.text)
	text := ed.withFoot(e, ed.withHead(e, ed.replaced(e, old)))
	if text == old {
		ed.header(h, c)
		ed.out.write(ed.held)
		return
	}
	how := encoding(text)
	ed.header(h, recoded(h, e, c, how))
	w := ed.out.encoder(how)
	io.WriteString(w, lines(text))
	w.Close()
	ed.close()
}

// close ends the body of a part that was written anew: the line end before a
// boundary belongs to the boundary, and was not read as text.
func (ed *editor) close() {
	if ed.walk.lines.Hit != rawmime.NoBoundary || ed.out.last != '\n' {
		ed.out.text("\r\n")
	}
}

// recoded changes a header to that of UTF-8 text.
func recoded(h *header, e *entity, c *changes, how string) *changes {
	c.body = true
	c.mime(h, e)
	c.edit(HeaderEdit{Replace, "Content-Type", contentType(e)}, HeaderEdit{Replace, "Content-Transfer-Encoding", how},
		HeaderEdit{Remove, "Content-MD5", ""})
	return c
}

// decoded undoes the transfer encoding of what comes next.
func (ed *editor) decoded(e *entity) io.Reader {
	return rawmime.DecodeText(e.Encoding, &rawmime.Body{Lines: &ed.walk.lines})
}

// hold reads a part, as it is and decoded. It is false if there is more of it
// than can be held.
func (ed *editor) hold(src io.Reader) bool {
	ed.walk.lines.Tee = func(b []byte) {
		if len(ed.held) <= maxHeld {
			ed.held = append(ed.held, b...)
		}
	}
	defer func() { ed.walk.lines.Tee = nil }()
	var piece [window]byte
	for len(ed.held) <= maxHeld && len(ed.text) <= maxHeld {
		n, err := src.Read(piece[:])
		ed.text = append(ed.text, piece[:n]...)
		if err != nil {
			return len(ed.held) <= maxHeld
		}
	}
	return false
}

// stream writes a long text anew, piece by piece: what was held of it, then what
// src has left.
func (ed *editor) stream(h *header, e *entity, c *changes, src io.Reader) {
	how := encoding(rawmime.UTF8(e.Params["charset"], ed.text))
	ed.header(h, recoded(h, e, c, how))
	w := ed.out.encoder(how)
	p := pieces{src: ed.unicode(e, src)}
	text, more := p.next()
	text = ed.withHead(e, ed.replaced(e, text))
	for more {
		io.WriteString(w, lines(text))
		text, more = p.next()
		text = ed.replaced(e, text)
	}
	io.WriteString(w, lines(ed.withFoot(e, text)))
	w.Close()
	ed.close()
}

// unicode decodes the charset of a long text.
func (ed *editor) unicode(e *entity, src io.Reader) io.Reader {
	whole := io.MultiReader(bytes.NewReader(ed.text), src)
	charset := rawmime.TextCharset(e.Params["charset"])
	switch {
	case charset != nil:
	case utf8.Valid(ed.text[:max(0, len(ed.text)-utf8.UTFMax)]) || len(ed.text) == 0:
		charset = unicode.UTF8
	default:
		charset = charmap.Windows1252
	}
	return charset.NewDecoder().Reader(whole)
}

// pieces cuts text at line ends or blanks, so that what is to be replaced is
// not cut in two.
type pieces struct {
	src  io.Reader
	buf  []byte
	rest []byte // of buf, behind the last piece
}

const pieceSize = 64 << 10

// next is false for the last one. The end of a tag is a good place to cut, for
// nothing to be replaced goes beyond it.
func (p *pieces) next() (text string, more bool) {
	if p.buf == nil {
		p.buf = make([]byte, pieceSize)
	}
	kept := copy(p.buf, p.rest)
	n, err := io.ReadFull(p.src, p.buf[kept:])
	b := p.buf[:kept+n]
	if err != nil {
		return string(b), false
	}
	cut := 0
	for _, end := range []string{">", "\n", " \t"} {
		if cut < len(b)/2 {
			cut = max(cut, bytes.LastIndexAny(b, end)+1)
		}
	}
	if cut < len(b)/2 { // no blank for long
		for cut = len(b) - 1; cut > len(b)/2 && !utf8.RuneStart(b[cut]); cut-- {
		}
	}
	p.rest = b[cut:]
	return string(b[:cut]), true
}

func (ed *editor) replaced(e *entity, text string) string {
	if ed.edit.Replace != nil {
		text = ed.edit.Replace(text)
	}
	if ed.edit.URL == nil {
		return text
	}
	if e.Type == "text/html" {
		return rewriteHTML(text, ed.edit.URL)
	}
	return rewritePlain(text, ed.edit.URL)
}
