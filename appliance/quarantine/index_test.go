package quarantine

import (
	"testing"
	"time"

	"esasim/esa"
)

// Of messages that came at the same moment the one that was received first is the
// oldest, and leaves first, in whatever order they are found.
func TestSameMoment(t *testing.T) {
	now := time.Now()
	for _, order := range [][]esa.MID{{1, 2, 3, 4, 5}, {5, 4, 3, 2, 1}, {3, 1, 5, 4, 2}} {
		x := newIndex()
		for _, mid := range order {
			x.set(mid, 100, []Stay{{Quarantine: Policy, Since: now, Until: now.Add(day)}})
		}
		for mid := esa.MID(1); mid <= 5; mid++ {
			oldest := x.oldest(func(string) bool { return true })
			if next := x.next(); oldest.mid != mid || next.mid != mid {
				t.Fatalf("found in order %v: the oldest is MID %d, the next MID %d, want %d", order, oldest.mid, next.mid, mid)
			}
			x.set(mid, 0, nil)
		}
	}
}
