package esasim_test

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// module is the path that all our packages begin with.
const module = "esasim/"

// A wall says that some packages must not import others, and why. Paths are
// below the module; "..." at the end means everything below, too. Only direct
// imports of files that are not tests count.
type wall struct {
	who     []string
	except  []string // packages among who that may
	notFrom []string // what must not be imported; paths with a dot or a slash-less name are outside the module
	but     []string // packages among notFrom that are allowed
	because string
}

// walls are the architecture: read them as its shortest description.
func walls() []wall {
	all := []string{"..."}
	return []wall{
		{who: []string{"esa"}, notFrom: all, because: "the vocabulary stands on nothing of ours"},
		{who: []string{"cloud/..."}, notFrom: []string{"esa", "smtp/...", "tracking/...", "cloudlink", "appliance/...", "lab"},
			because: "the cloud learns only what crosses the wire"},
		{who: []string{"appliance/...", "cloudlink"}, notFrom: []string{"cloud/..."}, but: []string{"cloud/ctim"},
			because: "the box cannot peek into the cloud"},
		{who: []string{"smtp/...", "appliance/workqueue", "appliance/delivery"}, notFrom: []string{"tracking/..."},
			because: "they report events; they do not store them"},
		{who: []string{"tracking"}, notFrom: []string{"appliance/...", "std:net/http"},
			because: "a store does not know the box it is in"},
		{who: []string{"cloud/ctim"}, notFrom: all, because: "it is a leaf that both boxes share"},
		{who: []string{"internal/..."}, notFrom: all, but: []string{"internal/..."},
			because: "what everybody may use must know nobody"},
		{who: all, except: []string{"lab", "cmd/...", "esasimtest", "traffic/..."}, notFrom: []string{"lab"},
			because: "lab is the one package that knows both boxes"},
		{who: all, except: []string{"cmd/..."}, notFrom: []string{"std:flag", "std:os/signal", "github.com/spf13/cobra", "github.com/spf13/pflag"},
			because: "libraries do not own the process"},
	}
}

type goPackage struct {
	ImportPath string
	Doc        string
	Name       string
	GoFiles    []string
	Imports    []string
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Doc,Name,GoFiles,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var p goPackage
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	if len(list) < 10 {
		t.Fatalf("go list found only %d packages", len(list))
	}
	return list
}

// within is true when the path, "esasim/lab" or "net/http", is meant by the
// pattern, "lab", "cloud/...", "std:net/http" or "github.com/...".
func within(path, pattern string) bool {
	if std, ok := strings.CutPrefix(pattern, "std:"); ok {
		return path == std
	}
	if strings.Contains(strings.Split(pattern, "/")[0], ".") && pattern != "..." {
		return path == pattern
	}
	rest, ours := strings.CutPrefix(path, module)
	if !ours {
		return false
	}
	stem, below := strings.CutSuffix(pattern, "...")
	if !below {
		return rest == pattern
	}
	return strings.HasPrefix(rest+"/", stem)
}

func matches(path string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return within(path, p) })
}

func TestWalls(t *testing.T) {
	for _, p := range packages(t) {
		for _, w := range walls() {
			if !matches(p.ImportPath, w.who) || matches(p.ImportPath, w.except) {
				continue
			}
			for _, imp := range p.Imports {
				if matches(imp, w.notFrom) && !matches(imp, w.but) {
					t.Errorf("%s imports %s: %s", p.ImportPath, imp, w.because)
				}
			}
		}
	}
}

// A wall that could not be hit would not be one.
func TestWallsHold(t *testing.T) {
	for _, c := range []struct {
		path, pattern string
		want          bool
	}{
		{"esasim/cloud/sse", "cloud/...", true},
		{"esasim/cloud", "cloud/...", true},
		{"esasim/cloudlink", "cloud/...", false},
		{"esasim/lab", "...", true},
		{"net/http", "std:net/http", true},
		{"net/http", "...", false},
		{"github.com/spf13/cobra", "github.com/spf13/cobra", true},
		{"esasim/tracking/clickhouse", "tracking", false},
	} {
		if got := within(c.path, c.pattern); got != c.want {
			t.Errorf("within(%s, %s) = %t", c.path, c.pattern, got)
		}
	}
}

// `go doc` is the map of the tree: every package must be on it.
func TestPackageDocs(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.GoFiles) == 0 {
			continue // tests alone
		}
		want := "Package " + p.Name + " "
		if p.Name == "main" {
			want = "Command "
		}
		if !strings.HasPrefix(p.Doc, want) {
			t.Errorf("%s: package doc begins %.40q, want %q", p.ImportPath, p.Doc, want)
		}
	}
}
