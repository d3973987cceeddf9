package asyncos

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"esasim/appliance/asyncos/openapi"
	"esasim/appliance/asyncos/openapi/conform"
	"esasim/appliance/asyncos/rest"
)

func document(t *testing.T) *conform.Document {
	t.Helper()
	b, err := openapi.JSON(Descriptions()...)
	if err != nil {
		t.Fatal(err)
	}
	d, err := conform.New(b, rest.Prefixes())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Every route is in the document with its parameters, and the document has no other.
func TestRoutesDescribed(t *testing.T) {
	d := document(t)
	described := map[string][]string{}
	for _, r := range d.Operations() {
		described[r.Method+" "+strings.TrimPrefix(r.Path, "/")] = parameters(t, r.PathItem, r.Operation)
	}
	built := map[string][]string{}
	for _, r := range append(rest.Own(), (&Options{}).routes()...) {
		takes := slices.Clone(r.Takes)
		for part := range strings.SplitSeq(r.Path, "/") {
			if strings.HasPrefix(part, "{") {
				takes = append(takes, part)
			}
		}
		slices.Sort(takes)
		built[r.Method+" "+r.Path] = slices.Compact(takes)
	}
	for _, call := range slices.Sorted(maps.Keys(built)) {
		if _, ok := described[call]; !ok {
			t.Errorf("%s is in no openapi.yaml of its area", call)
		} else if diff := cmp.Diff(built[call], described[call], cmp.Transformer("", func(s []string) []string { return append([]string{}, s...) })); diff != "" {
			t.Errorf("%s: its parameters are other ones (-built +described):\n%s", call, diff)
		}
		delete(described, call)
	}
	for call := range described {
		t.Errorf("%s is described, but there is no such route", call)
	}
}

// parameters are the names of those in the query, and in braces of those in the path.
func parameters(t *testing.T, item *openapi3.PathItem, op *openapi3.Operation) (names []string) {
	for _, p := range slices.Concat(item.Parameters, op.Parameters) {
		switch p.Value.In {
		case "query":
			names = append(names, p.Value.Name)
		case "path":
			names = append(names, "{"+p.Value.Name+"}")
		default:
			t.Errorf("%s: a parameter in %s", op.OperationID, p.Value.In)
		}
	}
	slices.Sort(names)
	return names
}

// Each operation has a name of its own, says what it does, and has the schema of a
// good answer.
func TestOperationsDescribed(t *testing.T) {
	ids := map[string]bool{}
	for _, r := range document(t).Operations() {
		op := r.Operation
		if op.OperationID == "" || ids[op.OperationID] || op.Summary == "" || len(op.Tags) != 1 {
			t.Errorf("%s %s: operationId %q, summary %q, tags %v", r.Method, r.Path, op.OperationID, op.Summary, op.Tags)
		}
		ids[op.OperationID] = true
		good := op.Responses.Status(200)
		if good == nil || len(good.Value.Content) == 0 {
			t.Errorf("%s %s: no answer with 200", r.Method, r.Path)
			continue
		}
		for kind, c := range good.Value.Content {
			if c.Schema == nil {
				t.Errorf("%s %s: %s has no schema", r.Method, r.Path, kind)
			}
		}
	}
}

// What the API answers is closed: an answer with a key that the document does not have
// is other than the document says.
func TestAnswersClosed(t *testing.T) {
	d := document(t)
	for name, s := range d.Components.Schemas {
		// What clients send: a login may have more, and of what changes something every key
		// may be left out.
		if name != "Login" && !strings.HasPrefix(name, "Change") {
			open(t, name, s.Value)
		}
	}
}

// open complains of objects that may have any key.
func open(t *testing.T, at string, s *openapi3.Schema) {
	t.Helper()
	if s.Type.Is("object") {
		closed := s.AdditionalProperties.Has != nil && !*s.AdditionalProperties.Has
		if !closed && s.AdditionalProperties.Schema == nil {
			t.Errorf("%s may have keys that nobody knows", at)
		}
		if len(s.Properties) > 0 && len(s.Required) == 0 {
			t.Errorf("%s: no key is required", at)
		}
	}
	for key, p := range s.Properties {
		if p.Ref == "" {
			open(t, at+"."+key, p.Value)
		}
	}
	if s.Items != nil && s.Items.Ref == "" {
		open(t, at+"[]", s.Items.Value)
	}
}
