package filter

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"esasim/appliance/letter"
	"esasim/appliance/stage"
	"esasim/esa"
)

// verb is an action of the language: how many arguments it takes, and how it is
// made of them.
type verb struct {
	min, max int
	make     func(c *compiler, call *call) (action, error)
}

// verbs are all actions that there are. Those of the AsyncOS user guide have its
// names; see fidelity.go for ours.
func verbs() map[string]verb {
	all := map[string]verb{
		"no-op":                {make: makeAction(func(*view) (bool, error) { return false, nil })},
		"drop":                 {make: (*compiler).drop},
		"bounce":               {make: (*compiler).bounce},
		"deliver":              {make: (*compiler).deliver},
		"skip-filters":         {make: makeAction(func(*view) (bool, error) { return true, nil })},
		"quarantine":           {min: 1, max: 1, make: (*compiler).quarantine},
		"duplicate-quarantine": {min: 1, max: 1, make: (*compiler).duplicate},
		"log-entry":            {min: 1, max: 1, make: logEntry},
		"alt-rcpt-to":          {min: 1, max: 1, make: altRecipient},
	}
	for name, engines := range map[string][]esa.Engine{
		"skip-spamcheck": {esa.AntiSpam}, "skip-viruscheck": {esa.AntiVirus}, "skip-ampcheck": {esa.AMP}, "skip-vofcheck": {esa.OutbreakFilters},
		"skip-marketingcheck": {esa.Graymail}, "skip-socialcheck": {esa.Graymail}, "skip-bulkcheck": {esa.Graymail},
	} {
		all[name] = verb{make: makeAction(func(v *view) (bool, error) {
			v.skip(engines...)
			return false, nil
		})}
	}
	for _, m := range []map[string]verb{changeVerbs(), fileVerbs(), copyVerbs(), urlVerbs()} {
		maps.Copy(all, m)
	}
	return all
}

func makeAction(a action) func(*compiler, *call) (action, error) {
	return func(*compiler, *call) (action, error) { return a, nil }
}

// action makes an action of what was read.
func (c *compiler) action(call *call) action {
	a, err := c.verb(call)
	if err != nil {
		c.fail(call.at.errorf("%s: %w", call.name, err))
		return func(*view) (bool, error) { return false, nil }
	}
	return a
}

func (c *compiler) verb(call *call) (action, error) {
	what, ok := c.actions[call.name]
	if !ok {
		return nil, unknown("action", call.name, c.actions)
	}
	if err := call.count(what.min, what.max); err != nil {
		return nil, err
	}
	return what.make(c, call)
}

// said is what the logs say of a filter that ends a message: "Dropped by content
// filter 'f' in the inbound table".
func (c *compiler) said(what, filter string) string {
	if c.engine == esa.ContentFilters {
		return what + " by content filter '" + filter + "' in the " + c.direction + " table"
	}
	return what + " by filter '" + filter + "'"
}

func (c *compiler) drop(*call) (action, error) {
	return func(v *view) (bool, error) {
		v.found.Want.Drop = c.said("Dropped", v.filter)
		return true, nil
	}, nil
}

func (c *compiler) bounce(*call) (action, error) {
	return func(v *view) (bool, error) {
		v.found.Want.Bounce, v.found.Want.Reason = c.said("Bounced", v.filter), stage.Refused
		return true, nil
	}, nil
}

// deliver has the message meet no other stage; the message it becomes by edits
// neither. In a content filter, it skips the filters that follow.
func (c *compiler) deliver(*call) (action, error) {
	return func(v *view) (bool, error) {
		if c.engine == esa.MessageFilters {
			v.found.Want.Deliver = true
			for e := c.engine + 1; e < esa.Engines; e++ {
				v.skip(e)
			}
		}
		return true, nil
	}, nil
}

func (v *view) skip(engines ...esa.Engine) {
	for _, e := range engines {
		if !slices.Contains(v.found.Want.Skip, e) {
			v.found.Want.Skip = append(v.found.Want.Skip, e)
		}
	}
}

// held is a quarantine that an action names, and why a message goes there in the
// words of the logs.
func (c *compiler) held(call *call) (func(v *view) stage.Hold, error) {
	name, err := call.text(0)
	if err == nil && (name == "" || c.Quarantine != nil && !c.Quarantine(name)) {
		err = fmt.Errorf("there is no quarantine %q", name)
	}
	why := "message filter:"
	if c.engine == esa.ContentFilters {
		why = "content filter:"
	}
	return func(v *view) stage.Hold { return stage.Hold{Quarantine: name, Reason: why + v.filter} }, err
}

func (c *compiler) quarantine(call *call) (action, error) {
	hold, err := c.held(call)
	return func(v *view) (bool, error) {
		h := hold(v)
		if !slices.ContainsFunc(v.found.Want.Hold, func(o stage.Hold) bool { return o.Quarantine == h.Quarantine }) {
			v.found.Want.Hold = append(v.found.Want.Hold, h)
		}
		return false, nil
	}, err
}

func (c *compiler) duplicate(call *call) (action, error) {
	hold, err := c.held(call)
	return func(v *view) (bool, error) {
		h := hold(v)
		v.copy(stage.Copy{To: v.to(), By: v.by(), Hold: &h, Edit: v.soFar()})
		return false, nil
	}, err
}

func logEntry(_ *compiler, call *call) (action, error) {
	s, err := call.text(0)
	t := newTemplate(s)
	return func(v *view) (bool, error) {
		line, err := t.line(v)
		v.tell(esa.Event{Kind: esa.LogEntered, Text: line})
		return false, err
	}, err
}

// altRecipient gives the message to others instead.
func altRecipient(_ *compiler, call *call) (action, error) {
	to, err := recipients(call, 0)
	return func(v *view) (bool, error) {
		list, err := to.of(v)
		if err != nil || len(list) == 0 {
			return false, err
		}
		w := &v.found.Want
		if w.To = list; w.By == "" {
			w.By = "alt-rcpt-to-filter filter '" + v.filter + "'"
		}
		return false, nil
	}, err
}

// addressList is addresses, among which variables may be: $EnvelopeFrom.
type addressList []template

func recipients(call *call, i int) (out addressList, err error) {
	s, err := call.text(i)
	if err != nil {
		return nil, err
	}
	for _, a := range list(s) {
		local, domain, _ := strings.Cut(a, "@")
		if !strings.Contains(a, "$") && (local == "" || domain == "" || strings.ContainsAny(a, " \t\r\n<>")) {
			return nil, fmt.Errorf("%q: want an address, or several with commas between them", a)
		}
		out = append(out, newTemplate(a))
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("wants an address")
	}
	return out, nil
}

// of are the addresses for a message, each once. The null sender is none.
func (l addressList) of(v *view) (out []string, err error) {
	for i := range l {
		s, err := l[i].of(v, maxLetter)
		if err != nil {
			return nil, err
		}
		for _, a := range list(s) {
			if strings.Contains(a, "@") && !strings.ContainsAny(a, " \t\r\n<>") && !slices.Contains(out, a) {
				out = append(out, a)
			}
		}
	}
	return out, nil
}

// changeVerbs change header and body.
func changeVerbs() map[string]verb {
	return map[string]verb{
		"insert-header":     {min: 2, max: 2, make: headerVerb(letter.Add)},
		"replace-header":    {min: 2, max: 2, make: headerVerb(letter.Replace)},
		"strip-header":      {min: 1, max: 1, make: headerVerb(letter.Remove)},
		"edit-header-text":  {min: 3, max: 3, make: editHeader},
		"edit-subject-text": {min: 2, max: 2, make: editSubject},
		"add-heading":       {min: 1, max: 2, make: addText(func(e *letter.Edit, s string) { e.Head = joined(s, e.Head) })},
		"add-footer":        {min: 1, max: 2, make: addText(func(e *letter.Edit, s string) { e.Foot = joined(e.Foot, s) })},
	}
}

func headerVerb(op letter.HeaderOp) func(*compiler, *call) (action, error) {
	return func(_ *compiler, call *call) (action, error) {
		name, err := call.text(0)
		if err != nil || !letter.ValidName(name) {
			return nil, fmt.Errorf("%s: want the name of a header field", call.args[0])
		}
		value, err := call.text(1)
		t := newTemplate(value)
		return func(v *view) (bool, error) {
			if op == letter.Remove {
				if there, err := v.values(name, func(string) bool { return true }); !there || err != nil {
					return false, err
				}
			}
			s, err := t.line(v)
			if err != nil {
				return false, err
			}
			return false, v.change(letter.HeaderEdit{Op: op, Name: name, Value: s})
		}, err
	}
}

// editHeader replaces what an expression finds in the fields of a name.
func editHeader(_ *compiler, call *call) (action, error) {
	name, err := call.text(0)
	if err != nil || !letter.ValidName(name) {
		return nil, fmt.Errorf("%s: want the name of a header field", call.args[0])
	}
	p, err := call.pattern(1)
	if err != nil {
		return nil, err
	}
	with, err := call.text(2)
	with = backReference(with)
	return func(v *view) (bool, error) {
		var values []string
		changed := false
		if _, err := v.values(name, func(s string) bool {
			now := cut(p.re.ReplaceAllString(s, with), 8*maxWord)
			changed = changed || now != s
			values = append(values, now)
			return false
		}); err != nil || !changed {
			return false, err
		}
		for i, s := range values {
			op := letter.Add
			if i == 0 {
				op = letter.Replace
			}
			if err := v.change(letter.HeaderEdit{Op: op, Name: name, Value: s}); err != nil {
				return false, err
			}
		}
		return false, nil
	}, err
}

// backReference makes of \1, as Python has it, ${1}.
func backReference(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '$':
			b.WriteString("$$")
		case s[i] == '\\' && i+1 < len(s) && isDigit(s[i+1]):
			i++
			b.WriteString("${" + s[i:i+1] + "}")
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// editSubject puts a text before or behind the subject.
func editSubject(_ *compiler, call *call) (action, error) {
	words, err := call.texts()
	if err == nil && words[0] != "prepend" && words[0] != "append" {
		err = fmt.Errorf("%s: want prepend or append", call.args[0])
	}
	if err != nil {
		return nil, err
	}
	t := newTemplate(words[1])
	return func(v *view) (bool, error) {
		s, err := t.line(v)
		if err != nil {
			return false, err
		}
		if old := v.subjectText(); words[0] == "prepend" {
			s += old
		} else {
			s = old + s
		}
		return false, v.change(letter.HeaderEdit{Op: letter.Replace, Name: "Subject", Value: s})
	}, nil
}

// addText adds a text resource to the body; or a text itself, if there are two
// arguments, the first of which is empty.
func addText(add func(*letter.Edit, string)) func(*compiler, *call) (action, error) {
	return func(c *compiler, call *call) (action, error) {
		words, err := call.texts()
		if err != nil {
			return nil, err
		}
		s, ok := c.texts[words[0]]
		if len(words) == 2 {
			s, ok = words[1], words[0] == ""
		}
		if !ok {
			return nil, fmt.Errorf("there is no text resource %q", words[0])
		}
		t := newTemplate(s)
		return func(v *view) (bool, error) {
			s, err := t.of(v, maxLetter)
			if err == nil {
				add(v.edits(), s)
			}
			return false, err
		}, nil
	}
}

func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "\r\n" + b
}
