package mix

import (
	"math/bits"
	"math/rand/v2"
)

// dice draws. Everything drawn is made of integers alone, so that a seed gives
// the same mail on every machine: floating point may be fused on some.
type dice struct{ pcg rand.PCG }

// reset makes the dice a function of two numbers. Neighbours are spread first,
// so that mail 8 and mail 9 have nothing in common.
func (d *dice) reset(seed, n uint64) { d.pcg.Seed(spread(seed), spread(n^0x6d69782e6d61696c)) }

// spread is the finalizer of SplitMix64.
func spread(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (d *dice) bits() uint64 { return d.pcg.Uint64() }

// below is a number from 0 up to, not including, n, which is at most 2^32.
func (d *dice) below(n int) int { return int((d.bits() >> 32) * uint64(n) >> 32) }

// between is a number from a to b, both included.
func (d *dice) between(a, b int) int { return a + d.below(b-a+1) }

// of10000 is true so many times out of ten thousand.
func (d *dice) of10000(n int) bool { return d.below(10_000) < n }

// size is a number of bytes whose logarithm to base 2 is about normal: median
// and spread (one standard deviation) are such logarithms in 256ths. The sum of
// four even draws stands for the bell, a straight line between two powers of two
// for the power.
func (d *dice) size(median, spread int) int64 {
	u := d.bits()
	sum := int(u&0xffff) + int(u>>16&0xffff) + int(u>>32&0xffff) + int(u>>48) - 2*0xffff
	// The sum's standard deviation is 65536/sqrt(3): 37837.
	x := median + spread*sum/37837
	x = min(max(x, 6<<8), 25<<8)
	return int64(256+x&0xff) << (x >> 8) >> 8
}

func pick[T any](d *dice, list []T) T { return list[d.below(len(list))] }

// alias draws indices by weight in constant time (Vose's alias method).
type alias []column

type column struct {
	cut   uint32 // below it: the column's own index
	other uint32 // otherwise this one
}

func newAlias(weights []uint64) alias {
	n := len(weights)
	a := make(alias, n)
	var total uint64
	for _, w := range weights {
		total += w
	}
	left := make([]uint64, n) // weight times n: total is the average
	var small, large []int
	for i, w := range weights {
		left[i] = w * uint64(n)
		a[i].other = uint32(i)
		if left[i] < total {
			small = append(small, i)
		} else {
			large = append(large, i)
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		hi, lo := bits.Mul64(left[s], 1<<32)
		q, _ := bits.Div64(hi, lo, total)
		a[s] = column{uint32(q), uint32(l)}
		if left[l] -= total - left[s]; left[l] < total {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	return a
}

// zipf draws from n things, of which the i-th comes up as 1/(i+flat).
func zipf(n, flat int) alias {
	w := make([]uint64, n)
	for i := range w {
		w[i] = 1 << 36 / uint64(i+flat)
	}
	return newAlias(w)
}

// scattered is zipf with its busy ones anywhere among the n, not in front.
func scattered(n, flat int) alias {
	const step = 1_000_003 // a prime: all ranks come up
	w := make([]uint64, n)
	for i := range w {
		w[i] = 1 << 36 / uint64(i*step%n+flat)
	}
	return newAlias(w)
}

func (a alias) draw(d *dice) int {
	u := d.bits()
	i := (u >> 32) * uint64(len(a)) >> 32
	if c := a[i]; uint32(u) >= c.cut {
		return int(c.other)
	}
	return int(i)
}
