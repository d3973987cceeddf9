package segment

import (
	"math/bits"

	"github.com/cespare/xxhash/v2"
)

// interner numbers texts, each once, in the order they come. It is a map from
// texts to numbers; Go's own took a tenth of backfill's time, because it hashes
// and moves more and leaves texts to the garbage collector (BenchmarkIntern).
type interner struct {
	table []uint32 // by hash: 1 + a text's number; 0: free
	ends  []uint32 // of the texts among keys
	keys  []byte
}

func (n *interner) reset() {
	clear(n.table)
	n.ends, n.keys = n.ends[:0], n.keys[:0]
}

func (n *interner) at(i uint32) string {
	start := uint32(0)
	if i > 0 {
		start = n.ends[i-1]
	}
	return string(n.keys[start:n.ends[i]]) // compared with, so not copied
}

// number gives a text's number, and whether the text is new.
func (n *interner) number(text string) (i uint32, isNew bool) {
	return n.hashed(text, xxhash.Sum64String(text))
}

// hashed is number for a text whose xxhash is known.
func (n *interner) hashed(text string, hash uint64) (i uint32, isNew bool) {
	if 2*len(n.ends) >= len(n.table) {
		n.grow()
	}
	mask := uint32(len(n.table) - 1)
	for slot := uint32(hash) & mask; ; slot = (slot + 1) & mask {
		switch i := n.table[slot]; {
		case i == 0:
			n.keys = append(n.keys, text...)
			n.ends = append(n.ends, uint32(len(n.keys)))
			n.table[slot] = uint32(len(n.ends))
			return uint32(len(n.ends) - 1), true
		case n.is(i-1, text):
			return i - 1, false
		}
	}
}

func (n *interner) is(i uint32, text string) bool {
	start := uint32(0)
	if i > 0 {
		start = n.ends[i-1]
	}
	return string(n.keys[start:n.ends[i]]) == text
}

func (n *interner) grow() {
	n.table = make([]uint32, max(256, 4<<bits.Len(uint(len(n.ends)))))
	mask := uint32(len(n.table) - 1)
	for i := range n.ends {
		slot := uint32(xxhash.Sum64String(n.at(uint32(i)))) & mask
		for n.table[slot] != 0 {
			slot = (slot + 1) & mask
		}
		n.table[slot] = uint32(i) + 1
	}
}
