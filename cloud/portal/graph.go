package portal

import (
	"slices"
	"strings"

	"esasim/cloud/ctim"
)

// maxNodes bounds what is drawn. More would be neither readable nor quick.
const maxNodes = 300

// maxLabelled is how many edges may carry their relation as text; beyond that
// only the tooltip and the table name it.
const maxLabelled = 60

// maxListed bounds the list of relations beside the picture.
const maxListed = 60

// maxEdges bounds what is drawn between the nodes; beyond it there is only a
// black cloud.
const maxEdges = 360

// picture is the Relations Graph, ready to be drawn: observables that relate to
// each other, in the coordinates of the SVG.
type picture struct {
	X, Y, Width, Height float64 // the part of the plane that is drawn
	Nodes               []node
	Edges               []edge
	Labelled            bool
	LeftNodes           int // observables that were left out
	LeftEdges           int // relations between drawn observables that were left out
}

// Listed are the edges that the list beside the picture has room for.
func (p picture) Listed() []edge { return p.Edges[:min(len(p.Edges), maxListed)] }

// Unlisted is how many it has no room for.
func (p picture) Unlisted() int { return len(p.Edges) - len(p.Listed()) }

// node is one observable. A link on it investigates it.
type node struct {
	ID      int
	X, Y    float64
	Icon    string
	Kind    string // "Email Subject", "Target Email"
	Label   string // cut to fit
	Value   string
	Link    string
	Queried bool
	Target  bool
}

// Class is the node's class in the style sheet.
func (n node) Class() string {
	var c []string
	if n.Target {
		c = append(c, "target")
	}
	if n.Queried {
		c = append(c, "queried")
	}
	return strings.Join(c, " ")
}

// Cut tells whether the label is not the whole value.
func (n node) Cut() bool { return n.Label != n.Value }

// edge is what relates two nodes; several relations between the same two are
// one edge.
type edge struct {
	From, To       int // indices of nodes
	X1, Y1, X2, Y2 float64
	Relation       string
}

// MidX is where the edge's label stands.
func (e edge) MidX() float64 { return round((e.X1 + e.X2) / 2) }

// MidY is where the edge's label stands.
func (e edge) MidY() float64 { return round((e.Y1 + e.Y2) / 2) }

// drawGraph takes the queried observables first, then what the sightings relate
// to them in the order in which they were told, and lays it out. The same
// investigation gives the same picture.
func drawGraph(queried []ctim.Observable, all []found) picture {
	b := &graphBuilder{index: map[ctim.Observable]int{}, edges: map[[2]int]int{}, missing: map[ctim.Observable]bool{}}
	for _, o := range queried {
		if i, ok := b.node(o); ok {
			b.g.Nodes[i].Queried = true
		}
	}
	for _, s := range all {
		for _, t := range s.Targets {
			for _, o := range t.Observables {
				b.target(o)
			}
		}
		for _, r := range s.Relations {
			b.relation(r)
		}
	}
	b.g.LeftNodes = len(b.missing)
	b.place()
	return b.g
}

type graphBuilder struct {
	g       picture
	index   map[ctim.Observable]int
	edges   map[[2]int]int // by the nodes, the edge's index
	missing map[ctim.Observable]bool
}

// node finds or makes the node of an observable; false when the graph is full.
func (b *graphBuilder) node(o ctim.Observable) (int, bool) {
	if i, ok := b.index[o]; ok {
		return i, true
	}
	if len(b.g.Nodes) >= maxNodes {
		b.missing[o] = true
		return 0, false
	}
	i := len(b.g.Nodes)
	b.index[o] = i
	b.g.Nodes = append(b.g.Nodes, node{ID: i, Icon: iconName(o.Type), Kind: kindName(o.Type),
		Label: clip(o.Value, 20), Value: clip(o.Value, 200), Link: observableLink(o)})
	return i, true
}

// target marks who was aimed at. The guide's picture calls it "Target Email".
func (b *graphBuilder) target(o ctim.Observable) {
	i, ok := b.node(o)
	if !ok {
		return
	}
	n := &b.g.Nodes[i]
	n.Target, n.Icon = true, "target"
	n.Kind = "Target " + kindName(o.Type)
	if o.Type == ctim.Email {
		n.Kind = "Target Email"
	}
}

func (b *graphBuilder) relation(r ctim.Relation) {
	from, ok1 := b.node(r.Source)
	to, ok2 := b.node(r.Related)
	if !ok1 || !ok2 || from == to {
		return
	}
	if i, ok := b.edges[[2]int{from, to}]; ok {
		e := &b.g.Edges[i]
		if e.Relation != r.Relation {
			e.Relation = merged(e.Relation, r.Relation)
		}
		return
	}
	if len(b.g.Edges) >= maxEdges {
		b.g.LeftEdges++
		return
	}
	b.edges[[2]int{from, to}] = len(b.g.Edges)
	b.g.Edges = append(b.g.Edges, edge{From: from, To: to, Relation: clip(r.Relation, 60)})
}

// merged adds a relation to an edge's list; a list that grew long stays as it is.
func merged(list, relation string) string {
	relation = clip(relation, 60)
	if len(list) > 200 || slices.Contains(strings.Split(list, ", "), relation) {
		return list
	}
	return list + ", " + relation
}

// place lays the nodes out and takes over their positions.
func (b *graphBuilder) place() {
	pairs := make([][2]int, len(b.g.Edges))
	for i, e := range b.g.Edges {
		pairs[i] = [2]int{e.From, e.To}
	}
	at := layOut(len(b.g.Nodes), pairs)
	for i := range b.g.Nodes {
		b.g.Nodes[i].X, b.g.Nodes[i].Y = round(at[i].X), round(at[i].Y)
	}
	for i := range b.g.Edges {
		e := &b.g.Edges[i]
		from, to := b.g.Nodes[e.From], b.g.Nodes[e.To]
		e.X1, e.Y1, e.X2, e.Y2 = from.X, from.Y, to.X, to.Y
	}
	b.g.Labelled = len(b.g.Edges) <= maxLabelled
	b.g.X, b.g.Y, b.g.Width, b.g.Height = frame(at)
}
