package portal

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/iterator"
	"gonum.org/v1/gonum/graph/layout"
	"gonum.org/v1/gonum/graph/simple"
	"gonum.org/v1/gonum/spatial/r2"
)

const (
	edgeLength  = 170.0 // mean length of an edge, in units of the SVG
	roomX       = 150.0 // what a node and its label need
	roomY       = 84.0
	layoutLimit = 200 * time.Millisecond // for a graph of maxNodes on a slow machine; then it is drawn as far as it is
)

// layOut gives n nodes, joined by edges, their places. Unconnected parts are
// laid out each by itself, because springs would let them fly apart, and then
// put side by side. The places depend on nothing but the arguments, unless time
// runs out.
func layOut(n int, edges [][2]int) []r2.Vec {
	deadline := time.Now().Add(layoutLimit)
	at := make([]r2.Vec, n)
	parts := components(n, edges)
	for _, part := range parts {
		spring(at, part, edges, deadline)
		stretch(at, part, edges)
		separate(at, part, deadline)
	}
	pack(at, parts)
	return at
}

// components splits the nodes into connected parts, the largest first.
func components(n int, edges [][2]int) [][]int {
	near := make([][]int, n)
	for _, e := range edges {
		near[e[0]] = append(near[e[0]], e[1])
		near[e[1]] = append(near[e[1]], e[0])
	}
	seen := make([]bool, n)
	var parts [][]int
	for start := range n {
		if seen[start] {
			continue
		}
		seen[start] = true
		part := []int{start}
		for i := 0; i < len(part); i++ {
			for _, next := range near[part[i]] {
				if !seen[next] {
					seen[next] = true
					part = append(part, next)
				}
			}
		}
		slices.Sort(part)
		parts = append(parts, part)
	}
	slices.SortStableFunc(parts, func(a, b []int) int { return len(b) - len(a) })
	return parts
}

// spring lays one connected part out by Eades' force model, from a fixed seed.
func spring(at []r2.Vec, part []int, edges [][2]int, deadline time.Time) {
	if len(part) == 1 {
		return
	}
	g := newPartGraph(part, edges)
	eades := layout.EadesR2{Updates: 300, Repulsion: 1, Rate: 0.05, Theta: 0.3, Src: rand.NewPCG(1, 2)}
	optimizer := layout.NewOptimizerR2(g, eades.Update)
	for optimizer.Update() && time.Now().Before(deadline) {
	}
	for i, id := range part {
		p := optimizer.Coord2(int64(id))
		if math.IsNaN(p.X+p.Y) || math.IsInf(p.X+p.Y, 0) {
			turn := 2 * math.Pi * float64(i) / float64(len(part))
			p = r2.Vec{X: math.Cos(turn), Y: math.Sin(turn)}
		}
		at[id] = p
	}
}

// stretch scales a part to the wanted mean length of its edges, wider than
// high, because labels are.
func stretch(at []r2.Vec, part []int, edges [][2]int) {
	sum, count := 0.0, 0.0
	for _, e := range edges {
		if _, ok := slices.BinarySearch(part, e[0]); ok {
			sum += r2.Norm(r2.Sub(at[e[0]], at[e[1]]))
			count++
		}
	}
	if sum == 0 {
		return
	}
	scale := edgeLength * count / sum
	for _, id := range part {
		at[id] = r2.Vec{X: at[id].X * scale * 1.15, Y: at[id].Y * scale * 0.9}
	}
}

// separate pushes nodes apart until no two labels overlap, in a bounded number
// of rounds.
func separate(at []r2.Vec, part []int, deadline time.Time) {
	for range 120 {
		moved := false
		for i, a := range part {
			for _, b := range part[:i] {
				moved = push(&at[a], &at[b]) || moved
			}
		}
		if !moved || time.Now().After(deadline) {
			return
		}
	}
}

// push moves two nodes apart along the axis that needs less.
func push(a, b *r2.Vec) bool {
	dx, dy := a.X-b.X, a.Y-b.Y
	overX, overY := roomX-math.Abs(dx), roomY-math.Abs(dy)
	if overX <= 0 || overY <= 0 {
		return false
	}
	if overX/roomX < overY/roomY {
		move := math.Copysign(overX/2+0.5, dx)
		a.X, b.X = a.X+move, b.X-move
	} else {
		move := math.Copysign(overY/2+0.5, dy)
		a.Y, b.Y = a.Y+move, b.Y-move
	}
	return true
}

// pack puts the parts into rows, the largest first.
func pack(at []r2.Vec, parts [][]int) {
	area, widest := 0.0, 0.0
	for _, part := range parts {
		_, _, w, h := bounds(at, part)
		area += (w + roomX) * (h + roomY)
		widest = max(widest, w+roomX)
	}
	limit := max(widest, math.Sqrt(area*1.8))
	x, y, tall := 0.0, 0.0, 0.0
	for _, part := range parts {
		left, top, w, h := bounds(at, part)
		if x > 0 && x+w+roomX > limit {
			x, y, tall = 0, y+tall, 0
		}
		for _, id := range part {
			at[id] = r2.Vec{X: at[id].X - left + x, Y: at[id].Y - top + y}
		}
		x, tall = x+w+roomX, max(tall, h+roomY)
	}
}

func bounds(at []r2.Vec, part []int) (left, top, width, height float64) {
	left, top = math.Inf(1), math.Inf(1)
	right, bottom := math.Inf(-1), math.Inf(-1)
	for _, id := range part {
		left, right = min(left, at[id].X), max(right, at[id].X)
		top, bottom = min(top, at[id].Y), max(bottom, at[id].Y)
	}
	return left, top, right - left, bottom - top
}

// frame is the part of the plane to draw: everything with its labels, and never
// so little that one node would fill the picture.
func frame(at []r2.Vec) (x, y, width, height float64) {
	if len(at) == 0 {
		return 0, 0, 640, 400
	}
	all := make([]int, len(at))
	for i := range all {
		all[i] = i
	}
	left, top, w, h := bounds(at, all)
	width, height = max(w+roomX+20, 640), max(h+roomY+50, 400)
	return round(left + w/2 - width/2), round(top + h/2 - height/2 + 14), round(width), round(height)
}

// partGraph is one connected part for gonum. It keeps the order of nodes and
// neighbours, which gonum's own graphs take from maps: with them no two layouts
// would be the same.
type partGraph struct {
	nodes []graph.Node
	near  map[int64][]graph.Node
}

func newPartGraph(part []int, edges [][2]int) *partGraph {
	g := &partGraph{near: map[int64][]graph.Node{}}
	for _, id := range part {
		g.nodes = append(g.nodes, simple.Node(id))
	}
	for _, e := range edges {
		u, v := int64(e[0]), int64(e[1])
		if _, ok := slices.BinarySearch(part, e[0]); ok && !g.HasEdgeBetween(u, v) {
			g.near[u] = append(g.near[u], simple.Node(v))
			g.near[v] = append(g.near[v], simple.Node(u))
		}
	}
	return g
}

func (g *partGraph) Nodes() graph.Nodes        { return iterator.NewOrderedNodes(g.nodes) }
func (g *partGraph) From(id int64) graph.Nodes { return iterator.NewOrderedNodes(g.near[id]) }
func (g *partGraph) HasEdgeBetween(u, v int64) bool {
	return slices.Contains(g.near[u], graph.Node(simple.Node(v)))
}

// Node returns nil when there is none, as the interface wants.
func (g *partGraph) Node(id int64) graph.Node {
	if i := slices.Index(g.nodes, graph.Node(simple.Node(id))); i >= 0 {
		return g.nodes[i]
	}
	return nil
}

// Edge returns nil when there is none, as the interface wants.
func (g *partGraph) Edge(u, v int64) graph.Edge {
	if !g.HasEdgeBetween(u, v) {
		return nil
	}
	return simple.Edge{F: simple.Node(u), T: simple.Node(v)}
}

// round keeps coordinates short in the page.
func round(f float64) float64 { return math.Round(f*10) / 10 }
