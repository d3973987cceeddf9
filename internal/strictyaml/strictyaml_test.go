package strictyaml

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

type size int

func (s *size) UnmarshalText(b []byte) error {
	_, err := fmt.Sscanf(string(b), "%dK", s)
	if err != nil {
		return fmt.Errorf("size %q: want a number and K", b)
	}
	return nil
}

type row struct {
	Name string `yaml:"name"`
	Size size   `yaml:"size"`
}

func (row) Abbreviates() string { return "name" }

func (r *row) UnmarshalYAML(decode func(any) error) error {
	if decode(&r.Name) == nil {
		return nil
	}
	type plain row
	return decode((*plain)(r))
}

type inner struct {
	Count  int           `yaml:"count"`
	Wait   time.Duration `yaml:"wait_time"`
	On     bool          `yaml:"on"`
	Listed []string      `yaml:"listed"`
}

// More is where other keys of the outer one are.
type More struct {
	More *inner `yaml:"more"`
}

// own reads itself, but strictly.
type own struct {
	A string `yaml:"a"`
}

func (o *own) UnmarshalYAML(decode func(any) error) error {
	if decode(&o.A) == nil {
		return nil
	}
	type plain own
	return decode((*plain)(o))
}

type outer struct {
	Name  string            `yaml:"name"`
	Inner inner             `yaml:"inner"`
	Rows  []row             `yaml:"rows"`
	Table map[string]string `yaml:"table"`
	Addr  netip.Addr        `yaml:"addr"`
	Deep  map[string]inner  `yaml:"deep"`
	Own   own               `yaml:"own"`
	More  `yaml:",inline"`
	None  string // no key
}

func defaults() outer { return outer{Name: "default", Inner: inner{Count: 7, On: true}} }

// read is what is wrong with a text, and what was read of it all the same.
func read(text string) (string, outer) {
	o := defaults()
	f, err := Parse("f", []byte(text))
	if err != nil {
		return err.Error(), o
	}
	if err := f.Decode(&o); err != nil {
		return err.Error(), o
	}
	return "", o
}

// Every fault is told with its line, key and reason, all of them at once.
func TestFaults(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"# nothing\n", ""},
		{"name: x\ninner:\nrows:\ntable:\n", ""},
		{"nam: x\n", "f:1: nam: unknown key; name is one"},
		{"something_else: x\n", "f:1: something_else: unknown key"},
		{"inner:\n  waittime: 3s\n", "f:2: inner.waittime: unknown key; wait_time is one"},
		{"None: x\n", "f:1: None: unknown key"},
		{"none: x\n", "f:1: none: unknown key"},
		{"name: a\nname: b\n", "f:2: name: is there twice"},
		{"table: {a: b, a: c}\n", "f:1: table.a: is there twice"},
		{"inner: 5\n", "f:1: inner: want keys and values"},
		{"inner: []\n", "f:1: inner: want keys and values"},
		{"rows: 5\n", "f:1: rows: want a list"},
		{"table: x\n", "f:1: table: want keys and values"},
		{"table: {a: [1]}\n", "f:1: table.a: want a single value"},
		{"name: [a]\n", "f:1: name: want a single value"},
		{"- a\n", "f:1: want keys and values"},
		{"just text\n", "f:1: want keys and values"},
		{"inner:\n  count: many\n  wait_time: 3\n  on: perhaps\n", "f:2: inner.count: \"many\": want a number\n" +
			"f:3: inner.wait_time: \"3\": want a duration as 30s or 72h\nf:4: inner.on: \"perhaps\": want true or false"},
		{"addr: 192.0.2.1\nown: x\ndeep: {a: {count: 3}}\nmore: {count: 4}\n", ""},
		{"addr: x\n", `f:1: addr: ParseAddr("x"): unable to parse IP`},
		{"addr: [x]\n", "f:1: addr: want a single value"},
		{"deep: {a: {count: x}}\n", `f:1: deep.a.count: "x": want a number`},
		{"own: {a: x, b: y}\n", "f:1: own.b: unknown key; a is one"},
		{"more: {count: x}\n", `f:1: more.count: "x": want a number`},
		{"inner: {on: yes}\n", `f:1: inner.on: "yes": want true or false`},
		{"inner: {count: 1.5}\n", `f:1: inner.count: "1.5": want a number`},
		{"inner: {count: 1e3}\n", `f:1: inner.count: "1e3": want a number`},
		{"rows:\n- a\n- name: b\n  size: 3M\n- nam: c\n", "f:4: rows[1].size: size \"3M\": want a number and K\nf:5: rows[2].nam: unknown key; name is one"},
		{"a: [\n", "f:1: did not find expected node content"},
		{"a: b\n---\nc: d\n", "f:2: a second document; there must be only one"},
		{"a: b\n---\n{\n", "f:3: did not find expected node content"},
		{"name: \"\xff\"\n", "f:1: invalid leading UTF-8 octet"},
		{"inner: &x {count: many}\nrows:\n- *y\n", `f:1: unknown anchor 'y' referenced`},
		{"inner: &x\n  listed: [*x]\n", "f:2: the alias *x is within what it stands for"},
		{"inner:\n  <<: {cout: 1}\n", "f:2: inner.cout: unknown key; count is one"},
		{"inner:\n  <<: [{count: a}]\n", `f:2: inner.count: "a": want a number`},
	} {
		got, _ := read(c.text)
		if got != c.want {
			t.Errorf("%q:\n%s\nwant\n%s", c.text, got, c.want)
		}
	}
}

// What is right is read in spite of what is not.
func TestRest(t *testing.T) {
	faults, got := read("name: mine\ninner: {count: many, on: false, x: y}\nrows: [{size: 3M, name: a}, b, {name: c, size: 4K}]\n")
	want := defaults()
	want.Name, want.Inner.On, want.Rows = "mine", false, []row{{Name: "a"}, {Name: "b"}, {Name: "c", Size: 4}}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" || strings.Count(faults, "\n") != 2 {
		t.Errorf("%s\n-want +got\n%s", faults, diff)
	}
}

// A fault of the values gets the line of its key, or of the nearest one there is.
func TestLocate(t *testing.T) {
	f, err := Parse("f", []byte("# a comment\nname: x\nbase: &base\n  deep: 1\ninner:\n  <<: *base\n  count: 3\nrows:\n  - a\n  - name: b\n    size: 1K\n"))
	if err != nil {
		t.Fatal(err)
	}
	got := f.Locate(errors.Join(
		errors.New("rows[1].size: too small"),
		errors.Join(errors.New("rows[0]: bad"), nil, errors.New("inner.count: is odd: it is 3")),
		errors.New("inner.missing.deeper: must be set"), errors.New("rows[9].name: none"), errors.New("inner.deep: 1"),
		errors.New("no key at all"), errors.New("name: two\nlines"),
	)).Error()
	const want = `f:1: no key at all
f:2: name: two lines
f:4: inner.deep: 1
f:5: inner.missing.deeper: must be set
f:7: inner.count: is odd: it is 3
f:8: rows[9].name: none
f:9: rows[0]: bad
f:11: rows[1].size: too small`
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if f.Locate(nil) != nil {
		t.Error("no error has faults")
	}
}

func TestWithout(t *testing.T) {
	key := func(keys ...string) (f Faults) {
		for _, k := range keys {
			f = append(f, Fault{Key: k})
		}
		return f
	}
	got := key("a", "a.b", "a.b[1].c", "ab", "x").Without(key("a.b[1]", "x.y"))
	if diff := cmp.Diff(key("ab"), got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// Whatever a file has in it, it is read or refused, with a line that it has.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{"name: x", "inner: {count: many}", "rows: [a, {name: b}]", "a: &a [*a, *a]", "x: &x {<<: *x}", "table: {? [a] : b}",
		"a: &a [b, b]\nc: &c [*a, *a]\nrows: &d [*c, *c]", "inner: !!binary x", "!!null : x", "rows: [!!null x]", "inner: &i\n  listed: *i\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o := defaults()
		file, err := Parse("f", []byte(text))
		if err == nil {
			err = file.Decode(&o)
		}
		var faults Faults
		if err == nil {
			return
		}
		if !errors.As(err, &faults) || len(faults) == 0 {
			t.Fatalf("%v is no list of faults", err)
		}
		for _, x := range faults {
			if lines := strings.Count(text, "\n") + strings.Count(text, "\r") + strings.Count(text, "\u0085") + strings.Count(text, "\u2028") + strings.Count(text, "\u2029") + 2; x.Line < 0 || x.Line > lines || x.Reason == "" {
				t.Errorf("%+v of a file with %d lines", x, lines)
			}
		}
	})
}
