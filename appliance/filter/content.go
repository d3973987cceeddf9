package filter

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"esasim/appliance/stage"
	"esasim/esa"
)

// Content is a content filter.
type Content struct {
	Name string
	// Match is any or all: how many of the conditions must hold; empty: any. Without
	// conditions, the filter is for every message.
	Match      string
	Conditions []Condition
	Actions    []Action // in order
}

// Contents are the content filters of a direction; a stage without Scan if there
// are none. An error begins with the key below the list.
func Contents(all []Content, d esa.Direction, o *Options) (stage.Stage, error) {
	lib, err := newLibrary(o)
	c := compiler{library: lib, engine: esa.ContentFilters, direction: d.Table()}
	var defs []definition
	for i := range all {
		def, err := all[i].definition(fmt.Sprintf("[%d]", i))
		if err != nil {
			c.fail(err)
		}
		defs = append(defs, def)
	}
	return c.stage(defs, err)
}

// definition is the filter in the language of message filters.
func (f *Content) definition(key string) (definition, error) {
	d := definition{name: f.Name, at: place{key: key + ".name"}}
	var errs []error
	if f.Name == "" || strings.ContainsFunc(f.Name, func(r rune) bool { return r < ' ' || r == '\'' || r == 0x7f }) {
		errs = append(errs, d.at.errorf("%q: want a name without quotes", f.Name))
	}
	if !slices.Contains([]string{"", "any", "all"}, f.Match) {
		errs = append(errs, fmt.Errorf("%s.match: %q: want any or all", key, f.Match))
	}
	if len(f.Actions) == 0 {
		errs = append(errs, fmt.Errorf("%s.actions: wants an action", key))
	}
	whole := &expr{op: opOr}
	if f.Match == "all" {
		whole.op = opAnd
	}
	for i := range f.Conditions {
		e, err := f.Conditions[i].expr(place{key: fmt.Sprintf("%s.conditions[%d]", key, i)})
		if err != nil {
			errs = append(errs, err)
			continue
		}
		whole.kids = append(whole.kids, e)
	}
	for i := range f.Actions {
		c, err := f.Actions[i].call(place{key: fmt.Sprintf("%s.actions[%d]", key, i)})
		if err != nil {
			errs = append(errs, err)
			continue
		}
		d.body = append(d.body, statement{act: c})
	}
	if len(f.Conditions) > 0 {
		d.body = []statement{{if_: whole, yes: d.body}}
	}
	return d, errors.Join(errs...)
}

// given lists the keys that have a value.
type given []struct {
	key string
	set bool
}

// check says which keys are there that must not be.
func (g given) check(what string, allowed ...string) error {
	for _, k := range g {
		if k.set && !slices.Contains(allowed, k.key) {
			return fmt.Errorf("%s does not go with %s", k.key, what)
		}
	}
	return nil
}

// ConditionNames lists what conditions can be about.
func ConditionNames() []string { return slices.Sorted(maps.Keys(forms())) }

// ActionNames lists what actions can do.
func ActionNames() []string { return slices.Sorted(maps.Keys(acts())) }
