package segment

import "math/bits"

// Rows is a set of the rows of a table.
type Rows []uint64

// NewRows makes a set of n rows, with none or all of them in it.
func NewRows(n int, full bool) Rows {
	s := make(Rows, (n+63)/64)
	if full {
		for i := range s {
			s[i] = ^uint64(0)
		}
		if rest := n & 63; rest != 0 {
			s[len(s)-1] = 1<<rest - 1
		}
	}
	return s
}

// Add puts a row into the set.
func (s Rows) Add(row int) { s[row>>6] |= 1 << (row & 63) }

// Remove takes a row out.
func (s Rows) Remove(row int) { s[row>>6] &^= 1 << (row & 63) }

// Has tells whether a row is in the set.
func (s Rows) Has(row int) bool { return s[row>>6]&(1<<(row&63)) != 0 }

// And leaves only the rows that are in both.
func (s Rows) And(other Rows) {
	for i := range s {
		s[i] &= other[i]
	}
}

// Or adds the rows of the other.
func (s Rows) Or(other Rows) {
	for i := range s {
		s[i] |= other[i]
	}
}

// Len is how many rows are in the set.
func (s Rows) Len() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// Last is the highest row below n in the set; -1 if there is none.
func (s Rows) Last(n int) int {
	for i := (n - 1) >> 6; n > 0 && i >= 0; i-- {
		w := s[i]
		if i == n>>6 {
			w &= 1<<(n&63) - 1
		}
		if w != 0 {
			return i<<6 + 63 - bits.LeadingZeros64(w)
		}
	}
	return -1
}

// AndNot takes out the rows of the other.
func (s Rows) AndNot(other Rows) {
	for i := range s {
		s[i] &^= other[i]
	}
}
