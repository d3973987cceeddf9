package segment

import (
	"slices"
	"time"

	"esasim/esa"
)

// Began is when the first and the last of a table's rows began; zero if there are
// none.
func (r *Reader) Began(t Table) (first, last time.Time, err error) {
	f, err := r.getFrame()
	if err != nil {
		return first, last, err
	}
	starts, err := f.tables[t].times(r.packer)
	if err != nil || len(starts) == 0 {
		return first, last, err
	}
	return time.UnixMilli(slices.Min(starts)), time.UnixMilli(slices.Max(starts)), nil
}

// HasProfile tells whether a source of the segment answers true. It is asked
// without what is the peer's own: address and name.
func (r *Reader) HasProfile(match func(*esa.Source) bool) (bool, error) {
	cols, err := r.columns(Sources)
	if err != nil {
		return false, err
	}
	col := cols.get(id(0, fProfile))
	if col == nil {
		return false, nil
	}
	for n := range col.n {
		s, err := r.profile(uint64(n))
		if err != nil {
			return false, err
		}
		if match(&s) {
			return true, nil
		}
	}
	return false, nil
}
