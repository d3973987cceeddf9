package strictyaml

import "go.yaml.in/yaml/v3"

// maxNodes is for how many values a file may stand: with aliases to aliases a
// small one can stand for more than there is room.
const maxNodes = 1 << 18

// aliases looks whether those of a file can be followed.
type aliases struct {
	within map[*yaml.Node]bool // anchors whose value is being looked at
	nodes  int
}

// follow gives the place where a file cannot be followed, and why.
func (a *aliases) follow(n *yaml.Node) (where *yaml.Node, reason string) {
	if a.nodes++; a.nodes > maxNodes {
		return n, "the file stands for too many values"
	}
	if n.Kind == yaml.AliasNode {
		if a.within[n.Alias] {
			return n, "the alias *" + n.Value + " is within what it stands for"
		}
		return a.follow(n.Alias)
	}
	if n.Anchor != "" {
		a.within[n] = true
		defer delete(a.within, n)
	}
	for _, c := range n.Content {
		if where, reason = a.follow(c); reason != "" {
			return where, reason
		}
	}
	return nil, ""
}
