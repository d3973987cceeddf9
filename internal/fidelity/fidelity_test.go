package fidelity

import (
	"slices"
	"strings"
	"testing"
)

func TestPage(t *testing.T) {
	claims := []Claim{
		{"B area", "second <a|b>", Ours, "ours"},
		{"B area", "first", Inferred, "the reason"},
		{"A area", "one", Documented, "a guide"},
	}
	page, err := Page(claims)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(claims)
	again, err := Page(claims)
	if err != nil || again != page {
		t.Errorf("another order gives another page, %v:\n%s", err, again)
	}
	rest := page
	for _, want := range []string{
		"| area | documented | observed | inferred | ours | all |",
		"| A area | 1 | 0 | 0 | 0 | 1 |", "| B area | 0 | 0 | 1 | 1 | 2 |", "| all | 1 | 0 | 1 | 1 | 3 |",
		"## A area", "| one | documented | a guide |",
		"## B area", "| first | inferred | the reason |", `| second &lt;a\|b&gt; | ours | ours |`,
	} {
		_, after, found := strings.Cut(rest, want+"\n")
		if !found {
			t.Fatalf("page lacks, in this order, %q:\n%s", want, page)
		}
		rest = after
	}
}

func TestPageRefuses(t *testing.T) {
	good := Claim{"area", "what", Ours, "source"}
	for name, claims := range map[string][]Claim{
		"no source":     {{"area", "what", Ours, ""}},
		"no level":      {{"area", "what", "", "source"}},
		"unknown level": {{"area", "what", "certain", "source"}},
		"two lines":     {{"area", "what\nelse", Ours, "source"}},
		"twice":         {good, good},
	} {
		if page, err := Page(claims); err == nil {
			t.Errorf("%s: no error\n%s", name, page)
		}
	}
}
