package config

import (
	"strings"
	"testing"

	"esasim/esa"
)

// filtered is a configuration with filters, of which one thing is changed.
func filtered(change func(*Appliance)) *Appliance {
	a := Default()
	a.MessageFilters = `mf: if (subject == "x") { drop(); }`
	drop := []FilterAction{{Do: "drop"}}
	a.ContentFilters.Incoming = []ContentFilter{{Name: "one", Actions: drop}, {Name: "two", Actions: drop}}
	a.ContentFilters.Outgoing = []ContentFilter{{Name: "out", Actions: drop}}
	names := []string{"two"}
	a.MailPolicies.Incoming = []MailPolicy{{Name: "Sales", Recipients: []string{"sales@x.example"}, ContentFilters: &names}, {Name: "DEFAULT", ContentFilters: &[]string{"two", "one"}}}
	change(&a)
	return &a
}

// A policy has the content filters that it names, in the order of the table; those
// of DEFAULT if it names none. Without any there is no stage.
func TestFiltersOfPolicies(t *testing.T) {
	o, err := filtered(func(a *Appliance) {
		a.MailPolicies.Incoming = append([]MailPolicy{{Name: "None", ContentFilters: &[]string{}}, {Name: "Like"}}, a.MailPolicies.Incoming...)
	}).Queue()
	if err != nil {
		t.Fatal(err)
	}
	has := func(d esa.Direction, policy string) bool {
		for _, p := range o.Policies[d] {
			if p.Name == policy {
				last := p.Stages[len(p.Stages)-1]
				return last.Engine == esa.ContentFilters && last.Scan != nil
			}
		}
		t.Fatal(policy)
		return false
	}
	for policy, want := range map[string]bool{"None": false, "Like": true, "Sales": true, "DEFAULT": true} {
		if has(esa.Incoming, policy) != want {
			t.Errorf("%s: content filters %t", policy, !want)
		}
	}
	if has(esa.Outgoing, "DEFAULT") {
		t.Error("outgoing mail has content filters that no policy names")
	}
	if o.Filters[esa.Incoming].Scan == nil || o.Filters[esa.Outgoing].Scan == nil {
		t.Error("no message filters")
	}
	def := Default()
	if o, err := def.Queue(); err != nil || o.Filters[esa.Incoming].Scan != nil || len(o.Policies[esa.Incoming][0].Stages) != 3 {
		t.Errorf("from the factory: %+v, %v", o, err)
	}
}

// Each fault of filters names its key, once.
func TestFilterFaults(t *testing.T) {
	for want, change := range map[string]func(*Appliance){
		"appliance.message_filters: line 2, column 5: drp: no such action; did you mean drop?":                        func(a *Appliance) { a.MessageFilters = "f:\n  { drp(); }" },
		"appliance.content_filters.incoming[1].conditions[0].if: ":                                                    func(a *Appliance) { a.ContentFilters.Incoming[1].Conditions = []FilterCondition{{If: "x"}} },
		"appliance.content_filters.outgoing[0].actions: wants an action":                                              func(a *Appliance) { a.ContentFilters.Outgoing[0].Actions = nil },
		"appliance.mail_policies.incoming[0].content_filters[0]: there is no content filter \"out\" of incoming mail": func(a *Appliance) { (*a.MailPolicies.Incoming[0].ContentFilters)[0] = "out" },
		"appliance.dictionaries[0].terms[0].term: ":                                                                   func(a *Appliance) { a.Dictionaries = []Dictionary{{Name: "d", Terms: []Term{{Text: "["}}}} },
		"appliance.text_resources[0].name: ":                                                                          func(a *Appliance) { a.TextResources = []TextResource{{}} },
		"appliance.urls[0].url: ":                                                                                     func(a *Appliance) { a.URLs = []URL{{}} },
	} {
		err := filtered(change).Check()
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if err := filtered(func(*Appliance) {}).Check(); err != nil {
		t.Error(err)
	}
}
