package changes

import (
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"esasim/appliance/config"
	"esasim/internal/manual"
)

// Quote is the YAML of a text, for a key whose value is one.
func Quote(s string) string { return write(reflect.ValueOf(s)) }

// write is a value as YAML on one line; a text that has several lines stays as it is
// written in a file.
func write(v reflect.Value) string { return written(node(v)) }

func node(v reflect.Value) *yaml.Node {
	var n yaml.Node
	none := v.Kind() == reflect.Slice && v.IsNil()
	if err := n.Encode(v.Interface()); err != nil || none {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"} // a configuration can be written
	}
	leaveOut(&n, v)
	return &n
}

func written(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode {
		n.Style = yaml.FlowStyle
	}
	b, err := yaml.Marshal(n)
	if err != nil {
		return "" // likewise
	}
	return strings.TrimSuffix(string(b), "\n")
}

// leaveOut takes out of a mapping what the struct has nothing of: written as an empty
// list it would come back as a list with nothing in it, which means something else.
func leaveOut(n *yaml.Node, v reflect.Value) {
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	switch n.Kind {
	case yaml.SequenceNode:
		for i, c := range n.Content {
			leaveOut(c, v.Index(i))
		}
	case yaml.MappingNode:
		var keep []*yaml.Node
		for i := 0; i+1 < len(n.Content); i += 2 {
			f := field(v, n.Content[i].Value)
			if nothing := (f.Kind() == reflect.Slice || f.Kind() == reflect.Pointer) && f.IsNil(); nothing {
				continue
			}
			leaveOut(n.Content[i+1], f)
			keep = append(keep, n.Content[i], n.Content[i+1])
		}
		n.Content = keep
	}
}

// shown is what a configuration has at a key, its secrets masked; "" for an entry that
// is not there.
func shown(c *config.Appliance, p path) (string, error) {
	at, err := find(c, p)
	if err != nil || !at.v.IsValid() {
		return "", err
	}
	n := node(at.v)
	for i := len(p) - 1; i >= 0 && p[i].entry; i-- {
		p = p[:i]
	}
	if manual.Secret(p[len(p)-1].text) {
		return manual.Masked, nil
	}
	manual.Mask(n)
	return written(n), nil
}

// short is a value for the history, which keeps no more of it.
func short(s string) string {
	if len(s) <= mostShown {
		return s
	}
	return fmt.Sprintf("%s... (%d octets)", strings.ToValidUTF8(s[:mostShown], ""), len(s))
}
