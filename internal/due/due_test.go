package due

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

type thing struct {
	Item
	name int
}

// What waits comes out in the order of its moments, whatever was taken out between.
func TestQueue(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var q Queue[*thing]
	in := map[*thing]bool{}
	begin := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	for i := range 2000 {
		switch x := &(thing{At(begin.Add(time.Duration(r.IntN(1000)) * time.Second)), i}); {
		case r.IntN(3) > 0:
			q.Add(x)
			in[x] = true
		case len(in) > 0:
			for y := range in {
				q.Remove(y)
				q.Remove(y) // not in it any more
				delete(in, y)
				break
			}
		}
	}
	var want, got []time.Time
	for x := range in {
		want = append(want, x.When())
	}
	slices.SortFunc(want, time.Time.Compare)
	for q.Len() > 0 {
		first := q.First()
		if x := q.Pop(); x != first || !in[x] {
			t.Fatalf("%d came out, which should not, or was not the first", x.name)
		}
		got = append(got, first.When())
	}
	if !slices.Equal(got, want) || len(got) < 100 {
		t.Errorf("%d came out, %d were in", len(got), len(want))
	}
}

// Moments that no clock here can tell are the first or the last.
func TestFarMoments(t *testing.T) {
	var q Queue[*thing]
	for i, at := range []time.Time{time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), time.Now(), {}} {
		q.Add(&thing{At(at), i})
	}
	for _, want := range []int{2, 1, 0} {
		if got := q.Pop().name; got != want {
			t.Errorf("%d comes before %d", got, want)
		}
	}
}
