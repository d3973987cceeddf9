package messagetracking

import (
	"slices"
	"strconv"
	"strings"

	"esasim/esa"
	"esasim/tracking"
)

// A happening is one message event that is asked for. What tracking can be asked
// for narrows the search; holds is the truth.
type happening struct {
	states []esa.State
	held   []string
	events []tracking.EventMatch
	// origin is where it came from: a country, or a host with a score.
	countries []string
	scores    []int
	// rest narrows it further, where it is not nil. With nothing else any message may
	// be meant, and tracking is not asked at all.
	rest func(*esa.Message) bool
}

// wide is true of what tracking cannot be asked for.
func (h *happening) wide() bool {
	return h.rest != nil && h.nothing()
}

// nothing is true of what tracking is not asked for.
func (h *happening) nothing() bool {
	return len(h.states)+len(h.held)+len(h.events)+len(h.countries)+len(h.scores) == 0
}

// holds tells whether it happened to a message.
func (h *happening) holds(m *esa.Message) bool {
	one := slices.Contains(h.states, m.State) ||
		slices.ContainsFunc(h.held, func(name string) bool {
			return slices.ContainsFunc(m.Quarantines, func(in string) bool { return strings.EqualFold(in, name) })
		}) ||
		slices.ContainsFunc(h.events, func(e tracking.EventMatch) bool { return e.HappenedTo(m) }) ||
		slices.ContainsFunc(h.countries, func(name string) bool { return strings.EqualFold(m.Source.Country, name) }) ||
		slices.ContainsFunc(h.scores, func(n int) bool { return scored(m, n) })
	return (one || h.wide()) && (h.rest == nil || h.rest(m))
}

// narrow adds to a query what finds at least the messages of which one of these
// holds. Messages that became others are let through: what is asked for may have
// happened to those. It is false if nothing can be found.
func narrow(q *tracking.Query, list []happening) bool {
	if len(list) == 0 {
		return true
	}
	all := happening{}
	for i := range list {
		if list[i].wide() {
			return true
		}
		all = all.with(&list[i])
	}
	if all.nothing() {
		return false
	}
	if len(all.states)+len(all.held)+len(all.events) > 0 { // what a message became came from where it did
		all.states = append(all.states, esa.Replaced)
	}
	q.States, q.Held, q.Events, q.Countries, q.Scores = all.states, all.held, all.events, all.countries, all.scores
	return true
}

// with is what tracking is asked for either.
func (h *happening) with(o *happening) happening {
	return happening{states: slices.Concat(h.states, o.states), held: slices.Concat(h.held, o.held), events: slices.Concat(h.events, o.events),
		countries: slices.Concat(h.countries, o.countries), scores: slices.Concat(h.scores, o.scores)}
}

// The happenings that are asked for most.

func happened(kinds ...esa.Kind) (h happening) {
	for _, k := range kinds {
		h.events = append(h.events, tracking.EventMatch{Kind: k})
	}
	return h
}

func found(e esa.Engine, name string, verdicts ...esa.Verdict) (h happening) {
	for _, v := range verdicts {
		h.events = append(h.events, tracking.EventMatch{Kind: esa.EngineVerdict, Engine: e, Verdict: v, Name: name})
	}
	return h
}

// heldBy is a message that an engine had put into a quarantine.
func heldBy(engines ...esa.Engine) (h happening) {
	for _, e := range engines {
		h.events = append(h.events, tracking.EventMatch{Kind: esa.MessageQuarantined, Engine: e})
	}
	return h
}

func heldIn(names ...string) (h happening) {
	for _, n := range names {
		h.events = append(h.events, tracking.EventMatch{Kind: esa.MessageQuarantined, Name: n})
	}
	return h
}

func inState(states ...esa.State) happening { return happening{states: states} }

// or is one that holds if either does.
func (h happening) or(o happening) happening {
	if h.rest == nil && h.nothing() {
		return o
	}
	out := h.with(&o)
	if h.rest == nil && o.rest == nil {
		return out
	}
	if h.wide() || o.wide() {
		out = happening{}
	}
	out.rest = func(m *esa.Message) bool { return h.holds(m) || o.holds(m) }
	return out
}

// when narrows it.
func (h happening) when(rest func(*esa.Message) bool) happening {
	before := h.rest
	h.rest = func(m *esa.Message) bool { return rest(m) && (before == nil || before(m)) }
	return h
}

// scored tells whether the whole part of the score of a message's host is a number.
func scored(m *esa.Message, n int) bool {
	score, err := strconv.ParseFloat(m.Source.SBRS, 64)
	return err == nil && int(score) == n
}

// never is what does not happen here: the feature is not emulated.
func never() happening { return happening{} }
