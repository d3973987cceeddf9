package changes

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/config"
)

// Every key of the configuration can be read and set by its path, and what is read
// is, set again, no change.
func TestEveryKey(t *testing.T) {
	c := start(t, vfs.NewMem(), config.Default())
	keys := 0
	var visit func(p path, v reflect.Value)
	visit = func(p path, v reflect.Value) {
		if len(p) > 0 {
			keys++
			value, err := c.Value("joe", p.String())
			if err != nil {
				t.Errorf("%s: %v", p, err)
				return
			}
			nothing := value == "null" || value == `""` || strings.Contains(value, "********")
			if err := c.Set("joe", p.String(), value); err != nil && !nothing {
				t.Errorf("%s = %s: %v", p, value, err)
			}
		}
		for v.Kind() == reflect.Pointer && !v.IsNil() {
			v = v.Elem()
		}
		switch {
		case v.Kind() == reflect.Struct && !isText(v.Type()):
			for i := range v.NumField() {
				switch name, how, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ","); {
				case how == "inline":
					visit(slices.Clone(p), v.Field(i))
				case name != "-":
					visit(append(slices.Clone(p), step{text: name}), v.Field(i))
				}
			}
		case v.Kind() == reflect.Slice && v.Len() > 0 && nameOf(v.Index(0)).IsValid():
			for i := range v.Len() {
				visit(append(slices.Clone(p), step{nameOf(v.Index(i)).String(), true}), v.Index(i))
			}
		}
	}
	a := config.Default()
	visit(nil, reflect.ValueOf(a))
	if keys < 200 {
		t.Errorf("only %d keys", keys)
	}
	if p := c.Pending("joe"); len(p) > 0 {
		t.Errorf("set again, this is a change: %v", p)
	}
}
