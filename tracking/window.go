package tracking

import (
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
// entries soon after they are written, and ask for the messages these speak of;
// without it each of them read and decoded every entry again, a third of the
// whole time at full load. It holds nothing that the store does not.
type window struct {
	// mu guards what follows. It is taken while holding Store.mu, never the
	// other way round.
	mu    sync.RWMutex
	ring  [windowSize]esa.Entry
	first uint64               // the oldest entry held
	next  uint64               // behind the newest
	bytes int                  // about what the entries held take
	mids  map[esa.MID][]uint64 // the entries held that speak of a message, oldest first
}

func newWindow(next uint64) *window {
	return &window{first: next, next: next, mids: map[esa.MID][]uint64{}}
}

func (w *window) put(e esa.Entry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bytes += weight(e.Events)
	for w.next-w.first == windowSize || w.bytes > windowBytes && w.first < w.next {
		w.drop(&w.ring[w.first%windowSize])
		w.first++
	}
	w.ring[e.Seq%windowSize] = e
	w.next++
	eachMID(e.Events, func(mid esa.MID) { w.mids[mid] = append(w.mids[mid], e.Seq) })
}

// drop forgets an entry, and its messages' oldest sequence number, which is its
// own.
func (w *window) drop(e *esa.Entry) {
	w.bytes -= weight(e.Events)
	defer func() { e.Events = nil }()
	eachMID(e.Events, func(mid esa.MID) {
		if rest := w.mids[mid][1:]; len(rest) > 0 {
			w.mids[mid] = rest
		} else {
			delete(w.mids, mid)
		}
	})
}

// entries are those from first to last, if all are held.
func (w *window) entries(first, last uint64) []esa.Entry {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if first < w.first || last >= w.next {
		return nil
	}
	out := make([]esa.Entry, 0, last-first+1)
	for seq := first; seq <= last; seq++ {
		out = append(out, w.ring[seq%windowSize])
	}
	return out
}

// message gives all events of a message, if its beginning is held.
func (w *window) message(mid esa.MID) []esa.Event {
	w.mu.RLock()
	defer w.mu.RUnlock()
	seqs := w.mids[mid]
	if len(seqs) == 0 || !slices.ContainsFunc(w.ring[seqs[0]%windowSize].Events, func(e esa.Event) bool {
		return e.Kind == esa.MessageStarted && e.MID == mid
	}) {
		return nil
	}
	out := make([]esa.Event, 0, 24)
	for _, seq := range seqs {
		out = appendOf(out, w.ring[seq%windowSize].Events, mid)
	}
	return out
}

// weight is about what events take in memory.
func weight(events []esa.Event) int {
	n := 200 * len(events) // an event without its texts
	for i := range events {
		e := &events[i]
		n += len(e.Address) + len(e.Name) + len(e.Text) + 4*len(e.RIDs)
		if a := e.Attachment; a != nil {
			n += 150 + len(a.Name) + len(a.Type)
		}
	}
	return n
}

// appendOf appends those of the events that belong to a message's life: its own
// and those of its delivery connections.
func appendOf(out, events []esa.Event, mid esa.MID) []esa.Event {
	for i := range events {
		if e := &events[i]; e.MID == mid || e.MID == 0 && e.DCID != 0 {
			out = append(out, *e)
		}
	}
	return out
}

// eachMID calls f for each message that an entry's events speak of. The events
// of one message stand together.
func eachMID(events []esa.Event, f func(esa.MID)) {
	var last esa.MID
	for i := range events {
		if mid := events[i].MID; mid != 0 && mid != last {
			last = mid
			f(mid)
		}
	}
}
