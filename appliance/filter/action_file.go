package filter

import (
	"fmt"

	"esasim/appliance/letter"
)

// fileVerbs take attachments out. Their last argument is the text that is put in
// the place of each; without it there is one of ours.
func fileVerbs() map[string]verb {
	all := func(*letter.Part) bool { return true }
	return map[string]verb{
		"drop-attachments":                        {max: 1, make: dropFiles(all)},
		"drop-macro-enabled-attachments":          {max: 1, make: dropFiles(hasMacro)},
		"drop-protected-attachments":              {max: 1, make: dropFiles(isProtected)},
		"drop-attachments-by-name":                {min: 1, max: 2, make: dropNamed},
		"drop-attachments-by-type":                {min: 1, max: 2, make: dropChosen(typeIs)},
		"drop-attachments-by-mimetype":            {min: 1, max: 2, make: dropChosen(typeIs)},
		"drop-attachments-by-filetype":            {min: 1, max: 2, make: dropChosen(kindIs)},
		"drop-attachments-by-sha256":              {min: 1, max: 2, make: dropSummed},
		"drop-attachments-by-size":                {min: 1, max: 2, make: dropLarge},
		"drop-attachments-where-contains":         {min: 1, max: 2, make: dropContaining},
		"drop-attachments-where-dictionary-match": {min: 1, max: 3, make: dropListed},
	}
}

// removed is what is put in the place of an attachment.
const removed = "The attachment \"%s\" was removed because of a filter."

// drop is the action that takes out the attachments that are meant.
func drop(c *call, at int, is choice, err error) (action, error) {
	if err != nil {
		return nil, err
	}
	text, err := c.text(at)
	own := at < len(c.args)
	t := newTemplate(text)
	return func(v *view) (bool, error) {
		var out []*letter.Part
		if _, err := v.files(func(p *letter.Part) bool {
			if is(p) {
				out = append(out, p)
			}
			return false
		}); err != nil {
			return false, err
		}
		for _, p := range out {
			v.strip(p, fmt.Sprintf(removed, p.Name))
			if !own {
				continue
			}
			with, err := t.of(v, maxLetter)
			if err != nil {
				return false, err
			}
			v.strip(p, with)
		}
		return false, nil
	}, err
}

func dropFiles(is choice) func(*compiler, *call) (action, error) {
	return func(_ *compiler, c *call) (action, error) { return drop(c, 0, is, nil) }
}

func dropChosen(of func(string) (choice, error)) func(*compiler, *call) (action, error) {
	return func(_ *compiler, c *call) (action, error) {
		s, err := c.text(0)
		if err != nil {
			return nil, err
		}
		is, err := of(s)
		return drop(c, 1, is, err)
	}
}

func dropSummed(c *compiler, call *call) (action, error) {
	return dropChosen(c.library.sumIs)(c, call)
}

func dropNamed(_ *compiler, c *call) (action, error) {
	p, err := c.pattern(0)
	return drop(c, 1, func(f *letter.Part) bool { return p.has(f.Name) }, err)
}

// dropLarge takes out what is at least as large.
func dropLarge(_ *compiler, c *call) (action, error) {
	n, err := c.number(0, 0)
	return drop(c, 1, func(f *letter.Part) bool { return float64(f.Size) >= n }, err)
}

func dropContaining(_ *compiler, c *call) (action, error) {
	p, err := c.pattern(0)
	return drop(c, 1, func(f *letter.Part) bool { return f.Text != "" && p.has(f.Text) }, err)
}

func dropListed(c *compiler, call *call) (action, error) {
	d, least, err := c.dictionary(call, 1)
	return drop(call, 2, func(f *letter.Part) bool { return f.Text != "" && d.count(f.Text, lower(f.Text), least) >= least }, err)
}

// urlVerbs change URLs of a reputation, or of a category.
func urlVerbs() map[string]verb {
	all := map[string]verb{}
	for name, of := range map[string]func(*call) (about, error){"url-reputation-": byReputation, "url-category-": byCategory} {
		n := 1 // arguments that say which are meant
		if name == "url-reputation-" {
			n = 2
		}
		all[name+"defang"] = verb{min: n, max: n, make: urlVerb(of, func(*call) (func(string) string, error) { return defang, nil })}
		all[name+"proxy-redirect"] = verb{min: n, max: n, make: urlVerb(of, func(*call) (func(string) string, error) { return redirect, nil })}
		all[name+"replace"] = verb{min: n + 1, max: n + 1, make: urlVerb(of, func(c *call) (func(string) string, error) {
			text, err := c.text(n)
			return func(string) string { return text }, err
		})}
	}
	return all
}

func urlVerb(of func(*call) (about, error), with func(*call) (func(string) string, error)) func(*compiler, *call) (action, error) {
	return func(c *compiler, call *call) (action, error) {
		which, err := of(call)
		if err != nil {
			return nil, err
		}
		becomes, err := with(call)
		table := c.library.table
		return func(v *view) (bool, error) {
			found, err := v.bad(table, which)
			if err != nil || len(found) == 0 {
				return false, err
			}
			e := v.edits()
			first := e.URL
			e.URL = func(s string) string {
				if first != nil {
					if made := first(s); made != s {
						return made
					}
				}
				if which.meant(s, table) {
					return becomes(s)
				}
				return s
			}
			return false, nil
		}, err
	}
}
