// Package strictyaml reads YAML into structs strictly and says of every fault
// where it is: its line, its key and the reason. Faults that are found later, in
// what the values mean, get their line from their key ([File.Locate]).
package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Fault is one thing that is wrong with a file.
type Fault struct {
	File   string
	Line   int    // from 1
	Key    string // "appliance.routes[0].tls"; empty: it is the file as such
	Reason string
}

// Error is the fault as "esasim.yaml:12: appliance.routes[0].tls: ...".
func (f Fault) Error() string {
	if f.Key == "" {
		return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Reason)
	}
	return fmt.Sprintf("%s:%d: %s: %s", f.File, f.Line, f.Key, f.Reason)
}

// Faults are all that is wrong with a file, by line.
type Faults []Fault

// Error has a line for each fault.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i := range f {
		lines[i] = f[i].Error()
	}
	return strings.Join(lines, "\n")
}

// File is a file that was read.
type File struct {
	name string
	text []byte
	root *yaml.Node // nil: the file is empty
}

// syntax is the line that a YAML error begins with.
var syntax = regexp.MustCompile(`^line (\d+): `)

// Parse reads a file that is YAML: one document, or nothing. The error is Faults.
func Parse(name string, text []byte) (*File, error) {
	f := &File{name: name, text: text}
	d := yaml.NewDecoder(bytes.NewReader(text))
	var first, second yaml.Node
	switch err := d.Decode(&first); {
	case errors.Is(err, io.EOF):
		return f, nil
	case err != nil:
		return nil, f.other(err)
	}
	switch err := d.Decode(&second); {
	case err == nil:
		return nil, Faults{{name, second.Line, "", "a second document; there must be only one"}}
	case !errors.Is(err, io.EOF):
		return nil, f.other(err)
	}
	f.root = first.Content[0]
	if n, reason := (&aliases{within: map[*yaml.Node]bool{}}).follow(f.root); reason != "" {
		return nil, Faults{{name, n.Line, "", reason}}
	}
	return f, nil
}

// other is a fault that only the YAML reader knows.
func (f *File) other(err error) Faults {
	line, text := 1, strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.TrimPrefix(text, "unmarshal errors:\n  ")
	if m := syntax.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1])
		text = text[len(m[0]):]
	}
	return Faults{{f.name, line, "", strings.ReplaceAll(text, "\n  ", "; ")}}
}

// Decode reads the file over what into, a pointer to a struct, has. Faults of the
// shape leave their values as they were; the error is Faults, with all of them.
func (f *File) Decode(into any) error {
	if f.root == nil {
		return nil
	}
	w := walk{file: f}
	w.value(f.root, reflect.TypeOf(into).Elem(), "")
	if len(w.faults) > 0 {
		prune(f.root)
		if err := f.root.Decode(into); err != nil {
			w.faults = append(w.faults, f.other(err)...)
		}
		return sorted(w.faults)
	}
	d := yaml.NewDecoder(bytes.NewReader(f.text))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil { // the walk knows no less; but the reader has the last word
		return f.other(err)
	}
	return nil
}

// keyed is an error's text that begins with a key.
var keyed = regexp.MustCompile(`^((?:\w+(?:\[\d+\])?\.)*\w+(?:\[\d+\])?): (.+)$`)

// Locate makes Faults of an error that was found in the values, perhaps many
// joined ones, each beginning with its key, "appliance.routes[0].tls: ...". A key
// that the file does not have is at the line of the nearest one around it.
func (f *File) Locate(err error) Faults {
	var out Faults
	for _, e := range leaves(err) {
		key, reason := "", strings.ReplaceAll(e.Error(), "\n", " ")
		if m := keyed.FindStringSubmatch(reason); m != nil {
			key, reason = m[1], m[2]
		}
		out = append(out, Fault{f.name, f.line(key), key, reason})
	}
	return sorted(out)
}

// Without leaves out the faults at keys, and below or around keys, of which
// others speak.
func (f Faults) Without(others Faults) Faults {
	return slices.DeleteFunc(slices.Clone(f), func(x Fault) bool {
		return slices.ContainsFunc(others, func(o Fault) bool { return within(x.Key, o.Key) || within(o.Key, x.Key) })
	})
}

// within is true when a key is another one, or below it.
func within(key, of string) bool {
	rest, ok := strings.CutPrefix(key, of)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

func sorted(f Faults) Faults {
	slices.SortStableFunc(f, func(a, b Fault) int { return a.Line - b.Line })
	return slices.Compact(f)
}

// leaves are the errors that were joined.
func leaves(err error) []error {
	many, ok := err.(interface{ Unwrap() []error })
	if !ok {
		if err == nil {
			return nil
		}
		return []error{err}
	}
	var out []error
	for _, e := range many.Unwrap() {
		out = append(out, leaves(e)...)
	}
	return out
}

// Text is the single value of a key; "" if there is none.
func (f *File) Text(key string) string {
	_, n := child(f.root, key)
	if n = resolved(n); n == nil || n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		return ""
	}
	return n.Value
}
