package smtp

import (
	"net/netip"
	"sync"
	"time"
)

// hosts counts the connections of each remote host that has a limit. It holds
// no more hosts than there are connections.
type hosts struct {
	mu   sync.Mutex // guards open
	open map[netip.Addr]int
}

// enter counts one more connection, unless the host has as many as it may.
func (h *hosts) enter(a netip.Addr, limit int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open[a] >= limit {
		return false
	}
	if h.open == nil {
		h.open = map[netip.Addr]int{}
	}
	h.open[a]++
	return true
}

func (h *hosts) leave(a netip.Addr) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open[a]--; h.open[a] <= 0 {
		delete(h.open, a)
	}
}

// hours are the hours of the remote hosts that have a limit of recipients. A
// connection asks once and keeps the answer.
type hours struct {
	mu   sync.Mutex // guards list
	list map[netip.Addr]*hour
}

// maxHours is of how many hosts the recipients are counted. Of more than that
// some begin anew: who sends from so many addresses is not to be stopped by
// counting them.
const maxHours = 100_000

// of gives the host's hour, making room for it if need be.
func (h *hours) of(a netip.Addr, now time.Time) *hour {
	h.mu.Lock()
	defer h.mu.Unlock()
	if one := h.list[a]; one != nil {
		return one
	}
	if h.list == nil {
		h.list = map[netip.Addr]*hour{}
	}
	if len(h.list) >= maxHours {
		h.forget(now)
	}
	one := &hour{}
	h.list[a] = one
	return one
}

// forget makes room for one: it looks at a few, as a map gives them, and takes
// out those whose hour is over, or else the first.
func (h *hours) forget(now time.Time) {
	looked, gone := 0, 0
	var first netip.Addr
	for a, one := range h.list {
		if looked++; looked == 1 {
			first = a
		}
		if one.over(now) {
			delete(h.list, a)
			gone++
		}
		if looked == 8 {
			break
		}
	}
	if gone == 0 {
		delete(h.list, first)
	}
}

// hour counts the recipients of one host. It begins with the first.
type hour struct {
	mu    sync.Mutex // guards what follows; shared by the connections of one host
	until time.Time
	taken int
}

// take counts a recipient, unless the host has had as many as it may in this
// hour.
func (h *hour) take(limit int, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !now.Before(h.until) {
		h.until, h.taken = now.Add(time.Hour), 0
	}
	if h.taken >= limit {
		return false
	}
	h.taken++
	return true
}

func (h *hour) over(now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !now.Before(h.until)
}
