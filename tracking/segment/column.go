package segment

import (
	"encoding/binary"
	"unsafe"
)

// column is a stream as it is read.
type column struct {
	of      streamID
	n       int     // values
	numbers []int64 // of numbers
	values  texts   // of texts: each only once; folded, if they are searched
	cases   []byte  // of searched texts: what folding took from the values,
	casesAt []int32 // and where that begins for each
	codes   []int32 // of texts: which of the values; nil: each its own
}

// texts are values one after another.
type texts struct {
	data string
	ends []int32 // where each ends
}

func (t *texts) len() int { return len(t.ends) }

func (t *texts) at(i int32) string {
	start := int32(0)
	if i > 0 {
		start = t.ends[i-1]
	}
	return t.data[start:t.ends[i]]
}

// text is the i-th text, as it was.
func (c *column) text(i int) string {
	v := c.values.at(c.code(i))
	if c.casesAt == nil {
		return v
	}
	beside := cursor{b: c.cases[c.casesAt[c.code(i)]:]}
	return beside.readCase(v)
}

func (c *column) code(i int) int32 {
	if c.codes == nil {
		return int32(i)
	}
	return c.codes[i]
}

// readPart reads all columns of a part; what stands before them has been read.
func readPart(c *cursor, p *Packer, part Part) map[streamID]*column {
	out := map[streamID]*column{}
	for range c.count(streamCount) {
		of := c.uvarint()
		if of >= streamCount || streamID(of).part() != part.Kind() || streamID(of).field() >= fieldCount {
			c.fail("stream %d in part %s", of, part)
			return nil
		}
		col := &column{of: streamID(of), n: c.count(1 << 28)}
		if col.of.field().numeric() {
			col.readNumbers(c, p)
		} else {
			col.readTexts(c, p)
		}
		if c.err != nil {
			return nil
		}
		out[col.of] = col
	}
	if c.err == nil && len(c.b) > 0 {
		c.fail("part %s is followed by something", part)
	}
	return out
}

func (col *column) readNumbers(c *cursor, p *Packer) {
	raw := p.unpack(c)
	if c.err != nil {
		return
	}
	if col.n > len(raw) {
		c.fail("%d numbers in %d octets", col.n, len(raw))
		return
	}
	col.numbers = make([]int64, col.n)
	sum := col.of.field() == fICID || col.of.field() == fDCID
	var last int64
	for i := range col.numbers {
		v, n := binary.Varint(raw)
		if n <= 0 {
			c.fail("number %d of a stream", i)
			return
		}
		raw = raw[n:]
		if sum {
			last += v
			v = last
		}
		col.numbers[i] = v
	}
	if len(raw) > 0 {
		c.fail("more numbers than there should be")
	}
}

func (col *column) readTexts(c *cursor, p *Packer) {
	distinct := c.count(uint64(col.n))
	data := p.unpack(c)
	lengths := p.unpack(c)
	if col.of.searched() {
		col.cases = p.unpack(c)
	}
	if c.err != nil {
		return
	}
	if !col.values.read(lengths, data, distinct) {
		c.fail("the lengths of a stream's texts")
		return
	}
	if col.of.searched() {
		col.readCases(c)
	}
	if distinct < col.n {
		col.readCodes(c, p.unpack(c), distinct)
	}
}

// readCases finds where what belongs to each value begins, and whether it can be
// read.
func (col *column) readCases(c *cursor) {
	col.casesAt = make([]int32, col.values.len())
	beside := cursor{b: col.cases}
	for i := range col.casesAt {
		col.casesAt[i] = int32(len(col.cases) - len(beside.b))
		beside.skipCase(len(col.values.at(int32(i))))
	}
	if beside.err != nil || len(beside.b) > 0 {
		c.fail("the capital letters of a stream")
	}
}

func (t *texts) read(lengths, data []byte, n int) bool {
	if n > len(lengths) || len(data) > maxBlock {
		return false
	}
	t.data = unsafe.String(unsafe.SliceData(data), len(data)) // nobody writes to data any more
	t.ends = make([]int32, n)
	end := uint64(0)
	for i := range t.ends {
		v, k := binary.Uvarint(lengths)
		if k <= 0 || v > uint64(len(data)) {
			return false
		}
		lengths = lengths[k:]
		end += v
		if end > uint64(len(data)) {
			return false
		}
		t.ends[i] = int32(end)
	}
	return len(lengths) == 0 && end == uint64(len(data))
}

func (col *column) readCodes(c *cursor, raw []byte, distinct int) {
	if c.err != nil || col.n > len(raw) {
		c.fail("%d codes in %d octets", col.n, len(raw))
		return
	}
	col.codes = make([]int32, col.n)
	fresh := 0
	for i := range col.codes {
		v, k := binary.Uvarint(raw)
		if k <= 0 || v > uint64(fresh) || v == 0 && fresh == distinct {
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
	if len(raw) > 0 || fresh != distinct {
		c.fail("codes of a stream")
	}
}
