package main

import (
	"slices"
	"testing"
)

// TestLabEnv: one variable must not undo the other.
func TestLabEnv(t *testing.T) {
	both := map[string]string{"BENCH_PPROF": "cpu.out", "BENCH_PROCS": "3"}
	got := labEnv([]string{"PATH=/bin"}, func(name string) string { return both[name] })
	if want := []string{"PATH=/bin", "ESASIM_CPUPROFILE=cpu.out", "GOMAXPROCS=3"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := labEnv([]string{"PATH=/bin"}, func(string) string { return "" }); !slices.Equal(got, []string{"PATH=/bin"}) {
		t.Errorf("nothing set: %v", got)
	}
}
