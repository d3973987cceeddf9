package messagetracking

import (
	"slices"
	"strings"

	"esasim/esa"
	"esasim/tracking"
)

// A happening is one message event that is asked for. What tracking can be asked
// for narrows the search; holds is the truth.
type happening struct {
	states  []esa.State
	held    []string
	events  []tracking.EventMatch
	country string // of the sender: what is asked for besides, if it is the only one
	// rest narrows it further, where it is not nil. With nothing else any message may
	// be meant, and tracking is not asked at all.
	rest func(*esa.Message) bool
}

// wide is true of what tracking cannot be asked for.
func (h *happening) wide() bool {
	return h.rest != nil && len(h.states)+len(h.held)+len(h.events) == 0
}

// holds tells whether it happened to a message.
func (h *happening) holds(m *esa.Message) bool {
	one := slices.Contains(h.states, m.State) ||
		slices.ContainsFunc(h.held, func(name string) bool {
			return slices.ContainsFunc(m.Quarantines, func(in string) bool { return strings.EqualFold(in, name) })
		}) ||
		slices.ContainsFunc(h.events, func(e tracking.EventMatch) bool { return e.HappenedTo(m) })
	return (one || h.wide()) && (h.rest == nil || h.rest(m))
}

// narrow adds to a query what finds at least the messages of which one of these
// holds. Messages that became others are let through: what is asked for may have
// happened to those. It is false if nothing can be found.
func narrow(q *tracking.Query, list []happening) bool {
	if len(list) == 0 {
		return true
	}
	if len(list) == 1 && list[0].country != "" {
		q.Country = list[0].country
		return true
	}
	for i := range list {
		if list[i].wide() {
			q.States, q.Held, q.Events = nil, nil, nil
			return true
		}
		q.States, q.Held, q.Events = append(q.States, list[i].states...), append(q.Held, list[i].held...), append(q.Events, list[i].events...)
	}
	if len(q.States)+len(q.Held)+len(q.Events) == 0 {
		return false
	}
	q.States = append(q.States, esa.Replaced)
	return true
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
	if h.rest == nil && len(h.states)+len(h.held)+len(h.events) == 0 {
		return o
	}
	out := happening{states: append(h.states, o.states...), held: append(h.held, o.held...), events: append(h.events, o.events...)}
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

// anyMessage is one of which tracking knows nothing but how to look at it.
func anyMessage(rest func(*esa.Message) bool) happening { return happening{rest: rest} }

// never is what does not happen here: the feature is not emulated.
func never() happening { return happening{} }
