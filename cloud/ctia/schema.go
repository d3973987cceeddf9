package ctia

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"esasim/cloud/ctim"
)

// Document is an entity as JSON has it: strings, json.Number, bool, []any and
// Document's own type below it.
type Document = map[string]any

// shape is what a value may be: the schema of an entity is a tree of them.
type shape struct {
	kind   kind
	words  []string // of an enumeration
	max    int      // of a text, in characters; 0: no limit
	loose  bool     // a text that is searched by its words, not as a whole
	item   *shape   // of a list
	fields []field  // of an object
}

type kind int

const (
	aText kind = iota
	aWord      // one of a closed list
	aCode      // one of a closed list of whole numbers
	aSeen      // the type of an observable
	aTime
	aRef // the id of an entity
	aWhole
	aNumber
	aFlag
	aList
	anObject
	anything // an open map, or whatever the product does not look into
)

// field is a named value of an object.
type field struct {
	name string
	need bool // must be there when an entity is created
	shape
}

func need(name string, s shape) field { return field{name, true, s} }
func may(name string, s shape) field  { return field{name, false, s} }

func object(fields ...field) shape     { return shape{kind: anObject, fields: fields} }
func list(of shape) shape              { return shape{kind: aList, item: &of} }
func word(words ...string) shape       { return shape{kind: aWord, words: words} }
func code(words ...string) shape       { return shape{kind: aCode, words: words} }
func prose(max int) shape              { return shape{max: max, loose: true} }
func short() shape                     { return shape{max: 1024} } // ShortString of the schema
func medium() shape                    { return shape{max: 2048} } // MedString, URI
func plain(k kind) shape               { return shape{kind: k} }
func (s *shape) named(n string) *field { return find(s.fields, n) }

func find(fields []field, name string) *field {
	if i := slices.IndexFunc(fields, func(f field) bool { return f.name == name }); i >= 0 {
		return &fields[i]
	}
	return nil
}

// maxDepth is how deep what the product does not look into may be nested (ours).
const maxDepth = 24

// check looks whether a value has the shape, and gives it back with its times in
// the form of the schema. A fault has the form of the service's schema library:
// a text, or an object or list of faults in the place of what is wrong. Source:
// public code (plumatic schema); the texts are inferred where they name types.
func (s *shape) check(v any) (any, any) {
	switch s.kind {
	case aList:
		return s.checkList(v)
	case anObject:
		return s.checkObject(v)
	case anything:
		if !shallow(v, maxDepth) {
			return nil, "nested too deep"
		}
		return v, nil
	}
	return s.checkScalar(v)
}

func (s *shape) checkScalar(v any) (any, any) {
	text, isText := v.(string)
	number, isNumber := v.(json.Number)
	switch s.kind {
	case aFlag:
		if _, is := v.(bool); !is {
			return nil, not("instance? java.lang.Boolean", v)
		}
	case aWhole:
		if _, err := strconv.ParseInt(number.String(), 10, 64); !isNumber || err != nil {
			return nil, not("integer?", v)
		}
	case aNumber:
		if _, err := number.Float64(); !isNumber || err != nil {
			return nil, not("instance? java.lang.Number", v)
		}
	case aTime:
		at, err := time.Parse(time.RFC3339, text)
		if !isText || err != nil || at.Year() < 1 || at.Year() > 9999 {
			return nil, not("instance? java.util.Date", v)
		}
		return stamp(at), nil
	case aWord:
		if !isText || !slices.Contains(s.words, text) {
			return nil, not("#{"+quoted(s.words)+"}", v)
		}
	case aCode:
		if !isNumber || !slices.Contains(s.words, number.String()) {
			return nil, not("#{"+strings.Join(s.words, " ")+"}", v)
		}
	case aSeen:
		if !isText || !ctim.ObservableType(text).Known() {
			return nil, not("observable-type", v)
		}
	default:
		if !isText {
			return nil, not("instance? java.lang.String", v)
		}
	}
	return v, nil
}

func (s *shape) checkList(v any) (any, any) {
	all, is := v.([]any)
	if !is {
		return nil, not("sequential?", v)
	}
	var faults []any
	for i, item := range all {
		fixed, fault := s.item.check(item)
		if fault != nil && faults == nil {
			faults = make([]any, i, i+1) // only the first: there may be a hundred thousand
			faults = append(faults, fault)
		}
		all[i] = fixed
	}
	if faults != nil {
		return nil, faults
	}
	return all, nil
}

func (s *shape) checkObject(v any) (any, any) {
	o, is := v.(Document)
	if !is {
		return nil, not("map?", v)
	}
	faults := map[string]any{}
	for name, value := range o {
		f := s.named(name)
		if f == nil {
			faults[name] = "disallowed-key"
			continue
		}
		fixed, fault := f.check(value)
		if fault != nil {
			faults[name] = fault
			continue
		}
		o[name] = fixed
	}
	for i := range s.fields {
		f := &s.fields[i]
		if _, there := o[f.name]; f.need && !there {
			faults[f.name] = "missing-required-key"
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return o, nil
}

// not writes a refusal as the schema library does.
func not(what string, v any) string {
	shown := "a-map"
	switch v := v.(type) {
	case string:
		if shown = strconv.Quote(v); len(shown) > 40 {
			shown = "a-java.lang.String"
		}
	case json.Number, bool:
		shown = fmt.Sprintf("%.40v", v)
	case nil:
		shown = "nil"
	case []any:
		shown = "a-list"
	}
	return fmt.Sprintf("(not (%s %s))", what, shown)
}

func quoted(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = strconv.Quote(w)
	}
	return strings.Join(out, " ")
}

// shallow is true when nothing in v is nested deeper than depth.
func shallow(v any, depth int) bool {
	if depth == 0 {
		return false
	}
	switch v := v.(type) {
	case []any:
		return !slices.ContainsFunc(v, func(i any) bool { return !shallow(i, depth-1) })
	case Document:
		for _, i := range v {
			if !shallow(i, depth-1) {
				return false
			}
		}
	}
	return true
}

// rule gives what is wrong with a value of the right shape by the rules that the
// service looks at afterwards, or "". at is where the value is.
func (s *shape) rule(at string, v any) string {
	switch v := v.(type) {
	case string:
		return s.ruleText(at, v)
	case []any:
		for i, item := range v {
			if s.item != nil {
				if bad := s.item.rule(fmt.Sprintf("%s[%d]", at, i), item); bad != "" {
					return bad
				}
			}
		}
	case Document:
		return s.ruleObject(at, v)
	}
	return ""
}

func (s *shape) ruleObject(at string, v Document) string {
	for i := range s.fields { // in their order, so that the first fault is always the same
		f := &s.fields[i]
		if value, there := v[f.name]; there {
			if bad := f.rule(strings.TrimPrefix(at+"."+f.name, "."), value); bad != "" {
				return bad
			}
		}
	}
	start, _ := v["start_time"].(string)
	end, _ := v["end_time"].(string)
	if s.named("end_time") != nil && start != "" && end != "" && end < start {
		return at + ": end_time is before start_time"
	}
	return ""
}

func (s *shape) ruleText(at, v string) string {
	switch {
	case s.max > 0 && utf8.RuneCountInString(v) > s.max:
		return fmt.Sprintf("%s: longer than %d characters", at, s.max)
	case s.kind == aRef && !isRef(v):
		return fmt.Sprintf("%s: %.80q is not the id of an entity", at, v)
	}
	return ""
}

// stamp writes a moment as the schema has it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
