package ctr

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"esasim/cloud/route"
)

// key is one key that a body may have. The words for what is wrong are the
// service's schema library's (schema, recorded answers); their details are
// inferred.
type key struct {
	name     string
	required bool
	bad      func(v any) string // what is wrong with a value, or ""
}

// strict reads a body that has only these keys, or answers what is wrong with it
// and is false.
func (t *Threat) strict(w http.ResponseWriter, r *http.Request, keys ...key) (map[string]any, bool) {
	body, err := readBody(w, r, maxStrict)
	if err != nil {
		t.fail(w, err)
		return nil, false
	}
	var fields map[string]any
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		t.fail(w, invalidRequest("Malformed application/json request."))
		return nil, false
	}
	if wrong := checkKeys(fields, keys); len(wrong) > 0 {
		route.JSON(w, http.StatusBadRequest, map[string]any{"errors": wrong})
		return nil, false
	}
	return fields, true
}

const maxStrict = 64 << 10 // bytes of a body (ours)

func checkKeys(fields map[string]any, keys []key) map[string]string {
	wrong := map[string]string{}
	for name := range fields {
		if !slices.ContainsFunc(keys, func(k key) bool { return k.name == name }) {
			wrong[name] = "disallowed-key"
		}
	}
	for _, k := range keys {
		v, given := fields[k.name]
		if !given && k.required {
			wrong[k.name] = "missing-required-key"
		} else if given {
			if bad := k.bad(v); bad != "" {
				wrong[k.name] = bad
			}
		}
	}
	return wrong
}

func isText(v any) string {
	if _, ok := v.(string); !ok {
		return "(not (instance? java.lang.String " + shown(v) + "))"
	}
	return ""
}

func isBool(v any) string {
	if _, ok := v.(bool); !ok {
		return "(not (instance? java.lang.Boolean " + shown(v) + "))"
	}
	return ""
}

func isTexts(v any) string {
	list, ok := v.([]any)
	if !ok {
		return "(not (sequential? " + shown(v) + "))"
	}
	for _, e := range list {
		if bad := isText(e); bad != "" {
			return bad
		}
	}
	return ""
}

// shown is a value as the schema library has it in its messages: long ones are
// told by their class (inferred).
func shown(v any) string {
	const longest = 19
	if b, err := json.Marshal(v); err == nil && len(b) <= longest {
		return string(b)
	}
	switch v.(type) {
	case string:
		return "a-java.lang.String"
	case []any:
		return "a-clojure.lang.PersistentVector"
	case map[string]any:
		return "a-clojure.lang.PersistentArrayMap"
	}
	return "a-java.lang.Number"
}

// only is isTexts with words of a list.
func only(words ...string) func(any) string {
	return func(v any) string {
		if bad := isTexts(v); bad != "" {
			return bad
		}
		for _, s := range texts(v) {
			if !slices.Contains(words, s) {
				return fmt.Sprintf("(not (#{%s} %s))", strings.Join(words, " "), shown(s))
			}
		}
		return ""
	}
}

func texts(v any) []string {
	out := []string{}
	list, _ := v.([]any)
	for _, e := range list {
		s, _ := e.(string)
		out = append(out, s)
	}
	return out
}
