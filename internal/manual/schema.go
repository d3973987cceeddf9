package manual

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"time"
)

// schema is a JSON schema (draft 2020-12) as far as it is used here.
type schema struct {
	Schema      string             `json:"$schema,omitempty"`
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Type        any                `json:"type,omitempty"`
	Enum        []any              `json:"enum,omitempty"`
	Pattern     string             `json:"pattern,omitempty"`
	Minimum     *int               `json:"minimum,omitempty"`
	Maximum     *int               `json:"maximum,omitempty"`
	AnyOf       []schema           `json:"anyOf,omitempty"`
	Items       *schema            `json:"items,omitempty"`
	Properties  map[string]*schema `json:"properties,omitempty"`
	Additional  any                `json:"additionalProperties,omitempty"` // a *schema, or false
	Default     any                `json:"default,omitempty"`
}

// Schema is the JSON schema of a configuration. A key that is there without a value has
// its default, so everything may be null.
func Schema(title string, keys []Key) []byte {
	s := object(keys)
	s.Schema, s.Title = "https://json-schema.org/draft/2020-12/schema", title
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic(err) // it is made of texts and numbers
	}
	return append(b, '\n')
}

func object(keys []Key) *schema {
	s := &schema{Type: []string{"object", "null"}, Properties: map[string]*schema{}, Additional: false}
	for i := range keys {
		s.Properties[keys[i].Name] = ofKey(&keys[i])
	}
	return s
}

func ofKey(k *Key) *schema {
	s := ofValue(k)
	if k.List {
		s = &schema{Type: []string{"array", "null"}, Items: s}
	}
	if k.Map {
		s = &schema{Type: []string{"object", "null"}, Additional: s}
	}
	s.Description = k.Words
	if d := plainDefault(k); d != nil {
		s.Default = d
	}
	return s
}

// plainDefault is the default of a single value that is not empty.
func plainDefault(k *Key) any {
	if k.List || k.Map || !k.Default.IsValid() || len(k.Keys) > 0 {
		return nil
	}
	v := k.Default
	switch t, ok := written(v); {
	case ok:
		return t
	case v.Kind() == reflect.Bool:
		return v.Bool()
	case v.CanInt():
		return v.Int()
	case v.CanUint():
		return v.Uint()
	case v.CanFloat():
		return v.Float()
	case v.Kind() == reflect.String && v.Len() > 0:
		return v.String()
	}
	return nil
}

const duration = `^[+-]?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`

// ofValue is the schema of a value, or of a list's entry.
func ofValue(k *Key) *schema {
	anything := []string{"string", "number", "boolean", "null"} // any single value is a text to YAML
	if f, ok := reflect.Zero(k.Type).Interface().(Formed); ok {
		_, pattern := f.Form()
		zero := 0
		return &schema{AnyOf: []schema{{Type: "string", Pattern: pattern}, {Type: "integer", Minimum: &zero}, {Type: "null"}}}
	}
	switch {
	case k.Type == reflect.TypeFor[time.Duration]():
		return &schema{Type: []string{"string", "null"}, Pattern: duration}
	case len(k.Choices) > 0:
		return choice(k)
	case k.Type.Kind() == reflect.Struct && k.Short != "":
		return &schema{AnyOf: []schema{*object(k.Keys), {Type: anything}}}
	}
	if isText(k.Type) {
		return &schema{Type: anything}
	}
	switch k.Type.Kind() {
	case reflect.Struct:
		return object(k.Keys)
	case reflect.Bool:
		return &schema{Type: []string{"boolean", "null"}}
	case reflect.Int, reflect.Int64, reflect.Int32, reflect.Uint, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return &schema{Type: []string{"integer", "null"}}
	case reflect.Float64:
		return &schema{Type: []string{"number", "null"}}
	case reflect.String:
		return &schema{Type: anything}
	}
	return &schema{}
}

func choice(k *Key) *schema {
	s := &schema{Enum: []any{nil}}
	for _, c := range k.Choices {
		if k.Type.Kind() == reflect.Int {
			s.Enum = append(s.Enum, json.Number(c))
			continue
		}
		s.Enum = append(s.Enum, c)
	}
	return s
}

// written is a value that a file has in a form of its own.
func written(v reflect.Value) (text string, ok bool) {
	if d, ok := v.Interface().(time.Duration); ok {
		return short(d), true
	}
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		b, err := m.MarshalText()
		return string(b), err == nil
	}
	return "", false
}

// short is a duration without the ends that say nothing: 72h for 72h0m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
