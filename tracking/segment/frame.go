package segment

import (
	"encoding/binary"
	"sort"

	"esasim/esa"
)

// shape is the signatures of a row, in runs.
type shape struct {
	runs  []run
	plain bool // columns say all about it: see [Reader.Odd]
}

type run struct {
	signature uint32
	n         int
}

// frame is what every question about a segment begins with.
type frame struct {
	signatures []signature
	streams    []streamID       // those that the signatures take values from,
	blocked    []bool           // which are kept in blocks,
	slots      map[streamID]int // their places in the list,
	takes      [][]int          // and which of them each signature takes a value from, as places
	shapes     []shape
	totals     []int // how many values all rows take from each stream
	tables     [tables]frameTable
	columns    map[streamID]*column
}

type frameTable struct {
	numbers []uint64
	starts  []int64 // microseconds
	shapes  []int32
	states  []byte
}

func (t *frameTable) find(number uint64) (int, bool) {
	i := sort.Search(len(t.numbers), func(i int) bool { return t.numbers[i] >= number })
	return i, i < len(t.numbers) && t.numbers[i] == number
}

func readFrame(b []byte, p *Packer) (*frame, error) {
	c := &cursor{b: b}
	f := &frame{slots: map[streamID]int{}}
	list := p.unpack(c)
	if c.err == nil && len(list)%8 != 0 {
		c.fail("signatures")
	}
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
		f.columns = readPart(c, p, Frame)
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
	all := make([]run, 0, len(s.b)/2) // of all shapes, one after another
	ends := make([]int, 0, min(n, len(s.b)))
	for i := 0; i < n && s.err == nil; i++ {
		runs := cursor{b: s.take(s.uvarint())}
		begin, bare := len(all), 0
		for len(runs.b) > 0 {
			r := run{uint32(runs.uvarint()), int(runs.uvarint())}
			if runs.err != nil || int(r.signature) >= len(f.signatures) || r.n < 1 || r.n > 1<<24 {
				s.fail("a shape")
				break
			}
			if len(f.takes[r.signature]) == 0 {
				bare += r.n
			}
			all = append(all, r)
		}
		if len(all) == begin || bare > mostBare {
			s.fail("a shape of nothing, or of too much")
		}
		ends = append(ends, len(all))
	}
	if s.err != nil || len(s.b) > 0 {
		c.fail("shapes")
		return
	}
	f.shapes = make([]shape, n)
	begin := 0
	for i, end := range ends {
		f.shapes[i].runs = all[begin:end:end]
		f.finish(&f.shapes[i])
		begin = end
	}
}

// sign adds a signature.
func (f *frame) sign(g signature) {
	f.signatures = append(f.signatures, g)
	var takes []int
	for _, of := range g.streams() {
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
}

// finish works out whether a shape is plain.
func (f *frame) finish(s *shape) {
	var seen pattern
	for _, r := range s.runs {
		g := f.signatures[r.signature]
		seen.add(g.kind(), r.n, headers[g.where(shiftHeader)] == headers[2])
	}
	s.plain = seen.plain(f.signatures[s.runs[0].signature].kind())
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
		for _, r := range f.shapes[i].runs {
			out[i] += each[r.signature] * r.n
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
			for _, r := range f.shapes[s].runs {
				each[r.signature] += n * r.n
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
	numbers, starts, shapes, states := &cursor{b: p.unpack(c)}, &cursor{b: p.unpack(c)}, &cursor{b: p.unpack(c)}, p.unpack(c)
	if c.err != nil || n > len(numbers.b) || t == Messages && len(states) != n {
		c.fail("rows of the frame")
		return
	}
	ft := &f.tables[t]
	*ft = frameTable{make([]uint64, n), make([]int64, n), make([]int32, n), states}
	var number uint64
	var start int64
	for i := range n {
		step := numbers.uvarint()
		number += step
		start += starts.varint()
		sh := shapes.uvarint()
		if step == 0 && i > 0 || sh >= uint64(len(f.shapes)) {
			c.fail("row %d of the frame", i)
			return
		}
		ft.numbers[i], ft.starts[i], ft.shapes[i] = number, start, int32(sh)
	}
	for _, r := range [...]*cursor{numbers, starts, shapes} {
		if r.err != nil || len(r.b) > 0 {
			c.fail("rows of the frame")
		}
	}
}
