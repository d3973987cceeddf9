package segment

import (
	"encoding/binary"
	"fmt"
	"unsafe"
)

// cursor reads octets one after another and remembers the first thing that is
// wrong. It counts rather than cutting off what has been read: storing a slice
// costs a write barrier whenever the garbage is collected, and numbers are read
// by the million.
type cursor struct {
	b   []byte
	at  int // how many have been read
	err error
}

// textCursor reads a text, which it does not copy.
func textCursor(v string) cursor {
	return cursor{b: unsafe.Slice(unsafe.StringData(v), len(v))} // nobody writes through a cursor
}

// left is how many octets have not been read.
func (c *cursor) left() int { return len(c.b) - c.at }

func (c *cursor) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: "+format, append([]any{ErrDamaged}, args...)...)
	}
	c.b, c.at = nil, 0
}

// end makes an error of what should not follow.
func (c *cursor) end() error {
	if c.err == nil && c.left() > 0 {
		c.fail("something follows")
	}
	return c.err
}

func (c *cursor) take(n uint64) []byte {
	if n > uint64(c.left()) {
		c.fail("it ends too early")
		return nil
	}
	end := c.at + int(n)
	v := c.b[c.at:end:end]
	c.at = end
	return v
}

func (c *cursor) uvarint() uint64 {
	if c.at < len(c.b) && c.b[c.at] < 0x80 { // most are
		c.at++
		return uint64(c.b[c.at-1])
	}
	v, n := binary.Uvarint(c.b[c.at:])
	if n <= 0 {
		c.fail("no number where one must be")
		return 0
	}
	c.at += n
	return v
}

func (c *cursor) varint() int64 {
	u := c.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// count reads how many things follow, each of which takes an octet at least
// after unpacking: more than max is damage.
func (c *cursor) count(max uint64) int {
	n := c.uvarint()
	if n > max {
		c.fail("count %d of at most %d", n, max)
		return 0
	}
	return int(n)
}
