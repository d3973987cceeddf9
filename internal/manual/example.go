package manual

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// width is how wide the comments of an example are.
const width = 92

// Example is a configuration with every key, its default, and what it means. Of a list
// that is empty the comment shows a row.
func Example(head string, keys []Key) (string, error) {
	root, err := mapping(keys, 0)
	if err != nil {
		return "", err
	}
	text, err := encode(root)
	return commented(head) + "\n" + text, err
}

func encode(n *yaml.Node) (string, error) {
	var out strings.Builder
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(n); err != nil {
		return "", fmt.Errorf("example of a configuration: %w", err)
	}
	return out.String(), e.Close()
}

// pair is a key with its comment, and its value.
func pair(k *Key, depth int) (name, value *yaml.Node, err error) {
	name = &yaml.Node{Kind: yaml.ScalarNode, Value: k.Name}
	comment := meaning(k)
	switch v := k.Default; {
	case k.List && len(k.Keys) > 0:
		value, err = rows(k, depth)
		if err == nil && (!v.IsValid() || v.Len() == 0 || k.Short != "") {
			var row string
			row, err = sample(k, depth)
			comment = strings.TrimPrefix(comment+"\nAn entry has these keys:\n"+row, "\n")
		}
	case len(k.Keys) > 0 && !k.List && !k.Map:
		value, err = mapping(k.Keys, depth+1)
	case !v.IsValid():
		value, err = scalar(zero(k))
	default:
		value, err = scalar(v)
	}
	name.HeadComment = wrapped(comment, width-2*depth)
	return name, value, err
}

func zero(k *Key) reflect.Value {
	if k.List {
		return reflect.MakeSlice(reflect.SliceOf(k.Type), 0, 0)
	}
	if k.Map {
		return reflect.MakeMap(reflect.MapOf(reflect.TypeFor[string](), k.Type))
	}
	return reflect.Zero(k.Type)
}

// meaning is what a comment says of a key.
func meaning(k *Key) string {
	out := k.Words
	if words := choices(k); words != "" {
		out = strings.TrimSpace(out + "\n" + words)
	}
	return out
}

// choices are the words that may stand there, if it is not said already.
func choices(k *Key) string {
	var list []string
	for _, c := range k.Choices {
		if c != "" {
			list = append(list, c)
		}
	}
	unsaid := func(c string) bool { return !strings.Contains(k.Words, c) }
	if !slices.ContainsFunc(list, unsaid) {
		return ""
	}
	return "One of: " + strings.Join(list, ", ") + "."
}

func mapping(keys []Key, depth int) (*yaml.Node, error) {
	out := &yaml.Node{Kind: yaml.MappingNode}
	for i := range keys {
		k, v, err := pair(&keys[i], depth)
		if err != nil {
			return nil, err
		}
		if i > 0 && keys[i].Words != "" && keys[i].Words == keys[i-1].Words {
			k.HeadComment = "" // it is said above
		}
		out.Content = append(out.Content, k, v)
	}
	return out, nil
}

// rows are a list's entries: the first with all its keys and what they mean, the
// others in a line each.
func rows(k *Key, depth int) (*yaml.Node, error) {
	out := &yaml.Node{Kind: yaml.SequenceNode}
	if !k.Default.IsValid() || k.Default.Len() == 0 {
		out.Style = yaml.FlowStyle
		return out, nil
	}
	for i := range k.Default.Len() {
		var n *yaml.Node
		var err error
		if v := k.Default.Index(i); k.Short != "" || i > 0 {
			n, err = line(k, v)
		} else {
			n, err = mapping(withDefaults(k.Keys, v), depth+2)
		}
		if err != nil {
			return nil, err
		}
		out.Content = append(out.Content, n)
	}
	return out, nil
}

// withDefaults are the keys of an entry with what the entry has.
func withDefaults(keys []Key, v reflect.Value) []Key {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v = reflect.Zero(v.Type().Elem())
			continue
		}
		v = v.Elem()
	}
	out := make([]Key, len(keys))
	for i := range keys {
		out[i] = keys[i]
		for j := range v.NumField() {
			if name, _, _ := strings.Cut(v.Type().Field(j).Tag.Get("yaml"), ","); name == keys[i].Name {
				out[i].Default = v.Field(j)
			}
		}
		if len(out[i].Keys) > 0 && !out[i].List {
			out[i].Keys = withDefaults(out[i].Keys, out[i].Default)
		}
	}
	return out
}

// line is an entry in one line, without what is empty.
func line(k *Key, v reflect.Value) (*yaml.Node, error) {
	out := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
	for _, f := range withDefaults(k.Keys, v) {
		if f.Default.IsZero() {
			continue
		}
		n, err := scalar(f.Default)
		if err != nil {
			return nil, err
		}
		if f.Name == k.Short {
			out = n
			continue
		}
		out.Content = append(out.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: f.Name}, n)
	}
	return out, nil
}

// sample is an entry as text for a comment.
func sample(k *Key, depth int) (string, error) {
	keys, err := mapping(withDefaults(k.Keys, reflect.Zero(k.Type)), depth+3)
	if err != nil {
		return "", err
	}
	text, err := encode(&yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{keys}})
	return "  " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n  "), err
}

// scalar is a value without keys of its own, a list in one line.
func scalar(v reflect.Value) (*yaml.Node, error) {
	var n yaml.Node
	of := v.Interface()
	if t, ok := written(v); ok && t != "" {
		return &yaml.Node{Kind: yaml.ScalarNode, Value: t}, nil
	}
	if v.Kind() == reflect.Slice && v.IsNil() {
		of = []string{}
	}
	if v.Kind() == reflect.Map && v.IsNil() {
		of = map[string]string{}
	}
	if err := n.Encode(of); err != nil {
		return nil, fmt.Errorf("example of a configuration: %w", err)
	}
	if n.Kind == yaml.SequenceNode {
		n.Style = yaml.FlowStyle
	}
	return &n, nil
}

// wrapped breaks the lines of a text; those that begin with a blank stay.
func wrapped(s string, wide int) string {
	if s == "" {
		return ""
	}
	return strings.TrimSuffix(commentedWide(s, wide), "\n")
}

func commented(s string) string { return commentedWide(s, width) }

func commentedWide(s string, wide int) string {
	var out strings.Builder
	for line := range strings.SplitSeq(s, "\n") {
		if line == "" {
			continue
		}
		if line[0] == ' ' {
			out.WriteString("# " + line + "\n")
			continue
		}
		at := 0
		for i, w := range strings.Fields(line) {
			switch {
			case i == 0:
				out.WriteString("# " + w)
			case at+len(w) > wide:
				out.WriteString("\n# " + w)
				at = 0
			default:
				out.WriteString(" " + w)
			}
			at += len(w) + 1
		}
		out.WriteByte('\n')
	}
	return out.String()
}
