package letter

import (
	"bytes"
	"strings"
)

// editor is the visitor that copies a message and changes it.
type editor struct {
	edit   *Edit
	walk   walker
	out    output
	mark   []byte // a boundary that is written when what follows it is
	levels []level
	open   bool // the last header has no blank line behind it
	head   bool // Head has been put somewhere
	foot   bool
	held   []byte // a text part as it was, until it is known whether it changes
	text   []byte // ... and decoded
}

// level is a multipart that we are in: how many parts were written, how many
// left out.
type level struct{ written, left int }

// begin implements visitor. The header of a leaf is written by leaf, that of an
// attached message by attached.
func (ed *editor) begin(h *header, e *entity) {
	if e.index >= 0 {
		return
	}
	c := ed.changes(e)
	ed.flush()
	ed.header(h, c)
	if e.Boundary != "" {
		ed.levels = append(ed.levels, level{})
	}
	if e.depth == 0 && !ed.edit.editsBody() {
		ed.walk.lines.CopyRest(&ed.out)
	}
}

// changes are what the edit does to a header.
func (ed *editor) changes(e *entity) *changes {
	c := new(changes)
	if e.depth == 0 {
		c.edit(ed.edit.Header...)
	}
	return c
}

// flush writes the boundary that was held back.
func (ed *editor) flush() {
	if ed.mark == nil {
		return
	}
	ed.out.write(ed.mark)
	ed.mark, ed.open = nil, false
	if n := len(ed.levels); n > 0 {
		ed.levels[n-1].written++
	}
}

// raw implements visitor.
func (ed *editor) raw(b []byte) {
	ed.flush()
	ed.out.write(b)
}

// boundary implements visitor.
func (ed *editor) boundary(*entity) {
	ed.mark = append([]byte(nil), ed.walk.lines.Mark...)
	if ed.walk.lines.Last {
		ed.out.write(ed.mark)
		ed.mark = nil
	}
}

// end implements visitor: a multipart must have a part (RFC 2046 5.1.1).
func (ed *editor) end(e *entity) {
	n := len(ed.levels) - 1
	if text := ed.unplaced(e); text != "" || ed.levels[n].emptied() {
		ed.out.freshLine()
		ed.out.text("--" + e.Boundary + "\r\n")
		ed.fresh(new(header), new(changes), text)
	}
	ed.levels = ed.levels[:n]
}

func (l level) emptied() bool { return l.written == 0 && l.left > 0 }

// unplaced is the text that found no place before the message ends.
func (ed *editor) unplaced(e *entity) string {
	if e.depth > 0 || e.Type != "multipart/mixed" && e.Type != "multipart/related" {
		return ""
	}
	text := ""
	if !ed.head {
		text = ed.edit.Head
	}
	if !ed.foot && ed.edit.Foot != "" {
		text = line(text) + ed.edit.Foot
	}
	return text
}

// leaf implements visitor.
func (ed *editor) leaf(h *header, e *entity) {
	text, strip := ed.edit.Strip[e.index]
	c := ed.changes(e)
	switch {
	case strip:
		ed.strip(h, e, c, text)
		ed.walk.lines.Skip()
	case ed.wanted(e):
		ed.flush()
		ed.rewrite(h, e, c)
	default:
		ed.flush()
		ed.header(h, c)
		ed.copy()
	}
}

// copy writes what comes before the next boundary.
func (ed *editor) copy() {
	for {
		b, _, ok := ed.walk.lines.Next()
		if !ok {
			return
		}
		ed.out.write(b)
	}
}

// strip puts text in the place of a part. A part of a multipart can just be left
// out; anything else becomes an empty text.
func (ed *editor) strip(h *header, e *entity, c *changes, text string) {
	if text == "" && e.parent != nil && e.parent.Boundary != "" {
		ed.mark = nil
		ed.levels[len(ed.levels)-1].left++
		if h.more {
			h.rest(&ed.walk.lines, nil)
		}
		return
	}
	ed.flush()
	c.dropContent = true
	c.mime(h, e)
	ed.fresh(h, c, text)
}

// fresh writes a header, changed to that of a text, and the text.
func (ed *editor) fresh(h *header, c *changes, text string) {
	text = lines(strings.ToValidUTF8(text, "\uFFFD"))
	how := encoding(text)
	c.body = true
	c.edit(HeaderEdit{Replace, "Content-Type", "text/plain; charset=utf-8"},
		HeaderEdit{Replace, "Content-Transfer-Encoding", how})
	ed.header(h, c)
	w := ed.out.encoder(how)
	w.Write([]byte(text))
	w.Close()
	ed.out.text("\r\n")
}

// attached implements visitor.
func (ed *editor) attached(h *header, e *entity) (done func()) {
	if e.index < 0 { // begin has written its header
		return nil
	}
	text, strip := ed.edit.Strip[e.index]
	c := ed.changes(e)
	if !strip {
		ed.flush()
		ed.header(h, c)
		return nil
	}
	ed.strip(h, e, c, text)
	ed.out.muted++
	return func() {
		ed.out.muted--
		ed.mark = nil
	}
}

// header writes a header with its changes and the blank line, and reads what is
// left of it.
func (ed *editor) header(h *header, c *changes) {
	if ed.open && c.body { // of an attached message without anything in it
		ed.blankLine()
	}
	for _, f := range h.fields {
		name := h.raw[f.from:f.name]
		if x := c.take(name); x != nil {
			ed.out.field(string(name), *x)
		} else if c.keeps(name) {
			ed.out.write(h.raw[f.from:f.to])
		}
	}
	if h.more {
		ed.restOf(h, c)
	}
	for _, x := range c.list {
		if x.first != nil {
			ed.add(x.name, *x.first)
		}
		for _, v := range x.added {
			ed.add(x.name, v)
		}
	}
	if ed.open = len(h.blank) == 0; ed.open && c.body {
		ed.blankLine()
	}
	ed.out.write(h.blank)
}

// blankLine ends a header.
func (ed *editor) blankLine() {
	ed.out.freshLine()
	ed.out.text("\r\n")
	ed.open = false
}

func (ed *editor) add(name, value string) {
	ed.out.freshLine()
	ed.out.field(name, value)
}

// restOf copies the end of a header that is too long to be held.
func (ed *editor) restOf(h *header, c *changes) {
	keep := true
	if n := len(h.fields); n > 0 {
		keep = c.keeps(h.raw[h.fields[n-1].from:h.fields[n-1].name])
	}
	h.rest(&ed.walk.lines, func(b []byte, field bool) {
		if field {
			keep = c.keeps(b[:nameLength(b)])
		}
		if keep {
			ed.out.write(b)
		}
	})
}

// mime says that a message is MIME, if it does not say so itself.
func (c *changes) mime(h *header, e *entity) {
	if (e.parent == nil || e.parent.Boundary == "") && h.first("MIME-Version") == nil {
		c.edit(HeaderEdit{Replace, "MIME-Version", "1.0"})
	}
}

// keeps is true if fields with the name stay.
func (c *changes) keeps(name []byte) bool {
	if x := c.of(string(name)); x != nil {
		return x.keep
	}
	return !c.dropContent || !bytes.HasPrefix(bytes.ToLower(name), []byte("content-"))
}

// take gives the new value for the first field of a name, once.
func (c *changes) take(name []byte) *string {
	x := c.of(string(name))
	if x == nil || x.first == nil {
		return nil
	}
	v := x.first
	x.first = nil
	return v
}
