package strictyaml

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// line is where a key is in the file, or else the nearest one around it; 1 if
// there is none.
func (f *File) line(key string) int {
	n, line := f.root, 1
	for step := range strings.FieldsFuncSeq(key, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		at, next := child(resolved(n), step)
		if next == nil {
			break
		}
		n, line = next, at
	}
	return line
}

// child is the value of a key, or of a place in a list, and its line.
func child(n *yaml.Node, step string) (line int, value *yaml.Node) {
	if n == nil {
		return 0, nil
	}
	if n.Kind == yaml.SequenceNode {
		i, err := strconv.Atoi(step)
		if err != nil || i >= len(n.Content) {
			return 0, nil
		}
		return n.Content[i].Line, n.Content[i]
	}
	if n.Kind != yaml.MappingNode {
		return 0, nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == step {
			return n.Content[i].Line, n.Content[i+1]
		}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Tag == "!!merge" {
			if line, value = child(resolved(n.Content[i+1]), step); value != nil {
				return line, value
			}
		}
	}
	return 0, nil
}
