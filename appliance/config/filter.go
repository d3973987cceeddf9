package config

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"esasim/appliance/filter"
	"esasim/appliance/stage"
	"esasim/esa"
)

// ContentFilters are the content filters of both directions, in order. A mail policy
// says which of them it has.
type ContentFilters struct {
	Incoming []ContentFilter `yaml:"incoming"` // of incoming mail
	Outgoing []ContentFilter `yaml:"outgoing"` // of outgoing mail
}

// ContentFilter is one of them; what the keys mean is with filter.Content.
type ContentFilter struct {
	Name       string            `yaml:"name"`       // of the filter, in logs and mail policies
	Match      string            `yaml:"match"`      // how many of the conditions must hold; empty: any
	Conditions []FilterCondition `yaml:"conditions"` // none: every message
	Actions    []FilterAction    `yaml:"actions"`    // in order
}

// FilterCondition is a condition of a content filter; see filter.Condition.
type FilterCondition struct {
	If         string   `yaml:"if"`          // what it is about
	Not        bool     `yaml:"not"`         // true: it holds if the rest does not
	Contains   string   `yaml:"contains"`    // how a text must be: one of these five; letter case does not matter
	Is         string   `yaml:"is"`          // likewise
	BeginsWith string   `yaml:"begins_with"` // likewise
	EndsWith   string   `yaml:"ends_with"`   // likewise
	Matches    string   `yaml:"matches"`     // likewise: a regular expression
	Header     string   `yaml:"header"`      // the name of a header field
	Exists     bool     `yaml:"exists"`      // true: the field is there, whatever it says
	In         []string `yaml:"in"`          // one of these: types, kinds, sums, addresses, names, results
	Above      string   `yaml:"above"`       // a number, or a size with K or M
	Below      string   `yaml:"below"`       // likewise
	Min        *float64 `yaml:"min"`         // the lowest score, from -10.0
	Max        *float64 `yaml:"max"`         // the highest, to 10.0
	Dictionary string   `yaml:"dictionary"`  // the name of a dictionary
	Threshold  int      `yaml:"threshold"`   // how often it must be there, by weight; 0: once
	Rule       string   `yaml:"rule"`        // a condition in the language of message filters
}

// FilterAction is an action of a content filter; see filter.Action.
type FilterAction struct {
	Do         string   `yaml:"do"`          // what it does
	Quarantine string   `yaml:"quarantine"`  // the name of a quarantine
	Duplicate  bool     `yaml:"duplicate"`   // true: a copy goes there, and the message on
	To         []string `yaml:"to"`          // addresses
	Subject    string   `yaml:"subject"`     // of what is sent
	ReturnPath string   `yaml:"return_path"` // the envelope sender of what is sent
	Scan       bool     `yaml:"scan"`        // true: the copy meets the stages, too
	Copy       bool     `yaml:"copy"`        // true: the notification has the message in it
	Header     string   `yaml:"header"`      // the name of a header field
	Value      string   `yaml:"value"`       // its value
	Matches    string   `yaml:"matches"`     // a regular expression: what of the field is replaced, or which attachments
	With       string   `yaml:"with"`        // what that is replaced with
	At         string   `yaml:"at"`          // where in the subject; empty: start
	Text       string   `yaml:"text"`        // what is added, said, or put in the place of something; variables such as $Subject are filled in
	Resource   string   `yaml:"resource"`    // the name of a text resource that is the text
	By         string   `yaml:"by"`          // which attachments; empty: all
	In         []string `yaml:"in"`          // types, kinds or sums of attachments; categories of URLs
	Above      string   `yaml:"above"`       // attachments of this size, or larger
	Min        *float64 `yaml:"min"`         // URLs of these scores: the lowest
	Max        *float64 `yaml:"max"`         // and the highest
	Action     string   `yaml:"action"`      // an action in the language of message filters
}

// Dictionary is a list of terms for filters; see filter.Dictionary.
type Dictionary struct {
	Name          string `yaml:"name"`           // of the dictionary
	Terms         []Term `yaml:"terms"`          // what to look for
	WholeWords    bool   `yaml:"whole_words"`    // true: no letter or digit beside a term
	CaseSensitive bool   `yaml:"case_sensitive"` // true: letter case matters
}

// Term is one term of a dictionary.
type Term struct {
	Text   string `yaml:"term"`   // a regular expression, or *credit, *ssn, *aba, *cusip
	Weight int    `yaml:"weight"` // 1 to 10; 0: 1
}

// TextResource is a text that filters name.
type TextResource struct {
	Name string `yaml:"name"` // of the text
	Text string `yaml:"text"` // may have variables such as $Subject
}

// URL is what the reputation service says of URLs; see filter.URL.
type URL struct {
	URL      string   `yaml:"url"`      // all that begin with it; or a domain, with all below it
	Score    *float64 `yaml:"score"`    // -10.0 to 10.0; it has none without
	Category string   `yaml:"category"` // as in Malware
}

// URLList is a list of URLs that rules are told to leave out; see filter.URLList.
type URLList struct {
	Name string   `yaml:"name"` // of the list
	URLs []string `yaml:"urls"` // each with all that begin with it; or domains, with all below them
}

// FileHashList is a list of files; see filter.HashList.
type FileHashList struct {
	Name   string   `yaml:"name"`   // of the list
	Hashes []string `yaml:"hashes"` // SHA-256, in hex
}

func (f *ContentFilter) filter() filter.Content {
	out := filter.Content{Name: f.Name, Match: f.Match}
	for _, c := range f.Conditions {
		out.Conditions = append(out.Conditions, filter.Condition(c))
	}
	for _, a := range f.Actions {
		out.Actions = append(out.Actions, filter.Action(a))
	}
	return out
}

// filterOptions are what filters refer to.
func (a *Appliance) filterOptions() *filter.Options {
	o := &filter.Options{Host: a.Hostname}
	for _, d := range a.Dictionaries {
		made := filter.Dictionary{Name: d.Name, WholeWords: d.WholeWords, CaseSensitive: d.CaseSensitive}
		for _, t := range d.Terms {
			made.Terms = append(made.Terms, filter.Term(t))
		}
		o.Dictionaries = append(o.Dictionaries, made)
	}
	for _, t := range a.TextResources {
		o.Texts = append(o.Texts, filter.Text(t))
	}
	for _, u := range a.URLs {
		o.URLs = append(o.URLs, filter.URL(u))
	}
	for _, l := range a.URLLists {
		o.URLLists = append(o.URLLists, filter.URLList(l))
	}
	for _, l := range a.FileHashLists {
		o.HashLists = append(o.HashLists, filter.HashList(l))
	}
	return o
}

// messageFilters are the stage of the message filters; every fault of filters, and
// of what they refer to, is in the error.
func (a *Appliance) messageFilters(keep map[string]time.Duration) (stage.Stage, error) {
	o := a.filterOptions()
	o.Quarantine = func(name string) bool {
		_, ok := keep[name]
		return ok && name != stage.SpamQuarantine // which only antispam and graymail have
	}
	if err := under("appliance", o.Check()); err != nil {
		return stage.Stage{}, err // filters would say the same again
	}
	made, err := filter.Messages(a.MessageFilters, o)
	if err != nil {
		err = prefixed("appliance.message_filters: ", err)
	}
	errs := []error{err}
	for _, t := range []struct {
		key  string
		list []ContentFilter
		d    esa.Direction
	}{{"incoming", a.ContentFilters.Incoming, esa.Incoming}, {"outgoing", a.ContentFilters.Outgoing, esa.Outgoing}} {
		_, err := filter.Contents(contents(t.list), t.d, o)
		errs = append(errs, under("appliance.content_filters."+t.key, err))
	}
	return made, errors.Join(errs...)
}

func contents(list []ContentFilter) (out []filter.Content) {
	for i := range list {
		out = append(out, list[i].filter())
	}
	return out
}

// prefixed puts text in front of each of the errors that were joined.
func prefixed(text string, err error) error {
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		var errs []error
		for _, e := range all.Unwrap() {
			errs = append(errs, prefixed(text, e))
		}
		return errors.Join(errs...)
	}
	return fmt.Errorf("%s%w", text, err)
}

// contentFilters is the stage of the content filters that a policy names, in the
// order of the table. What is wrong with a filter itself messageFilters says.
func (a *Appliance) contentFilters(p *MailPolicy, d esa.Direction) (stage.Stage, error) {
	if p.ContentFilters == nil {
		return stage.Stage{}, nil
	}
	table := a.ContentFilters.Incoming
	if d == esa.Outgoing {
		table = a.ContentFilters.Outgoing
	}
	var errs []error
	for i, name := range *p.ContentFilters {
		if !slices.ContainsFunc(table, func(f ContentFilter) bool { return f.Name == name }) {
			errs = append(errs, fmt.Errorf("[%d]: there is no content filter %q of %s mail", i, name, d))
		}
	}
	var list []filter.Content
	for i := range table {
		if slices.Contains(*p.ContentFilters, table[i].Name) {
			list = append(list, table[i].filter())
		}
	}
	if len(errs) > 0 || len(list) == 0 {
		return stage.Stage{}, errors.Join(errs...)
	}
	made, _ := filter.Contents(list, d, a.filterOptions())
	return made, nil
}
