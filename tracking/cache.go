package tracking

import (
	"container/list"
	"sync"

	"esasim/tracking/segment"
)

// cacheBytes bounds what is kept of segments read lately: people look at the
// newest mail again and again, and these are the last few ten thousand messages.
const cacheBytes = 32 << 20

// cache keeps what has been decoded of segments.
type cache struct {
	mu    sync.Mutex // guards the rest
	items map[cacheKey]*list.Element
	order list.List // of *cached, the last used first
}

type cacheKey struct {
	number  uint64
	version int
}

type cached struct {
	key   cacheKey
	state *segment.State
}

// get gives what is known of a segment, and makes room for it.
func (c *cache) get(number uint64, version int) *segment.State {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := cacheKey{number, version}
	if el, ok := c.items[k]; ok {
		c.order.MoveToFront(el)
		return el.Value.(*cached).state
	}
	if c.items == nil {
		c.items = map[cacheKey]*list.Element{}
	}
	state := segment.NewState()
	c.items[k] = c.order.PushFront(&cached{k, state})
	c.shrink()
	return state
}

// shrink forgets what was used longest ago. How much a segment takes is known
// only once it has been read, so it is asked each time.
func (c *cache) shrink() {
	var size int64
	for el := c.order.Front(); el != nil; {
		next := el.Next()
		size += el.Value.(*cached).state.Size()
		if size > cacheBytes {
			delete(c.items, el.Value.(*cached).key)
			c.order.Remove(el)
		}
		el = next
	}
}
