package segment

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"esasim/tracking/fold"
)

// column is a stream as it is read. Numbers, and those chunks of texts, are there
// that somebody asked for.
type column struct {
	of      streamID
	n       int      // values
	numbers numbers  // of numbers
	chunks  []*chunk // of texts: each text only once; folded, if they are searched
	values  int      // how many those are
	codes   []int32  // of texts: which of the values; nil: each its own
	packer  *Packer
	size    *atomic.Int64 // grows with what is unpacked
	slot    int           // of the stream in the frame; -1: no row takes anything from it
}

// columns are those of a part.
type columns []*column

// get is the column of a stream; nil if there is none.
func (cs columns) get(of streamID) *column {
	for _, col := range cs {
		if col.of == of {
			return col
		}
	}
	return nil
}

// value is a value as it is kept, by its code.
func (col *column) value(code int32) (string, error) {
	t, err := col.chunk(int(code / chunkValues))
	if err != nil {
		return "", err
	}
	return t.at(int(code % chunkValues)), nil
}

// text is the i-th text, as it was.
func (col *column) text(i int) (string, error) {
	code := col.code(i)
	v, err := col.value(code)
	if err != nil || !col.of.searched() {
		return v, err
	}
	c := col.chunks[code/chunkValues]
	c.readCase.Do(func() { c.caseErr = col.wrap(c.readCases(col)) })
	if c.caseErr != nil {
		return "", c.caseErr
	}
	beside := cursor{b: c.beside[c.besideAt[code%chunkValues]:]}
	return beside.readCase(v), col.wrap(beside.err)
}

func (col *column) code(i int) int32 {
	if col.codes == nil {
		return int32(i)
	}
	return col.codes[i]
}

// folding gives the question for folded values as one for values as they are kept.
func (col *column) folding(match func(folded string) bool) func(kept string) bool {
	if col.of.searched() {
		return match
	}
	return func(kept string) bool { return match(fold.String(kept)) }
}

// which tells of each value, as it is kept, whether it answers true.
func (col *column) which(match func(kept string) bool) ([]bool, error) {
	hit := make([]bool, col.values)
	for k := range col.chunks {
		t, err := col.chunk(k)
		if err != nil {
			return nil, err
		}
		for i := range t.ends {
			hit[k*chunkValues+i] = match(t.at(i))
		}
	}
	return hit, nil
}

// mayContain is false when no value contains the folded text; also of no column.
func (col *column) mayContain(folded string) (bool, error) {
	if col == nil {
		return false, nil
	}
	for k := range col.chunks {
		t, err := col.chunk(k)
		if err != nil || strings.Contains(t.data, folded) {
			return err == nil, err
		}
	}
	return false, nil
}

// containing tells of each value whether it contains the folded text.
func (col *column) containing(folded string) ([]bool, error) {
	hit := make([]bool, 0, col.values)
	for k := range col.chunks {
		t, err := col.chunk(k)
		if err != nil {
			return nil, err
		}
		hit = t.containing(folded, hit)
	}
	return hit, nil
}

// readPart reads all columns of a part; what stands before them has been read.
func readPart(c *cursor, p *Packer, part Part, size *atomic.Int64) columns {
	out := columns{}
	for range c.count(streamCount) {
		of := c.uvarint()
		if of >= streamCount || streamID(of).part() != part.Kind() || streamID(of).field() >= fieldCount {
			c.fail("stream %d in part %s", of, part)
			return nil
		}
		col := &column{of: streamID(of), n: c.count(1 << 28), packer: p, size: size}
		if col.of.field().numeric() {
			if col.numbers.packed = c.block(); c.err == nil && uint64(col.n) > col.numbers.packed.n {
				c.fail("%d numbers in %d octets", col.n, col.numbers.packed.n)
			}
		} else {
			col.readTexts(c, p)
		}
		if c.err != nil {
			return nil
		}
		out = append(out, col)
	}
	if c.err == nil && c.left() > 0 {
		c.fail("part %s is followed by something", part)
	}
	return out
}

// numbers are those of a column, unpacked when they are first wanted.
type numbers struct {
	packed block
	read   sync.Once
	list   []int64
	err    error
}

// ints are the column's numbers.
func (col *column) ints() ([]int64, error) {
	col.numbers.read.Do(func() { col.numbers.err = col.wrap(col.readNumbers()) })
	return col.numbers.list, col.numbers.err
}

func (col *column) readNumbers() error {
	b, err := col.packer.decode(col.numbers.packed, nil)
	if err != nil {
		return err
	}
	raw := cursor{b: b}
	list := make([]int64, col.n)
	sum := col.of.field() == fICID || col.of.field() == fDCID
	var last int64
	for i := range list {
		v := raw.varint()
		if sum {
			last += v
			v = last
		}
		list[i] = v
	}
	if raw.end() != nil {
		return fmt.Errorf("%w: the numbers of a stream", ErrDamaged)
	}
	col.numbers.list = list
	col.size.Add(int64(8 * col.n))
	return nil
}

func (col *column) readTexts(c *cursor, p *Packer) {
	col.values = c.count(uint64(col.n))
	for left := col.values; left > 0 && c.err == nil; left -= chunkValues {
		k := &chunk{n: min(left, chunkValues), data: c.block(), lengths: c.block()}
		if col.of.searched() {
			k.cases = c.block()
		}
		col.chunks = append(col.chunks, k)
	}
	if col.values < col.n {
		col.readCodes(c, p.unpack(c))
	}
}

func (col *column) readCodes(c *cursor, raw []byte) {
	if c.err != nil || col.n > len(raw) {
		c.fail("%d codes in %d octets", col.n, len(raw))
		return
	}
	col.codes = make([]int32, col.n)
	fresh := 0
	for i := range col.codes {
		v, k := binary.Uvarint(raw)
		if k <= 0 || v > uint64(fresh) || v == 0 && fresh == col.values {
			c.fail("code %d of a stream", i)
			return
		}
		raw = raw[k:]
		if v == 0 {
			fresh++
			v = uint64(fresh)
		}
		col.codes[i] = int32(v - 1)
	}
	if len(raw) > 0 || fresh != col.values {
		c.fail("codes of a stream")
	}
	col.size.Add(int64(4 * col.n))
}
