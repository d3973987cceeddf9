package ctia

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Answers is the schema of documents that others answer with: that of entities
// in the form in which the service gives them out, and of verdicts. It is safe
// for use by many at once.
type Answers struct {
	kinds map[string]*shape // by their plural name
}

// NewAnswers makes the schema.
func NewAnswers() *Answers {
	a := &Answers{kinds: map[string]*shape{}}
	for _, t := range newTypes() {
		s := given(t)
		a.kinds[t.Plural()] = &s
	}
	verdict := object(need("type", word("verdict")), need("disposition", code(dispositionNumbers()...)), need("observable", observable()),
		need("valid_time", span()), may("disposition_name", word(dispositions()...)), may("judgement_id", plain(aText)))
	a.kinds["verdicts"] = &verdict
	return a
}

// given is the shape of an entity as it is given out: what the service fills in
// is there, who may see it is not said. Source: public schema.
func given(t *Type) shape {
	s := t.entry
	filled := append(map[string][]string{
		"sighting": {"confidence", "count"}, "judgement": {"disposition", "disposition_name"},
	}[t.Name], "id", "type", "schema_version")
	s.fields = slices.DeleteFunc(slices.Clone(s.fields), func(f field) bool { return strings.HasPrefix(f.name, "authorized_") })
	for i := range s.fields {
		f := &s.fields[i]
		f.need = f.need || slices.Contains(filled, f.name)
	}
	return s
}

// Flaw is something wrong with a document: where, "" for the whole, and what, in
// the words of the service's schema library.
type Flaw struct{ Path, What string }

// Check gives what is wrong with a document of a kind, "sightings"; nil: nothing.
// Its times are put into the schema's form, in place.
func (a *Answers) Check(kind string, d Document) []Flaw {
	s := a.kinds[kind]
	if s == nil {
		return []Flaw{{"", fmt.Sprintf("there is no kind %.60q", kind)}}
	}
	if _, fault := s.check(d); fault != nil {
		return flat(nil, "", fault)
	}
	if bad := s.rule("", d); bad != "" {
		path, what, _ := strings.Cut(bad, ": ")
		return []Flaw{{path, what}}
	}
	return nil
}

// flat writes a tree of faults as a list.
func flat(out []Flaw, path string, fault any) []Flaw {
	switch fault := fault.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(fault)) {
			out = flat(out, strings.TrimPrefix(path+"."+fmt.Sprintf("%.60s", key), "."), fault[key])
		}
	case []any:
		for i, one := range fault {
			if one != nil {
				out = flat(out, fmt.Sprintf("%s[%d]", path, i), one)
			}
		}
	default:
		out = append(out, Flaw{path, fmt.Sprint(fault)})
	}
	return out
}
