package contract

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// swagger is one of the vendor's files.
type swagger struct {
	name     string
	compiler *jsonschema.Compiler
	doc      map[string]any // definitions, as they are; answers, the schemas of the operations
	answers  []any
}

// files are those that the contracts consist of.
func files() []string {
	return []string{"iroh-auth.json", "iroh-inspect.json", "iroh-enrich.json", "iroh-response.json", "iroh-int.json", "private-intel.json"}
}

// operation is a route of the contracts: its schemas by status, 0 for any other.
type operation struct {
	file    *swagger
	route   string // "POST /iroh/iroh-enrich/health/{}"
	schemas map[int]any
}

// read reads one file.
func read(dir, name string) (*swagger, []operation, error) {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return nil, nil, err
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	whole := object(v)
	s := &swagger{name: name, compiler: jsonschema.NewCompiler(), doc: map[string]any{
		"$schema": "http://json-schema.org/draft-04/schema#", "definitions": whole["definitions"]}}
	var all []operation
	for path, methods := range object(whole["paths"]) {
		for method, op := range object(methods) {
			o := operation{s, strings.ToUpper(method) + " " + Nameless(path), map[int]any{}}
			for status, answer := range object(object(op)["responses"]) {
				if schema := object(answer)["schema"]; schema != nil {
					o.schemas[number(status)] = schema
				}
			}
			all = append(all, o)
		}
	}
	return s, all, nil
}

// compile makes a schema of a part of the file.
func (s *swagger) compile(part any) (*jsonschema.Schema, error) {
	// Each part is a document of its own, because the compiler keeps what it has read.
	url := fmt.Sprintf("part-%d.json", len(s.answers))
	s.answers = append(s.answers, part)
	doc := map[string]any{"$schema": s.doc["$schema"], "definitions": s.doc["definitions"], "allOf": []any{part}}
	s.compiler.AssertFormat()
	if err := s.compiler.AddResource(url, doc); err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	schema, err := s.compiler.Compile(url)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	return schema, nil
}

// definition gives a definition by its name; of a name with [] a list of it.
func (s *swagger) definition(name string) (any, error) {
	name, isList := strings.CutSuffix(name, "[]")
	if object(s.doc["definitions"])[name] == nil {
		return nil, fmt.Errorf("%s has no definition %s", s.name, name)
	}
	ref := map[string]any{"$ref": "#/definitions/" + name}
	if isList {
		return map[string]any{"type": "array", "items": ref}, nil
	}
	return ref, nil
}

// walk calls met for each definition that a schema leads to: of a value, for
// those that the value has; without one, for all.
func (s *swagger) walk(schema map[string]any, value any, all bool, met func(name string) bool) {
	if ref, ok := schema["$ref"].(string); ok {
		name := strings.TrimPrefix(ref, "#/definitions/")
		if met(name) {
			s.walk(object(object(s.doc["definitions"])[name]), value, all, met)
		}
		return
	}
	for key, property := range object(schema["properties"]) {
		if v, has := object(value)[key]; has || all {
			s.walk(object(property), v, all, met)
		}
	}
	if items := object(schema["items"]); items != nil {
		list, _ := value.([]any)
		for _, v := range list {
			s.walk(items, v, all, met)
		}
		if all {
			s.walk(items, nil, all, met)
		}
	}
	if more := object(schema["additionalProperties"]); more != nil {
		for key, v := range object(value) {
			if object(schema["properties"])[key] == nil {
				s.walk(more, v, all, met)
			}
		}
		if all {
			s.walk(more, nil, all, met)
		}
	}
}

func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// number is a status; 0 for "default".
func number(status string) (n int) {
	_, _ = fmt.Sscan(status, &n)
	return n
}

// Nameless is a pattern or a path without the names of its variable parts: they
// differ between our table and the contracts.
func Nameless(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, "{") {
			parts[i] = "{}"
		}
	}
	return strings.Join(parts, "/")
}
