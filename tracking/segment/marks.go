package segment

// marks tell how many values the rows before some rows of a block take. Rows are put
// together one at a time, and all of a block takes values from the same streams; so
// what is before a row is counted from the mark before it.
type marks struct {
	before []int   // of each stream, by all rows before the block
	within []int32 // for every markRows-th row of the block: of each stream, then of each stream of lists, by the rows of the block before it
}

// markRows is how many rows have a mark together: more are counted slower, fewer
// take more memory.
const markRows = 32

// marksOf are those of a block. They are kept: a block of which one row is wanted
// often has others.
func (f *frame) marksOf(block int) *marks {
	if known := f.blocks[block].Load(); known != nil {
		return known
	}
	first := block * BlockRows
	m := &marks{before: f.taken(f.uses(0, first))}
	count := make([]int32, len(f.streams)+len(f.lists))
	f.each(first, first+BlockRows, func(row int, s int32) {
		if row%markRows == 0 {
			m.within = append(m.within, count...)
		}
		f.take(s, count)
	})
	f.blocks[block].Store(m)
	return m
}

// taken tells how many values of each stream, then of each stream of lists, the rows
// of its block before a place take.
func (m *marks) taken(f *frame, place int) []int32 {
	count := make([]int32, len(f.streams)+len(f.lists))
	mark := place % BlockRows / markRows
	if from := mark * len(count); from < len(m.within) {
		copy(count, m.within[from:])
	}
	f.each(place/BlockRows*BlockRows+mark*markRows, place, func(_ int, s int32) { f.take(s, count) })
	return count
}

// take adds what a row of a shape takes.
func (f *frame) take(s int32, count []int32) {
	for _, r := range f.shapes[s] {
		for _, slot := range f.takes[r.signature] {
			count[slot] += int32(r.n)
		}
		if list := f.listed[r.signature]; list >= 0 {
			count[len(f.streams)+int(list)] += int32(r.n)
		}
	}
}

// each calls do for the rows from one place to another, counted through all tables,
// with their shapes. Behind the last row there is none.
func (f *frame) each(from, to int, do func(place int, shape int32)) {
	base := 0
	for t := range f.tables {
		shapes := f.tables[t].shapes
		for i := max(from-base, 0); i < min(to-base, len(shapes)); i++ {
			do(base+i, shapes[i])
		}
		base += len(shapes)
	}
}
