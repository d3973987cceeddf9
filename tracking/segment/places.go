package segment

import (
	"unsafe"

	"esasim/esa"
)

// places are the codes of the sources seen, by where they are in memory. What is
// here stays alive, so no other source can come to be at its place; and it does
// not move. A map takes more than twice as long to find one.
type places struct {
	table []place // by the address, or behind; nil: free
	n     int
}

type place struct {
	source *esa.Source
	code   uint32
}

func (p *places) reset() {
	clear(p.table)
	p.n = 0
}

// at gives the place of a source, or the free one where it belongs. The place is
// valid until the next call.
func (p *places) at(src *esa.Source) *place {
	if 2*p.n >= len(p.table) {
		p.grow()
	}
	mask := uintptr(len(p.table) - 1)
	for i := uintptr(unsafe.Pointer(src)) * 0x9e3779b9 >> 16; ; i++ {
		if at := &p.table[i&mask]; at.source == src || at.source == nil {
			return at
		}
	}
}

// note keeps the code of a source that has none yet.
func (p *places) note(src *esa.Source, code uint32) {
	*p.at(src) = place{src, code}
	p.n++
}

func (p *places) grow() {
	old := p.table
	p.table, p.n = make([]place, max(64, 2*len(old))), 0
	for _, known := range old {
		if known.source != nil {
			p.note(known.source, known.code)
		}
	}
}
