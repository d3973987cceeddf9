package ctr

import (
	"cmp"
	"sync"
	"time"
)

const (
	// OrgLimit is how many requests an organisation may make in an hour. Source:
	// recorded header, vendor document.
	OrgLimit = 8000
	// MaxOrgLimit bounds what the limit can be set to: each request of the last
	// hour takes eight bytes.
	MaxOrgLimit = 1_000_000

	limitWindow = time.Hour
)

// limiter counts the requests of an organisation in a rolling hour. The count
// begins anew with each start (ours).
type limiter struct {
	max   int // 0: nobody is refused
	start time.Time

	mu    sync.Mutex
	taken []time.Duration // since start, the oldest first: requests of the last hour
}

// limit is what is told to clients, also while nobody is refused.
func (l *limiter) limit() int { return cmp.Or(l.max, OrgLimit) }

// take counts a request: left is how many more there may be at once. If there
// were too many, it is not counted, and wait is until there may be one again.
func (l *limiter) take(now time.Time) (left int, wait time.Duration) {
	at := now.Sub(l.start)
	l.mu.Lock()
	defer l.mu.Unlock()
	gone := 0
	for gone < len(l.taken) && at-l.taken[gone] >= limitWindow {
		gone++
	}
	l.taken = l.taken[gone:]
	if len(l.taken) < l.limit() {
		l.taken = append(l.taken, at)
	} else if l.max > 0 {
		return 0, l.taken[0] + limitWindow - at
	}
	return l.limit() - len(l.taken), 0
}
