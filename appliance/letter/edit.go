package letter

import (
	"bufio"
	"fmt"
	"io"
	"slices"
)

// Edit is what to change of a message.
//
// Text goes to the body: the first part that a person reads, in all its
// alternatives. If it has no text (a picture, a file) Head and Foot become a
// part of their own at the end of a multipart/mixed or multipart/related, and
// are left out of other messages. What is within multipart/signed is left as it
// is, but for parts that are stripped, unless Signed is set.
type Edit struct {
	Header  []HeaderEdit             // in order
	Strip   map[int]string           // index of a part: text put in its place; "" removes it
	Head    string                   // plain text before the body's
	Foot    string                   // plain text after the body's
	Replace func(text string) string // of text parts that are no files, also of attached messages; nil for none
	URL     func(url string) string  // of what Letter.URLs finds in the same parts, links of HTML included; nil for none
	Signed  bool                     // change signed text, too, which breaks the signature
}

// HeaderOp is what to do with the fields of one name.
type HeaderOp uint8

// What can be done to a header.
const (
	Add     HeaderOp = iota // one more at the end of the header
	Remove                  // all that there are, and all added before
	Replace                 // the first one gets another value, the others go; without one, Add
)

// HeaderEdit is one change of the message's header. The value is text; line
// breaks and other control characters in it become blanks.
type HeaderEdit struct {
	Op    HeaderOp
	Name  string
	Value string
}

// Empty is true for an edit that changes nothing.
func (e *Edit) Empty() bool { return len(e.Header) == 0 && !e.editsBody() }

func (e *Edit) editsBody() bool {
	return len(e.Strip) > 0 || e.Head != "" || e.Foot != "" || e.rewrites()
}

func (e *Edit) rewrites() bool { return e.Replace != nil || e.URL != nil }

// ValidName is true for what can be the name of a header field.
func ValidName(name string) bool {
	return name != "" && nameLength([]byte(name+":")) == len(name)
}

// Apply copies a message with CRLF line ends and changes it. The error is that
// of src or dst, or of a header name that is none; then nothing is written. No
// message is an error.
func (e *Edit) Apply(dst io.Writer, src io.Reader) error {
	for _, h := range e.Header {
		if !ValidName(h.Name) {
			return fmt.Errorf("letter: header field %q: not a name", h.Name)
		}
	}
	if e.Empty() {
		_, err := io.Copy(dst, src)
		return err
	}
	ed := editor{edit: e, out: output{w: bufio.NewWriterSize(dst, window), last: '\n'}}
	ed.walk.visit = &ed
	err := ed.walk.message(&counter{r: src})
	if flushed := ed.out.w.Flush(); err == nil {
		err = flushed
	}
	return err
}

// change is what becomes of the fields of one name.
type change struct {
	name  string
	keep  bool    // those there are; else they go
	first *string // the value that takes the place of the first one
	added []string
}

// changes are the edits of one header, by name. They are few.
type changes struct {
	list        []change
	body        bool // there will be one, so a blank line is needed
	dropContent bool // all fields that begin with Content- go, but for those in list
}

func (c *changes) of(name string) *change {
	i := slices.IndexFunc(c.list, func(x change) bool { return equalFold(x.name, name) })
	if i < 0 {
		return nil
	}
	return &c.list[i]
}

func (c *changes) edit(edits ...HeaderEdit) {
	for _, h := range edits {
		x := c.of(h.Name)
		if x == nil {
			c.list = append(c.list, change{name: h.Name, keep: true})
			x = &c.list[len(c.list)-1]
		}
		x.edit(h)
	}
}

func (x *change) edit(h HeaderEdit) {
	switch h.Op {
	case Add:
		x.added = append(x.added, h.Value)
		return
	case Remove:
		x.first = nil
	case Replace:
		if !x.keep && x.first == nil { // removed before
			x.added = []string{h.Value}
			return
		}
		x.first = &h.Value
	}
	x.keep, x.added = false, nil
}
