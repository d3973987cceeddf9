package segment

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Packer packs and unpacks blocks with zstd. It may be used by several
// goroutines at a time.
type Packer struct {
	enc *zstd.Encoder
	dec *zstd.Decoder

	scratch sync.Pool // of *[]byte, to unpack into what is only looked through
}

// level: a faster one packs worse (see docs/benchmarks.md), a slower one would
// take more of backfill's time than it saves of the disk.
const level = zstd.SpeedFastest

// maxBlock bounds what a block may unpack to, so that damage cannot ask for all
// memory.
const maxBlock = 1 << 30

// NewPacker makes a packer, which must be closed.
func NewPacker() (*Packer, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true))
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxMemory(maxBlock))
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	return &Packer{enc: enc, dec: dec}, nil
}

// Close ends the packer.
func (p *Packer) Close() {
	_ = p.enc.Close() // it has no stream: nothing can go wrong
	p.dec.Close()
}

// pack appends a block: its length, its packed length (0: it is not packed), its
// octets.
func (p *Packer) pack(b, raw []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(raw)))
	if len(raw) >= 64 {
		start := len(b)
		b = append(b, 0, 0, 0, 0)
		b = p.enc.EncodeAll(raw, b)
		if n := len(b) - start - 4; n < len(raw) {
			binary.LittleEndian.PutUint32(b[start:], uint32(n))
			return b
		}
		b = b[:start]
	}
	b = append(b, 0, 0, 0, 0)
	return append(b, raw...)
}

// unpack reads a block.
func (p *Packer) unpack(c *cursor) []byte {
	n, body := c.block()
	if c.err != nil || uint64(len(body)) == n {
		return body
	}
	return p.decode(c, n, body, nil)
}

// decode unpacks the octets of a block; into the buffer, if that has room enough.
func (p *Packer) decode(c *cursor, n uint64, body, buf []byte) []byte {
	if c.err != nil {
		return nil
	}
	if uint64(cap(buf)) < n {
		buf = make([]byte, 0, n)
	}
	raw, err := p.dec.DecodeAll(body, buf[:0:n])
	if err != nil || uint64(len(raw)) != n {
		c.fail("block does not unpack: %v", err)
		return nil
	}
	return raw
}

// block reads a block without unpacking it: its length when it is unpacked, and
// its octets, which are as many if it is not packed.
func (c *cursor) block() (n uint64, body []byte) {
	n = c.uvarint()
	size := c.take(4)
	if c.err != nil || n > maxBlock {
		c.fail("block of %d octets", n)
		return 0, nil
	}
	packed := uint64(binary.LittleEndian.Uint32(size))
	if packed == 0 {
		return n, c.take(n)
	}
	// Nothing packs better than that: more is damage.
	if body = c.take(packed); c.err != nil || n > packed*(1<<15) || n == packed {
		c.fail("block of %d octets packed to %d", n, packed)
		return 0, nil
	}
	return n, body
}

// contains looks through the values of a stream of texts in a part.
func (p *Packer) contains(part []byte, of streamID, folded string) (bool, error) {
	c := &cursor{b: part}
	for range c.count(streamCount) {
		is, n := streamID(c.uvarint()), c.uvarint()
		if is == of {
			c.uvarint() // how many values
			return p.blockContains(c, folded), c.err
		}
		c.skipStream(is, n)
	}
	return false, c.err
}

func (p *Packer) blockContains(c *cursor, folded string) bool {
	n, body := c.block()
	if uint64(len(body)) == n {
		return bytes.Contains(body, []byte(folded))
	}
	buf, _ := p.scratch.Get().(*[]byte)
	if buf == nil {
		buf = new([]byte)
	}
	defer p.scratch.Put(buf)
	if uint64(cap(*buf)) < n && n < 1<<22 {
		*buf = make([]byte, 0, n)
	}
	return bytes.Contains(p.decode(c, n, body, *buf), []byte(folded))
}

// skipStream passes over a stream of n values.
func (c *cursor) skipStream(of streamID, n uint64) {
	if of.field().numeric() {
		c.block()
		return
	}
	blocks := 2 // values and their lengths
	if of.searched() {
		blocks++
	}
	if c.uvarint() < n {
		blocks++
	}
	for range blocks {
		c.block()
	}
}

// cursor reads octets one after another and remembers the first thing that is
// wrong.
type cursor struct {
	b   []byte
	err error
}

func (c *cursor) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: "+format, append([]any{ErrDamaged}, args...)...)
	}
	c.b = nil
}

func (c *cursor) take(n uint64) []byte {
	if n > uint64(len(c.b)) {
		c.fail("it ends too early")
		return nil
	}
	v := c.b[:n:n]
	c.b = c.b[n:]
	return v
}

func (c *cursor) uvarint() uint64 {
	v, n := binary.Uvarint(c.b)
	if n <= 0 {
		c.fail("no number where one must be")
		return 0
	}
	c.b = c.b[n:]
	return v
}

func (c *cursor) varint() int64 {
	v, n := binary.Varint(c.b)
	if n <= 0 {
		c.fail("no number where one must be")
		return 0
	}
	c.b = c.b[n:]
	return v
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
