package contract

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"esasim/cloud"
)

// Report tells, of the tests until now, how much of the contracts was met.
type Report struct {
	Routes    []string // served routes, with what they are held to and the statuses that were valid
	Published int      // routes of the contracts
	Served    int      // of them, those that are served
	Met       int      // definitions that a valid answer had
	Reachable int      // definitions that answers of the served routes may have
	NotMet    []string // the others, "iroh-enrich.json Judgement"
	Faults    []string // what the tables say and is not so, or the other way round
}

// Report makes the report.
func (o *Oracle) Report() Report {
	o.mu.Lock()
	defer o.mu.Unlock()
	r := Report{Published: len(o.published)}
	reach := map[string]bool{}
	served := map[string]bool{}
	for _, s := range o.served {
		served[Nameless(s.Pattern)] = true
		r.route(o, s.Pattern, reach)
	}
	r.notServed(o, served)
	r.definitions(o, reach)
	return r
}

// notServed holds the table of what is not served to what is.
func (r *Report) notServed(o *Oracle, served map[string]bool) {
	used := map[string]bool{}
	for _, route := range slices.Sorted(maps.Keys(o.published)) {
		if served[route] {
			r.Served++
			continue
		}
		_, path, _ := strings.Cut(route, " ")
		i := slices.IndexFunc(cloud.RoutesNotServed(), func(n cloud.NotServed) bool { return strings.HasPrefix(path, n.Path) })
		if i < 0 {
			r.fault("%s: published, not served and not listed (cloud.RoutesNotServed)", route)
			continue
		}
		used[cloud.RoutesNotServed()[i].Path] = true
	}
	for _, n := range cloud.RoutesNotServed() {
		if !used[n.Path] {
			r.fault("%s: listed as not served, but all that is published there is", n.Path)
		}
	}
}

func (r *Report) fault(form string, args ...any) {
	r.Faults = append(r.Faults, fmt.Sprintf(form, args...))
}

// route tells of one served route.
func (r *Report) route(o *Oracle, pattern string, reach map[string]bool) {
	op, isPublished := o.published[Nameless(pattern)]
	u, isUnpublished := o.unpublished[pattern]
	held := "not listed"
	switch {
	case isPublished && !isUnpublished:
		held = "published"
	case isPublished && isUnpublished:
		r.fault("%s: published, and listed as not (cloud.UnpublishedRoutes)", pattern)
	case isUnpublished && u.Like != "":
		held = "like " + u.Like
	case isUnpublished:
		held = "not public"
	}
	statuses := slices.Sorted(maps.Keys(o.seen[pattern]))
	if !u.Never && !u.Alien && (len(statuses) == 0 || statuses[0] >= 300) {
		r.fault("%s: no test has had a good answer of it: %v", pattern, statuses)
	}
	r.Routes = append(r.Routes, fmt.Sprintf("%-70s %-50s %v", pattern, held, statuses))
	for status, schema := range op.schemas {
		if status < 300 {
			op.file.walk(object(schema), nil, true, note(reach, op.file.name))
		}
	}
	if file, definition, ok := strings.Cut(u.Like, " "); ok && o.files[file] != nil {
		if part, err := o.files[file].definition(definition); err == nil {
			o.files[file].walk(object(part), nil, true, note(reach, file))
		}
	}
}

// note marks definitions, each once, so that what leads to itself ends.
func note(reach map[string]bool, file string) func(string) bool {
	return func(name string) bool {
		key := file + " " + name
		again := reach[key]
		reach[key] = true
		return !again
	}
}

// definitions counts what was met, and misses what must have been.
func (r *Report) definitions(o *Oracle, reach map[string]bool) {
	r.Reachable = len(reach)
	for key := range reach {
		if o.met[key] {
			r.Met++
		} else {
			r.NotMet = append(r.NotMet, key)
		}
	}
	slices.Sort(r.NotMet)
	for file, names := range cloud.Answered() {
		for _, name := range names {
			if !o.met[file+" "+name] {
				r.fault("%s %s: no test has had a valid one (cloud.Answered)", file, name)
			}
		}
	}
	slices.Sort(r.Faults)
}

// String is the report as a table.
func (r Report) String() string {
	return fmt.Sprintf("contracts: %d of %d published routes served; %d of %d definitions of their answers met\n%s\nnot met: %s\n%s",
		r.Served, r.Published, r.Met, r.Reachable, strings.Join(r.Routes, "\n"), strings.Join(r.NotMet, ", "), strings.Join(r.Faults, "\n"))
}
