package segment

// hashes is a set of hashes. A map takes three times as long, because it hashes them
// once more.
type hashes struct {
	table []uint64 // each at its lowest bits, or behind; 0: free
	n     int
	zero  bool // 0 is one of them
}

func (s *hashes) reset() {
	clear(s.table)
	s.n, s.zero = 0, false
}

// add tells whether the hash is new.
func (s *hashes) add(h uint64) (isNew bool) {
	if h == 0 {
		isNew, s.zero = !s.zero, true
		return isNew
	}
	if 2*s.n >= len(s.table) {
		s.grow()
	}
	slot := s.find(h)
	if *slot == h {
		return false
	}
	*slot = h
	s.n++
	return true
}

// find gives the place of a hash, or the free one where it belongs.
func (s *hashes) find(h uint64) *uint64 {
	mask := uint64(len(s.table) - 1)
	for i := h >> 8; ; i++ { // the lowest bit is the same in most
		if slot := &s.table[i&mask]; *slot == h || *slot == 0 {
			return slot
		}
	}
}

func (s *hashes) grow() {
	old := s.table
	s.table = make([]uint64, max(256, 2*len(old)))
	for _, h := range old {
		if h != 0 {
			*s.find(h) = h
		}
	}
}
