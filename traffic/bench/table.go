package main

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"
)

// figure is one number that was measured, and its bar.
type figure struct {
	value float64
	bar   float64
	sign  string // "≤" or "≥": how the value must stand to the bar; "": there is none
}

func plain(v float64) figure        { return figure{value: v} }
func atMost(v, bar float64) figure  { return figure{v, bar, "≤"} }
func atLeast(v, bar float64) figure { return figure{v, bar, "≥"} }

func (f figure) missed() bool {
	// What is not a number is not met either.
	return f.sign == "≤" && !(f.value <= f.bar) || f.sign == "≥" && !(f.value >= f.bar)
}

func (f figure) wants() string {
	if f.sign == "" {
		return "-"
	}
	return f.sign + " " + short(f.bar)
}

// row is a line of the table: figures that belong together.
type row struct {
	what    string
	figures []figure
}

func (r row) verdict() string {
	barred := false
	for _, f := range r.figures {
		if f.missed() {
			return "MISSED"
		}
		barred = barred || f.sign != ""
	}
	if barred {
		return "met"
	}
	return "-"
}

// cells are the row's columns.
func (r row) cells() [4]string {
	var values, bars []string
	for _, f := range r.figures {
		values, bars = append(values, short(f.value)), append(bars, f.wants())
	}
	verdict := r.verdict()
	bar := strings.Join(bars, " / ")
	if verdict == "-" {
		bar = "-"
	}
	return [4]string{r.what, strings.Join(values, " / "), bar, verdict}
}

// short writes a number with three digits or so.
func short(v float64) string {
	switch size := math.Abs(v); {
	case size >= 1000:
		return grouped(uint64(math.Round(v)))
	case size >= 100, v == math.Trunc(v):
		return strconv.FormatFloat(v, 'f', 0, 64)
	case size >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// grouped writes 10000000 as 10,000,000.
func grouped(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// table is what is printed in the end.
type table struct {
	rows  []row
	notes []string // what could not be had, and why
}

func (t *table) add(what string, figures ...figure) {
	r := row{what, figures}
	t.rows = append(t.rows, r)
	c := r.cells()
	tell("%s: %s (%s) %s", c[0], c[1], c[2], c[3])
}

func (t *table) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
	tell(format, args...)
}

func (t *table) cells() [][4]string {
	all := [][4]string{{"what", "figure", "bar", "verdict"}}
	for _, r := range t.rows {
		all = append(all, r.cells())
	}
	return all
}

// text is the table for a terminal.
func (t *table) text() string {
	var width [4]int
	all := t.cells()
	for _, c := range all {
		for i := range c {
			width[i] = max(width[i], utf8.RuneCountInString(c[i]))
		}
	}
	var b strings.Builder
	pad := func(n int, s string) string { return strings.Repeat(" ", n-utf8.RuneCountInString(s)) }
	for _, c := range all {
		fmt.Fprintf(&b, "%s%s  %s%s  %s%s  %s\n", c[0], pad(width[0], c[0]), pad(width[1], c[1]), c[1], pad(width[2], c[2]), c[2], c[3])
	}
	for _, n := range t.notes {
		fmt.Fprintln(&b, n)
	}
	return b.String()
}

// markdown is the table for a document.
func (t *table) markdown() string {
	var b strings.Builder
	for i, c := range t.cells() {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(c[:], " | "))
		if i == 0 {
			b.WriteString("|---|---:|---:|---|\n")
		}
	}
	for _, n := range t.notes {
		fmt.Fprintf(&b, "\n%s\n", n)
	}
	return b.String()
}

// The results of a document stand between these lines.
const (
	resultsBegin = "<!-- results: make bench BENCH_WRITE=docs/benchmarks.md -->\n"
	resultsEnd   = "<!-- end of results -->\n"
)

// writeResults puts the results into the document in place of those it has.
func writeResults(file, head string, t *table) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("results: %w", err)
	}
	before, rest, ok := strings.Cut(string(old), resultsBegin)
	_, after, ok2 := strings.Cut(rest, resultsEnd)
	if !ok || !ok2 {
		return fmt.Errorf("results: %s has no lines %q and %q", file, strings.TrimSpace(resultsBegin), strings.TrimSpace(resultsEnd))
	}
	first, second, _ := strings.Cut(head, "\n")
	text := before + resultsBegin + "\n" + first + ".\n" + second + ".\n\n" + t.markdown() + "\n" + resultsEnd + after
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return fmt.Errorf("results: %w", err)
	}
	return nil
}
