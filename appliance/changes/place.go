package changes

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"esasim/appliance/config"
	"esasim/internal/strictyaml"
)

// place is where a key leads to in a configuration.
type place struct {
	v     reflect.Value // the value; not valid: an entry that is not there
	list  reflect.Value // what has the entry; not valid: the key is none of an entry
	index int           // of the entry; -1: it is not there
	name  string        // of the entry
}

var (
	errUnknown = errors.New("unknown key")
	errNone    = errors.New("there is none of this name")
)

// find follows a key. Sections that are not there are made on the way, so c must
// belong to the caller alone.
func find(c *config.Appliance, p path) (place, error) {
	at := place{v: reflect.ValueOf(c).Elem(), index: -1}
	for i, s := range p {
		v, err := section(at.v)
		if err != nil {
			return at, fmt.Errorf("%s: %w", p[:i], err)
		}
		if !s.entry {
			at = place{v: field(v, s.text), index: -1}
			if !at.v.IsValid() {
				return at, fmt.Errorf("%s: %w", p[:i+1], errUnknown)
			}
			continue
		}
		if at, err = entry(v, s.text); err == nil && !at.v.IsValid() && i < len(p)-1 {
			err = errNone
		}
		if err != nil {
			return at, fmt.Errorf("%s: %w", p[:i+1], err)
		}
	}
	return at, nil
}

// section follows a pointer. Behind one to nothing is then what a file has there that
// names nothing of it.
func section(v reflect.Value) (reflect.Value, error) {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			made := reflect.New(v.Type().Elem())
			if made.Elem().Kind() == reflect.Struct {
				if err := yaml.Unmarshal([]byte("{}"), made.Interface()); err != nil {
					return v, err
				}
			}
			v.Set(made)
		}
		v = v.Elem()
	}
	return v, nil
}

// field is the value of a word in a struct; not valid if there is none.
func field(v reflect.Value, word string) reflect.Value {
	if v.Kind() != reflect.Struct || isText(v.Type()) {
		return reflect.Value{}
	}
	for i := range v.NumField() {
		name, how, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		if how == "inline" {
			if f := field(v.Field(i), word); f.IsValid() {
				return f
			}
		} else if name == word && name != "-" {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}

// isText is true for a type that is written as a text.
func isText(t reflect.Type) bool {
	_, ok := reflect.New(t).Interface().(encoding.TextUnmarshaler)
	return ok
}

// names are the words that name an entry, the most telling first.
func names() []string {
	return []string{"name", "interface", "domain", "address", "recipient", "url", "term", "id"}
}

// nameOf is the value that names an entry of a list: of a text, itself. It is not
// valid if entries have no names.
func nameOf(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.String {
		return v
	}
	for _, word := range names() {
		if f := field(v, word); f.IsValid() && f.Kind() == reflect.String {
			return f
		}
	}
	return reflect.Value{}
}

// entry is the one of a name in a list.
func entry(list reflect.Value, name string) (place, error) {
	at := place{list: list, index: -1, name: name}
	if list.Kind() != reflect.Slice {
		return at, errors.New("is no list")
	}
	if !nameOf(reflect.New(list.Type().Elem()).Elem()).IsValid() {
		return at, errors.New("the entries have no names; set the whole list")
	}
	for i := range list.Len() {
		if nameOf(list.Index(i)).String() != name {
			continue
		}
		if at.v.IsValid() {
			return at, errors.New("there are several of this name; set the whole list")
		}
		at.v, at.index = list.Index(i), i
	}
	return at, nil
}

// set reads a value at a place. A list in it is taken as a whole, and so is an entry.
func (at *place) set(key, text string) error {
	if !at.list.IsValid() {
		return faults(strictyaml.Value(key, []byte(text), at.v.Addr().Interface()))
	}
	made := reflect.New(at.list.Type().Elem())
	if err := faults(strictyaml.Value(key, []byte(text), made.Interface())); err != nil {
		return err
	}
	switch name := nameOf(made.Elem()); name.String() {
	case "":
		name.SetString(at.name)
	case at.name:
	default:
		return fmt.Errorf("%s: the value is of %q", key, name)
	}
	if at.index >= 0 {
		at.v.Set(made.Elem())
		return nil
	}
	n := at.list.Len()
	if n > 0 && catchAll(nameOf(at.list.Index(n-1)).String()) {
		n-- // what comes behind the entry for all others would never be looked at
	}
	grown := reflect.AppendSlice(reflect.MakeSlice(at.list.Type(), 0, at.list.Len()+1), at.list.Slice(0, n))
	at.list.Set(reflect.AppendSlice(reflect.Append(grown, made.Elem()), at.list.Slice(n, at.list.Len())))
	return nil
}

// catchAll is true for the name of an entry that is for all whom none before has.
func catchAll(name string) bool { return name == "ALL" || name == "DEFAULT" }

// remove takes an entry out of its list.
func (at *place) remove() {
	left := reflect.MakeSlice(at.list.Type(), 0, at.list.Len())
	left = reflect.AppendSlice(left, at.list.Slice(0, at.index))
	at.list.Set(reflect.AppendSlice(left, at.list.Slice(at.index+1, at.list.Len())))
}

// faults are those of a value, without the lines of the file that it is not in.
func faults(err error) error {
	var list strictyaml.Faults
	if !errors.As(err, &list) {
		return err
	}
	var errs []error
	for _, f := range list {
		errs = append(errs, errors.New(strings.TrimPrefix(f.Key+": "+f.Reason, ": ")))
	}
	return errors.Join(errs...)
}

// clone is a configuration that has nothing in common with another.
func clone(c *config.Appliance) config.Appliance {
	var out config.Appliance
	copied(reflect.ValueOf(&out).Elem(), reflect.ValueOf(c).Elem())
	return out
}

func copied(to, from reflect.Value) {
	switch to.Set(from); from.Kind() {
	case reflect.Pointer:
		if !from.IsNil() {
			to.Set(reflect.New(from.Type().Elem()))
			copied(to.Elem(), from.Elem())
		}
	case reflect.Slice:
		if !from.IsNil() {
			to.Set(reflect.MakeSlice(from.Type(), from.Len(), from.Len()))
			for i := range from.Len() {
				copied(to.Index(i), from.Index(i))
			}
		}
	case reflect.Struct:
		for i := range from.NumField() {
			if to.Field(i).CanSet() {
				copied(to.Field(i), from.Field(i))
			}
		}
	}
}

// leaves are the keys below a place, and itself, at which two values differ. A list
// is one leaf, and so is what reads itself: in part it would mean something else.
func leaves(p path, a, b reflect.Value) []path {
	if reflect.DeepEqual(a.Interface(), b.Interface()) {
		return nil
	}
	_, reads := reflect.New(a.Type()).Interface().(interface{ UnmarshalYAML(func(any) error) error })
	if a.Kind() != reflect.Struct || isText(a.Type()) || reads {
		return []path{p}
	}
	var out []path
	for i := range a.NumField() {
		name, how, _ := strings.Cut(a.Type().Field(i).Tag.Get("yaml"), ",")
		switch {
		case how == "inline":
			out = append(out, leaves(p, a.Field(i), b.Field(i))...)
		case name != "" && name != "-":
			out = append(out, leaves(append(slices.Clone(p), step{text: name}), a.Field(i), b.Field(i))...)
		}
	}
	return out
}
