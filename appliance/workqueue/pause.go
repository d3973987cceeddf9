package workqueue

import (
	"context"
	"sync"
)

// Pause stops the queue until Resume, as "workqueue pause" of the appliance's
// command line does: the message under way is done, others wait. A restart resumes
// it.
func (q *Queue) Pause() { q.gate.shut() }

// Resume begins processing again.
func (q *Queue) Resume() { q.gate.open() }

// Paused tells whether the queue is paused.
func (q *Queue) Paused() bool { return q.gate.closed() != nil }

// gate lets through or holds up. The zero value is open.
type gate struct {
	mu     sync.Mutex // guards opened
	opened chan struct{}
}

// closed is closed itself when the gate opens; nil: it is open.
func (g *gate) closed() chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.opened
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.opened == nil {
		g.opened = make(chan struct{})
	}
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.opened != nil {
		close(g.opened)
		g.opened = nil
	}
}

// pass waits until the gate is open, or ctx ends.
func (g *gate) pass(ctx context.Context) {
	for shut := g.closed(); shut != nil && ctx.Err() == nil; shut = g.closed() {
		select {
		case <-shut:
		case <-ctx.Done():
		}
	}
}
