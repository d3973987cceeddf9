package filter

import "slices"

// Use is a filter and a quarantine that it has messages held in.
type Use struct{ Filter, Quarantine string }

// Quarantines tells which filters of a text name which quarantines, each once. The
// error is that of [Messages].
func Quarantines(s string) ([]Use, error) {
	list, err := parse(s)
	return uses(list), err
}

// Quarantines are those that a content filter names, each once.
func (f *Content) Quarantines() []string {
	d, err := f.definition("")
	if err != nil {
		return nil // it is refused where it is to run
	}
	var out []string
	for _, u := range uses([]definition{d}) {
		out = append(out, u.Quarantine)
	}
	return out
}

func uses(list []definition) (out []Use) {
	for i := range list {
		eachCall(list[i].body, func(c *call) {
			if c.name != "quarantine" && c.name != "duplicate-quarantine" {
				return
			}
			name, err := c.text(0)
			if u := (Use{list[i].name, name}); err == nil && !slices.Contains(out, u) {
				out = append(out, u)
			}
		})
	}
	return out
}

// eachCall finds the actions in statements.
func eachCall(body []statement, found func(*call)) {
	for i := range body {
		if s := &body[i]; s.if_ == nil {
			found(s.act)
		} else {
			eachCall(s.yes, found)
			eachCall(s.no, found)
		}
	}
}
