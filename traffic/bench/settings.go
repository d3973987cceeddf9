package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// settings are what the environment says.
type settings struct {
	only     []string
	messages uint64
	rounds   int
	each     time.Duration // of load
	short    bool
	write    string
}

func readSettings(get func(string) string) (settings, error) {
	number := func(name string, or int) int {
		if n, err := strconv.Atoi(get(name)); err == nil && n > 0 {
			return n
		}
		return or
	}
	s := settings{short: number("BENCH_SHORT", 0) == 1, write: get("BENCH_WRITE"), messages: 10_000_000, rounds: 3, each: 10 * time.Second}
	if s.short {
		s.messages, s.rounds, s.each = 200_000, 1, 3*time.Second
	}
	s.messages = uint64(number("BENCH_MESSAGES", int(s.messages)))
	s.rounds = number("BENCH_ROUNDS", s.rounds)
	s.each = time.Duration(number("BENCH_SECONDS", int(s.each/time.Second))) * time.Second
	known := []string{"ingest", "backfill", "search", "start", "api", "peers"}
	for name := range strings.SplitSeq(get("BENCH_ONLY"), ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if !slices.Contains(known, name) {
			return s, fmt.Errorf("BENCH_ONLY: %q: want some of %s", name, strings.Join(known, ","))
		}
		s.only = append(s.only, name)
	}
	return s, nil
}

func (s settings) wants(part string) bool { return len(s.only) == 0 || slices.Contains(s.only, part) }

// String is what the figures depend on.
func (s settings) String() string {
	text := fmt.Sprintf("%s and %s messages of %d days; ingest in %d rounds of %s, %d sessions, %d octets",
		grouped(s.messages), grouped(s.fewer()), days, s.rounds, s.each, sessions, size)
	if s.short {
		text += "; the short form: it shows that the measurements work, not how fast the program is"
	}
	return text
}

// machine is what the figures were taken on.
func machine() string {
	return fmt.Sprintf("%s/%s, %d CPUs, %s, %s memory, %s, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(),
		about("/proc/cpuinfo", "model name", "unknown CPU"), about("/proc/meminfo", "MemTotal", "unknown"),
		runtime.Version(), time.Now().Format(time.DateOnly))
}

// about is the first value of a name in a file of the kernel's.
func about(file, name, or string) string {
	b, _ := os.ReadFile(file) // elsewhere than on Linux there is none
	for line := range strings.Lines(string(b)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return or
}
