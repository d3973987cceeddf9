package esasim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"esasim/esasimtest"
	"esasim/lab"
)

// What the documents say is held against the program here.

func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// blocks are the fenced blocks of one language, in order.
func blocks(t *testing.T, name, language string) []string {
	t.Helper()
	var out []string
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(readFile(t, name), -1) {
		out = append(out, m[1])
	}
	if len(out) == 0 {
		t.Fatalf("%s: no %s block", name, language)
	}
	return out
}

// shell runs a block as a reader would paste it, with the addresses of the
// running lab in place of the default ones, in an empty directory.
func shell(t *testing.T, block string, replace ...string) string {
	t.Helper()
	cmd := shellCommand(t, block, replace...)
	var out, diagnostics bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &diagnostics
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v in\n%s\n%s%s", err, block, out.String(), diagnostics.String())
	}
	return out.String()
}

func shellCommand(t *testing.T, block string, replace ...string) *exec.Cmd {
	t.Helper()
	exe, err := esasimBinary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-euc", strings.NewReplacer(replace...).Replace(block))
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(exe)+string(os.PathListSeparator)+os.Getenv("PATH"))
	return cmd
}

// elsewhere replaces the default addresses by those of a lab.
func elsewhere(a lab.Addresses) []string {
	host, port, _ := net.SplitHostPort(a.SMTP)
	return []string{
		"--server 127.0.0.1 --port 2525", "--server " + host + " --port " + port,
		"http://127.0.0.1:8080", a.Console,
		"http://127.0.0.1:9080", a.Cloud[lab.Americas],
	}
}

// Every shell block of the README and of the documents about faces and settings is run,
// and does what the text around it says. A block of a new kind fails until it is known here.
func TestDocumentedCommands(t *testing.T) {
	need(t, "curl")
	need(t, "swaks")
	p := run(t, ports()...)
	there := elsewhere(p.addresses)
	for _, file := range []string{"README.md", "docs/api.md", "docs/settings.md", "docs/cli.md", "docs/asyncos.md"} {
		for i, block := range blocks(t, file, "sh") {
			t.Run(fmt.Sprintf("%s-%d", path.Base(file), i+1), func(t *testing.T) {
				switch first, _, _ := strings.Cut(block, "\n"); {
				case strings.HasPrefix(first, "make "):
					target(t, strings.TrimPrefix(first, "make "))
				case strings.HasPrefix(first, "esasim cloud"), strings.Contains(block, "esasim appliance"):
					// TestDocumentedProcesses runs these.
				case strings.HasPrefix(first, "esasim seed"):
					if out := shell(t, block); !strings.HasPrefix(out, "200000 messages of 30 days in past: ") || strings.Count(out, "  Hard Bounced  ") != 5 {
						t.Errorf("no past:\n%s", out)
					}
				case strings.HasPrefix(first, "esasim wait"):
					if out := shell(t, block, there...); !strings.HasPrefix(out, "matches: 1\nRECEIVED (UTC) ") || !strings.Contains(out, "\nMID 1: ") {
						t.Errorf("not found:\n%s", out)
					}
				case strings.HasPrefix(first, "esasim config set"):
					if out := shell(t, block, there...); strings.Count(out, "\ncommitted\n") != 1 || !strings.Contains(out, "\n240h0m0s\n") || !strings.Contains(out, "  admin  a quarantine for the lawyers\n") {
						t.Errorf("not committed:\n%s", out)
					}
				case strings.HasPrefix(first, "esasim config"):
					if out := shell(t, block); out != "esasim.yaml: ok\n" {
						t.Errorf("the example is not right:\n%s", out)
					}
				case strings.HasPrefix(first, "ssh "):
					out := shellSSH(t, block, p.addresses)
					if strings.Contains(block, "whoami") != strings.Contains(out, "\nUsername: admin\n") ||
						strings.Contains(block, "findevent") && !strings.Contains(out, "Info: Message finished MID 1 done\n") {
						t.Errorf("no commands:\n%s", out)
					}
				case strings.HasPrefix(first, "swaks"):
					if out := shell(t, block, there...); !regexp.MustCompile(`250 ok:  Message \d+ accepted`).MatchString(out) {
						t.Errorf("no MID in\n%s", out)
					}
				case strings.Contains(block, "oauth2/token"):
					investigation(t, block, there)
				case strings.Contains(block, "offset=$((offset + rows))"):
					if out := shell(t, block, there...); strings.Count(out, `{"meta":`) != 1 || !strings.Contains(out, `"subject":"test test"`) {
						t.Errorf("not one page:\n%s", out)
					}
				case strings.Contains(block, "message-tracking/"):
					if out := shell(t, block, there...); !regexp.MustCompile(`"totalCount":[1-9][^\n]*"subject":"test test"`).MatchString(out) || !strings.Contains(out, `"lastEvent":true`) {
						t.Errorf("not found:\n%s", out)
					}
				case strings.Contains(block, "deregister"):
					if out := shell(t, block, there...); !strings.Contains(out, `"state":"unregistered"`) || !strings.Contains(out, `"state":"registered"`) {
						t.Errorf("not deregistered and registered again:\n%s", out)
					}
				case strings.Contains(block, "/mailbox/bob@example.org/1"):
					if out := shell(t, block, there...); !strings.HasPrefix(out, `{"messages":[{"mid":`) || !strings.Contains(out, "\nReceived: from unknown ") || strings.Contains(out, `"error"`) {
						t.Errorf("not in the mailbox:\n%s", out)
					}
				case strings.Contains(block, "curl "):
					for line := range strings.Lines(shell(t, block, there...)) {
						if !json.Valid([]byte(line)) || strings.Contains(line, `"error"`) {
							t.Errorf("answer: %s", line)
						}
					}
				default:
					t.Errorf("nobody runs this block:\n%s", block)
				}
			})
		}
	}
}

// target looks whether the Makefile has it.
func target(t *testing.T, name string) {
	t.Helper()
	if !regexp.MustCompile("(?m)^" + regexp.QuoteMeta(strings.TrimSpace(name)) + ":").MatchString(readFile(t, "Makefile")) {
		t.Errorf("the Makefile has no target %s", name)
	}
}

// investigation runs the OAuth, inspect, observe sequence until the sighting of
// the README's own mail is in the answer.
func investigation(t *testing.T, block string, there []string) {
	t.Helper()
	eventually(t, "the sighting by curl", func() error {
		out := shell(t, block, there...)
		for _, want := range []string{`"type":"email_subject"`, `"module":"Email Security Appliance"`, `"description":"Incoming message (Delivered)"`} {
			if !strings.Contains(out, want) {
				return fmt.Errorf("no %s in\n%s", want, out)
			}
		}
		return nil
	})
}

// The README's two processes, started by its own lines, find each other.
func TestDocumentedProcesses(t *testing.T) {
	need(t, "curl")
	var cloud, appliance string
	for _, block := range blocks(t, "README.md", "sh") {
		switch {
		case strings.HasPrefix(block, "esasim cloud"):
			cloud = block
		case strings.Contains(block, "\nesasim appliance"):
			appliance = block
		}
	}
	if cloud == "" || appliance == "" {
		t.Fatal("README.md does not show two processes")
	}
	t.Setenv("ESASIM_SMTP", "127.0.0.1:0")
	t.Setenv("ESASIM_CONSOLE", "127.0.0.1:0")
	t.Setenv("ESASIM_CLOUD", "AMERICAS=127.0.0.1:0")
	url := background(t, cloud).Cloud[lab.Americas]
	if url == "" {
		t.Fatal("the cloud alone has no address")
	}
	box := background(t, appliance, "http://127.0.0.1:9080", url)
	if box.DeviceID == "" {
		t.Errorf("the appliance is not registered: %+v", box)
	}
}

// background starts a block that does not end by itself and gives back where it
// serves.
func background(t *testing.T, block string, replace ...string) (a lab.Addresses) {
	t.Helper()
	// exec, so that ending the shell ends the program.
	cmd := shellCommand(t, block, append(replace, "esasim cloud", "exec esasim cloud", "esasim appliance", "exec esasim appliance")...)
	file := filepath.Join(cmd.Dir, "addresses.json")
	cmd.Env = append(cmd.Env, "ESASIM_ADDRESSES_FILE="+file)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v\n%s", err, out.String())
		}
	})
	eventually(t, "addresses of "+block, func() error {
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		return json.Unmarshal(b, &a)
	})
	return a
}

// examples are the configurations that the documents show.
func examples(t *testing.T) []string {
	t.Helper()
	return append(blocks(t, "README.md", "yaml"), blocks(t, "docs/settings.md", "yaml")...)
}

// The configurations that the documents show are right. That of all keys is tested by
// TestConfigurationExample.
func TestDocumentedConfiguration(t *testing.T) {
	for _, text := range examples(t) {
		if c, err := lab.ReadConfig("example", []byte(text)); err != nil {
			t.Errorf("%v in\n%s", err, text)
		} else if err := c.Check(); err != nil {
			t.Errorf("%v in\n%s", err, text)
		}
	}
}

// configuration is the documents' first example that has a text in it.
func configuration(t *testing.T, with string) string {
	t.Helper()
	for _, text := range examples(t) {
		if strings.Contains(text, with) {
			return text
		}
	}
	t.Fatalf("no document has a configuration with %q", with)
	return ""
}

// Every flag that a command's help names is in the README.
func TestDocumentedFlags(t *testing.T) {
	exe, err := esasimBinary()
	if err != nil {
		t.Fatal(err)
	}
	readme := readFile(t, "README.md")
	for _, command := range []string{"lab", "cloud", "appliance", "token", "track", "wait", "load", "seed", "config show", "config check", "config reload", "config set", "config reset", "config commit", "config history"} {
		help, err := exec.Command(exe, append(strings.Fields(command), "--help")...).CombinedOutput()
		if err != nil {
			t.Fatal(err)
		}
		flags := regexp.MustCompile(`(?m)^ +(?:-\w, )?(--[\w-]+)`).FindAllStringSubmatch(string(help), -1)
		if len(flags) < 2 {
			t.Fatalf("esasim %s --help: %s", command, help)
		}
		for _, m := range flags {
			if m[1] != "--help" && !strings.Contains(readme, "`"+m[1]+"`") {
				t.Errorf("README.md does not mention %s of esasim %s", m[1], command)
			}
		}
	}
}

// The README's Go test is this very test, so it compiles and works.
func TestMyIntegration(t *testing.T) {
	l := esasimtest.Start(t)
	mid := l.Send(t, "alice@example.com", "Subject: test test\r\n\r\nhello\r\n", "bob@example.org")
	a := l.Addresses // where and how to investigate it
	t.Log(mid, a.Cloud["AMERICAS"], a.ClientID, a.ClientPassword)
}

func TestDocumentedGoTest(t *testing.T) {
	if block := blocks(t, "README.md", "go")[0]; !strings.Contains(readFile(t, "docs_test.go"), "\n"+block) {
		t.Errorf("docs_test.go does not run this:\n%s", block)
	}
}

// named is a path in backticks, perhaps with a function behind it in brackets.
var named = regexp.MustCompile("`([\\w.-]+(?:/[\\w.-]+)*/?)`(?:\\s+\\(`(\\w+)`\\))?")

// Every path that the documents name exists, and every function named with its
// file is in it.
func TestDocumentedPaths(t *testing.T) {
	for _, file := range []string{"docs/journey.md", "docs/design.md"} {
		paths, functions := 0, 0
		for _, m := range named.FindAllStringSubmatch(readFile(t, file), -1) {
			if !strings.Contains(m[1], "/") && path.Ext(m[1]) != ".go" && path.Ext(m[1]) != ".md" {
				continue // a word of the code
			}
			paths++
			if _, err := os.Stat(filepath.FromSlash(m[1])); err != nil {
				t.Errorf("%s names %s: %v", file, m[1], err)
			} else if m[2] != "" {
				functions++
				if !slices.Contains(functionsOf(t, m[1]), m[2]) {
					t.Errorf("%s: %s has no function %s", file, m[1], m[2])
				}
			}
		}
		if paths < 20 || file == "docs/journey.md" && functions < 30 {
			t.Errorf("%s: only %d paths and %d functions seen", file, paths, functions)
		}
	}
}

func parse(t *testing.T, name string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func functionsOf(t *testing.T, name string) []string {
	t.Helper()
	var out []string
	for _, d := range parse(t, name).Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			out = append(out, f.Name.Name)
		}
	}
	return out
}

// Relative links of all documents lead somewhere.
func TestDocumentedLinks(t *testing.T) {
	files, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, "README.md", "CHANGELOG.md", "SECURITY.md") {
		for _, m := range regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(readFile(t, file), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", file, m[1], err)
			}
		}
	}
}

// docs/dependencies.md lists the modules that we import, and no others.
func TestDocumentedDependencies(t *testing.T) {
	out, err := exec.Command("go", "list", "-test", "-deps=false", "-f", `{{join .Imports "\n"}}{{"\n"}}{{join .TestImports "\n"}}{{"\n"}}{{join .XTestImports "\n"}}`, "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	direct := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		p, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if first, _, _ := strings.Cut(p, "/"); strings.Contains(first, ".") {
			direct[moduleOf(t, p)] = true
		}
	}
	if len(direct) < 8 {
		t.Fatalf("go list names only %v", direct)
	}
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (.+) \\|$").FindAllStringSubmatch(readFile(t, "docs/dependencies.md"), -1) {
		listed[m[1]] = true
		if !direct[m[1]] {
			t.Errorf("docs/dependencies.md lists %s, which nothing imports", m[1])
		}
	}
	for m := range direct {
		if !listed[m] {
			t.Errorf("docs/dependencies.md has no reason for %s", m)
		}
	}
}

// moduleOf is the longest path of a module in go.mod that a package is in.
func moduleOf(t *testing.T, pkg string) string {
	t.Helper()
	best := ""
	for _, m := range regexp.MustCompile(`(?m)^(?:require )?\s*(\S+\.\S+/?\S*) v\d`).FindAllStringSubmatch(readFile(t, "go.mod"), -1) {
		if within := pkg == m[1] || strings.HasPrefix(pkg, m[1]+"/"); within && len(m[1]) > len(best) {
			best = m[1]
		}
	}
	if best == "" {
		t.Fatalf("go.mod requires no module of %s", pkg)
	}
	return best
}

// docs/fidelity.md is what the code says; a sentence without a claim, or a
// claim without level and source, stops the generator.
func TestFidelityPage(t *testing.T) {
	page := filepath.Join(t.TempDir(), "fidelity.md")
	if out, err := exec.Command("go", "run", "./cmd/fidelity", page).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if diff := cmp.Diff(readFile(t, "docs/fidelity.md"), readFile(t, page)); diff != "" {
		t.Errorf("docs/fidelity.md is not what the code says (make generate; -file +code):\n%s", diff)
	}
}

// Every package that makes claims is on the page.
func TestFidelityPackages(t *testing.T) {
	var imported []string
	claiming := 0
	for _, p := range packages(t) {
		if p.ImportPath == module+"cmd/fidelity" {
			imported = p.Imports
		}
	}
	for _, p := range packages(t) {
		if slices.Contains(p.GoFiles, "fidelity.go") && p.Name != "fidelity" {
			claiming++
			if !slices.Contains(imported, p.ImportPath) {
				t.Errorf("cmd/fidelity leaves out the claims of %s", p.ImportPath)
			}
		}
	}
	if claiming < 10 {
		t.Errorf("only %d packages make claims", claiming)
	}
}

// Every SMTP reply that the listener can say is claimed, and none that nobody
// says.
func TestFidelityReplies(t *testing.T) {
	used := map[string]bool{}
	var files []string
	for _, dir := range []string{"smtp", "smtp/dialect"} {
		found, err := filepath.Glob(dir + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, "/replies.go") || strings.HasSuffix(file, "/fidelity.go") {
			continue
		}
		for name := range identifiers(parse(t, file)) {
			used[name] = true
		}
	}
	claimed := identifiers(parse(t, "smtp/dialect/fidelity.go"))
	replies := declared(parse(t, "smtp/dialect/replies.go"))
	if len(replies) < 40 {
		t.Fatalf("replies.go declares only %v", replies)
	}
	for _, name := range replies {
		if used[name] && !claimed[name] {
			t.Errorf("smtp/dialect/fidelity.go makes no claim about %s", name)
		}
		if !used[name] && claimed[name] {
			t.Errorf("smtp/dialect/fidelity.go claims %s, which nobody says", name)
		}
	}
}

func identifiers(f *ast.File) map[string]bool {
	out := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			out[id.Name] = true
		}
		return true
	})
	return out
}

// declared are the names of the variables, constants and functions of a file
// that hold replies; refusal only makes them.
func declared(f *ast.File) []string {
	var out []string
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if v, ok := s.(*ast.ValueSpec); ok {
					for _, n := range v.Names {
						out = append(out, n.Name)
					}
				}
			}
		case *ast.FuncDecl:
			if d.Name.Name != "refusal" {
				out = append(out, d.Name.Name)
			}
		}
	}
	return out
}
