// Package traffic throws mail at a box: a load of SMTP sessions that send one
// message after another, count the answers and measure how long they took. What
// the mail looks like is package mix's matter, or always the same.
package traffic

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"esasim/traffic/mix"
)

// Load is a stream of mail.
type Load struct {
	Server   string        // host:port
	Sessions int           // connections, each used for many messages
	Size     int           // octets of a message, about; of no account with a Mix
	Duration time.Duration // 0: until the limit is reached
	Limit    int64         // messages at most; 0: no limit
	// Mix has the mails; nil: small text messages that differ in their numbers.
	Mix *mix.Mix
	// Rate is how many messages a second are begun; 0: as many as are answered.
	// Each message has its moment, counted from the start. If the server is late
	// the next ones are late, too, and are then sent as fast as it goes.
	Rate float64
	// Reconnect: a session whose connection breaks, or that is told 421, begins
	// another one. Otherwise it ends.
	Reconnect bool
	// Accepted, if set, is told the text of each final reply that began with
	// 250, from several goroutines.
	Accepted func(reply string)
	// Progress, if set, is told the result so far, every second.
	Progress func(Result)
}

// Result is what came of a load.
type Result struct {
	Accepted int64 // messages answered 250
	Refused  int64 // messages answered anything else
	Lost     int64 // messages begun on a connection that broke before the answer
	Octets   int64 // of accepted messages
	Elapsed  time.Duration
	// Late are messages that could not begin when they should, by MostLate at
	// most. Without a rate there is no such moment.
	Late     int64
	MostLate time.Duration
	// Latency of whole transactions, MAIL FROM to the final reply; with a rate
	// from the moment when the message should have begun.
	Latency Latency
	// Replies are all that were not the expected ones, most frequent first.
	Replies []Reply
}

// PerSecond is the accepted messages a second.
func (r Result) PerSecond() float64 { return float64(r.Accepted) / r.Elapsed.Seconds() }

// run is a load under way. Its counters are touched by all sessions.
type run struct {
	*Load
	start                           time.Time
	sent                            atomic.Int64 // begun
	accepted, refused, lost, octets atomic.Int64
	late, mostLate                  atomic.Int64
	latency                         histogram
	replies                         replies
}

// Run sends until the duration is over, the limit is reached or ctx ends. What
// is under way then is finished. A server that goes away ends the sessions it
// had; that is an error only if nothing was accepted before.
func (l Load) Run(ctx context.Context) (Result, error) {
	if l.Duration > 0 || l.Limit <= 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, l.Duration)
		defer cancel()
	}
	r := &run{Load: &l, start: time.Now()}
	r.replies.count = map[string]int64{}
	errs := make([]error, l.Sessions)
	over, stop := context.WithCancel(context.Background())
	var watch, wg sync.WaitGroup
	watch.Go(func() { r.watch(over) })
	for i := range l.Sessions {
		wg.Go(func() {
			s := session{run: r, id: i}
			errs[i] = s.serve(ctx)
		})
	}
	wg.Wait()
	stop()
	watch.Wait()
	result := r.result()
	if result.Accepted == 0 {
		return result, errors.Join(errs...)
	}
	return result, nil
}

func (r *run) watch(ctx context.Context) {
	if r.Progress == nil {
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			r.Progress(r.result())
		}
	}
}

func (r *run) result() Result {
	return Result{
		Accepted: r.accepted.Load(), Refused: r.refused.Load(), Lost: r.lost.Load(), Octets: r.octets.Load(),
		Elapsed: time.Since(r.start), Late: r.late.Load(), MostLate: time.Duration(r.mostLate.Load()),
		Latency: r.latency.read(), Replies: r.replies.list(),
	}
}

// turn waits until it is time for the next message, whose number it gives back;
// false: there is none. The moment is the one the latency counts from.
func (r *run) turn(ctx context.Context) (n int64, due time.Time, ok bool) {
	n = r.sent.Add(1) - 1
	if ctx.Err() != nil || r.Limit > 0 && n >= r.Limit {
		return n, due, false
	}
	if r.Rate <= 0 {
		return n, time.Now(), true
	}
	due = r.start.Add(time.Duration(float64(n) / r.Rate * float64(time.Second)))
	if wait := time.Until(due); wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case <-ctx.Done():
			return n, due, false
		case <-t.C:
		}
	} else if behind := -wait; behind > tolerance {
		r.late.Add(1)
		raise(&r.mostLate, int64(behind))
	}
	return n, due, true
}

// tolerance is how much later than its moment a message may begin: a timer's and
// a scheduler's accuracy, not a server's fault.
const tolerance = 10 * time.Millisecond

// raise makes v at least n.
func raise(v *atomic.Int64, n int64) {
	for old := v.Load(); old < n && !v.CompareAndSwap(old, n); old = v.Load() {
	}
}
