// Package backfill gives a tracking store a past: what a company's appliance went
// through in the last days, made up from a seed.
package backfill

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"esasim/esa"
	"esasim/tracking"
	"esasim/tracking/segment"
	"esasim/traffic/mix"
)

// Run writes a past into a store that has none. Chunks are made side by side, one
// goroutine for each processor, and written in order. told, if set, is called
// with the number of messages written so far. When ctx ends, the store has to be
// thrown away.
func Run(ctx context.Context, o tracking.Options, p mix.Past, told func(messages uint64)) error {
	h, err := mix.NewHistory(p)
	if err != nil {
		return err
	}
	fill, err := tracking.NewBackfill(o)
	if err != nil {
		return err
	}
	if err := write(ctx, fill, h, told); err != nil {
		return errors.Join(err, fill.Abort())
	}
	return fill.Finish(tracking.Numbers{MID: esa.MID(p.Messages), ICID: h.LastICID(), DCID: h.LastDCID()})
}

// chunksEach is how many chunks of the past make a segment.
const chunksEach = 1

// segments is how many segments a past takes.
func segments(h *mix.History) int { return (h.Chunks() + chunksEach - 1) / chunksEach }

// write makes segment i in worker i modulo their number; so the writer knows whom
// to ask for the next one.
func write(ctx context.Context, fill *tracking.Backfill, h *mix.History, told func(uint64)) error {
	ctx, cancel := context.WithCancel(ctx)
	workers := make([]*worker, runtime.NumCPU())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	for i := range workers {
		w := &worker{history: h, builder: fill.Builder(), first: i, step: len(workers), parts: make(chan tracking.Part, max(1, ahead/len(workers)))}
		workers[i] = w
		wg.Go(func() { w.run(ctx) })
	}
	for i := range segments(h) {
		w := workers[i%len(workers)]
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case part := <-w.parts:
			if err := fill.Add(part); err != nil {
				return fmt.Errorf("segment %d: %w", i, err)
			}
		}
		if told != nil {
			told(fill.Messages())
		}
	}
	return nil
}

// ahead is how many segments may wait for the writer, at half a megabyte each.
// Writing a group takes as long as making some of them.
const ahead = 16

// worker makes every step-th segment.
type worker struct {
	history     *mix.History
	builder     *segment.Builder
	first, step int
	parts       chan tracking.Part

	connections []connection
	events      []esa.Event // of them
}

type connection struct {
	icid       esa.ICID
	begin, end int // among events
}

func (w *worker) run(ctx context.Context) {
	for i := w.first; i < segments(w.history); i += w.step {
		select {
		case <-ctx.Done():
			return
		case w.parts <- w.segment(i):
		}
	}
}

// segment makes a segment. It takes messages before connections, so these are
// put aside.
func (w *worker) segment(i int) (p tracking.Part) {
	b := w.builder
	w.connections, w.events = w.connections[:0], w.events[:0]
	for c := range chunksEach {
		w.history.Chunk(i*chunksEach+c, func(t mix.Told) bool {
			if t.MID == 0 {
				begin := len(w.events)
				w.events = append(w.events, t.Events...)
				w.connections = append(w.connections, connection{t.ICID, begin, len(w.events)})
				return true
			}
			b.Add(segment.Messages, uint64(t.MID), t.Events)
			if tracking.Unfinished(t.Events) {
				p.Open = append(p.Open, t.MID)
			}
			return true
		})
	}
	for _, c := range w.connections {
		b.Add(segment.Connections, uint64(c.icid), w.events[c.begin:c.end])
	}
	p.Segment = b.Finish(1)
	own := &segment.Trigrams{} // the builder's are its own again with the next segment
	own.Add(p.Segment.Trigrams)
	p.Segment.Trigrams = own
	return p
}
