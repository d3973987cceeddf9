package segment

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Packer packs and unpacks blocks with zstd. It may be used by several
// goroutines at a time.
type Packer struct {
	enc sync.Pool // of *zstd.Encoder: the one used last is taken first, its tables are still in the processor's cache
	dec *zstd.Decoder

	scratch sync.Pool // of *[]byte, to unpack into what is only looked through
}

// level: a faster one packs worse (see docs/benchmarks.md), a slower one would
// take more of backfill's time than it saves of the disk.
const level = zstd.SpeedFastest

// maxBlock bounds what a block may unpack to, so that damage cannot ask for all
// memory.
const maxBlock = 1 << 30

// slack is the room behind what is unpacked with which the decoder copies faster:
// thirty-two octets at a time, wherever they end.
const slack = 32

// NewPacker makes a packer, which must be closed.
func NewPacker() (*Packer, error) {
	enc, err := newEncoder()
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderLowmem(false), zstd.WithDecoderMaxMemory(maxBlock))
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	p := &Packer{dec: dec}
	p.enc.New = func() any {
		enc, _ := newEncoder() // the options were good before
		return enc
	}
	p.enc.Put(enc)
	return p, nil
}

// newEncoder makes an encoder for one block at a time. One for several takes its
// tables, of 256 KiB each, in turns, so that each block meets those that have been
// idle longest.
func newEncoder() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderCRC(false), zstd.WithAllLitEntropyCompression(true), zstd.WithSingleSegment(true), zstd.WithEncoderConcurrency(1))
}

// Close ends the packer. Encoders without a stream need no end.
func (p *Packer) Close() { p.dec.Close() }

// pack appends a block: its length, its packed length (0: it is not packed), its
// octets.
func (p *Packer) pack(b, raw []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(raw)))
	if len(raw) >= 64 {
		start := len(b)
		b = append(b, 0, 0, 0, 0)
		enc := p.enc.Get().(*zstd.Encoder)
		b = enc.EncodeAll(raw, b)
		p.enc.Put(enc)
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
	b := c.block()
	if c.err != nil {
		return nil
	}
	raw, err := p.decode(b, nil)
	if err != nil {
		c.fail("%v", err)
	}
	return raw
}

// block is a block as it is kept.
type block struct {
	n    uint64 // its length when it is unpacked
	body []byte // its octets: as many, if it is not packed
}

// decode unpacks a block; into the buffer, if it is packed and that has room
// enough.
func (p *Packer) decode(b block, buf []byte) ([]byte, error) {
	if uint64(len(b.body)) == b.n {
		return b.body, nil
	}
	if uint64(cap(buf)) < b.n+slack {
		buf = make([]byte, 0, b.n+slack)
	}
	raw, err := p.dec.DecodeAll(b.body, buf[:0:b.n+slack])
	if err == nil && uint64(len(raw)) != b.n {
		err = fmt.Errorf("%d octets, not %d", len(raw), b.n)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: block does not unpack: %w", ErrDamaged, err)
	}
	return raw, nil
}

// block reads a block without unpacking it.
func (c *cursor) block() block {
	n := c.uvarint()
	size := c.take(4)
	if c.err != nil || n > maxBlock {
		c.fail("block of %d octets", n)
		return block{}
	}
	packed := uint64(binary.LittleEndian.Uint32(size))
	if packed == 0 {
		return block{n, c.take(n)}
	}
	body := c.take(packed)
	// Nothing packs better than that: more is damage.
	if c.err != nil || n > packed*(1<<15) || n == packed {
		c.fail("block of %d octets packed to %d", n, packed)
		return block{}
	}
	return block{n, body}
}

// contains looks through the values of a stream of texts in a part.
func (p *Packer) contains(part []byte, of streamID, folded string) (bool, error) {
	c := &cursor{b: part}
	for range c.count(streamCount) {
		is, n := streamID(c.uvarint()), c.uvarint()
		if is == of {
			return p.textsContain(c, of, folded)
		}
		c.skipStream(is, n)
	}
	return false, c.err
}

// textsContain looks through the chunks of a stream.
func (p *Packer) textsContain(c *cursor, of streamID, folded string) (bool, error) {
	buf, _ := p.scratch.Get().(*[]byte)
	if buf == nil {
		buf = new([]byte)
	}
	defer p.scratch.Put(buf)
	for left := c.count(1 << 28); left > 0; left -= chunkValues {
		b := c.block()
		if uint64(cap(*buf)) < b.n+slack && b.n < 1<<22 {
			*buf = make([]byte, 0, b.n+slack)
		}
		raw, err := p.decode(b, *buf)
		if err = cmp.Or(c.err, err); err != nil || bytes.Contains(raw, []byte(folded)) {
			return err == nil, err
		}
		c.skipBeside(of)
	}
	return false, c.err
}

// skipStream passes over a stream of n values.
func (c *cursor) skipStream(of streamID, n uint64) {
	if of.field().numeric() {
		c.block()
		return
	}
	values := c.count(n)
	for left := values; left > 0 && c.err == nil; left -= chunkValues {
		c.block()
		c.skipBeside(of)
	}
	if uint64(values) < n {
		c.block() // codes
	}
}

// skipBeside passes over what stands beside the values of a chunk.
func (c *cursor) skipBeside(of streamID) {
	c.block() // lengths
	if of.searched() {
		c.block()
	}
}
