package tracking

import (
	"context"
	"runtime"
	"time"
)

// turns bound how many searches are looked for at a time: what each has in memory of
// segments adds up, and more at a time than there are processors are no faster.
// Whoever has to wait comes after those who wait already, so a search that takes long
// makes others wait no longer than turnTime.
type turns chan struct{}

// turnTime is how long a search may go on while others wait. Most take less.
const turnTime = 25 * time.Millisecond

func newTurns() turns {
	n := max(2, runtime.GOMAXPROCS(0))
	t := make(turns, n)
	for range n {
		t.give()
	}
	return t
}

// take waits for a turn; the error is the cause of ctx's end. A channel hands out in
// the order in which it was asked.
func (t turns) take(ctx context.Context) error {
	select {
	case <-t:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (t turns) give() { t <- struct{}{} }

// pause lets others have their turn, if this one has lasted long.
func (w *walker) pause(ctx context.Context) error {
	if w.settle == nil || time.Since(w.turn) < turnTime {
		return nil
	}
	if err := w.settle(w); err != nil { // what is in memory for it can go meanwhile
		return err
	}
	w.turns.give()
	w.waiting = true
	err := w.turns.take(ctx)
	w.waiting = err != nil
	w.turn = time.Now()
	return err
}
