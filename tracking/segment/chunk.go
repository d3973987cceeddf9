package segment

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unsafe"
)

// chunkValues is how many different texts are packed together. More would pack a
// little better; fewer are unpacked faster when one of them is wanted. It is part of
// the format.
const chunkValues = 1024

// chunk is up to chunkValues values of a column.
type chunk struct {
	n                    int
	data, lengths, cases block

	read     sync.Once
	values   texts
	err      error
	readCase sync.Once
	beside   []byte  // what folding took from the values,
	besideAt []int32 // and where that begins for each
	caseErr  error
}

// texts are values one after another.
type texts struct {
	data string
	ends []int32 // where each ends
}

func (t *texts) len() int { return len(t.ends) }

func (t *texts) at(i int) string {
	start := int32(0)
	if i > 0 {
		start = t.ends[i-1]
	}
	return t.data[start:t.ends[i]]
}

// chunk gives the values of a chunk.
func (col *column) chunk(k int) (*texts, error) {
	c := col.chunks[k]
	c.read.Do(func() { c.err = col.wrap(c.readValues(col)) })
	return &c.values, c.err
}

func (col *column) wrap(err error) error {
	if err != nil {
		return fmt.Errorf("part %s: %w", col.of.part().Name(), err)
	}
	return nil
}

func (c *chunk) readValues(col *column) error {
	data, err := col.packer.decode(c.data, nil)
	if err != nil {
		return err
	}
	lengths, err := col.packer.decode(c.lengths, nil)
	if err != nil {
		return err
	}
	col.size.Add(int64(len(data) + 4*c.n))
	return c.values.read(lengths, data, c.n)
}

// readCases finds where what belongs to each value begins, and whether it can be
// read.
func (c *chunk) readCases(col *column) (err error) {
	if c.beside, err = col.packer.decode(c.cases, nil); err != nil {
		return err
	}
	c.besideAt = make([]int32, c.n)
	beside := cursor{b: c.beside}
	for i := range c.besideAt {
		c.besideAt[i] = int32(beside.at)
		beside.skipCase(len(c.values.at(i)))
	}
	col.size.Add(int64(len(c.beside) + 4*c.n))
	return beside.end()
}

func (t *texts) read(lengths, data []byte, n int) error {
	t.data = unsafe.String(unsafe.SliceData(data), len(data)) // nobody writes to data any more
	t.ends = make([]int32, n)
	c := cursor{b: lengths}
	end := uint64(0)
	for i := range t.ends {
		v := c.uvarint()
		if end += v; v > uint64(len(data)) || end > uint64(len(data)) {
			c.fail("the lengths of a stream's texts")
		}
		t.ends[i] = int32(end)
	}
	if end != uint64(len(data)) {
		c.fail("the lengths of a stream's texts")
	}
	return c.end()
}

// containing appends for each value whether it contains what. It looks through
// all of them at once.
func (t *texts) containing(what string, all []bool) []bool {
	all = append(all, make([]bool, t.len())...)
	hit := all[len(all)-t.len():]
	for pos := 0; ; {
		i := strings.Index(t.data[pos:], what)
		if i < 0 {
			return all
		}
		pos += i
		v, _ := slices.BinarySearchFunc(t.ends, int32(pos), func(end, pos int32) int {
			return cmp.Or(cmp.Compare(end, pos), -1) // the first that ends behind pos
		})
		if v == len(hit) { // an empty what, behind the last
			return all
		}
		if pos+len(what) <= int(t.ends[v]) {
			hit[v] = true
			pos = int(t.ends[v])
		} else {
			pos++
		}
	}
}
