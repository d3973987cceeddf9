package config

import (
	"strings"
	"testing"

	"esasim/esa"
)

// What is wrong with files, outbreak rules, DLP policies, and what mail policies say of
// them, names its key.
func TestEngineFaults(t *testing.T) {
	dlp := func(p DLPPolicy) func(*Appliance) {
		if p.Name == "" {
			p.Name = "P"
		}
		if p.Detect == nil {
			p.Detect = []DLPDetect{{Type: "iban"}}
		}
		return func(a *Appliance) { a.DLPPolicies = []DLPPolicy{p} }
	}
	detect := func(d DLPDetect) func(*Appliance) { return dlp(DLPPolicy{Detect: []DLPDetect{d}}) }
	file := func(f File) func(*Appliance) { return func(a *Appliance) { a.Files = []File{{Name: "*"}, f} } }
	rule := func(r OutbreakRule) func(*Appliance) {
		return func(a *Appliance) { a.OutbreakRules = []OutbreakRule{r} }
	}
	some := When{Subject: []string{"x"}}
	for want, change := range map[string]func(*Appliance){
		"appliance.files[1].sha256: is missing":                         file(File{}),
		"appliance.files[1].sha256: \"abc\"":                            file(File{SHA256: "abc"}),
		"appliance.files[1].attachment: \"[\"":                          file(File{Name: "["}),
		"appliance.files[1].type: \"exe\"":                              file(File{Type: "exe"}),
		"appliance.files[1].verdict: \"bad\"":                           file(File{Name: "*", Verdict: "bad"}),
		"appliance.files[1].malware: ":                                  file(File{Name: "*", Malware: "a\nb"}),
		"appliance.files[1].score: 101":                                 file(File{Name: "*", Score: 101}),
		"appliance.files[1].analysis.takes: ":                           file(File{Name: "*", Analysis: &Analysis{Verdict: "clean"}}),
		"appliance.files[1].analysis.verdict: \"unknown\"":              file(File{Name: "*", Analysis: &Analysis{Takes: 1, Verdict: "unknown"}}),
		"appliance.files[1].analysis: ":                                 file(File{Name: "*", Verdict: "clean", Analysis: &Analysis{Takes: 1, Verdict: "clean"}}),
		"appliance.files[1].later.after: ":                              file(File{Name: "*", Later: &Later{Verdict: "clean"}}),
		"appliance.files[1].later.verdict: \"\"":                        file(File{Name: "*", Later: &Later{After: 1}}),
		"appliance.outbreak_rules[0].id: ":                              rule(OutbreakRule{Level: 1, When: some}),
		"appliance.outbreak_rules[0].threat_level: 6":                   rule(OutbreakRule{ID: "X", Level: 6, When: some}),
		"appliance.outbreak_rules[0].when.sender: ":                     rule(OutbreakRule{ID: "X", Level: 1}),
		"appliance.outbreak_rules[0].when.sha256: ":                     rule(OutbreakRule{ID: "X", Level: 1, When: When{SHA256: []string{"x"}}}),
		"appliance.outbreak_rules[0].hold: ":                            rule(OutbreakRule{ID: "X", Level: 1, When: some, Hold: -1}),
		"appliance.dlp_policies[0].detect: ":                            dlp(DLPPolicy{Detect: []DLPDetect{}}),
		"appliance.dlp_policies[0].where[0]: ":                          dlp(DLPPolicy{Where: []string{"head"}}),
		"appliance.dlp_policies[0].when.ip: ":                           dlp(DLPPolicy{When: &When{IP: []string{"x"}}}),
		"appliance.dlp_policies[0].severity.low: want low 50":           dlp(DLPPolicy{Severity: DLPScale{Low: 50}}),
		"appliance.dlp_policies[0].actions.high.action: ":               dlp(DLPPolicy{Actions: DLPActions{High: DLPAction{Treatment: Treatment{Action: "burn"}}}}),
		"appliance.dlp_policies[0].actions.low.notify[0]: ":             dlp(DLPPolicy{Actions: DLPActions{Low: DLPAction{Notify: []string{"me"}}}}),
		"appliance.dlp_policies[0].actions.low.encrypt: ":               dlp(DLPPolicy{Actions: DLPActions{Low: DLPAction{Encrypt: true, Treatment: Treatment{Action: "drop"}}}}),
		"appliance.dlp_policies[0].actions.low.quarantine: there is no": dlp(DLPPolicy{Actions: DLPActions{Low: DLPAction{Treatment: Treatment{Action: "quarantine", Quarantine: "None"}}}}),
		"appliance.dlp_policies[0].detect[0].type: ":                    detect(DLPDetect{Type: "dna"}),
		"appliance.dlp_policies[0].detect[0].pattern: ":                 detect(DLPDetect{Type: "pattern", Name: "N", Pattern: "("}),
		"appliance.dlp_policies[0].detect[0].words[1]: ":                detect(DLPDetect{Type: "dictionary", Name: "N", Words: []string{"a", "#"}}),
		"appliance.dlp_policies[0].detect[0].words: ":                   detect(DLPDetect{Type: "dictionary", Name: "N"}),
		"appliance.dlp_policies[0].detect[0].name: ":                    detect(DLPDetect{Type: "pattern", Pattern: "x"}),
		"appliance.dlp_policies[0].detect[0].weight: ":                  detect(DLPDetect{Type: "iban", Weight: -1}),
		"appliance.dlp_policies[1].name: ":                              func(a *Appliance) { dlp(DLPPolicy{})(a); a.DLPPolicies = append(a.DLPPolicies, a.DLPPolicies[0]) },
		"appliance.mail_policies.incoming[0].amp.malicious.action: ":    func(a *Appliance) { a.MailPolicies.Incoming[0].AMP.Malicious.Action = "burn" },
		"appliance.mail_policies.incoming[0].amp.pending.quarantine: there is no": func(a *Appliance) {
			a.MailPolicies.Incoming[0].AMP.Pending = Treatment{Action: "quarantine", Quarantine: "None"}
		},
		"appliance.mail_policies.incoming[0].amp.remediation: ":    func(a *Appliance) { a.MailPolicies.Incoming[0].AMP.Remediation = "burn" },
		"appliance.mail_policies.outgoing[0].outbreak.threshold: ": func(a *Appliance) { a.MailPolicies.Outgoing[0].Outbreak.Threshold = 0 },
		"appliance.mail_policies.outgoing[0].dlp.policies[0]: ":    func(a *Appliance) { a.MailPolicies.Outgoing[0].DLP = &DLP{Policies: []string{"None"}} },
		"appliance.mail_policies.incoming[0].dlp.policies: ": func(a *Appliance) {
			dlp(DLPPolicy{})(a)
			a.MailPolicies.Incoming[0].DLP = &DLP{Policies: []string{"P"}}
		},
	} {
		a := Default()
		change(&a)
		err := a.Check()
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("%v\nwant one fault: %s", err, want)
		}
	}
}

// From the factory there are no stages that nothing asks for.
func TestFactoryStages(t *testing.T) {
	a := Default()
	stages := func(d esa.Direction) (out []esa.Engine) {
		o, err := a.Queue()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range o.Policies[d][0].Stages {
			out = append(out, s.Engine)
		}
		return out
	}
	for _, d := range []esa.Direction{esa.Incoming, esa.Outgoing} {
		for _, e := range stages(d) {
			if e == esa.OutbreakFilters || e == esa.DLP {
				t.Errorf("%s mail meets engine %d", d, e)
			}
		}
	}
	a.OutbreakRules = []OutbreakRule{{ID: "X", Level: 3, When: When{Subject: []string{"x"}}}}
	a.DLPPolicies = []DLPPolicy{{Name: "P", Detect: []DLPDetect{{Type: "iban"}}}}
	a.MailPolicies.Outgoing[0].DLP = &DLP{Policies: []string{"P"}}
	in, out := stages(esa.Incoming), stages(esa.Outgoing)
	if in[len(in)-1] != esa.OutbreakFilters || out[len(out)-1] != esa.DLP || out[len(out)-2] != esa.OutbreakFilters {
		t.Errorf("incoming %v, outgoing %v", in, out)
	}
}

// Whether mail is taken out of mailboxes is the mail policy's to say, or DEFAULT's.
func TestRemediates(t *testing.T) {
	off, on := factoryAMP(), factoryAMP()
	on.Remediation = "delete"
	a := Default()
	a.MailPolicies.Incoming = []MailPolicy{{Name: "on", AMP: on}, {Name: "off", AMP: off}, {Name: "silent"}, {Name: defaultPolicy, AMP: on}}
	for _, c := range []struct {
		policy string
		d      esa.Direction
		want   bool
	}{{"on", esa.Incoming, true}, {"off", esa.Incoming, false}, {"silent", esa.Incoming, true}, {defaultPolicy, esa.Incoming, true}, {"gone", esa.Incoming, true}, {"on", esa.Outgoing, false}} {
		if got := a.Remediates(&esa.Message{Policy: c.policy, Direction: c.d}); got != c.want {
			t.Errorf("%s, %s: %t", c.policy, c.d, got)
		}
	}
}
