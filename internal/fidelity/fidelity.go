// Package fidelity says how far the emulation can be trusted: every operation,
// page, sentence and rule is a [Claim] with its level and with where it was
// learnt. The packages that emulate something make the claims, beside the code
// they are about; [Page] renders all of them as docs/fidelity.md.
package fidelity

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

//go:generate go run esasim/cmd/fidelity ../../docs/fidelity.md

// The levels, the most certain first.
const (
	Documented = "documented" // a vendor document or a schema says so
	Observed   = "observed"   // a real client, parser, answer or sample shows it
	Inferred   = "inferred"   // concluded from what is known; the source gives the reason
	Ours       = "ours"       // has no counterpart, or the real figure is not public
)

// Levels lists the levels, the most certain first.
func Levels() []string { return []string{Documented, Observed, Inferred, Ours} }

// Claim is one thing the emulator does as the real product does, or differently
// on purpose.
type Claim struct {
	Area   string // the chapter of the page: "SMTP replies"
	What   string // one line: an operation, a page, a sentence, a rule
	Level  string // one of Levels
	Source string // where it was learnt: "AsyncOS user guide, Logging"
}

// Check says what is wrong with a claim, or nil.
func (c Claim) Check() error {
	switch {
	case c.Area == "" || c.What == "" || c.Source == "":
		return fmt.Errorf("claim %q of %q: area, what and source are needed (source: %q)", c.What, c.Area, c.Source)
	case strings.ContainsAny(c.Area+c.What+c.Source, "\r\n"):
		return fmt.Errorf("claim %q of %q: more than one line", c.What, c.Area)
	case !slices.Contains(Levels(), c.Level):
		return fmt.Errorf("claim %q of %q: level %q: want one of %s", c.What, c.Area, c.Level, strings.Join(Levels(), ", "))
	}
	return nil
}

// Page renders the claims, sorted and counted, as Markdown. The same claims in
// any order give the same page. The error names a claim that is malformed or
// made twice.
func Page(claims []Claim) (string, error) {
	claims = slices.Clone(claims)
	slices.SortFunc(claims, func(a, b Claim) int {
		return cmp.Or(strings.Compare(a.Area, b.Area), strings.Compare(a.What, b.What))
	})
	for i, c := range claims {
		if err := c.Check(); err != nil {
			return "", err
		}
		if i > 0 && c.Area == claims[i-1].Area && c.What == claims[i-1].What {
			return "", fmt.Errorf("claim %q of %q is made twice", c.What, c.Area)
		}
	}
	var b strings.Builder
	b.WriteString(head)
	counts(&b, claims)
	for i, c := range claims {
		if i == 0 || claims[i-1].Area != c.Area {
			fmt.Fprintf(&b, "\n## %s\n\n| what | level | source |\n|---|---|---|\n", c.Area)
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", cell(c.What), c.Level, cell(c.Source))
	}
	return b.String(), nil
}

const head = `# Fidelity

What esasim emulates, how sure we are of it, and where it was learnt. This page is generated from the code
(` + "`make generate`" + `); do not edit it. What is not on this page is not emulated.

| level | meaning |
|---|---|
| documented | a vendor document or a published schema says so |
| observed | a real client, log parser, recorded answer or published sample shows it |
| inferred | concluded from what is known; the source gives the reason |
| ours | has no counterpart in the real product, or the real figure is not public |
`

// counts writes the table of how many claims of each level an area has.
func counts(b *strings.Builder, claims []Claim) {
	fmt.Fprintf(b, "\n| area | %s | all |\n|---%s|\n", strings.Join(Levels(), " | "), strings.Repeat("|---:", len(Levels())+1))
	var areas []string
	n := map[[2]string]int{} // by area and level; "" stands for all
	for _, c := range claims {
		if !slices.Contains(areas, c.Area) {
			areas = append(areas, c.Area)
		}
		for _, k := range [][2]string{{c.Area, c.Level}, {c.Area, ""}, {"", c.Level}, {"", ""}} {
			n[k]++
		}
	}
	for _, area := range append(areas, "") {
		fmt.Fprintf(b, "| %s |", cmp.Or(area, "all"))
		for _, level := range append(Levels(), "") {
			fmt.Fprintf(b, " %d |", n[[2]string{area, level}])
		}
		b.WriteByte('\n')
	}
}

// cell makes a text fit for a cell of a Markdown table: what a reader sees is
// the text, whatever signs are in it.
func cell(s string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", "&lt;", ">", "&gt;", "*", `\*`).Replace(s)
}
