package config

import (
	"io"
	"strings"
	"testing"

	"esasim/appliance/stage"
	"esasim/esa"
)

// looks tells which of the engines looks at incoming mail of a sender group.
func looks(t *testing.T, a *Appliance, d esa.Direction, listener, group string) string {
	t.Helper()
	o, err := a.Queue()
	if err != nil {
		t.Fatal(err)
	}
	j := stage.NewJob(func(esa.MID) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("\r\n")), nil })
	j.Take(&esa.Message{MID: 1, Source: esa.Source{Listener: listener, Group: group}})
	var out []string
	names := map[esa.Engine]string{esa.AntiSpam: "spam", esa.AntiVirus: "virus", esa.Graymail: "graymail"}
	for _, s := range o.Policies[d][0].Stages {
		if s.Spares != nil && s.Spares(j) {
			continue
		}
		f, err := s.Scan(j)
		if err != nil {
			t.Fatal(err)
		}
		if name := names[s.Engine]; name != "" && f.Verdict != esa.NotEvaluated {
			out = append(out, name)
		}
	}
	return strings.Join(out, " ")
}

// Who meets which engine is said by mail flow policy and mail policy.
func TestChecks(t *testing.T) {
	private := NewListener("Private", Private, "127.0.0.1:0")
	private.SenderGroups = []SenderGroup{{Name: "Trusted", Policy: "$ACCEPTED"}, {Name: "ALL", Policy: "NoVirus"}}
	base := func() Appliance {
		a := Default()
		a.Listeners = []MoreListener{private}
		a.Policies = append(a.Policies, MailFlowPolicy{Name: "NoVirus", Rule: "ACCEPT", VirusCheck: "off"})
		a.SenderGroups = append([]SenderGroup{{Name: "Trusted", Policy: "$TRUSTED"}}, a.SenderGroups...)
		a.MailPolicies.Incoming[0].Graymail.Enabled = true
		return a
	}
	for _, c := range []struct {
		listener, group, want string
		change                func(*Appliance)
	}{
		{"IncomingMail", "UNKNOWNLIST", "spam virus graymail", nil},
		{"IncomingMail", "None", "spam virus graymail", nil},
		{"IncomingMail", "Trusted", "virus", nil},
		{"IncomingMail", "WHITELIST", "virus", nil},
		{"Private", "Trusted", "spam virus graymail", nil},
		{"Private", "None", "spam graymail", nil},
		{"IncomingMail", "None", "virus", func(a *Appliance) { a.SenderGroups = nil; a.Policies[0].SpamCheck = "off" }},
		{"IncomingMail", "None", "virus graymail", func(a *Appliance) { a.MailPolicies.Incoming[0].AntiSpam = &AntiSpam{} }},
		{"IncomingMail", "None", "spam", func(a *Appliance) {
			a.MailPolicies.Incoming[0].AntiVirus, a.MailPolicies.Incoming[0].Graymail = &AntiVirus{}, nil
		}},
	} {
		a := base()
		if c.change != nil {
			c.change(&a)
		}
		if got := looks(t, &a, esa.Incoming, c.listener, c.group); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.listener, c.group, got, c.want)
		}
	}
	a := Default()
	if got := looks(t, &a, esa.Incoming, "IncomingMail", "UNKNOWNLIST"); got != "spam virus" {
		t.Errorf("factory: %q", got)
	}
}

// What is wrong is told with its key, once.
func TestEngineErrors(t *testing.T) {
	for want, change := range map[string]func(*Appliance){
		`appliance.engine_rules[0].when.body: a value is empty, which would always fit`: func(a *Appliance) {
			a.EngineRules = []EngineRule{{Engine: "antispam", Verdict: "positive", When: When{Body: []string{""}}}}
		},
		`appliance.viruses[1].sha256: "ab": want 64 hex digits`: func(a *Appliance) {
			a.Viruses = []Virus{{SHA256: strings.Repeat("0", 64), Name: "a"}, {SHA256: "ab", Name: "b"}}
		},
		`appliance.viruses[1].sha256: ` + strings.Repeat("a", 64) + ` is in the list twice`: func(a *Appliance) {
			a.Viruses = []Virus{{SHA256: strings.Repeat("a", 64), Name: "a"}, {SHA256: strings.Repeat("A", 64), Name: "b"}}
		},
		`appliance.viruses[0].name: "": want a name, on one line`: func(a *Appliance) {
			a.Viruses = []Virus{{SHA256: strings.Repeat("0", 64)}}
		},
		`appliance.mail_policies.incoming[0].antivirus.viral.action: "kill": want deliver, drop, bounce or quarantine`: func(a *Appliance) {
			a.MailPolicies.Incoming[0].AntiVirus.Viral.Action = "kill"
		},
		`appliance.mail_policies.incoming[0].graymail.bulk.quarantine: there is no quarantine "Nowhere"`: func(a *Appliance) {
			a.MailPolicies.Incoming[0].Graymail.Bulk = Treatment{Action: "quarantine", Quarantine: "Nowhere"}
		},
		`appliance.mail_policies.incoming[0].antispam.suspect_score: 95 and positive_score: 90: want 1 to 100, the first one less`: func(a *Appliance) {
			a.MailPolicies.Incoming[0].AntiSpam.SuspectScore = 95
		},
		`appliance.spam_scanning.max_scan_size: must be greater than 0`: func(a *Appliance) { a.SpamScanning.MaxScanSize = 0 },
	} {
		a := Default()
		change(&a)
		if err := a.Check(); err == nil || err.Error() != want {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
}
