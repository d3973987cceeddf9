// Package manual knows the keys of a configuration from the structs that hold
// it: their types, what their comments say of them, their defaults and the words
// that may stand there. It writes them as a JSON schema, as a file with comments
// and as a page.
package manual

import (
	"encoding"
	"reflect"
	"strings"
)

// Abbreviated is a struct that a file may write as a single value: that of one
// of its keys.
type Abbreviated interface {
	// Abbreviates names the key.
	Abbreviates() string
}

// Formed is a scalar that a file writes in a form of its own.
type Formed interface {
	// Form is the form in words, and as a regular expression of what is a text.
	Form() (words, pattern string)
}

// Options say where a manual has its words from.
type Options struct {
	Defaults any // a struct with all defaults
	Words    Words
	// Choices gives the words that a key may have, by the struct's name and the
	// key; nil for a key that may have others. A list's are those of its entries.
	Choices func(structName, key string) []string
}

// Key is a key with all that is known of it.
type Key struct {
	Name    string // "tls"
	Path    string // "appliance.routes[].tls"
	Words   string // what it means, in a few sentences; those of the struct behind it besides
	Choices []string
	Type    reflect.Type  // of the value, of an entry if it is a list or a map
	List    bool          // the value is a list
	Map     bool          // the value has entries with names of the user's choice
	Short   string        // an entry may be the value of this key alone
	Default reflect.Value // not valid for a key of a list's entries
	Keys    []Key         // of the value, or of an entry, if it has any
	Source  string        // what its words are in Words
}

// Keys are the keys of the configuration, in the order of the structs.
func Keys(o Options) []Key {
	v := reflect.ValueOf(o.Defaults)
	return o.keys(v.Type(), v, "")
}

func (o *Options) keys(t reflect.Type, v reflect.Value, path string) []Key {
	var out []Key
	for i := range t.NumField() {
		f := t.Field(i)
		name, how, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if how == "inline" && f.Type.Kind() == reflect.Struct {
			out = append(out, o.keys(f.Type, field(v, i), path)...)
		}
		if name == "" || name == "-" {
			continue
		}
		k := Key{Name: name, Path: path + name, Type: f.Type, Words: o.Words.Field(t, f.Name), Source: t.Name() + "." + f.Name}
		if o.Choices != nil {
			k.Choices = o.Choices(t.Name(), name)
		}
		k.Default = field(v, i)
		out = append(out, o.inside(k))
	}
	return out
}

// field is a field of a struct, if there is one.
func field(v reflect.Value, i int) reflect.Value {
	if !v.IsValid() {
		return v
	}
	return v.Field(i)
}

// inside fills in what is below a key.
func (o *Options) inside(k Key) Key {
	below, v := k.Path+".", k.Default
	if k.Type.Kind() == reflect.Pointer {
		k.Type = k.Type.Elem()
		if v.IsValid() {
			k.Default = v.Elem()
			v = k.Default
		}
	}
	switch k.Type.Kind() {
	case reflect.Slice:
		k.List, k.Type = true, k.Type.Elem()
		below, v = k.Path+"[].", reflect.Value{}
	case reflect.Map:
		k.Map, k.Type = true, k.Type.Elem()
		below, v = k.Path+".NAME.", reflect.Value{}
	}
	if a, ok := reflect.Zero(k.Type).Interface().(Abbreviated); ok {
		k.Short = a.Abbreviates()
	}
	if k.Type.Kind() == reflect.Struct && !isText(k.Type) {
		if k.Keys = o.keys(k.Type, v, below); k.Words == "" {
			k.Words, k.Source = o.structWords(k), k.Type.Name()
		}
	}
	return k
}

// structWords are those of the struct behind a key, which begin with its name.
func (o *Options) structWords(k Key) string {
	rest, ok := strings.CutPrefix(o.Words[k.Type.Name()], k.Type.Name()+" ")
	switch {
	case !ok:
		return rest
	case k.List, k.Map:
		return "an entry " + rest
	}
	return k.Name + " " + rest
}

// isText is true for a type that is written as a text, whatever it is inside.
func isText(t reflect.Type) bool {
	_, ok := reflect.New(t).Interface().(encoding.TextUnmarshaler)
	return ok
}

// Each calls f for every key, those below a key after it.
func Each(keys []Key, f func(*Key)) {
	for i := range keys {
		f(&keys[i])
		Each(keys[i].Keys, f)
	}
}
