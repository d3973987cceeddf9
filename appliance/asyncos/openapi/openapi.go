// Package openapi puts the descriptions of the AsyncOS REST API's areas together into
// one document of OpenAPI 3, and serves it with a page to read it and to try the calls.
//
// Each area has a file openapi.yaml beside its code: its paths, and the components
// that they name. What all calls have in common is in the kernel's.
package openapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Part is the description of an area.
type Part struct {
	Document []byte // YAML: tags, paths, components; the first part has the rest, too
	// Examples are answers with 200, a JSON object by operationId. Real ones: a test
	// writes them.
	Examples []byte
}

// object is a mapping of the document.
type object = map[string]any

// refusals is the key of the first part under which the answers are that every call
// may give.
const refusals = "x-refusals"

// Join puts the parts together. Two that describe the same path, or have a component
// of the same name, are an error.
func Join(parts ...Part) (map[string]any, error) {
	doc, examples := object{}, object{}
	for i, p := range parts {
		var one object
		if err := yaml.Unmarshal(p.Document, &one); err != nil {
			return nil, fmt.Errorf("description %d: %w", i, err)
		}
		if err := add(doc, one); err != nil {
			return nil, fmt.Errorf("description %d: %w", i, err)
		}
		if len(p.Examples) == 0 {
			continue
		}
		if err := json.Unmarshal(p.Examples, &examples); err != nil {
			return nil, fmt.Errorf("examples of description %d: %w", i, err)
		}
	}
	common, _ := doc[refusals].(object)
	delete(doc, refusals)
	for _, op := range operations(doc) {
		complete(op, common, examples)
	}
	return doc, nil
}

// add puts what one mapping has into another, mapping by mapping: those of paths, of a
// path, of components and of a kind of components may come from several parts.
func add(to, from object, at ...string) error {
	for key, v := range from {
		have, there := to[key]
		where := append(slices.Clone(at), key)
		switch {
		case !there:
			to[key] = v
		case slices.Equal(where, []string{"tags"}):
			a, _ := have.([]any)
			b, _ := v.([]any)
			to[key] = slices.Concat(a, b)
		default:
			a, ok := have.(object)
			b, also := v.(object)
			if !ok || !also || len(where) > 2 {
				return fmt.Errorf("%s is described twice", strings.Join(where, ": "))
			}
			if err := add(a, b, where...); err != nil {
				return err
			}
		}
	}
	return nil
}

// operations are all calls of a document.
func operations(doc object) (out []object) {
	paths, _ := doc["paths"].(object)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item, _ := paths[path].(object)
		for _, method := range []string{"get", "post", "put", "delete"} {
			if op, ok := item[method].(object); ok {
				out = append(out, op)
			}
		}
	}
	return out
}

// complete gives an operation the refusals that are common to all, and its example.
func complete(op, common, examples object) {
	responses, _ := op["responses"].(object)
	for status, refusal := range common {
		if _, own := responses[status]; !own && responses != nil {
			responses[status] = refusal
		}
	}
	id, _ := op["operationId"].(string)
	example, ok := examples[id]
	good, _ := responses["200"].(object)
	content, _ := good["content"].(object)
	if body, is := content["application/json"].(object); ok && is {
		body["example"] = example
	}
}
