package segment

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"sort"
	"sync"
	"sync/atomic"

	"esasim/esa"
)

// shape is the signatures of a row, in runs.
type shape []run

type run struct {
	signature uint32
	n         uint32
}

// slots are the places of the streams that a signature takes values from, by field;
// those of other fields mean nothing.
type slots [fieldCount]int16

// frame is what every question about a segment begins with.
type frame struct {
	signatures []signature
	streams    []streamID       // those that the signatures take values from,
	blocked    []bool           // which are kept in blocks,
	slots      map[streamID]int // their places in the list,
	takes      [][]int          // and which of them each signature takes a value from, as places
	slotOf     []slots          // the same, by field
	parts      []parts          // of those streams, by signature
	lists      []streamID       // those that signatures take lists of recipients from
	listed     []int16          // the place of that, of each signature; -1: none
	blocks     []atomic.Pointer[marks]
	shapes     []shape
	totals     []int // how many values all rows take from each stream
	tables     [tables]frameTable
	columns    columns
}

type frameTable struct {
	numbers []uint64
	shapes  []int32
	states  []byte

	packed block // the starts, which are seldom asked for
	once   sync.Once
	starts []int64 // milliseconds
	err    error
}

// times are when the rows began, in milliseconds since 1970.
func (t *frameTable) times(p *Packer) ([]int64, error) {
	t.once.Do(func() {
		raw, err := p.decode(t.packed, nil)
		c := cursor{b: raw}
		t.starts = make([]int64, len(t.numbers))
		var start int64
		for i := range t.starts {
			start += c.varint()
			t.starts[i] = start
		}
		if t.err = cmp.Or(err, c.end()); t.err != nil {
			t.err = fmt.Errorf("part %s: when rows began: %w", Frame, t.err)
		}
	})
	return t.starts, t.err
}

func (t *frameTable) find(number uint64) (int, bool) {
	i := sort.Search(len(t.numbers), func(i int) bool { return t.numbers[i] >= number })
	return i, i < len(t.numbers) && t.numbers[i] == number
}

func readFrame(b []byte, p *Packer, size *atomic.Int64) (*frame, error) {
	c := &cursor{b: b}
	f := &frame{slots: map[streamID]int{}}
	list := p.unpack(c)
	if c.err == nil && len(list)%8 != 0 {
		c.fail("signatures")
	}
	f.signatures = make([]signature, 0, len(list)/8)
	for ; len(list) >= 8 && c.err == nil; list = list[8:] {
		g := signature(binary.LittleEndian.Uint64(list))
		if g&^knownBits != 0 {
			c.fail("a signature of another version")
		}
		f.sign(g)
	}
	f.readShapes(c, p)
	for t := range f.tables {
		f.readTable(c, p, Table(t))
	}
	if c.err == nil {
		f.totals = f.taken(f.uses(0, int(^uint(0)>>1)))
		f.blocks = make([]atomic.Pointer[marks], f.through(tables, 0)/BlockRows+1)
		f.columns = readPart(c, p, Frame, size)
		f.place(f.columns)
	}
	return f, c.err
}

// mostBare bounds the events of a row that have no values of their own, as a
// defence against damage: a few octets could ask for any number of them. The
// others are bounded by the values there are.
const mostBare = 1 << 16

func (f *frame) readShapes(c *cursor, p *Packer) {
	n := c.count(2 * mostRows)
	s := &cursor{b: p.unpack(c)}
	all := make([]run, 0, len(s.b)) // of all shapes, one after another: it never grows
	f.shapes = make([]shape, 0, min(n, len(s.b)))
	for i := 0; i < n && s.err == nil; i++ {
		begin := len(all)
		all = f.readShape(s, all)
		f.shapes = append(f.shapes, all[begin:len(all):len(all)])
	}
	if s.end() != nil {
		c.fail("shapes")
	}
}

// readShape appends the runs of a shape.
func (f *frame) readShape(s *cursor, all []run) []run {
	size := s.uvarint()
	if size > uint64(s.left()) || size == 0 {
		s.fail("a shape of nothing, or of too much")
		return all
	}
	bare := uint64(0)
	for end := s.at + int(size); s.at < end; {
		g, n := s.run()
		if s.err != nil || g >= uint64(len(f.signatures)) || n < 1 || n > 1<<24 || s.at > end {
			s.fail("a shape")
			return all
		}
		if len(f.takes[g]) == 0 {
			bare += n
		}
		all = append(all, run{uint32(g), uint32(n)})
	}
	if bare > mostBare {
		s.fail("a shape of too much")
	}
	return all
}

// run reads a run of a shape: twice the signature, which comes once; or that and 1,
// and how often it comes.
func (c *cursor) run() (signature, n uint64) {
	v := c.uvarint()
	if v&1 == 0 {
		return v >> 1, 1
	}
	return v >> 1, c.uvarint()
}

// sign adds a signature.
func (f *frame) sign(g signature) {
	f.signatures = append(f.signatures, g)
	var buf [16]streamID
	streams := g.streams(buf[:0])
	takes := make([]int, 0, len(streams))
	for _, of := range streams {
		slot, ok := f.slots[of]
		if !ok {
			slot = len(f.streams)
			f.streams = append(f.streams, of)
			f.blocked = append(f.blocked, of.part().inBlocks())
			f.slots[of] = slot
		}
		takes = append(takes, slot)
	}
	f.takes = append(f.takes, takes)
	var by slots
	var need parts
	for _, slot := range takes {
		by[f.streams[slot].field()] = int16(slot)
		need |= f.streams[slot].part().bit()
	}
	list := -1
	if g.where(shiftRIDs) == stored {
		need |= Rest.bit()
		list = f.list(id(g.kind(), fRIDs))
	}
	f.slotOf, f.parts, f.listed = append(f.slotOf, by), append(f.parts, need), append(f.listed, int16(list))
}

// list is the place of a stream of lists.
func (f *frame) list(of streamID) int {
	i := slices.Index(f.lists, of)
	if i < 0 {
		i = len(f.lists)
		f.lists = append(f.lists, of)
	}
	return i
}

// plain tells whether columns say all about a shape: see [Reader.Odd].
func (f *frame) plain(s shape) bool {
	var seen pattern
	for _, r := range s {
		g := f.signatures[r.signature]
		seen.add(g.kind(), int(r.n), headers[g.where(shiftHeader)] == headers[2])
	}
	return seen.plain(f.signatures[s[0].signature].kind())
}

// pattern counts the events of a row by kind.
type pattern struct {
	kinds   [256]int
	replyTo int // Reply-To headers; the last one counts, though it be empty
}

func (p *pattern) add(k esa.Kind, n int, replyTo bool) {
	p.kinds[k] += n
	if k == esa.HeaderSeen && replyTo {
		p.replyTo += n
	}
}

// plain tells whether the row, which begins with an event of the kind first,
// follows the usual pattern, so that columns say all about it.
func (p *pattern) plain(first esa.Kind) bool {
	return first == esa.MessageStarted && p.kinds[esa.MessageStarted] == 1 && p.kinds[esa.SenderGiven] <= 1 &&
		p.kinds[esa.SubjectSeen] <= 1 && p.kinds[esa.MessageIDSeen] <= 1 && p.kinds[esa.PolicyMatched] <= 1 && p.replyTo <= 1
}

// counts tells for each shape how many values a row takes from a stream.
func (f *frame) counts(of streamID) []int {
	out := make([]int, len(f.shapes))
	slot, ok := f.slots[of]
	if !ok {
		return out
	}
	each := make([]int, len(f.signatures))
	for i, takes := range f.takes {
		for _, t := range takes {
			if t == slot {
				each[i]++
			}
		}
	}
	for i := range f.shapes {
		for _, r := range f.shapes[i] {
			out[i] += each[r.signature] * int(r.n)
		}
	}
	return out
}

// taken tells how many values of each stream, by slot, are taken by rows of which
// so many have each shape.
func (f *frame) taken(uses []int) []int {
	each := make([]int, len(f.signatures))
	for s, n := range uses {
		if n > 0 {
			for _, r := range f.shapes[s] {
				each[r.signature] += n * int(r.n)
			}
		}
	}
	out := make([]int, len(f.streams))
	for g, n := range each {
		for _, slot := range f.takes[g] {
			out[slot] += n
		}
	}
	return out
}

// place notes the slots of columns.
func (f *frame) place(list columns) {
	for _, col := range list {
		col.slot = -1
		if slot, ok := f.slots[col.of]; ok {
			col.slot = slot
		}
	}
}

// uses tells how many of the rows from one to another have each shape. Rows are
// counted through all tables here.
func (f *frame) uses(from, to int) []int {
	out := make([]int, len(f.shapes))
	for t := range f.tables {
		shapes := f.tables[t].shapes
		if from < len(shapes) {
			for _, s := range shapes[max(from, 0):min(max(to, 0), len(shapes))] {
				out[s]++
			}
		}
		from, to = from-len(shapes), to-len(shapes)
	}
	return out
}

// through is a row's place, counted through all tables.
func (f *frame) through(t Table, row int) int {
	for before := range t {
		row += len(f.tables[before].shapes)
	}
	return row
}

func (f *frame) readTable(c *cursor, p *Packer, t Table) {
	n := c.count(mostRows)
	numbers, starts, shapes, states := &cursor{b: p.unpack(c)}, c.block(), &cursor{b: p.unpack(c)}, p.unpack(c)
	if c.err != nil || n > len(shapes.b) || t == Messages && len(states) != n {
		c.fail("rows of the frame")
		return
	}
	ft := &f.tables[t]
	ft.numbers, ft.shapes, ft.states, ft.packed = make([]uint64, 0, n), make([]int32, n), states, starts
	for i := range ft.shapes {
		v := shapes.uvarint()
		if v >= uint64(len(f.shapes)) {
			c.fail("row %d of the frame", i)
			return
		}
		ft.shapes[i] = int32(v)
	}
	ft.readNumbers(numbers, n)
	if numbers.end() != nil || shapes.end() != nil {
		c.fail("rows of the frame")
	}
}

// readNumbers reads the numbers of n rows: how far each is from the one before, and
// how many in a row are so.
func (t *frameTable) readNumbers(c *cursor, n int) {
	var number uint64
	for len(t.numbers) < n && c.err == nil {
		step, times := c.uvarint(), c.uvarint()
		if step == 0 && (len(t.numbers) > 0 || times > 1) || times == 0 || times > uint64(n-len(t.numbers)) {
			c.fail("numbers of rows")
			return
		}
		for range times {
			if number+step < number {
				c.fail("numbers of rows")
				return
			}
			number += step
			t.numbers = append(t.numbers, number)
		}
	}
}
