package users

import (
	"sync"
	"time"
)

// verified remembers the last sign-ins whose slow hash was computed. What is kept
// are keyed digests, so who reads the memory learns no passphrase of it, and how
// long a look takes says nothing.
type verified struct {
	mu    sync.Mutex // guards the rest
	marks map[mark]struct{}
}

// mostVerified is how many sign-ins are remembered.
const mostVerified = 1024

func (v *verified) has(m mark) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	_, ok := v.marks[m]
	return ok
}

func (v *verified) add(m mark) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.marks == nil || len(v.marks) >= mostVerified { // who comes again is asked again
		v.marks = map[mark]struct{}{}
	}
	v.marks[m] = struct{}{}
}

// attempt is who tried: others who use the same name from elsewhere are not held
// up.
type attempt struct {
	name mark
	from string
}

// failures slows down who guesses: after some failures the next attempt has to
// wait, twice as long each time. Figures are ours.
type failures struct {
	mu   sync.Mutex // guards the rest
	list map[attempt]failed
}

type failed struct {
	times int
	last  time.Time
}

const (
	freeFailures = 5                // before the first wait
	longestWait  = 30 * time.Second // between two attempts
	forgotten    = 15 * time.Minute // after the last failure
	mostFailures = 4096             // names and addresses that are remembered
)

// wait is for how long nothing is looked at after the last failure.
func (f failed) wait() time.Duration {
	if f.times < freeFailures {
		return 0
	}
	return min(time.Second<<min(f.times-freeFailures, 8), longestWait)
}

// left is for how long somebody still has to wait.
func (f *failures) left(who attempt, now time.Time) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	one := f.list[who]
	return one.last.Add(one.wait()).Sub(now)
}

func (f *failures) add(who attempt, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.list == nil {
		f.list = map[attempt]failed{}
	}
	one := f.list[who]
	if now.Sub(one.last) > forgotten {
		one.times = 0
	}
	if _, known := f.list[who]; !known && len(f.list) >= mostFailures {
		f.makeRoom(now)
	}
	f.list[who] = failed{one.times + 1, now}
}

// makeRoom forgets those who need not wait any more; if all have to, any one.
func (f *failures) makeRoom(now time.Time) {
	for who, one := range f.list {
		if now.Sub(one.last) > one.wait() {
			delete(f.list, who)
		}
	}
	for who := range f.list {
		if len(f.list) < mostFailures {
			return
		}
		delete(f.list, who)
	}
}

func (f *failures) forget(who attempt) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.list, who)
}
