package segment

import "esasim/esa"

// Events gives all events of a row, as they were added.
func (r *Reader) Events(t Table, row int) ([]esa.Event, error) { return r.Some(t, row, nil) }

// Some gives those events of a message that are wanted.
func (r *Reader) Some(t Table, row int, w *Want) ([]esa.Event, error) {
	f, err := r.getFrame()
	if err != nil {
		return nil, err
	}
	want := w.signatures(f)
	d, err := r.rows(t, row, f.partsOf(t, row, want))
	if err != nil {
		return nil, err
	}
	d.want = want
	return d.events(t, row)
}

// parts is a set of parts, without their blocks: a bit for each.
type parts uint16

const allParts = ^parts(0)

func (p Part) bit() parts { return 1 << (p >> 8) }

// All calls f for each row of a table, in order, until it says false.
func (r *Reader) All(t Table, f func(number uint64, events []esa.Event) bool) error {
	numbers, err := r.Numbers(t)
	if err != nil {
		return err
	}
	var d *rowReader
	for row, n := range numbers {
		if d == nil || d.frame.through(t, row)%BlockRows == 0 {
			if d, err = r.rows(t, row, allParts); err != nil {
				return err
			}
		}
		events, err := d.events(t, row)
		if err != nil {
			return err
		}
		if !f(n, events) {
			return nil
		}
	}
	return nil
}

// rows reads rows from one on, up to the end of its block, as far as they need no
// other parts than these.
func (r *Reader) rows(t Table, row int, need parts) (*rowReader, error) {
	f, err := r.getFrame()
	if err != nil {
		return nil, err
	}
	d := &rowReader{reader: r, frame: f, columns: make([]*column, len(f.streams)), at: make([]int, len(f.streams)),
		list: make([]*column, len(f.lists)), lists: make([]int, len(f.lists))}
	place := f.through(t, row)
	for p := Frame; p < endOfParts; p += 1 << 8 {
		if need&p.bit() == 0 {
			continue
		}
		part := p
		if p.inBlocks() {
			part += Part(place / BlockRows)
		}
		list, err := r.columns(part)
		if err != nil {
			return nil, err
		}
		d.use(list)
	}
	d.seek(place)
	return d, d.err
}
