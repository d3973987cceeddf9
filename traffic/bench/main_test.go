package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func from(m map[string]string) func(string) string {
	return func(name string) string { return m[name] }
}

// TestLabEnv: one variable must not undo the other.
func TestLabEnv(t *testing.T) {
	both := map[string]string{"BENCH_PPROF": "cpu.out", "BENCH_PROCS": "3"}
	got := labEnv([]string{"PATH=/bin"}, from(both))
	if want := []string{"PATH=/bin", "ESASIM_CPUPROFILE=cpu.out", "GOMAXPROCS=3"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := labEnv([]string{"PATH=/bin"}, from(nil)); !slices.Equal(got, []string{"PATH=/bin"}) {
		t.Errorf("nothing set: %v", got)
	}
}

func TestSettings(t *testing.T) {
	s, err := readSettings(from(map[string]string{"BENCH_SHORT": "1", "BENCH_ONLY": "search, start", "BENCH_ROUNDS": "x", "BENCH_SECONDS": "7"}))
	if err != nil {
		t.Fatal(err)
	}
	if s.messages != 200_000 || s.fewer() != 20_000 || s.rounds != 1 || s.each != 7*time.Second || !s.wants("start") || s.wants("peers") {
		t.Errorf("%+v", s)
	}
	if s, err = readSettings(from(nil)); err != nil || s.fewer() != 1_000_000 || !s.wants("peers") {
		t.Errorf("defaults: %+v, %v", s, err)
	}
	if _, err := readSettings(from(map[string]string{"BENCH_ONLY": "serch"})); err == nil || !strings.Contains(err.Error(), `"serch"`) {
		t.Errorf("a part that does not exist: %v", err)
	}
}

func TestVerdicts(t *testing.T) {
	var zero float64
	for _, c := range []struct {
		figures []figure
		want    [3]string
	}{
		{[]figure{plain(12345.6)}, [3]string{"12,346", "-", "-"}},
		{[]figure{atMost(3, 3)}, [3]string{"3", "≤ 3", "met"}},
		{[]figure{atMost(3.01, 3)}, [3]string{"3.01", "≤ 3", "MISSED"}},
		{[]figure{atLeast(0.699, 0.7)}, [3]string{"0.70", "≥ 0.70", "MISSED"}},
		{[]figure{atMost(1, 3), atMost(21, 20), plain(99.94)}, [3]string{"1 / 21 / 99.9", "≤ 3 / ≤ 20 / -", "MISSED"}},
		{[]figure{plain(1), atLeast(400_001, 400_000)}, [3]string{"1 / 400,001", "- / ≥ 400,000", "met"}},
		{[]figure{atMost(zero/zero, 2)}, [3]string{"NaN", "≤ 2", "MISSED"}},
	} {
		if got := (row{"x", c.figures}).cells(); [3]string(got[1:]) != c.want {
			t.Errorf("%q, want %q", got[1:], c.want)
		}
	}
}

func TestPercentile(t *testing.T) {
	var list []time.Duration
	for i := 100; i > 0; i-- {
		list = append(list, time.Duration(i)*time.Millisecond)
	}
	for p, want := range map[int]float64{50: 50, 99: 99, 100: 100, 0: 1} {
		if got := percentile(list, p); got != want {
			t.Errorf("p%d of 1 to 100: %v, want %v", p, got, want)
		}
	}
	if got := percentile(list[:1], 50); got != 100 {
		t.Errorf("p50 of one: %v", got)
	}
}

// TestWriteResults replaces results, and nothing else.
func TestWriteResults(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.md")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tab := &table{rows: []row{{"x", []figure{atMost(1, 2)}}}, notes: []string{"A note."}}
	write("before\n" + resultsBegin + "old\n" + resultsEnd + "after\n")
	for range 2 { // again must change nothing
		if err := writeResults(file, "machine\nsettings", tab); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := "before\n" + resultsBegin + "\nmachine.\nsettings.\n\n| what | figure | bar | verdict |\n|---|---:|---:|---|\n" +
		"| x | 1 | ≤ 2 | met |\n\nA note.\n\n" + resultsEnd + "after\n"
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	write("no marks\n")
	if err := writeResults(file, "machine\nsettings", tab); err == nil {
		t.Error("a page without marks was written")
	}
}

// The page that the results go into must have the marks.
func TestPageHasMarks(t *testing.T) {
	page, err := os.ReadFile("../../docs/benchmarks.md")
	if err != nil {
		t.Fatal(err)
	}
	if b, e := strings.Index(string(page), resultsBegin), strings.Index(string(page), resultsEnd); b < 0 || e < b {
		t.Errorf("marks at %d and %d", b, e)
	}
}
