package config

import (
	"slices"
	"testing"
)

// Whatever has messages held in a quarantine is among its uses, once, and nothing else
// is.
func TestQuarantineUses(t *testing.T) {
	a := filtered(func(a *Appliance) {
		a.MessageFilters = `deep: if (true) { if (subject == "x") { log-entry("Virus"); } else { quarantine("Mine"); duplicate-quarantine("Mine"); } }
			virus: { duplicate-quarantine("Virus"); }
			none: { drop(); }`
		a.ContentFilters.Outgoing = []ContentFilter{{Name: "copy", Actions: []FilterAction{{Do: "quarantine", Quarantine: "Mine", Duplicate: true}}}}
		a.ContentFilters.Incoming = append(a.ContentFilters.Incoming, ContentFilter{Name: "text", Actions: []FilterAction{{Do: "action", Action: `quarantine("Virus")`}}})
		a.MailPolicies.Incoming[0].AntiSpam = &AntiSpam{Positive: Treatment{Action: "quarantine", Quarantine: "Mine"}, Suspect: Treatment{Action: "quarantine"}}
		a.MailPolicies.Outgoing = []MailPolicy{{Name: "DEFAULT", Outbreak: &OutbreakFilters{}, AMP: &AMP{Pending: Treatment{Action: "quarantine"}}}}
		a.DLPPolicies = []DLPPolicy{{Name: "cards", Actions: DLPActions{High: DLPAction{Treatment: Treatment{Action: "quarantine"}}}}}
	})
	for name, want := range map[string][]QuarantineUse{
		"Mine":             {{"Message Filter", "deep"}, {"Incoming Mail Policy", "Sales"}, {"Outgoing Content Filter", "copy"}},
		"Virus":            {{"Message Filter", "virus"}, {"Incoming Content Filter", "text"}},
		"Spam Quarantine":  {{"Incoming Mail Policy", "Sales"}},
		"File Analysis":    {{"Outgoing Mail Policy", "DEFAULT"}},
		"Policy":           {{"DLP Policy", "cards"}},
		"Outbreak":         {{"Incoming Mail Policy", "DEFAULT"}},
		"Unclassified":     nil,
		"nothing is there": nil,
	} {
		if got := a.QuarantineUses(name); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	def := Default()
	if got := def.QuarantineUses("Outbreak"); len(got) != 2 {
		t.Errorf("from the factory, outbreak filters hold in Outbreak: %v", got)
	}
}
