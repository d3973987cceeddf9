// Package due is a queue of what waits for its moment, the earliest first. It is
// held in memory; whoever uses it makes it anew after a restart.
package due

import (
	"container/heap"
	"context"
	"errors"
	"math"
	"time"
)

// Item is when something is due. Embed it.
type Item struct {
	at    int64 // in nanoseconds since 1970
	place int   // in the heap, from 1; 0: in none
}

// The moments that can be told from each other; others are taken for these.
var (
	first = time.Unix(0, math.MinInt64)
	last  = time.Unix(0, math.MaxInt64)
)

// At is an item that is due at a moment.
func At(t time.Time) Item {
	switch {
	case t.Before(first):
		t = first
	case t.After(last):
		t = last
	}
	return Item{at: t.UnixNano()}
}

// When is the moment.
func (i *Item) When() time.Time { return time.Unix(0, i.at) }

// Due makes what embeds an item one that can wait.
func (i *Item) Due() *Item { return i }

// Waiter is what can wait: what embeds an Item.
type Waiter interface{ Due() *Item }

// Queue holds those that wait. The zero value is empty. Not for use by several
// goroutines.
type Queue[T Waiter] struct{ list waiters[T] }

// Add has w wait. It must not wait in a queue already.
func (q *Queue[T]) Add(w T) { heap.Push(&q.list, w) }

// Remove takes w out, if it is in.
func (q *Queue[T]) Remove(w T) {
	if place := w.Due().place; place > 0 {
		heap.Remove(&q.list, place-1)
	}
}

// Len is how many wait.
func (q *Queue[T]) Len() int { return len(q.list) }

// First is the earliest. There must be one.
func (q *Queue[T]) First() T { return q.list[0] }

// Pop takes the earliest out. There must be one.
func (q *Queue[T]) Pop() T { return heap.Pop(&q.list).(T) }

type waiters[T Waiter] []T

func (l waiters[T]) Len() int { return len(l) }
func (l waiters[T]) Less(i, j int) bool {
	if a, b := l[i].Due().at, l[j].Due().at; a != b {
		return a < b
	}
	a, ok := any(l[i]).(ordered)
	return ok && a.Order() < any(l[j]).(ordered).Order()
}

// ordered is a Waiter that says who is first of those that are due at the same
// moment: the lower number. The order of others is any.
type ordered interface{ Order() uint64 }

func (l waiters[T]) Swap(i, j int) {
	l[i], l[j] = l[j], l[i]
	l[i].Due().place, l[j].Due().place = i+1, j+1
}

func (l *waiters[T]) Push(x any) {
	w := x.(T)
	*l = append(*l, w)
	w.Due().place = len(*l)
}

func (l *waiters[T]) Pop() any {
	last := len(*l) - 1
	w := (*l)[last]
	w.Due().place = 0
	var none T
	(*l)[last] = none
	*l = (*l)[:last]
	return w
}

// Until reads until a moment; zero is no moment. That it has come is no error: there is
// nothing then. Whatever else went wrong is told, even if that comes late.
func Until[T any](ctx context.Context, at time.Time, read func(context.Context) (T, error)) (T, error) {
	if at.IsZero() {
		return read(ctx)
	}
	wait, cancel := context.WithDeadline(ctx, at)
	defer cancel()
	out, err := read(wait)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		var none T
		return none, nil
	}
	return out, err
}
