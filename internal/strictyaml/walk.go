package strictyaml

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Abbreviated is a struct that a file may write as a single value: that of one
// of its keys.
type Abbreviated interface {
	// Abbreviates names the key.
	Abbreviates() string
}

// maxFaults bounds what is told of a file.
const maxFaults = 100

// walk goes through a file and the type that it is for, side by side.
type walk struct {
	file   *File
	faults Faults
}

// bad notes a fault and leaves the node empty, so that the others can be read.
func (w *walk) bad(n *yaml.Node, key, format string, args ...any) {
	if len(w.faults) < maxFaults {
		w.faults = append(w.faults, Fault{w.file.name, n.Line, key, fmt.Sprintf(format, args...)})
	}
	*n = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: n.Line}
}

// prune takes out the keys that were bad.
func prune(n *yaml.Node) {
	if n.Kind == yaml.MappingNode {
		var keep []*yaml.Node
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Tag != "!!null" {
				keep = append(keep, n.Content[i], n.Content[i+1])
			}
		}
		n.Content = keep
	}
	for _, c := range n.Content {
		prune(c)
	}
}

// value looks at what stands for a value of a type. An empty value leaves the
// default.
func (w *walk) value(n *yaml.Node, t reflect.Type, key string) {
	if n = resolved(n); n.ShortTag() == "!!null" {
		return
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	_, short := reflect.Zero(t).Interface().(Abbreviated)
	switch {
	case short && n.Kind == yaml.ScalarNode:
		// one word; what it means is checked with the values
	case t.Kind() == reflect.Interface, readsItself(t, n):
		w.try(n, t, key)
	case isText(t):
		w.scalar(n, t, key)
	case t.Kind() == reflect.Struct:
		w.mapping(n, t, key)
	case t.Kind() == reflect.Slice:
		w.sequence(n, t, key)
	case t.Kind() == reflect.Map:
		w.table(n, t, key)
	default:
		w.scalar(n, t, key)
	}
}

// resolved follows aliases; [aliases.follow] has seen that they end.
func resolved(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func (w *walk) mapping(n *yaml.Node, t reflect.Type, key string) {
	if n.Kind != yaml.MappingNode {
		w.bad(n, key, "want keys and values")
		return
	}
	fields, seen := fieldsOf(t), map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Tag == "!!merge" {
			w.merge(v, t, key)
			continue
		}
		word := k.Value
		field, known := fields[word]
		switch {
		case !known:
			w.bad(k, below(key, word), "unknown key%s", guess(word, fields))
		case seen[word]:
			w.bad(k, below(key, word), "is there twice")
		default:
			w.value(v, field, below(key, word))
		}
		seen[word] = true
	}
}

// merge is "<<": the keys of other mappings.
func (w *walk) merge(n *yaml.Node, t reflect.Type, key string) {
	if n = resolved(n); n.Kind != yaml.SequenceNode {
		w.mapping(n, t, key)
		return
	}
	for _, c := range n.Content {
		w.mapping(resolved(c), t, key)
	}
}

func (w *walk) sequence(n *yaml.Node, t reflect.Type, key string) {
	if n.Kind != yaml.SequenceNode {
		w.bad(n, key, "want a list")
		return
	}
	for i, c := range n.Content {
		w.value(c, t.Elem(), key+"["+strconv.Itoa(i)+"]")
	}
}

func (w *walk) table(n *yaml.Node, t reflect.Type, key string) {
	if n.Kind != yaml.MappingNode {
		w.bad(n, key, "want keys and values")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, word := n.Content[i], n.Content[i].Value
		if seen[word] {
			w.bad(k, below(key, word), "is there twice")
			continue
		}
		seen[word] = true
		w.value(n.Content[i+1], t.Elem(), below(key, word))
	}
}

func (w *walk) scalar(n *yaml.Node, t reflect.Type, key string) {
	if n.Kind != yaml.ScalarNode {
		w.bad(n, key, "want a single value")
		return
	}
	w.try(n, t, key)
}

// readsItself is true for a type that has its own way with a node. The keys of a
// struct are looked at all the same, unless it asks for the node.
func readsItself(t reflect.Type, n *yaml.Node) bool {
	switch reflect.New(t).Interface().(type) {
	case yaml.Unmarshaler:
		return true
	case interface{ UnmarshalYAML(func(any) error) error }:
		return n.Kind != yaml.MappingNode || t.Kind() != reflect.Struct
	}
	return false
}

// isText is true for a type that is written as a text, whatever it is inside.
func isText(t reflect.Type) bool {
	_, ok := reflect.New(t).Interface().(encoding.TextUnmarshaler)
	return ok
}

// try lets the reader try. It would cut a number's fraction, and take "yes" for
// true, which nothing else does that reads YAML today.
func (w *walk) try(n *yaml.Node, t reflect.Type, key string) {
	whole := t.Kind() >= reflect.Int && t.Kind() <= reflect.Uint64
	err := n.Decode(reflect.New(t).Interface())
	odd := whole && n.ShortTag() == "!!float" || t.Kind() == reflect.Bool && n.ShortTag() != "!!bool"
	if err == nil && !odd {
		return
	}
	switch {
	case t == reflect.TypeFor[time.Duration]():
		w.bad(n, key, "%q: want a duration as 30s or 72h", n.Value)
	case t.Kind() == reflect.Bool:
		w.bad(n, key, "%q: want true or false", n.Value)
	case whole && err != nil && strings.Contains(err.Error(), "want "): // the type says it better
		w.bad(n, key, "%s", err)
	case whole:
		w.bad(n, key, "%q: want a number", n.Value)
	default:
		w.bad(n, key, "%s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
}

// fieldsOf are the types of a struct's fields by key.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, how, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if how == "inline" && f.Type.Kind() == reflect.Struct {
			maps.Copy(out, fieldsOf(f.Type))
		} else if name != "" && name != "-" {
			out[name] = f.Type
		}
	}
	return out
}

func below(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

// guess is the key that may be meant: the one that is nearest, if it is near.
func guess(name string, known map[string]reflect.Type) string {
	best, near := "", 1+len(name)/5
	for _, k := range slices.Sorted(maps.Keys(known)) {
		if d := distance(strings.ToLower(name), k); d <= near {
			best, near = k, d-1
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; %s is one", best)
}

// distance is how many letters must be changed, taken or put to make one word of
// another. Words longer than any key are far from all.
func distance(a, b string) int {
	if len(a) > 2*len(b)+2 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, row[j]+1, before+1)
		}
	}
	return row[len(b)]
}
