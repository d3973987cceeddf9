package sse

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"
)

// What can become of a request to a device, besides its answer.
var (
	// ErrOffline says that the device does not fetch its requests.
	ErrOffline = errors.New("the device is offline")
	// ErrTimeout says that the device did not answer in time.
	ErrTimeout = errors.New("the device did not answer in time")
	// ErrBusy says that too many requests wait for the device's answer already.
	ErrBusy = errors.New("the device has too many requests to answer")
	// ErrAnswer says that the device could not give its answer: it was too long, or
	// the device failed.
	ErrAnswer = errors.New("the device could not give its answer")
)

const (
	hold       = 20 * time.Second // of a poll when there is nothing to do
	grace      = 5 * time.Second  // between two polls
	maxErrands = 256              // of one device that wait for their answer
	maxTaken   = 16               // requests in the answer to one poll
	maxPoll    = 4 << 20          // bytes of bodies in it, but for the first
)

// lines are the devices' channels: a device fetches its requests with a long poll. They
// are only in memory, as whoever waits for an answer is.
type lines struct {
	mu sync.Mutex
	of map[string]*line // by device id
}

func (s *lines) find(device string) *line {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.of[device]
}

// open gives the line of a device, made when it is not there.
func (s *lines) open(device string) *line {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.of[device]
	if l == nil {
		l = &line{open: map[string]*errand{}, more: make(chan struct{}), cut: make(chan struct{})}
		s.of[device] = l
	}
	return l
}

// drop ends the line of a device: it was deleted, or has another credential now.
func (s *lines) drop(device string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.of[device]; l != nil {
		close(l.cut)
		delete(s.of, device)
	}
}

// line is one device's channel.
type line struct {
	cut chan struct{} // closed when the line ends

	// mu guards what follows. Nothing waits while holding it.
	mu    sync.Mutex
	polls int       // that wait now
	until time.Time // the device counts as there until then, although no poll waits
	queue []*errand // not fetched yet
	open  map[string]*errand
	more  chan struct{} // closed, and replaced, when the queue grows
}

// errand is a request on its way.
type errand struct {
	id       string
	request  Request
	deadline time.Time
	done     chan outcome // room for one: whoever answers does not wait
}

type outcome struct {
	answer Answer
	err    error
}

func (l *line) there() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.thereLocked()
}

func (l *line) thereLocked() bool { return l.polls > 0 || time.Now().Before(l.until) }

// add puts a request into the queue: ErrOffline, ErrBusy.
func (l *line) add(r Request, deadline time.Time) (*errand, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !l.thereLocked():
		return nil, ErrOffline
	case len(l.open) >= maxErrands:
		return nil, ErrBusy
	}
	e := &errand{uuid.NewString(), r, deadline, make(chan outcome, 1)}
	l.open[e.id] = e
	l.queue = append(l.queue, e)
	close(l.more)
	l.more = make(chan struct{})
	return e, nil
}

// forget takes a request back that nobody waits for any more.
func (l *line) forget(e *errand) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, e.id)
}

// finish gives an errand what became of it. One that nobody waits for is left alone.
func (l *line) finish(id string, o outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.open[id]; e != nil {
		delete(l.open, id)
		e.done <- o
	}
}

// fetch waits until there are requests, and gives some; none when there was nothing for
// a while. It ends with ctx, after which the device counts as gone unless it polls
// beside this.
func (l *line) fetch(ctx context.Context) []*errand {
	l.mu.Lock()
	l.polls++
	l.mu.Unlock()
	var got []*errand
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.polls--
		if l.until = time.Now(); ctx.Err() == nil {
			l.until = l.until.Add(grace)
		}
	}()
	empty := time.NewTimer(hold)
	defer empty.Stop()
	for ctx.Err() == nil {
		var more <-chan struct{}
		if got, more = l.taken(); len(got) > 0 {
			break
		}
		select {
		case <-more:
		case <-empty.C:
			return nil
		case <-l.cut:
			return nil
		case <-ctx.Done():
		}
	}
	return got
}

// taken takes requests from the queue, and leaves out what nobody waits for any more;
// more is closed when there are others.
func (l *line) taken() (got []*errand, more <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	size := 0
	for len(l.queue) > 0 && len(got) < maxTaken {
		e := l.queue[0]
		if l.open[e.id] != nil {
			if size += len(e.request.Body); size > maxPoll && len(got) > 0 {
				break
			}
			got = append(got, e)
		}
		l.queue = l.queue[1:]
	}
	return got, l.more
}
