package config

import (
	"maps"

	"esasim/appliance/engine"
	"esasim/appliance/stage"
)

// EngineRule has a simulated engine find something in the messages that fit; what
// each key means is with engine.Rule. Of each engine the first that fits decides.
type EngineRule struct {
	Engine  string `yaml:"engine"`  // antispam, graymail or antivirus
	Verdict string `yaml:"verdict"` // positive, suspect, negative, marketing, social, bulk; viral, repaired, encrypted, unscannable, clean
	Score   int    `yaml:"score"`   // of antispam, instead of a verdict: 1 to 100
	Name    string `yaml:"name"`    // of the virus
	When    When   `yaml:"when"`    // what the message must be like; each key that is there must fit, of a list one value
}

// When says which messages a rule is about; what each key means is with
// engine.When.
type When struct {
	Sender     []string `yaml:"sender"`     // of the envelope, written as in mail policies
	Recipient  []string `yaml:"recipient"`  // one of the envelope, likewise
	Subject    []string `yaml:"subject"`    // texts in it
	Header     []string `yaml:"header"`     // "Name" of one that is there, or "Name: text" of one that has the text in it
	Body       []string `yaml:"body"`       // texts in a part that is text
	URL        []string `yaml:"url"`        // texts in one of the URLs
	Attachment []string `yaml:"attachment"` // names of files, with * and ?
	Type       []string `yaml:"type"`       // of files: media types such as image/*, or what they look like: exe, zip, pdf, script
	SHA256     []string `yaml:"sha256"`     // of files, in hex
	IP         []string `yaml:"ip"`         // addresses and CIDR ranges of who sent it
}

func (a *Appliance) engineRules() (*engine.Rules, error) {
	list := make([]engine.Rule, len(a.EngineRules))
	for i, r := range a.EngineRules {
		list[i] = engine.Rule{Engine: r.Engine, Verdict: r.Verdict, Score: r.Score, Name: r.Name, When: engine.When(r.When)}
	}
	rules, err := engine.NewRules(list)
	return rules, under("appliance.engine_rules", err)
}

func (p MailFlowPolicy) spamOff() bool  { return p.SpamCheck == off }
func (p MailFlowPolicy) virusOff() bool { return p.VirusCheck == off }

const off = "off"

// senders are those of one row of a listener's HAT.
type senders struct{ listener, group string }

// without lists the senders whose mail flow policy has a check switched off.
func (a *Appliance) without(isOff func(MailFlowPolicy) bool) map[senders]bool {
	policies, out := map[string]bool{}, map[senders]bool{}
	for _, p := range a.Policies {
		policies[p.Name] = isOff(p)
	}
	for _, l := range a.Every() {
		nobody := senders{l.Interface, "None"} // whom no group has, as the logs call them
		out[nobody] = policies["$ACCEPTED"]
		for _, g := range l.SenderGroups {
			if out[senders{l.Interface, g.Name}] = policies[g.Policy]; g.Name == "ALL" {
				out[nobody] = policies[g.Policy]
			}
		}
	}
	maps.DeleteFunc(out, func(_ senders, off bool) bool { return !off })
	return out
}

// unlessOff is a stage that those senders do not meet.
func (a *Appliance) unlessOff(s stage.Stage, isOff func(MailFlowPolicy) bool) stage.Stage {
	spared := a.without(isOff)
	if len(spared) > 0 {
		s.Spares = func(j *stage.Job) bool {
			from := &j.Message.Source
			return spared[senders{from.Listener, from.Group}]
		}
	}
	return s
}
