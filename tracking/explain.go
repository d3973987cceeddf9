package tracking

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Explained tells what a search read and what it could leave out.
type Explained struct {
	Segments   int            // segments there were
	Pruned     map[string]int // those not read, by what said that they have no match
	Beyond     int            // those not looked at, because the page was full
	Read       int            // those of which columns were read
	Open       int            // messages in memory that were looked at
	Candidates int            // messages that the columns could not rule out
	Parts      map[string]int // parts read from the store, by name; the others were in memory
	Octets     int64          // of these parts, as kept
	Took       time.Duration

	mu     sync.Mutex // guards Parts and Octets while segments are read side by side
	folded atomic.Int64
}

// Folded is how many messages were put together from all their events, to look
// closer or to be shown.
func (e *Explained) Folded() int { return int(e.folded.Load()) }

// String is the account of a search, for people: a line for each fact.
func (e *Explained) String() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("segments: %d, read %d, beyond the page %d", e.Segments, e.Read, e.Beyond)
	for _, why := range slices.Sorted(maps.Keys(e.Pruned)) {
		line("  pruned by %s: %d", why, e.Pruned[why])
	}
	line("open messages looked at: %d", e.Open)
	line("candidates: %d, folded: %d", e.Candidates, e.Folded())
	line("octets read: %d", e.Octets)
	for _, part := range slices.Sorted(maps.Keys(e.Parts)) {
		line("  part %s: %d times", part, e.Parts[part])
	}
	line("took: %s", e.Took.Round(time.Microsecond))
	return b.String()
}

func (e *Explained) part(name string, octets int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.Parts[name]++
	e.Octets += int64(octets)
}
