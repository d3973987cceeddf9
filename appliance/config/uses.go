package config

import (
	"reflect"
	"slices"
	"strings"

	"esasim/appliance/engine"
	"esasim/appliance/filter"
	"esasim/appliance/quarantine"
)

// QuarantineUse is a filter or a policy that has messages held in a quarantine.
type QuarantineUse struct{ Kind, Name string }

// QuarantineUses are the filters and policies that have messages held in a quarantine.
// Of mail policies those count that say so themselves, not those for which DEFAULT
// does.
func (a *Appliance) QuarantineUses(name string) []QuarantineUse {
	var out []QuarantineUse
	add := func(kind, by string, held []string) {
		if slices.Contains(held, name) {
			out = append(out, QuarantineUse{kind, by})
		}
	}
	found, _ := filter.Quarantines(a.MessageFilters) // the configuration was checked
	for _, u := range found {
		add("Message Filter", u.Filter, []string{u.Quarantine})
	}
	for _, d := range []struct {
		word     string
		filters  []ContentFilter
		policies []MailPolicy
	}{{"Incoming", a.ContentFilters.Incoming, a.MailPolicies.Incoming}, {"Outgoing", a.ContentFilters.Outgoing, a.MailPolicies.Outgoing}} {
		for i := range d.filters {
			f := d.filters[i].filter()
			add(d.word+" Content Filter", f.Name, f.Quarantines())
		}
		for _, p := range withDefault(d.policies) {
			add(d.word+" Mail Policy", p.Name, p.quarantines())
		}
	}
	for i := range a.DLPPolicies {
		var held []string
		for _, action := range a.DLPPolicies[i].Actions.byName() {
			held = append(held, action.quarantine(quarantine.Policy)...)
		}
		add("DLP Policy", a.DLPPolicies[i].Name, held)
	}
	return out
}

// withDefault are mail policies with DEFAULT as it is, whatever a file says of it.
func withDefault(list []MailPolicy) []MailPolicy {
	n := len(list)
	if n == 0 || list[n-1].Name != defaultPolicy {
		return append(list[:n:n], factoryPolicy())
	}
	return append(list[:n-1:n-1], list[n-1].or(factoryPolicy()))
}

// quarantines are those in which a mail policy has messages held.
func (p *MailPolicy) quarantines() (out []string) {
	own := map[string]string{"antispam": quarantine.Spam, "graymail": quarantine.Spam, "antivirus": quarantine.Virus, "amp": engine.FileAnalysis}
	eachTreatment(reflect.ValueOf(p).Elem(), "", func(key string, t Treatment) {
		section, _, _ := strings.Cut(key, ".")
		out = append(out, t.quarantine(own[section])...)
	})
	if p.Outbreak != nil && p.Outbreak.Enabled {
		out = append(out, quarantine.Outbreak)
	}
	return out
}

// quarantine is that of a treatment; own is that of its engine.
func (t *Treatment) quarantine(own string) []string {
	switch {
	case t.Action != "quarantine":
		return nil
	case t.Quarantine != "":
		return []string{t.Quarantine}
	}
	return []string{own}
}
