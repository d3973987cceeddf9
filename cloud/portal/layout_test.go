package portal

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestLayOut: whatever the graph, every node has a finite place, the same each
// time, and in graphs of the usual size no label hides another.
func TestLayOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 24).Draw(t, "n")
		var edges [][2]int
		for range rapid.IntRange(0, 30).Draw(t, "edges") {
			if n < 2 {
				break
			}
			a, b := rapid.IntRange(0, n-1).Draw(t, "a"), rapid.IntRange(0, n-1).Draw(t, "b")
			if a != b {
				edges = append(edges, [2]int{a, b})
			}
		}
		at := layOut(n, edges)
		if diff := cmp.Diff(at, layOut(n, edges)); diff != "" {
			t.Fatalf("the second time (-first +second):\n%s", diff)
		}
		for i, p := range at {
			if math.IsNaN(p.X+p.Y) || math.IsInf(p.X+p.Y, 0) {
				t.Fatalf("node %d at %v", i, p)
			}
			for j, q := range at[:i] {
				if math.Abs(p.X-q.X) < roomX*0.8 && math.Abs(p.Y-q.Y) < roomY*0.8 {
					t.Fatalf("nodes %d and %d overlap: %v %v", i, j, p, q)
				}
			}
		}
	})
}

// TestLayOutHub: one node that all others hang on, as the address of a relay,
// with as many as are ever drawn.
func TestLayOutHub(t *testing.T) {
	var edges [][2]int
	for i := 1; i < maxNodes; i++ {
		edges = append(edges, [2]int{0, i})
	}
	for i, p := range layOut(maxNodes, edges) {
		if math.IsNaN(p.X+p.Y) || math.Abs(p.X)+math.Abs(p.Y) > 20_000 {
			t.Fatalf("node %d at %v", i, p)
		}
	}
}

func BenchmarkLayOut(b *testing.B) {
	var edges [][2]int
	for i := 1; i < maxNodes; i++ {
		edges = append(edges, [2]int{i, i / 3}, [2]int{i, i / 7})
	}
	for b.Loop() {
		layOut(maxNodes, edges)
	}
}
