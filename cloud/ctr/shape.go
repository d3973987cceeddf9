package ctr

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"

	"esasim/cloud/route"
)

// A check looks at one value of a body and gives what is wrong with it, in the
// style of the service's schema library; nil: nothing.
type check func(v any) any

// field is one key of a body.
type field struct {
	is       check
	required bool
	null     bool // null takes it away: patches alone
}

// shape is what a body may have, by key. What is not there is refused.
type shape map[string]field

// faults gives what is wrong with an object, by key; empty: nothing.
func (s shape) faults(body map[string]any) map[string]any {
	wrong := map[string]any{}
	for key, v := range body {
		f, known := s[key]
		if !known {
			wrong[key] = "disallowed-key"
		} else if v == nil && f.null {
			continue
		} else if fault := f.is(v); fault != nil {
			wrong[key] = fault
		}
	}
	for key, f := range s {
		if _, given := body[key]; f.required && !given {
			wrong[key] = "missing-required-key"
		}
	}
	return wrong
}

// patch is the shape of a change: nothing is required, and null takes away what
// need not be there. Source: schema.
func (s shape) patch() shape {
	out := shape{}
	for key, f := range s {
		out[key] = field{is: f.is, null: !f.required}
	}
	return out
}

// except is the shape without some keys.
func (s shape) except(keys ...string) shape {
	out := shape{}
	for key, f := range s {
		if !slices.Contains(keys, key) {
			out[key] = f
		}
	}
	return out
}

// maxEntity is how many bytes the body of a module type or instance may have:
// logos are within (ours).
const maxEntity = 1 << 20

// read reads a body of this shape, or answers what is wrong with it and is false.
func (t *Threat) read(w http.ResponseWriter, r *http.Request, s shape) (map[string]any, bool) {
	raw, err := readBody(w, r, maxEntity)
	if err != nil {
		t.fail(w, err)
		return nil, false
	}
	var body map[string]any
	if err := json.Unmarshal(raw, &body); err != nil || body == nil {
		t.fail(w, invalidRequest("Malformed application/json request: want an object."))
		return nil, false
	}
	if wrong := s.faults(body); len(wrong) > 0 {
		refuseKeys(w, wrong)
		return nil, false
	}
	return body, true
}

// refuseKeys answers what is wrong with a body. What is missing stands by
// itself, the rest below errors. Source: schema; where both are wrong, inferred.
func refuseKeys(w http.ResponseWriter, wrong map[string]any) {
	for _, fault := range wrong {
		if fault != "missing-required-key" {
			route.JSON(w, http.StatusBadRequest, map[string]any{"errors": wrong})
			return
		}
	}
	route.JSON(w, http.StatusBadRequest, wrong)
}

// The wording of what is no missing or disallowed key is inferred.

func notA(class string, v any) string {
	text, _ := json.Marshal(v) // it came from JSON
	return fmt.Sprintf("(not (instance? %s %.60s))", class, text)
}

func aString(v any) any {
	if _, ok := v.(string); !ok {
		return notA("java.lang.String", v)
	}
	return nil
}

func aName(v any) any {
	if s, ok := v.(string); ok && s == "" {
		return `(not (non-empty-string ""))`
	}
	return aString(v)
}

func aBoolean(v any) any {
	if _, ok := v.(bool); !ok {
		return notA("java.lang.Boolean", v)
	}
	return nil
}

func anInteger(v any) any {
	if n, ok := v.(float64); !ok || n != math.Trunc(n) || math.Abs(n) > 1<<53 {
		text, _ := json.Marshal(v)
		return fmt.Sprintf("(not (integer? %.60s))", text)
	}
	return nil
}

func anything(any) any { return nil }

// oneOf is a word of a closed list.
func oneOf(words ...string) check {
	return func(v any) any {
		if s, ok := v.(string); !ok || !slices.Contains(words, s) {
			text, _ := json.Marshal(v)
			return fmt.Sprintf("(not (contains? the-allowed-values %.60s))", text)
		}
		return nil
	}
}

// listOf answers a list as long as the place of the fault, null where all is well.
func listOf(each check) check {
	return func(v any) any {
		list, ok := v.([]any)
		if !ok {
			text, _ := json.Marshal(v)
			return fmt.Sprintf("(not (sequential? %.60s))", text)
		}
		for i, one := range list {
			if fault := each(one); fault != nil {
				return append(make([]any, i), fault)
			}
		}
		return nil
	}
}

// object is a value of another shape.
func object(s shape) check {
	return func(v any) any {
		m, ok := v.(map[string]any)
		if !ok {
			return notAMap(v)
		}
		if wrong := s.faults(m); len(wrong) > 0 {
			return wrong
		}
		return nil
	}
}

// free is an object of any keys: text, numbers, switches, lists and objects of them.
func free(v any) any {
	if _, ok := v.(map[string]any); !ok {
		return notAMap(v)
	}
	return nil
}

func notAMap(v any) string {
	text, _ := json.Marshal(v)
	return fmt.Sprintf("(not (map? %.60s))", text)
}
