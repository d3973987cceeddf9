package ctr

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
)

// wrongKeys is what is wrong with a body, by key, in the words of the service's schema
// library.
type wrongKeys map[string]string

const (
	missingKey    = "missing-required-key"
	disallowedKey = "disallowed-key"
)

func (k wrongKeys) Error() string { return fmt.Sprint(map[string]string(k)) }

// body is the answer. A key too many is told below "errors", others are not. Source:
// schema.
func (k wrongKeys) body() any {
	for _, fault := range k {
		if fault == disallowedKey {
			return map[string]any{"errors": k}
		}
	}
	return k
}

// readKeys reads a JSON object of limit bytes at most into the struct that v points to,
// whose every field has a json tag: a fault, or wrongKeys.
func readKeys(w http.ResponseWriter, r *http.Request, limit int64, v any) error {
	b, err := readBody(w, r, limit)
	if err != nil {
		return err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil || fields == nil {
		return invalidRequest("Malformed application/json request.")
	}
	known, wrong := map[string]bool{}, wrongKeys{}
	for of, i := reflect.TypeOf(v).Elem(), 0; i < of.NumField(); i++ {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		known[name] = true
	}
	for name := range fields {
		if !known[name] {
			wrong[name] = disallowedKey
		}
	}
	if len(wrong) > 0 {
		return wrong
	}
	err = json.Unmarshal(b, v)
	if kind := (*json.UnmarshalTypeError)(nil); errors.As(err, &kind) {
		key, _, _ := strings.Cut(kind.Field, ".")
		// The style of the service's schema library; the wording is inferred.
		return wrongKeys{key: "(not (instance? " + javaName(kind.Type) + " " + key + "))"}
	}
	if err != nil {
		return invalidRequest("Malformed application/json request.")
	}
	return nil
}

func javaName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "java.lang.String"
	case reflect.Int:
		return "java.lang.Integer"
	case reflect.Bool:
		return "java.lang.Boolean"
	}
	return "clojure.lang.IPersistentMap"
}
