package esasim_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// module is the path that all our packages begin with.
const module = "esasim/"

// A wall says that some packages must not import others, and why. The patterns
// are those of [within]. Only direct imports of files that are not tests count.
type wall struct {
	who     []string
	except  []string // packages among who that may
	notFrom []string // what must not be imported
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
		{who: []string{"smtp/...", "appliance/filter", "appliance/workqueue", "appliance/delivery", "appliance/dsn", "appliance/quarantine", "appliance/successor"}, notFrom: []string{"tracking/..."},
			because: "they report events; they do not store them"},
		{who: []string{"tracking/..."}, notFrom: []string{"appliance/...", "cloud/...", "cloudlink", "std:net/http"},
			because: "a store does not know the box it is in, nor whom that talks to"},
		{who: []string{"cloud/ctim"}, notFrom: all, because: "it is a leaf that both boxes share"},
		{who: []string{"internal/..."}, notFrom: all, but: []string{"internal/..."},
			because: "what everybody may use must know nobody"},
		{who: all, except: []string{"lab", "cmd/...", "esasimtest", "traffic/..."}, notFrom: []string{"lab"},
			because: "lab is the one package that knows both boxes"},
		{who: all, except: []string{"cmd/..."}, notFrom: []string{"std:flag", "std:os/signal", "github.com/spf13/..."},
			because: "libraries do not own the process"},
		{who: all, except: []string{"appliance/asyncos/openapi/conform"}, notFrom: []string{"github.com/getkin/..."},
			because: "it is for tests, and the program does not carry it"},
		{who: all, notFrom: []string{"appliance/asyncos/openapi/conform", "cloud/contract"}, because: "they are for tests"},
	}
}

type goPackage struct {
	Dir        string
	ImportPath string
	Doc        string
	Name       string
	GoFiles    []string
	Imports    []string
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=Dir,ImportPath,Doc,Name,GoFiles,Imports", "./...").Output()
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
// pattern. A pattern is a path below the module, "lab"; after "std:" one of the
// standard library, "std:net/http"; and with a dot in its first name that of
// another module, "github.com/spf13/cobra". With "/..." at the end it means the
// package and everything below; "..." alone is all of the module.
func within(path, pattern string) bool {
	stem, below := strings.CutSuffix(pattern, "...")
	first, _, _ := strings.Cut(stem, "/")
	if std, ok := strings.CutPrefix(stem, "std:"); ok {
		stem = std
	} else if !strings.Contains(first, ".") {
		stem = module + stem
	}
	if !below {
		return path == stem
	}
	return strings.HasPrefix(path+"/", stem)
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
		{"net/http/httptest", "std:net/http", false},
		{"net/http/httptest", "std:net/...", true},
		{"github.com/spf13/cobra", "github.com/spf13/cobra", true},
		{"github.com/spf13/cobra/doc", "github.com/spf13/cobra", false},
		{"github.com/spf13/cobra/doc", "github.com/...", true},
		{"github.com/spf13", "github.com/spf13/...", true},
		{"github.com/spf13x", "github.com/spf13/...", false},
		{"github.com/spf13/cobra", "...", false},
		{"esasim/tracking/clickhouse", "tracking", false},
	} {
		if got := within(c.path, c.pattern); got != c.want {
			t.Errorf("within(%s, %s) = %t", c.path, c.pattern, got)
		}
	}
}

// Only a command ends the process: whoever calls os.Exit skips everybody's
// deferred calls, and a lab in a test would take the test with it.
func TestWallsExit(t *testing.T) {
	seen := 0
	for _, p := range packages(t) {
		files, err := filepath.Glob(filepath.Join(p.Dir, "*.go")) // those of other systems, too
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, call := range exits(t, string(src)) {
				if seen++; !matches(p.ImportPath, []string{"cmd/...", "traffic/bench"}) {
					t.Errorf("%s: %s: libraries do not own the process", name, call)
				}
			}
		}
	}
	if seen == 0 {
		t.Error("no command ends with os.Exit: the search finds nothing")
	}
}

// exits lists what in a file ends the process: os.Exit and what calls it,
// whatever the file calls the package.
func exits(t *testing.T, src string) (calls []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "", src, 0)
	if err != nil {
		t.Fatal(err)
	}
	ends := map[string]bool{"os.Exit": true, "syscall.Exit": true, "log.Fatal": true, "log.Fatalf": true, "log.Fatalln": true}
	imported := map[string]string{} // name in the file: path
	for _, i := range file.Imports {
		path := strings.Trim(i.Path.Value, "\"`")
		name := path[strings.LastIndex(path, "/")+1:]
		if i.Name != nil {
			name = i.Name.Name
		}
		if imported[name] = path; name == "." && (path == "os" || path == "log" || path == "syscall") {
			calls = append(calls, `import . "`+path+`"`)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && ends[imported[x.Name]+"."+s.Sel.Name] {
				calls = append(calls, imported[x.Name]+"."+s.Sel.Name)
			}
		}
		return true
	})
	return calls
}

func TestWallsExitHold(t *testing.T) {
	for src, want := range map[string][]string{
		`package p; import "os"; func f() { os.Exit(1) }`:                                      {"os.Exit"},
		`package p; import sys "os"; var f = sys.Exit`:                                         {"os.Exit"},
		`package p; import "log"; func f() { go func() { log.Fatalf("") }() }`:                 {"log.Fatalf"},
		`package p; import . "os"; func f() { Exit(1) }`:                                       {`import . "os"`},
		`package p; import "os"; func f() { os.Getenv("os.Exit") }`:                            nil,
		`package p; type a struct{}; func (a) Exit(int) {}; var os a; func f() { os.Exit(1) }`: nil,
	} {
		if got := exits(t, src); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", src, got, want)
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
