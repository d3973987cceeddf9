package ctia

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// definition is what we look at of a definition of the vendor's schemas.
type definition struct {
	Required   []string
	Properties map[string]property
}

type property struct {
	Ref   string `json:"$ref"`
	Enum  []any
	Items *property
}

// TestAnswersContract holds the schema of answers to the vendor's: what must be
// there is the same, no key is allowed that clients would not take, and no word.
func TestAnswersContract(t *testing.T) {
	dir := os.Getenv("ESASIM_CONTRACTS")
	if dir == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("ESASIM_CONTRACTS is not set")
		}
		t.Skip("ESASIM_CONTRACTS is not set")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "iroh-enrich.json"))
	if err != nil {
		t.Fatal(err)
	}
	var swagger struct{ Definitions map[string]definition }
	if err := json.Unmarshal(raw, &swagger); err != nil {
		t.Fatal(err)
	}
	bundle := swagger.Definitions["ModuleObserveBundle"].Properties
	if len(bundle) < 18 {
		t.Fatalf("%d kinds in the contract", len(bundle))
	}
	answers := NewAnswers()
	for kind, list := range bundle {
		ours := answers.kinds[kind]
		docs := swagger.Definitions[after(list.Ref)].Properties["docs"]
		if ours == nil || docs.Items == nil {
			t.Errorf("%s: ours %t, theirs %+v", kind, ours != nil, docs)
			continue
		}
		held(t, kind, ours, swagger.Definitions, after(docs.Items.Ref))
	}
}

func after(ref string) string { return strings.TrimPrefix(ref, "#/definitions/") }

func held(t *testing.T, at string, ours *shape, all map[string]definition, name string) {
	theirs := all[name]
	for _, key := range theirs.Required {
		if f := ours.named(key); f == nil || !f.need {
			t.Errorf("%s (%s): %s must be there", at, name, key)
		}
	}
	for i := range ours.fields {
		f := &ours.fields[i]
		p, known := theirs.Properties[f.name]
		switch {
		case !known:
			t.Errorf("%s (%s): there is no %s", at, name, f.name)
		case f.need && !slices.Contains(theirs.Required, f.name):
			t.Errorf("%s (%s): %s need not be there", at, name, f.name)
		}
		heldValue(t, at+"."+f.name, &f.shape, all, p)
	}
}

func heldValue(t *testing.T, at string, ours *shape, all map[string]definition, p property) {
	switch {
	case ours.kind == aList && p.Items != nil:
		heldValue(t, at, ours.item, all, *p.Items)
	case ours.kind == anObject && p.Ref != "":
		held(t, at, ours, all, after(p.Ref))
	case len(p.Enum) > 0 && ours.kind == aWord:
		for _, w := range ours.words {
			if !slices.Contains(p.Enum, any(w)) {
				t.Errorf("%s: there is no word %s", at, w)
			}
		}
	case len(p.Enum) > 0 && ours.kind != aCode && ours.kind != aSeen:
		t.Errorf("%s: want a word of %v", at, p.Enum)
	}
}
