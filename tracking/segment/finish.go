package segment

import (
	"bytes"
	"encoding/binary"
	"slices"
	"time"

	"esasim/esa"
)

// Finish gives the segment of the rows added since the last Finish. There must be
// one at least.
func (b *Builder) Finish(version int) Segment {
	b.dir.Rows = [tables]int{b.tables[Messages].n, b.tables[Connections].n}
	b.dir.Version = version
	b.dir.Filter = newFilter(b.index.hashes, &b.fuse)
	if b.index.stale { // no row had a text
		b.index.trigrams.reset()
	}
	s := Segment{Trigrams: &b.index.trigrams}
	b.flushBlock()
	for p := Frame; p < endOfParts; p += 1 << 8 {
		b.out = b.out[:0]
		if p == Frame {
			b.out = b.frame(b.out)
		}
		if !p.inBlocks() {
			b.out = b.part(p, b.out)
			b.parts[p] = bytes.Clone(b.out)
		}
	}
	s.Parts = b.parts
	for _, part := range s.Parts {
		b.dir.Size += int64(len(part))
	}
	s.Directory = b.dir
	b.reset()
	return s
}

// flushBlock writes the parts that are kept in blocks, and begins the next block.
func (b *Builder) flushBlock() {
	if b.Len() == b.blockAt {
		return
	}
	n := Part(b.blockAt / BlockRows)
	for _, p := range [...]Part{MessageIDs, Rest} {
		b.out = b.part(p, b.out[:0])
		b.parts[p+n] = bytes.Clone(b.out)
	}
	b.used = slices.DeleteFunc(b.used, func(of streamID) bool {
		if !of.part().inBlocks() {
			return false
		}
		b.streams[of].reset()
		return true
	})
	b.blockAt, b.implied = b.Len(), 0
}

// part appends the streams of a part.
func (b *Builder) part(p Part, out []byte) []byte {
	slices.Sort(b.used)
	n := 0
	for _, of := range b.used {
		if of.part() == p {
			n++
		}
	}
	out = binary.AppendUvarint(out, uint64(n))
	for _, of := range b.used {
		if of.part() == p {
			out = b.streams[of].appendTo(out, of, b.packer)
		}
	}
	return out
}

// frame writes the signatures, the shapes and the rows.
func (b *Builder) frame(out []byte) []byte {
	list := make([]byte, 8*len(b.signatures))
	for g, code := range b.signatures {
		binary.LittleEndian.PutUint64(list[8*code:], uint64(g))
	}
	out = b.packer.pack(out, list)
	out = binary.AppendUvarint(out, uint64(len(b.shapes)))
	out = b.packer.pack(out, b.shapeList)
	for t := range tables {
		r := &b.tables[t]
		r.flush()
		out = binary.AppendUvarint(out, uint64(r.n))
		for _, column := range [...][]byte{r.numbers, r.starts, r.shapes, r.state} {
			out = b.packer.pack(out, column)
		}
	}
	return out
}

func (b *Builder) reset() {
	for _, of := range b.used {
		b.streams[of].reset()
	}
	b.used, b.blockAt, b.implied, b.parts = b.used[:0], 0, 0, map[Part][]byte{}
	b.index.reset()
	b.profiles.reset()
	clear(b.signatures)
	clear(b.shapes)
	b.order, b.plain, b.settled = b.order[:0], b.plain[:0], b.settled[:0]
	b.sources.reset()
	clear(b.recent[:])
	b.shapeList = b.shapeList[:0]
	for t := range b.tables {
		r := &b.tables[t]
		*r = rows{numbers: r.numbers[:0], starts: r.starts[:0], shapes: r.shapes[:0], state: r.state[:0]}
	}
	b.dir = Directory{}
}

// AppendDirectory writes a directory.
func AppendDirectory(b []byte, d *Directory) []byte {
	b = append(b, directoryFormat)
	for _, n := range [...]uint64{
		uint64(d.Rows[0]), uint64(d.Rows[1]), d.First[0], d.First[1], d.Last[0], d.Last[1],
		uint64(d.ICIDs[0]), uint64(d.ICIDs[1]), uint64(d.States), uint64(d.Size), uint64(d.Version), uint64(d.Odd),
	} {
		b = binary.AppendUvarint(b, n)
	}
	for _, t := range [...]time.Time{d.Oldest, d.Newest} {
		var milli int64
		if d.Rows[Messages] > 0 {
			milli = t.UnixMilli()
		}
		b = binary.AppendVarint(b, milli)
	}
	return d.Filter.append(b)
}

// directoryFormat is the first octet of a directory.
const directoryFormat = 2

// ReadDirectory reads what AppendDirectory wrote.
func ReadDirectory(b []byte) (*Directory, error) {
	c := cursor{b: b}
	if f := c.take(1); c.err == nil && f[0] != directoryFormat {
		c.fail("directory of format %d", f[0])
	}
	var n [12]uint64
	for i := range n {
		n[i] = c.uvarint()
	}
	d := &Directory{Rows: [tables]int{int(n[0]), int(n[1])}, First: [tables]uint64{n[2], n[3]}, Last: [tables]uint64{n[4], n[5]},
		States: uint32(n[8]), Size: int64(n[9]), Version: int(n[10]), Odd: int(n[11])}
	d.ICIDs[0], d.ICIDs[1] = esa.ICID(n[6]), esa.ICID(n[7])
	for _, t := range [...]*time.Time{&d.Oldest, &d.Newest} {
		if milli := c.varint(); n[0] > 0 { // any moment may be meant, 1970 too
			*t = time.UnixMilli(milli).UTC()
		}
	}
	d.Filter = readFilter(&c)
	if n[0] > mostRows || n[1] > mostRows || n[0]+n[1] == 0 {
		c.fail("%d messages, %d connections", n[0], n[1])
	}
	if err := c.end(); err != nil {
		return nil, err
	}
	return d, nil
}
