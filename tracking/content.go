package tracking

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2"

	"esasim/esa"
)

// chunkSize bounds one value of a message's content: a value of 100 MB costs
// Pebble a gigabyte of memory, chunks of this size 43 MB.
const chunkSize = 128 << 10

// Content takes a message's bytes while they arrive. Full chunks go to the
// store at once, so memory is bounded; the rest goes with the entry that says
// the message is ready (Store.Commit). Not for use by several goroutines.
type Content struct {
	s     *Store
	mid   esa.MID
	buf   []byte
	chunk uint32  // chunks written so far
	lent  *[]byte // what buf was made of; others use it again
}

// NewContent begins the content of a message.
func (s *Store) NewContent(mid esa.MID) *Content {
	b := s.takeBuffer()
	return &Content{s: s, mid: mid, buf: *b, lent: b}
}

// giveBack gives back the memory of what is written, or not wanted.
func (c *Content) giveBack() {
	if c.lent != nil {
		*c.lent = c.buf
		c.s.giveBuffer(c.lent)
		c.buf, c.lent = nil, nil
	}
}

// Write keeps p.
func (c *Content) Write(p []byte) (int, error) {
	n := len(p)
	for len(c.buf)+len(p) >= chunkSize {
		c.s.content.begin(c.mid)
		k := chunkSize - len(c.buf)
		c.buf = append(c.buf, p[:k]...)
		p = p[k:]
		if err := c.s.db.Set(keyChunk(c.mid, c.chunk), c.buf, pebble.NoSync); err != nil {
			return 0, fmt.Errorf("keep content of MID %d: %w", c.mid, err)
		}
		c.s.content.add(chunkSize)
		c.chunk++
		c.buf = c.buf[:0]
	}
	c.buf = append(c.buf, p...)
	return n, nil
}

// Discard removes what was kept, for a message that is not accepted.
func (c *Content) Discard() error {
	c.giveBack()
	if c.chunk == 0 {
		return nil
	}
	err := c.s.db.DeleteRange(keyChunk(c.mid, 0), keyChunk(c.mid+1, 0), pebble.NoSync)
	if err != nil {
		return fmt.Errorf("discard content of MID %d: %w", c.mid, err)
	}
	c.s.content.sub(uint64(c.chunk) * chunkSize)
	c.s.content.end(c.mid)
	return nil
}

// kept says that an entry of the log speaks of the message now.
func (c *Content) kept() {
	if c != nil {
		c.s.content.end(c.mid)
		c.giveBack()
	}
}

func (c *Content) tail() int {
	if c == nil {
		return 0
	}
	return len(c.buf)
}

// flushTo puts what is left into the batch. An empty message is a chunk too: it
// has content, of no bytes.
func (c *Content) flushTo(b *pebble.Batch) {
	if c != nil && (len(c.buf) > 0 || c.chunk == 0) {
		_ = b.Set(keyChunk(c.mid, c.chunk), c.buf, nil)
		c.s.content.add(len(c.buf))
	}
}

// Content gives a message as it was received. The reader must be closed. The
// error is ErrNotFound when nothing is kept.
func (s *Store) Content(mid esa.MID) (io.ReadCloser, error) {
	v, closer, err := s.db.Get(keyChunk(mid, 0))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, fmt.Errorf("content of MID %d: %w", mid, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read content of MID %d: %w", mid, err)
	}
	if len(v) < chunkSize { // most mail: one chunk, which costs less than an iterator
		return &oneChunk{bytes.NewReader(v), closer}, nil
	}
	if err := closer.Close(); err != nil {
		return nil, fmt.Errorf("read content of MID %d: %w", mid, err)
	}
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: keyChunk(mid, 0), UpperBound: keyChunk(mid+1, 0)})
	if err != nil {
		return nil, fmt.Errorf("read content of MID %d: %w", mid, err)
	}
	it.First()
	return &contentReader{it: it}, nil
}

// oneChunk reads a value that the store lends until it is closed.
type oneChunk struct {
	*bytes.Reader
	io.Closer
}

type contentReader struct {
	it  *pebble.Iterator
	off int
}

func (r *contentReader) Read(p []byte) (int, error) {
	for r.it.Valid() {
		v, err := r.it.ValueAndErr()
		if err != nil {
			return 0, fmt.Errorf("read content: %w", err)
		}
		if r.off < len(v) {
			n := copy(p, v[r.off:])
			r.off += n
			return n, nil
		}
		r.off = 0
		r.it.Next()
	}
	if err := r.it.Error(); err != nil {
		return 0, fmt.Errorf("read content: %w", err)
	}
	return 0, io.EOF
}

func (r *contentReader) Close() error { return r.it.Close() }
