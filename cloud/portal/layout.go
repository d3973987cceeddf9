package portal

import (
	"math"
	"slices"
	"time"
)

const (
	edgeLength  = 170.0 // mean length of an edge, in units of the SVG
	roomX       = 150.0 // what a node and its label need
	roomY       = 84.0
	layoutLimit = 100 * time.Millisecond // on a slow machine; then the graph is drawn as far as it is laid out
)

// point is a place in the plane, or the way from one to another.
type point struct{ X, Y float64 }

func (p point) plus(q point) point    { return point{p.X + q.X, p.Y + q.Y} }
func (p point) minus(q point) point   { return point{p.X - q.X, p.Y - q.Y} }
func (p point) times(f float64) point { return point{p.X * f, p.Y * f} }
func (p point) length() float64       { return math.Hypot(p.X, p.Y) }

// layOut gives n nodes, joined by edges, their places. Unconnected parts are
// laid out each by itself, because springs would let them fly apart, and then
// put side by side. The places depend on nothing but the arguments, unless time
// runs out.
func layOut(n int, edges [][2]int) []point {
	deadline := time.Now().Add(layoutLimit)
	at := make([]point, n)
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

// spring lays one connected part out by the force model of Fruchterman and
// Reingold: nodes repel each other, edges pull, and no step is longer than the
// temperature, which falls to zero. That bound is the reason for having our own:
// gonum's EadesR2 has none, so that a node with many edges (the address of a
// relay) flings the others ever further, until the recursion of its quadtree
// overflows the stack, and that ends the process; senders of mail would choose
// when. The start is a spiral instead of random places: the same graph always
// gives the same picture.
func spring(at []point, part []int, edges [][2]int, deadline time.Time) {
	place := map[int]int{} // by node, its index in part
	for i, id := range part {
		place[id] = i
		turn := float64(i) * math.Pi * (3 - math.Sqrt(5)) // the golden angle: no two coincide
		at[id] = point{math.Cos(turn), math.Sin(turn)}.times(0.7 * math.Sqrt(float64(i)+0.5))
	}
	var pulls [][2]int
	for _, e := range edges {
		if _, ok := place[e[0]]; ok {
			pulls = append(pulls, e)
		}
	}
	rounds := min(max(6_000_000/(len(part)*len(part)), 60), 300)
	move := make([]point, len(part))
	for round := range rounds {
		if len(part) == 1 || time.Now().After(deadline) {
			return
		}
		repel(move, at, part)
		for _, e := range pulls {
			d := at[e[1]].minus(at[e[0]])
			pull := d.times(d.length())
			a, b := place[e[0]], place[e[1]]
			move[a], move[b] = move[a].plus(pull), move[b].minus(pull)
		}
		temperature := 0.3 * math.Sqrt(float64(len(part))) * float64(rounds-round) / float64(rounds)
		for i, id := range part {
			step := move[i].length()
			at[id] = at[id].plus(move[i].times(min(step, temperature) / max(step, 1e-9)))
		}
	}
}

// repel sets move to the sum of what all other nodes push a node away.
func repel(move, at []point, part []int) {
	clear(move)
	for i, a := range part {
		for j, b := range part[:i] {
			dx, dy := at[a].X-at[b].X, at[a].Y-at[b].Y
			if dx == 0 && dy == 0 {
				dx = 0.01 // any way will do
			}
			f := 1 / max(dx*dx+dy*dy, 1e-4)
			move[i].X, move[i].Y = move[i].X+dx*f, move[i].Y+dy*f
			move[j].X, move[j].Y = move[j].X-dx*f, move[j].Y-dy*f
		}
	}
}

// stretch scales a part to the wanted mean length of its edges, wider than
// high, because labels are.
func stretch(at []point, part []int, edges [][2]int) {
	sum, count := 0.0, 0.0
	for _, e := range edges {
		if _, ok := slices.BinarySearch(part, e[0]); ok {
			sum += at[e[0]].minus(at[e[1]]).length()
			count++
		}
	}
	if sum == 0 {
		return
	}
	scale := edgeLength * count / sum
	for _, id := range part {
		at[id] = point{at[id].X * scale * 1.15, at[id].Y * scale * 0.9}
	}
}

// separate pushes nodes apart until no two labels overlap, in a bounded number
// of rounds.
func separate(at []point, part []int, deadline time.Time) {
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
func push(a, b *point) bool {
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
func pack(at []point, parts [][]int) {
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
			at[id] = point{at[id].X - left + x, at[id].Y - top + y}
		}
		x, tall = x+w+roomX, max(tall, h+roomY)
	}
}

func bounds(at []point, part []int) (left, top, width, height float64) {
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
func frame(at []point) (x, y, width, height float64) {
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

// round keeps coordinates short in the page.
func round(f float64) float64 { return math.Round(f*10) / 10 }
