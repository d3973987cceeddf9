// Package group runs goroutines that belong together: when one fails all end,
// and whoever started them waits for them.
package group

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Group is a set of goroutines with one context.
type Group struct {
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu   sync.Mutex // guards errs
	errs []error
}

// New makes a group whose goroutines end with ctx.
func New(ctx context.Context) *Group {
	g := &Group{}
	g.ctx, g.cancel = context.WithCancel(ctx)
	return g
}

// Context ends when one of the goroutines fails, or Stop is called.
func (g *Group) Context() context.Context { return g.ctx }

// Go runs f. Its error ends the group and carries the name.
func (g *Group) Go(name string, f func(context.Context) error) {
	g.wg.Go(func() {
		err := f(g.ctx)
		if err == nil {
			return
		}
		g.mu.Lock()
		g.errs = append(g.errs, fmt.Errorf("%s: %w", name, err))
		g.mu.Unlock()
		g.cancel()
	})
}

// Wait waits for all and gives their errors.
func (g *Group) Wait() error {
	g.wg.Wait()
	g.cancel()
	return errors.Join(g.errs...)
}

// Stop ends all and waits for them.
func (g *Group) Stop() error {
	g.cancel()
	return g.Wait()
}
