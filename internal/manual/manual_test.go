package manual

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

const source = `package p

// Box is a thing. It has
// two lines.
type Box struct {
	Name string ` + "`yaml:\"name\"`" + ` // of the box
	// Wait is how long, WaitMore how much longer, TLS says whether with TLS.
	//
	// A second paragraph.
	Wait     int ` + "`yaml:\"wait\"`" + `
	WaitMore int ` + "`yaml:\"wait_more\"`" + `
	TLS      bool ` + "`yaml:\"tls\"`" + `
	Silent   int ` + "`yaml:\"silent\"`" + `
}

type (
	// Other is in a group.
	Other struct{ X int }
)

// Not a struct.
type Number int
`

// Comments are those of the fields, with keys in place of the fields' names.
func TestWords(t *testing.T) {
	w := Words{"Box.Name": "said before"}
	if err := w.read("p.go", []byte(source)); err != nil {
		t.Fatal(err)
	}
	const shared = "wait is how long, wait_more how much longer, TLS says whether with TLS.\n\nA second paragraph."
	want := Words{"Box": "Box is a thing. It has two lines.", "Box.Name": "said before", "Box.Wait": shared, "Box.WaitMore": shared, "Box.TLS": shared, "Other": "Other is in a group."}
	if diff := cmp.Diff(want, w); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	read, err := ReadWords(w.JSON())
	if err != nil || cmp.Diff(w, read) != "" {
		t.Errorf("written and read: %v, %v", read, err)
	}
	if err := w.read("p.go", []byte("no Go")); err == nil {
		t.Error("what is no Go has words")
	}
	if _, err := ReadWords([]byte("{")); err == nil {
		t.Error("what is no JSON has words")
	}
	if _, err := FromSource("nowhere"); err != nil {
		t.Errorf("a directory without Go: %v", err)
	}
}

type entry struct {
	Name string        `yaml:"name"`
	Wait time.Duration `yaml:"wait"`
	Deep struct {
		Kind string `yaml:"kind"`
	} `yaml:"deep"`
}

type brief struct {
	Address string `yaml:"address"`
	Bypass  bool   `yaml:"bypass"`
}

func (brief) Abbreviates() string { return "address" }

type settings struct {
	Password string            `yaml:"password"`
	Empty    string            `yaml:"api_token"`
	List     []entry           `yaml:"list"`
	None     []entry           `yaml:"none"`
	Short    []brief           `yaml:"short"`
	Words    []string          `yaml:"words"`
	Table    map[string]string `yaml:"table"`
	Hidden   int               `yaml:"-"`
	Private  struct {
		Key string `yaml:"key"`
	} `yaml:"private"`
	Bypass bool    `yaml:"bypass_rate"`
	Share  float64 `yaml:"share"`

	Port     uint16           `yaml:"port"`
	Addr     netip.Addr       `yaml:"addr"`
	Networks []netip.Prefix   `yaml:"networks"`
	ByName   map[string]entry `yaml:"by_name"`
	Pointer  *More            `yaml:"pointer"`
	More     `yaml:",inline"`
}

// More is the keys that are not in the struct itself.
type More struct {
	Count int64 `yaml:"count"`
}

func example() settings {
	s := settings{Password: "hunter2", Table: map[string]string{"A": "b"}, Hidden: 3, Bypass: true}
	s.List = []entry{{Name: "a", Wait: 90 * time.Minute}, {Name: "b"}}
	s.Short = []brief{{Address: "ALL"}}
	s.Private.Key = "secret"
	s.Addr, s.Port, s.Count = netip.MustParseAddr("192.0.2.1"), 25, 7
	s.Pointer = &More{8}
	return s
}

func keys() []Key {
	return Keys(Options{Defaults: example(), Words: Words{"entry.Name": "what it is called", "entry": "entry is an entry.", "settings.None": "nothing: yet"},
		Choices: func(s, key string) []string {
			return map[string][]string{"settings.words": {"", "one", "two"}}[s+"."+key]
		}})
}

func TestExample(t *testing.T) {
	got, err := Example("A head.", keys())
	if err != nil {
		t.Fatal(err)
	}
	const want = `# A head.

password: hunter2
api_token: ""
# an entry is an entry.
list:
  - # what it is called
    name: a
    wait: 1h30m
    deep:
      kind: ""
  - {name: b}
# nothing: yet
# An entry has these keys:
#   - # what it is called
#     name: ""
#     wait: 0s
#     deep:
#       kind: ""
none: []
# An entry has these keys:
#   - address: ""
#     bypass: false
short:
  - ALL
# One of: one, two.
words: []
table:
  A: b
private:
  key: secret
bypass_rate: true
share: 0
port: 25
addr: 192.0.2.1
networks: []
# an entry is an entry.
by_name: {}
pointer:
  count: 8
count: 7
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	var v any
	if err := yaml.Unmarshal([]byte(got), &v); err != nil {
		t.Error(err)
	}
}

// What is secret is not shown, whatever its shape; what only sounds like it is.
func TestShow(t *testing.T) {
	got, err := Show(example())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"password: '********'\n", "api_token: \"\"\n", "private: '********'\n", "bypass_rate: true\n", "  A: b\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	for _, secret := range []string{"hunter2", "secret"} {
		if strings.Contains(got, secret) {
			t.Errorf("%s is shown:\n%s", secret, got)
		}
	}
}

func TestPage(t *testing.T) {
	got := Page("# Head\n\n", keys())
	for _, want := range []string{
		"# Head\n\n| key | value | default | meaning |\n|---|---|---|---|\n| `password` | text | `hunter2` |  |\n",
		"| `list` | list of: keys |  | see below |\n", "| `short` | list of: keys, or `address` alone |  | see below |\n",
		"| `words` | list of: `one`, `two` |  |  |\n", "| `bypass_rate` | true, false | `true` |  |\n", "\n## list\n\nan entry is an entry.\n",
		"\n## list[].deep\n", "| `port` | number | `25` |  |\n", "| `addr` | text | `192.0.2.1` |  |\n", "| `networks` | list of: text |  |  |\n",
		"| `by_name` | by name: keys |  | see below |\n", "\n## by_name\n\nan entry is an entry.\n", "\n## by_name.NAME.deep\n", "\n## pointer\n\n| key | value | default | meaning |\n|---|---|---|---|\n| `count` | number | `8` |  |\n", "| `wait` | duration |  |  |\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0s", time.Second: "1s", 90 * time.Second: "1m30s", time.Minute: "1m", time.Hour: "1h", 72*time.Hour + time.Minute: "72h1m", 10 * time.Minute: "10m"} {
		if got := short(d); got != want {
			t.Errorf("%d: %s, want %s", d, got, want)
		}
	}
}

// The schema of shapes that the configuration may get one day.
func TestSchema(t *testing.T) {
	var got struct {
		Additional bool `json:"additionalProperties"`
		Properties map[string]struct {
			Type       any
			Enum       []any
			Default    any
			Items      any
			Additional map[string]any `json:"additionalProperties"`
		}
	}
	var keep []Key
	for _, k := range keys() {
		if k.Name != "private" && k.Name != "list" && k.Name != "none" && k.Name != "pointer" {
			keep = append(keep, k)
		}
	}
	if err := json.Unmarshal(Schema("a title", keep), &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{"port": 25.0, "addr": "192.0.2.1", "count": 7.0, "bypass_rate": true, "share": 0.0, "password": "hunter2", "api_token": nil} {
		if p, ok := got.Properties[name]; !ok || p.Default != want {
			t.Errorf("%s: default %v, want %v", name, p.Default, want)
		}
	}
	if diff := cmp.Diff(map[string]any{"enum": []any{nil, "", "one", "two"}}, got.Properties["words"].Items); diff != "" {
		t.Errorf("words: -want +got\n%s", diff)
	}
	if p := got.Properties["by_name"]; p.Additional["additionalProperties"] != false || len(p.Additional["properties"].(map[string]any)) != 3 {
		t.Errorf("by_name: %v", p.Additional)
	}
	if diff := cmp.Diff([]any{"string", "number", "boolean", "null"}, got.Properties["networks"].Items.(map[string]any)["type"]); diff != "" {
		t.Errorf("networks: -want +got\n%s", diff)
	}
}
