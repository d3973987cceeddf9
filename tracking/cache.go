package tracking

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"esasim/tracking/segment"
)

// cacheBytes bounds what is kept of segments that have been read: about the
// newest two hundred thousand messages if all of them are, more of those of which
// searches read some columns only. With half of it the middle search by sender
// in ten million messages takes three times as long.
const cacheBytes = 112 << 20

// cache keeps what has been decoded of segments. When there is too much, the
// oldest segments go, not those used longest ago: every search begins with the
// newest mail, and one that must go far back would otherwise throw out all that
// the next one begins with.
type cache struct {
	mu    sync.Mutex // guards the rest
	items map[cacheKey]*segment.State
	made  int // since it was last looked at how much there is
}

type cacheKey struct {
	number  uint64
	version int
}

// get gives what is known of a segment, and makes room for it.
func (c *cache) get(number uint64, version int) *segment.State {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := cacheKey{number, version}
	if state := c.items[k]; state != nil {
		return state
	}
	if c.items == nil {
		c.items = map[cacheKey]*segment.State{}
	}
	// Not for each: a search that only glances at thousands of segments would spend
	// its time here.
	if c.made++; c.made > len(c.items)/64 {
		c.shrink()
		c.made = 0
	}
	state := segment.NewState()
	c.items[k] = state
	return state
}

// forget forgets all.
func (c *cache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.items, c.made = nil, 0
}

// shrink forgets the oldest segments. How much a segment takes is known only once
// it has been read, so it is asked each time.
func (c *cache) shrink() {
	var size int64
	for _, s := range c.items {
		size += s.Size()
	}
	if size <= cacheBytes {
		return
	}
	for _, k := range slices.SortedFunc(maps.Keys(c.items), func(a, b cacheKey) int {
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.version, b.version))
	}) {
		if size <= cacheBytes {
			return
		}
		size -= c.items[k].Size()
		delete(c.items, k)
	}
}
