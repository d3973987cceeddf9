package tracking

import (
	"cmp"
	"slices"
	"sync"

	"esasim/esa"
)

// How much of the log's end is kept in memory at most: some seconds of full
// load.
const (
	windowSize  = 8 << 10  // entries
	windowBytes = 32 << 20 // about; one entry is kept however large it is
)

// window is the end of the log in memory. All followers read the same few
// entries soon after they are written; without it each of them read and decoded
// every entry again, a third of the whole time at full load. It holds nothing
// that the store does not.
type window struct {
	// mu guards what follows. It is taken while holding Store.mu, never the
	// other way round.
	mu      sync.RWMutex
	held    []esa.Entry // oldest first
	each    []int       // what each of them weighs
	weights int
}

// put adds an entry, which weighs so much.
func (w *window) put(e esa.Entry, weight int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.weights += weight
	drop := 0
	for len(w.held)-drop == windowSize || w.weights > windowBytes && drop < len(w.held) {
		w.weights -= w.each[drop]
		w.held[drop] = esa.Entry{}
		drop++
	}
	// The slices move on within their arrays; append makes new ones, without what
	// was dropped, once in a while.
	w.held, w.each = append(w.held[drop:], e), append(w.each[drop:], weight)
}

// entries are those from the event first on, up to the event last, at most n of
// them; nil if the first is not held.
func (w *window) entries(first, last uint64, n int) []esa.Entry {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if len(w.held) == 0 || first < w.held[0].Seq-uint64(len(w.held[0].Events))+1 {
		return nil
	}
	place := func(seq uint64) int {
		i, _ := slices.BinarySearchFunc(w.held, seq, func(e esa.Entry, seq uint64) int { return cmp.Compare(e.Seq, seq) })
		return i
	}
	i := place(first)
	j := min(place(last+1), i+n)
	if i >= j {
		return nil
	}
	return slices.Clone(w.held[i:j])
}

// weight is about what events take in memory.
func weight(events []esa.Event) int {
	n := 250 * len(events) // an event without its texts
	for i := range events {
		e := &events[i]
		n += len(e.Address) + len(e.Name) + len(e.Text) + 4*len(e.RIDs)
		if a := e.Attachment; a != nil {
			n += 150 + len(a.Name) + len(a.Type)
		}
	}
	return n
}
