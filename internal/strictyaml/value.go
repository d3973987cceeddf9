package strictyaml

import (
	"reflect"
)

// Value reads a text as the value of one key over what into, a pointer, has: as if
// the key stood in a file. The error is Faults whose keys begin with this one; then
// nothing may be made of what into has.
func Value(key string, text []byte, into any) error {
	f, err := Parse("", text)
	if err != nil {
		return err
	}
	if f.root == nil || resolved(f.root).ShortTag() == "!!null" {
		return Faults{{Line: 1, Key: key, Reason: "want a value"}}
	}
	w := walk{file: f}
	w.value(f.root, reflect.TypeOf(into).Elem(), key)
	if len(w.faults) > 0 {
		return sorted(w.faults)
	}
	return f.Decode(into)
}
