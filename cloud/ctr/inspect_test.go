package ctr

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"esasim/cloud/ctim"
)

var update = flag.Bool("update", false, "write the golden files anew")

const golden = "testdata/inspect.txt"

// TestInspect runs the cases of the golden file.
func TestInspect(t *testing.T) {
	was, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	got := runCases(string(was))
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if diff := cmp.Diff(string(was), got); diff != "" {
		t.Error(diff)
	}
}

// runCases gives the golden file as it should be.
func runCases(file string) string {
	var out strings.Builder
	head, rest, found := strings.Cut(file, "<<<\n")
	for found {
		text, after, _ := strings.Cut(rest, "\n----\n")
		out.WriteString(head + "<<<\n" + text + "\n----\n")
		for _, o := range inspect(text) {
			fmt.Fprintf(&out, "%s %s\n", o.Type, o.Value)
		}
		// The old answers end at the first blank line.
		if _, next, more := strings.Cut("\n"+after, "\n\n"); more {
			after = "\n" + next
		} else {
			after = ""
		}
		head, rest, found = strings.Cut(after, "<<<\n")
	}
	return out.String()
}

func inspect(text string) []ctim.Observable { return (&Threat{}).Inspect(text) }

// FuzzInspect: whatever the text, no panic, no doubles, and nothing that is not
// an observable of the vocabulary with a value in valid UTF-8.
func FuzzInspect(f *testing.F) {
	b, err := os.ReadFile(golden)
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		f.Add(line)
	}
	f.Add(`ip:"`)
	f.Add("http://[::")
	f.Add("\xff@\xff.com")
	f.Fuzz(func(t *testing.T, text string) {
		seen := map[ctim.Observable]bool{}
		for _, o := range inspect(text) {
			if seen[o] || !o.Type.Known() || o.Value == "" || utf8.ValidString(text) && !utf8.ValidString(o.Value) {
				t.Errorf("%q: %q", text, o)
			}
			seen[o] = true
		}
	})
}

// TestInspectLinear: a hostile text of four times the length takes about four
// times as long, not sixteen.
func TestInspectLinear(t *testing.T) {
	for _, piece := range []string{
		"a:", "1:", "::", "ip:", `ip:"`, `ip:'`, "ip: ", "http://", "http://a ", "url:,", "a.", "a@", "@", "...", "1.", "\"", "fe80::1:", "user:x,",
	} {
		took := func(n int) time.Duration {
			text := strings.Repeat(piece, n/len(piece))
			best := time.Hour
			for range 3 {
				start := time.Now()
				inspect(text)
				best = min(best, time.Since(start))
			}
			return best
		}
		small, large := took(1<<16), took(1<<18)
		if large > 10*small+20*time.Millisecond {
			t.Errorf("%q: %v for 64 KiB, %v for 256 KiB", piece, small, large)
		}
	}
}

// TestCovers: which scope gives which.
func TestCovers(t *testing.T) {
	for _, c := range []struct {
		granted, required string
		want              bool
	}{
		{"inspect", "inspect:read", true},
		{"inspect:read", "inspect:read", true},
		{"inspect:write", "inspect:read", false},
		{"enrich", "enrich/observables/observe:read", true},
		{"enrich:read", "enrich/observables/observe:read", true},
		{"enrich/observables", "enrich/observables/observe:read", true},
		{"enrich/observables/deliberate:read", "enrich/observables/observe:read", false},
		{"enri", "enrich:read", false},
		{"inspect", "inspector:read", false},
		{"integration:read", "integration", false},
		{"", "inspect:read", false},
	} {
		if got := covers(c.granted, c.required); got != c.want {
			t.Errorf("%s gives %s: %v", c.granted, c.required, got)
		}
	}
}

// TestModuleTypeID holds the fixed id to what its comment says.
func TestModuleTypeID(t *testing.T) {
	if got := uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://esasim.test/module-type/"+ESAType)).String(); got != ESATypeID {
		t.Error(got)
	}
}

// TestSpoken: the expiry text's durations.
func TestSpoken(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", time.Second: "1s", 61 * time.Second: "1min 1s", 26*time.Hour + 4*time.Second: "1 day 2h 4s",
	} {
		if got := spoken(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
