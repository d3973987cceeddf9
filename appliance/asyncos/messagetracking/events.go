package messagetracking

import (
	"slices"
	"strings"

	"esasim/appliance/asyncos/rest"
)

// eventGroup is one or several parameters that ask for a message event. Those of
// need go together: one without the others is an error. Those of may can be left
// out, but not all of them. Any group that holds is enough. Source: AsyncOS API,
// message-tracking/messages, and public clients.
type eventGroup struct {
	need []string
	may  []string
	read func(rest.Parameters) (happening, error)
	// absent says why nothing is ever found by it; "": it may be.
	absent string
}

func (g *eventGroup) names() []string { return slices.Concat(g.need, g.may) }

// readEvents reads those of the groups that are given.
func readEvents(p rest.Parameters, groups []eventGroup) ([]happening, error) {
	var out []happening
	for _, g := range groups {
		if !slices.ContainsFunc(g.names(), p.Has) {
			continue
		}
		for _, name := range g.need {
			if p.Get(name) == "" {
				return nil, rest.Missing(name)
			}
		}
		for _, name := range g.may {
			if p.Has(name) && p.Get(name) == "" {
				return nil, rest.Missing(name)
			}
		}
		h, err := g.read(p)
		if err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, nil
}

// eventGroups are all of them.
func eventGroups() []eventGroup {
	return slices.Concat(fateGroups(), scanGroups(), quarantineGroups(), filterGroups(), senderGroups(), contentGroups(), absentGroups())
}

// flag is a parameter whose only value is True.
func flag(name string, h happening) eventGroup {
	return eventGroup{need: []string{name}, read: func(p rest.Parameters) (happening, error) {
		_, err := p.One(name, "True")
		return h, err
	}}
}

// choice is a parameter with one word of some, or several with commas between.
func choice(name string, words map[string]happening) eventGroup {
	return eventGroup{need: []string{name}, read: func(p rest.Parameters) (happening, error) { return choose(p, name, words) }}
}

func choose(p rest.Parameters, name string, words map[string]happening) (happening, error) {
	list, err := p.List(name)
	var out happening
	for _, word := range list {
		h, ok := words[word]
		if !ok {
			var all []string
			for w := range words {
				all = append(all, w)
			}
			slices.Sort(all)
			return out, rest.Wrong(name, "want "+strings.Join(all, ", "))
		}
		out = out.or(h)
	}
	return out, err
}

// text is a parameter with a name, or several with commas between.
func text(name string, of func(value string) happening) eventGroup {
	return eventGroup{need: []string{name}, read: func(p rest.Parameters) (happening, error) {
		list, err := p.List(name)
		var out happening
		for _, v := range list {
			out = out.or(of(v))
		}
		return out, err
	}}
}

// number is a parameter with a whole number.
func number(name string, of func(n int) happening) eventGroup {
	return eventGroup{need: []string{name}, read: func(p rest.Parameters) (happening, error) {
		n, err := p.Number(name, 0, -1<<31, 1<<31-1)
		return of(n), err
	}}
}
