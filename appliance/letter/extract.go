package letter

import (
	"errors"
	"hash"
	"io"

	"esasim/internal/rawmime"
)

// ErrNoPart says that a message has no part with the index.
var ErrNoPart = errors.New("no such part")

// Extract copies the decoded octets of one part, by its index in [Letter.Parts], to
// dst. The error is that of src or dst, or ErrNoPart.
func Extract(dst io.Writer, src io.Reader, index int) error {
	if index < 0 {
		return ErrNoPart
	}
	x := extractor{index: index, dst: &firstError{w: dst}}
	x.walk.visit = &x
	err := x.walk.message(&counter{r: src})
	switch {
	case x.dst.err != nil:
		return x.dst.err
	case err == nil && !x.found:
		return ErrNoPart
	}
	return err
}

// extractor is the visitor that copies one part.
type extractor struct {
	walk  walker
	index int
	dst   *firstError
	found bool
}

func (x *extractor) begin(h *header, _ *entity) {
	if h.more {
		h.rest(&x.walk.lines, nil)
	}
}

func (x *extractor) leaf(_ *header, e *entity) {
	if e.index == x.index {
		x.found = true
		// What cannot be decoded ends it: the rest is skipped.
		_, _ = io.Copy(x.dst, rawmime.Decode(e.Encoding, &rawmime.Body{Lines: &x.walk.lines}))
	}
	x.walk.lines.Skip()
}

func (x *extractor) attached(_ *header, e *entity) (done func()) {
	if e.index != x.index {
		return nil
	}
	x.found = true
	t := newTap()
	t.sum = sink{t.sum, x.dst}
	x.walk.tap(t)
	return func() {
		x.walk.untap()
		t.describe(&Part{}, x.walk.lines.Hit == rawmime.NoBoundary)
	}
}

func (x *extractor) raw([]byte) {}

func (x *extractor) boundary(*entity) {}

func (x *extractor) end(*entity) {}

// sink is a sum that passes on what it is made of.
type sink struct {
	hash.Hash
	w io.Writer
}

func (s sink) Write(b []byte) (int, error) {
	if _, err := s.w.Write(b); err != nil {
		return 0, err
	}
	return s.Hash.Write(b)
}

// firstError writes until it fails, and then no more.
type firstError struct {
	w   io.Writer
	err error
}

func (f *firstError) Write(b []byte) (int, error) {
	if f.err == nil {
		_, f.err = f.w.Write(b)
	}
	if f.err != nil {
		return 0, f.err
	}
	return len(b), nil
}
