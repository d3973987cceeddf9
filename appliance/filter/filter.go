// Package filter is message filters and content filters: what administrators write
// to have messages held, changed, copied or refused by what is in them.
//
// Message filters are text in the appliance's own language; content filters are
// lists of conditions and actions that become the same (content.go). A stage tries
// its filters in order. What all of them want to change makes one new message, which
// the logs name after the first action that changes something; filters see the
// header as those before them in the same stage left it, and no attachment that
// those took out, but the text of the body as it came. Attachments of a message that
// has none, its size, addresses and subject are known without reading it, so filters
// about these cost next to nothing: fifty of them take 13 microseconds for a message
// that none matches. Fifty expressions that are looked for in 2 KiB of text take 65 to
// 95 (BenchmarkFilters, one core of an AMD EPYC).
package filter

import (
	"errors"
	"fmt"

	"esasim/appliance/letter"
	"esasim/appliance/stage"
	"esasim/esa"
)

// Options are what filters refer to by name, and what they have to know.
type Options struct {
	Dictionaries []Dictionary
	Texts        []Text // text resources, such as disclaimers
	URLs         []URL
	URLLists     []URLList
	HashLists    []HashList
	Host         string // the appliance's name, in notifications
	// Quarantine tells whether there is one with this name; nil: any is fine.
	Quarantine func(name string) bool
}

// Text is a text resource: what a name stands for in filters.
type Text struct{ Name, Text string }

// Messages are the message filters of a text; a stage without Scan if there are
// none. An error says where in the text it is.
func Messages(s string, o *Options) (stage.Stage, error) {
	list, err := parse(s)
	if err != nil {
		return stage.Stage{}, err
	}
	lib, err := newLibrary(o)
	c := compiler{library: lib, engine: esa.MessageFilters}
	return c.stage(list, err)
}

// set is the filters of one stage.
type set struct {
	engine  esa.Engine
	host    string
	filters []filter
}

type filter struct {
	name string
	body []command
}

// command is a statement that can be carried out.
type command struct {
	test test // nil: act
	yes  []command
	no   []command
	act  action
	name string // of the action
}

// action does something for a message. It is final if no other filter follows.
type action func(*view) (final bool, err error)

func (s *set) scan(j *stage.Job) (stage.Finding, error) { return s.look(j.Message, j.Policy, j.Letter) }

// look tries the filters on a message.
func (s *set) look(m *esa.Message, policy string, read func() (*letter.Letter, error)) (stage.Finding, error) {
	v := view{set: s, m: m, policy: policy, read: read, found: stage.Finding{Verdict: esa.Negative}}
	for i := range s.filters {
		f := &s.filters[i]
		v.filter, v.matched = f.name, false
		final, err := v.carryOut(f.body)
		if err != nil {
			return stage.Finding{}, fmt.Errorf("filter %s: %w", f.name, err)
		}
		if final {
			break
		}
	}
	return v.found, nil
}

// carryOut runs statements in order, until one is final.
func (v *view) carryOut(body []command) (final bool, err error) {
	for i := range body {
		c := &body[i]
		if c.test == nil {
			v.match()
			v.action = c.name
			final, err = c.act(v)
		} else {
			final, err = v.choose(c)
		}
		if final || err != nil {
			return final, err
		}
	}
	return false, nil
}

func (v *view) choose(c *command) (final bool, err error) {
	yes, err := c.test(v)
	if err != nil {
		return false, err
	}
	if yes {
		return v.carryOut(c.yes)
	}
	return v.carryOut(c.no)
}

// match notes that the filter under way does something: it matched. The last one
// that does is the stage's finding; those before it are told.
func (v *view) match() {
	if v.matched {
		return
	}
	f := &v.found
	if f.Verdict == esa.Positive {
		v.tell(esa.Event{Kind: esa.EngineVerdict, Engine: v.set.engine, Verdict: esa.Positive, Name: f.Name})
	}
	v.matched, f.Verdict, f.Name = true, esa.Positive, v.filter
}

// compiler makes filters of what was read. It goes on after an error, so that all
// of them are told.
type compiler struct {
	*library
	engine    esa.Engine
	direction string // "inbound" or "outbound", of content filters
	errs      []error
}

func (c *compiler) stage(list []definition, err error) (stage.Stage, error) {
	s := c.set(list)
	if err = errors.Join(append([]error{err}, c.errs...)...); err != nil || len(list) == 0 {
		return stage.Stage{}, err
	}
	return stage.Stage{Engine: c.engine, Scan: s.scan}, nil
}

func (c *compiler) set(list []definition) *set {
	s := &set{engine: c.engine, host: c.host}
	seen := map[string]bool{}
	for i := range list {
		d := &list[i]
		if seen[d.name] {
			c.fail(d.at.errorf("there is a filter %s already", d.name))
		}
		seen[d.name] = true
		s.filters = append(s.filters, filter{name: d.name, body: c.body(d.body)})
	}
	return s
}

func (c *compiler) fail(err error) { c.errs = append(c.errs, err) }

func (c *compiler) body(list []statement) (body []command) {
	for i := range list {
		s := &list[i]
		if s.if_ == nil {
			body = append(body, command{act: c.action(s.act), name: s.act.name})
			continue
		}
		body = append(body, command{test: c.test(s.if_), yes: c.body(s.yes), no: c.body(s.no)})
	}
	return body
}
