package esasim_test

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/tools/txtar"

	"esasim/appliance/config"
	"esasim/internal/golden"
	"esasim/lab"
)

var update = flag.Bool("update", false, "write the scenarios again")

const scenarios = "testdata/scenarios"

// TestScenarios plays the files in testdata/scenarios; its README has the form of
// them. Each is a whole lab in a bubble of its own: the clock stands still but for
// the steps, so that what happens is the same to the letter every time.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(scenarios, "*.txtar"))
	if err != nil || len(files) < 30 {
		t.Fatalf("%d scenarios, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			s := readScenario(t, file)
			synctest.Test(t, func(t *testing.T) { s.play(t) })
			if !t.Failed() {
				golden.Check(t, file, s.format(), *update)
			}
		})
	}
}

// The table in the README names every scenario.
func TestScenariosListed(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(scenarios, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("| scenario | what it shows |\n|---|---|\n")
	for _, file := range files {
		title, _, _ := strings.Cut(readScenario(t, file).comment, "\n")
		fmt.Fprintf(&table, "| [%[1]s](%[1]s) | %[2]s |\n", filepath.Base(file), title)
	}
	readme := filepath.Join(scenarios, "README.md")
	text, _, _ := strings.Cut(readFile(t, readme), "| scenario |")
	golden.Check(t, readme, []byte(text+table.String()), *update)
}

// scenario is one file: what is given, and what came of it.
type scenario struct {
	file    string
	comment string
	config  string
	steps   string
	mails   []txtar.File // sections whose name ends in .eml
	found   []txtar.File // what is found at the end
}

// What a scenario is given, and what is written of it.
const (
	configSection = "config.yaml"
	stepsSection  = "steps"
)

func readScenario(t *testing.T, file string) *scenario {
	t.Helper()
	a := txtar.Parse([]byte(readFile(t, file)))
	s := &scenario{file: file, comment: string(a.Comment)}
	if strings.TrimSpace(s.comment) == "" {
		t.Fatalf("%s: begins with no line that says what it shows", file)
	}
	for _, f := range a.Files {
		switch {
		case f.Name == configSection:
			s.config = string(f.Data)
		case f.Name == stepsSection:
			s.steps = string(f.Data)
		case strings.HasSuffix(f.Name, ".eml"):
			s.mails = append(s.mails, f)
		case !isReport(f.Name):
			t.Fatalf("%s: nobody reads the section %q", file, f.Name)
		}
	}
	if s.steps == "" {
		t.Fatalf("%s: no steps", file)
	}
	return s
}

// format is the file with what was found.
func (s *scenario) format() []byte {
	a := &txtar.Archive{Comment: []byte(s.comment)}
	if s.config != "" {
		a.Files = append(a.Files, txtar.File{Name: configSection, Data: []byte(s.config)})
	}
	a.Files = append(append(a.Files, s.mails...), txtar.File{Name: stepsSection, Data: []byte(s.steps)})
	return txtar.Format(&txtar.Archive{Comment: a.Comment, Files: append(a.Files, s.found...)})
}

// scenarioBegins is when the steps do.
func scenarioBegins() time.Time { return time.Date(2020, 8, 10, 9, 52, 59, 0, time.UTC) }

// play runs the steps and looks at what came of them.
func (s *scenario) play(t *testing.T) {
	time.Sleep(time.Until(scenarioBegins()))
	disk := vfs.NewCrashableMem()
	if err := disk.MkdirAll("data", 0o700); err != nil {
		t.Fatal(err)
	}
	if root, err := disk.OpenDir(""); err != nil || root.Sync() != nil { // the directory is there before the lab
		t.Fatal(err)
	}
	p := &performance{t: t, scenario: s, disk: disk, virtual: &virtual{fs: disk}}
	p.start(t, p.configure)
	defer p.end()
	for i, line := range strings.Split(strings.TrimSuffix(s.steps, "\n"), "\n") {
		p.at = fmt.Sprintf("%s: step %d: %s", s.file, i+1, line)
		p.step(line)
	}
	time.Sleep(settling)
	p.listen()
	s.steps, s.found = p.transcript.String(), p.reports()
}

// end ends whatever was begun.
func (p *performance) end() {
	p.hangUp()
	p.stop()
	for _, v := range p.others {
		v.stop()
	}
}

// lag lets the work queue come to its end first: which of two messages that were
// one it has looked at when delivery begins with the first would be chance.
const lag = 10 * time.Millisecond

// settling is long enough for logs to be on disk and sightings in the cloud.
const settling = 5 * time.Second

// configure is the scenario's configuration over that of all scenarios: one region,
// a serial number, and every type of log.
func (p *performance) configure(o *lab.Options) {
	c, err := lab.ReadConfig(p.scenario.file, []byte(p.scenario.config))
	if err != nil {
		p.t.Fatal(err)
	}
	c.Cloud = lab.Regions{lab.Americas: c.Cloud[lab.Americas]}
	c.Appliance.Serial = cmp.Or(c.Appliance.Serial, "564D1A2B3C4D5E6F7A8B-9C0D1E2F3A4B")
	for _, kind := range []string{"bounces", "amp", "consolidated_event"} {
		c.Appliance.Logs = append(c.Appliance.Logs, config.LogSubscription{Name: kind, Type: kind})
	}
	o.Config, o.Dial, o.DeliveryLag = c, p.dialFrom, lag
}

// dialFrom is how the lab connects to others, from an address of its own.
func (p *performance) dialFrom(ctx context.Context, _, address string) (net.Conn, error) {
	return p.net.DialFrom(ctx, "127.0.0.1:49152", address)
}

// mail is a section as it goes over the wire: with CRLF, and dots doubled.
func (s *scenario) mail(name string) (wire []byte, ok bool) {
	for _, f := range s.mails {
		if f.Name != name {
			continue
		}
		for line := range bytes.Lines(f.Data) {
			if line = bytes.TrimSuffix(line, []byte("\n")); bytes.HasPrefix(line, []byte(".")) {
				wire = append(wire, '.')
			}
			wire = append(append(wire, line...), "\r\n"...)
		}
		return append(wire, ".\r\n"...), true
	}
	return nil, false
}
