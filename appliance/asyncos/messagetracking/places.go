package messagetracking

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"esasim/appliance/asyncos/rest"
)

// places remembers where the pages of searches ended.
type places struct {
	mu   sync.Mutex // guards the rest
	list map[string]*course
}

// course is one client's way through one search.
type course struct {
	used time.Time
	at   map[int]place // by the offset of the page that begins there
}

// searchKey tells searches of different clients apart, and those for different
// things. Two programs of one user on one machine that make the same search at the
// same time are taken for one.
func searchKey(c *rest.Call) string {
	h := sha256.New()
	from, _, _ := net.SplitHostPort(c.Request.RemoteAddr)
	fmt.Fprintf(h, "%q %q %q", from, c.User.Name, c.Request.UserAgent())
	var names []string
	for name := range c.Parameters {
		if name != "offset" && name != "limit" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(h, " %q=%q", name, strings.Join(c.Parameters[name], ","))
	}
	return string(h.Sum(nil))
}

// The memory of places. Pages are asked for by their offset, and mail arrives
// meanwhile: so a client that asks for page after page goes on where the page before
// ended, and meets each row once. (Ours; what the real one does is not known.)
const (
	mostSearches = 256
	mostPlaces   = 8 // of a search
	placesKept   = 10 * time.Minute
)

// from gives the place of an offset, or of the nearest one before it that is known,
// and how many rows are between.
func (p *places) from(key string, offset int) (place, int) {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.list[key]
	if one == nil || now.Sub(one.used) > placesKept {
		return place{}, offset
	}
	one.used = now
	best := 0
	for o := range one.at {
		if o <= offset && o > best {
			best = o
		}
	}
	if best == 0 {
		return place{}, offset
	}
	return one.at[best].clone(), offset - best
}

// keep remembers a place; with that of the first page, those of an earlier search
// are of no use any more. Beyond the bounds, what was used longest ago is
// forgotten.
func (p *places) keep(key string, first bool, offset int, at place) {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.list == nil {
		p.list = map[string]*course{}
	}
	if p.list[key] == nil {
		if len(p.list) >= mostSearches {
			p.forget()
		}
		p.list[key] = &course{at: map[int]place{}}
	}
	one := p.list[key]
	if first {
		clear(one.at)
	}
	one.used = now
	if _, known := one.at[offset]; !known && len(one.at) >= mostPlaces {
		lowest := offset
		for o := range maps.Keys(one.at) {
			lowest = min(lowest, o)
		}
		delete(one.at, lowest)
	}
	one.at[offset] = at.clone()
}

func (p *places) forget() {
	oldest := ""
	for key, one := range p.list {
		if oldest == "" || one.used.Before(p.list[oldest].used) {
			oldest = key
		}
	}
	delete(p.list, oldest)
}
