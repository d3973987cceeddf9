package appliance

import (
	"context"
	"errors"
	"slices"
	"sync"

	"esasim/appliance/logs"
	"esasim/internal/group"
	"esasim/tracking"
)

// subscriptions are the logs that are written just now. They are opened by change, and
// written from when run is called until it ends.
type subscriptions struct {
	store *tracking.Store

	mu    sync.Mutex   // held while logs are opened and closed; guards what follows
	g     *group.Group // those that are written; nil: run has not begun
	ended bool
	open  []*subscription // in the order of the configuration
}

// subscription is one of the appliance's logs.
type subscription struct {
	planned
	w    *logs.Writer
	stop context.CancelFunc // nil: it is not being written
	done chan struct{}      // closed when it has been written to its end
}

var errLogsEnded = errors.New("the logs are being closed")

// run writes all logs until ctx ends.
func (s *subscriptions) run(ctx context.Context) error {
	s.mu.Lock()
	s.g = group.New(ctx)
	for _, l := range s.open {
		s.start(l)
	}
	s.mu.Unlock()
	<-s.g.Context().Done()
	s.mu.Lock()
	s.ended = true // nobody is started any more, so it can be waited for
	s.mu.Unlock()
	return s.g.Wait()
}

// start begins writing, once run has been called. s.mu is held.
func (s *subscriptions) start(l *subscription) {
	if s.g == nil {
		return
	}
	ctx, stop := context.WithCancel(s.g.Context())
	done := make(chan struct{})
	l.stop, l.done = stop, done
	s.g.Go("log subscription "+l.Name, func(context.Context) error {
		defer close(done)
		defer stop()
		return l.w.Run(ctx, s.store.Follow(l.w.Seq()))
	})
}

// end closes a log when what it has read is written.
func (l *subscription) end() error {
	if l.stop == nil {
		return l.w.Close()
	}
	l.stop()
	<-l.done // what went wrong is the group's to tell
	return nil
}

func (s *subscriptions) openLog(p planned) (*subscription, error) {
	w, err := logs.Open(p.o, s.store)
	if err != nil {
		return nil, err
	}
	return &subscription{planned: p, w: w}, nil
}

// change goes over to other subscriptions. Those that are as they were go on; one that
// has changed goes on at its place, in a new file. If one cannot be opened, all are as
// before.
func (s *subscriptions) change(plan []planned) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return errLogsEnded
	}
	next := make([]*subscription, len(plan))
	for i, p := range plan { // those of new names first: this can be undone
		if old := s.named(p.Name); old != nil {
			if old.LogSubscription == p.LogSubscription && old.words == p.words {
				next[i] = old
			}
			continue
		}
		l, err := s.openLog(p)
		if err != nil {
			return errors.Join(err, s.undo(next))
		}
		next[i] = l
	}
	for i, p := range plan {
		if next[i] != nil {
			continue
		}
		l, err := s.replace(s.named(p.Name), p)
		if err != nil {
			return errors.Join(err, s.undo(next))
		}
		next[i] = l
	}
	return s.goOver(next)
}

// goOver ends the logs that are no more, and begins the new ones.
func (s *subscriptions) goOver(next []*subscription) error {
	var errs []error
	for _, old := range s.open {
		if !slices.ContainsFunc(next, func(l *subscription) bool { return l.Name == old.Name }) {
			errs = append(errs, old.end(), s.store.DropCursor(logs.CursorPrefix+old.Name))
		}
	}
	s.open = next
	for _, l := range next {
		if l.stop == nil {
			s.start(l)
		}
	}
	return errors.Join(errs...)
}

func (s *subscriptions) named(name string) *subscription {
	i := slices.IndexFunc(s.open, func(l *subscription) bool { return l.Name == name })
	if i < 0 {
		return nil
	}
	return s.open[i]
}

// replace opens a log anew with other settings; with the old ones if that fails.
func (s *subscriptions) replace(old *subscription, p planned) (*subscription, error) {
	if err := old.end(); err != nil {
		return nil, err
	}
	l, err := s.openLog(p)
	if err == nil {
		return l, nil
	}
	again, bad := s.openLog(old.planned)
	if bad != nil {
		return nil, errors.Join(err, bad)
	}
	s.open[slices.Index(s.open, old)] = again
	s.start(again)
	return nil, err
}

// undo closes the logs that were opened in vain, and goes on with the old ones.
func (s *subscriptions) undo(next []*subscription) error {
	var errs []error
	for _, l := range next {
		if l == nil || slices.Contains(s.open, l) {
			continue
		}
		errs = append(errs, l.w.Close())
		i := slices.IndexFunc(s.open, func(old *subscription) bool { return old.Name == l.Name })
		if i < 0 { // new: it shall have no place
			errs = append(errs, s.store.DropCursor(logs.CursorPrefix+l.Name))
			continue
		}
		again, err := s.openLog(s.open[i].planned)
		if errs = append(errs, err); err == nil {
			s.open[i] = again
			s.start(again)
		}
	}
	return errors.Join(errs...)
}

// close closes all logs; run must have returned, if it was called.
func (s *subscriptions) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, l := range s.open {
		errs = append(errs, l.w.Close())
	}
	return errors.Join(errs...)
}

// changed is closed when a subscription has written more, or is written anew; at once
// if there is none of the name.
func (s *subscriptions) changed(name string) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.named(name); l != nil {
		return l.w.Changed()
	}
	none := make(chan struct{})
	close(none)
	return none
}
