package traffic

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Latency is how long things took: half of them not longer than P50, and so on.
// All but Max may be up to three in a hundred too long.
type Latency struct {
	P50, P90, P99, Max time.Duration
}

// histogram counts durations in microseconds, in 32 steps for each power of two:
// its size does not grow with what it counts.
type histogram struct {
	steps [40 * 32]atomic.Int64
	max   atomic.Int64 // nanoseconds
}

func (h *histogram) add(d time.Duration) {
	h.steps[step(uint64(max(d.Microseconds(), 0)))].Add(1)
	raise(&h.max, int64(d))
}

// step is where a number of microseconds is counted: below 32 in a step of its
// own, from there on by its five leading bits after the first.
func step(us uint64) int {
	if us < 32 {
		return int(us)
	}
	shift := bits.Len64(us) - 6
	return min((shift+1)*32+int(us>>shift&31), 40*32-1)
}

// top is the largest number of microseconds counted in a step.
func top(step int) uint64 {
	if step < 32 {
		return uint64(step)
	}
	shift := step/32 - 1
	return uint64(32+step%32+1)<<shift - 1
}

func (h *histogram) read() Latency {
	var counts [len(h.steps)]int64
	var n int64
	for i := range h.steps {
		counts[i] = h.steps[i].Load()
		n += counts[i]
	}
	most := time.Duration(h.max.Load())
	at := func(percent int64) time.Duration {
		var sum int64
		for i, c := range counts {
			if sum += c; sum > 0 && sum*100 >= n*percent {
				return min(time.Duration(top(i))*time.Microsecond, most)
			}
		}
		return most
	}
	return Latency{P50: at(50), P90: at(90), P99: at(99), Max: most}
}
