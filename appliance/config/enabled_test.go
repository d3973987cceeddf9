package config

import (
	"testing"

	"go.yaml.in/yaml/v3"
)

// A policy that says something of antispam has it on, and treats the verdicts that it
// says nothing of as the factory does.
func TestAntiSpamIsOn(t *testing.T) {
	for text, want := range map[string]struct {
		on       bool
		positive string
		suspect  string
	}{
		"{}":                                          {true, "drop", "deliver"},
		"{suspect: {action: quarantine}}":             {true, "drop", "quarantine"},
		"{positive: {action: deliver}}":               {true, "deliver", "deliver"},
		"{positive: {subject: '[SPAM] '}}":            {true, "", "deliver"},
		"{enabled: false}":                            {false, "drop", "deliver"},
		"{enabled: true, positive: {action: bounce}}": {true, "bounce", "deliver"},
	} {
		var p MailPolicy
		if err := yaml.Unmarshal([]byte("antispam: "+text), &p); err != nil {
			t.Fatal(err)
		}
		if c := p.AntiSpam; c.Enabled != want.on || c.Positive.Action != want.positive || c.Suspect.Action != want.suspect {
			t.Errorf("%s: %+v", text, c)
		}
	}
	var p MailPolicy
	if err := yaml.Unmarshal([]byte("antispam: {enabled: []}"), &p); err == nil {
		t.Error("a list is true or false")
	}
}
