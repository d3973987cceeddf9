package cli

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"esasim/appliance/config"
)

// dictionaryConfig shows and changes dictionaries of the user's draft. What goes well on
// a single line says nothing, which public clients take for success. Source: these
// clients, and AsyncOS CLI reference, dictionaryconfig.
func dictionaryConfig(c *call) error {
	ops := []operation{{"NEW", "Create a new content dictionary."}, {"EDIT", "Modify a content dictionary."},
		{"DELETE", "Remove a content dictionary."}, {"PRINT", "Display a content dictionary."}}
	return c.operate(c.listDictionaries, ops, func(name string) error {
		dictionary, err := c.ask("\nEnter the name of the content dictionary.\n", "")
		if err != nil || dictionary == "" {
			return err
		}
		if name == "NEW" {
			return c.newDictionary(dictionary)
		}
		d, err := c.dictionary(dictionary)
		if err != nil {
			return err
		}
		switch name {
		case "PRINT":
			return c.printDictionary(d)
		case "DELETE":
			if err := c.noMore(); err != nil {
				return err
			}
			return c.Changes.Remove(c.User.Name, dictionaryKey(d.Name))
		}
		return c.editDictionary(d.Name)
	})
}

func (c *call) listDictionaries() {
	draft, err := c.Changes.Draft(c.User.Name)
	if err != nil || len(draft.Dictionaries) == 0 {
		c.say("No content dictionaries have been defined.\n")
		return
	}
	c.say("Currently configured content dictionaries:\n")
	for i, d := range draft.Dictionaries {
		c.say("%d. %s\n", i+1, clean(d.Name))
	}
}

// dictionary is one of the user's draft.
func (c *call) dictionary(name string) (config.Dictionary, error) {
	draft, err := c.Changes.Draft(c.User.Name)
	if err != nil {
		return config.Dictionary{}, err
	}
	i := slices.IndexFunc(draft.Dictionaries, func(d config.Dictionary) bool { return strings.EqualFold(d.Name, name) })
	if i < 0 {
		return config.Dictionary{}, failed(`The content dictionary "%s" does not exist.`, clean(name))
	}
	return draft.Dictionaries[i], nil
}

func dictionaryKey(name string) string { return "appliance.dictionaries[" + name + "]" }

func (c *call) printDictionary(d config.Dictionary) error {
	if err := c.noMore(); err != nil {
		return err
	}
	for _, t := range d.Terms {
		c.say("%s, %d\n", clean(t.Text), max(t.Weight, 1))
	}
	return nil
}

func (c *call) newDictionary(name string) error {
	if _, err := c.dictionary(name); err == nil {
		return failed(`The content dictionary "%s" already exists.`, clean(name))
	}
	term, err := c.ask("\nEnter a word or regular expression.\n", "")
	if err != nil {
		return err
	}
	if err := c.noMore(); err != nil {
		return err
	}
	return c.setTerms(name, []config.Term{readTerm(term)})
}

func (c *call) editDictionary(name string) error {
	ops := []operation{{"NEW", "Create new entries in this dictionary."}, {"DELETE", "Remove an entry from this dictionary."}, {"PRINT", "List the entries of this dictionary."}}
	return c.operate(nil, ops, func(do string) error {
		d, err := c.dictionary(name) // as it is by now
		if err != nil {
			return err
		}
		if do == "PRINT" {
			return c.printDictionary(d)
		}
		text, err := c.ask("\nEnter a word or regular expression.\n", "")
		if err != nil || text == "" {
			return err
		}
		if err := c.noMore(); err != nil {
			return err
		}
		term := readTerm(text)
		at := slices.IndexFunc(d.Terms, func(t config.Term) bool { return t.Text == term.Text })
		switch {
		case do == "NEW" && at >= 0:
			return failed(`"%s" already exists in the dictionary.`, clean(term.Text))
		case do == "DELETE" && at < 0:
			return failed(`"%s" does not exist in the dictionary.`, clean(term.Text))
		case do == "DELETE":
			return c.setTerms(d.Name, slices.Delete(slices.Clone(d.Terms), at, at+1))
		}
		return c.setTerms(d.Name, append(slices.Clone(d.Terms), term))
	})
}

// readTerm reads "term" or "term, weight".
func readTerm(text string) config.Term {
	if i := strings.LastIndex(text, ","); i > 0 {
		if w, err := strconv.Atoi(strings.TrimSpace(text[i+1:])); err == nil {
			return config.Term{Text: strings.TrimSpace(text[:i]), Weight: w}
		}
	}
	return config.Term{Text: text}
}

func (c *call) setTerms(name string, terms []config.Term) error {
	value, err := yaml.Marshal(map[string]any{"terms": terms})
	if err != nil {
		return err
	}
	return c.Changes.Set(c.User.Name, dictionaryKey(name), string(value))
}
