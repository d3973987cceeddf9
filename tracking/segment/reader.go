package segment

import (
	"fmt"
	"sync"
	"sync/atomic"

	"esasim/esa"
)

// Reader reads a segment, each part when it is first needed. It may be used by
// several goroutines at a time.
type Reader struct {
	Directory *Directory
	packer    *Packer
	load      func(Part) ([]byte, error)
	*State
}

// State is what readers have read of a segment. Readers of the same segment may
// share it, one after another or at the same time.
type State struct {
	mu       sync.Mutex // guards the rest but size; held while a part is loaded
	frame    *frame
	parts    map[Part]columns
	profiles []*esa.Source // of the sources; nil for those not read yet
	size     atomic.Int64  // about what all of it takes in memory; columns add to it
}

// NewState is the state of a segment of which nothing has been read.
func NewState() *State { return &State{parts: map[Part]columns{}} }

// Size is about what it holds in memory, in octets.
func (s *State) Size() int64 { return s.size.Load() }

// NewReader makes a reader of the segment whose parts load gives, in their
// state in memory.
func NewReader(d *Directory, p *Packer, s *State, load func(Part) ([]byte, error)) *Reader {
	return &Reader{Directory: d, packer: p, State: s, load: load}
}

func (r *Reader) getFrame() (*frame, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lockedFrame()
}

func (r *Reader) lockedFrame() (*frame, error) {
	if r.frame != nil {
		return r.frame, nil
	}
	b, err := r.load(Frame)
	if err != nil {
		return nil, err
	}
	f, err := readFrame(b, r.packer, &r.size)
	if err == nil {
		err = f.check(r.Directory)
	}
	if err != nil {
		return nil, fmt.Errorf("part %s: %w", Frame, err)
	}
	r.frame = f
	r.size.Add(int64(len(b)) * 4)
	return f, nil
}

// check holds the frame against the directory.
func (f *frame) check(d *Directory) error {
	for t := range f.tables {
		n := f.tables[t].numbers
		if len(n) != d.Rows[t] || len(n) > 0 && (n[0] != d.First[t] || n[len(n)-1] != d.Last[t]) {
			return fmt.Errorf("%w: the directory says otherwise", ErrDamaged)
		}
	}
	return nil
}

// columns reads a part.
func (r *Reader) columns(p Part) (columns, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, err := r.lockedFrame()
	if err != nil || p == Frame {
		if f == nil {
			return nil, err
		}
		return f.columns, err
	}
	if r.parts[p] != nil {
		return r.parts[p], nil
	}
	b, err := r.load(p)
	if err != nil {
		return nil, err
	}
	c := &cursor{b: b}
	cols := readPart(c, r.packer, p, &r.size)
	if c.err == nil {
		c.err = f.checkColumns(p, cols)
		f.place(cols)
	}
	if c.err != nil {
		return nil, fmt.Errorf("part %s: %w", p, c.err)
	}
	r.parts[p] = cols
	r.size.Add(int64(len(b)))
	return cols, nil
}

// checkColumns holds the number of values in the columns of a part against what
// the shapes of the rows ask for; so no row can ask for one that is not there.
func (f *frame) checkColumns(p Part, cols columns) error {
	totals := f.totals
	if p.inBlocks() {
		from := p.Block() * BlockRows
		totals = f.taken(f.uses(from, from+BlockRows))
	}
	for slot, of := range f.streams {
		if of.part() != p.Kind() {
			continue
		}
		if col := cols.get(of); totals[slot] > 0 && (col == nil || col.n != totals[slot]) {
			return fmt.Errorf("%w: %d values of stream %d wanted", ErrDamaged, totals[slot], of)
		}
	}
	return nil
}

// Len is how many rows a table has.
func (r *Reader) Len(t Table) int { return r.Directory.Rows[t] }

// Numbers are the MIDs or ICIDs of the rows, rising. They must not be changed.
func (r *Reader) Numbers(t Table) ([]uint64, error) {
	f, err := r.getFrame()
	if err != nil {
		return nil, err
	}
	return f.tables[t].numbers, nil
}

// Find gives the row with a number.
func (r *Reader) Find(t Table, number uint64) (row int, ok bool, err error) {
	f, err := r.getFrame()
	if err != nil {
		return 0, false, err
	}
	row, ok = f.tables[t].find(number)
	return row, ok, nil
}
