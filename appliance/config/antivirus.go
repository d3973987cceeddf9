package config

import (
	"fmt"
	"strings"

	"esasim/appliance/engine"
	"esasim/appliance/stage"
)

// Virus is a file that antivirus knows.
type Virus struct {
	SHA256     string `yaml:"sha256"`     // of the file, in hex
	Name       string `yaml:"name"`       // what it is called in the logs
	Repairable bool   `yaml:"repairable"` // it can be taken out of a message
}

// AntiVirus is what a mail policy does with viruses.
type AntiVirus struct {
	Enabled     bool      `yaml:"enabled"`     // false: the stage is left out
	Repair      bool      `yaml:"repair"`      // take viruses out of messages, if all of one's are repairable
	Repaired    Treatment `yaml:"repaired"`    // messages out of which they were taken
	Encrypted   Treatment `yaml:"encrypted"`   // messages that nobody can look into
	Unscannable Treatment `yaml:"unscannable"` // messages with broken archives, or such as unpack to too much
	Viral       Treatment `yaml:"viral"`       // messages with a virus
	Notify      Notify    `yaml:"notify"`      // who is told of viral messages
}

// Notify says who gets a notification of a viral message.
type Notify struct {
	Sender     bool     `yaml:"sender"`     // the envelope sender
	Recipients bool     `yaml:"recipients"` // the envelope recipients
	Others     []string `yaml:"others"`     // other addresses
}

// factoryAntiVirus has the texts that the appliance's pages offer (AsyncOS user
// guide, "Configuring virus scanning").
func factoryAntiVirus() *AntiVirus {
	tag := func(s string) Treatment { return Treatment{Action: "deliver", Subject: s} }
	return &AntiVirus{Enabled: true, Repair: true, Repaired: tag("[WARNING: VIRUS REMOVED] "),
		Encrypted: tag("[WARNING: MESSAGE ENCRYPTED] "), Unscannable: tag("[WARNING: A/V UNSCANNABLE] "),
		Viral: Treatment{Action: "drop"}, Notify: Notify{Others: []string{}}}
}

func (a *Appliance) antivirus(p *MailPolicy) (stage.Stage, error) {
	c := p.AntiVirus
	if !c.Enabled {
		return stage.Stage{}, nil
	}
	rules, err := a.engineRules()
	if err != nil {
		return stage.Stage{}, nil // Queue says so
	}
	known, err := a.viruses()
	if err != nil {
		return stage.Stage{}, nil // likewise
	}
	n := engine.Notice{Sender: c.Notify.Sender, Recipients: c.Notify.Recipients, Others: c.Notify.Others, Host: a.Hostname}
	s, err := engine.AntiVirus(engine.VirusOptions{Repair: c.Repair, Repaired: stage.Treatment(c.Repaired), Encrypted: stage.Treatment(c.Encrypted),
		Unscannable: stage.Treatment(c.Unscannable), Viral: stage.Treatment(c.Viral), Notice: n, Viruses: known, Rules: rules})
	return a.unlessOff(s, MailFlowPolicy.virusOff), err
}

// viruses are the files that antivirus knows.
func (a *Appliance) viruses() (map[string]engine.Virus, error) {
	out := map[string]engine.Virus{}
	for i, v := range a.Viruses {
		sum := strings.ToLower(v.SHA256)
		_, taken := out[sum]
		switch {
		case len(sum) != 64 || strings.Trim(sum, "0123456789abcdef") != "":
			return nil, fmt.Errorf("appliance.viruses[%d].sha256: %q: want 64 hex digits", i, v.SHA256)
		case taken:
			return nil, fmt.Errorf("appliance.viruses[%d].sha256: %s is in the list twice", i, sum)
		case v.Name == "" || strings.ContainsAny(v.Name, "\r\n"):
			return nil, fmt.Errorf("appliance.viruses[%d].name: %q: want a name, on one line", i, v.Name)
		}
		out[sum] = engine.Virus{Name: v.Name, Repairable: v.Repairable}
	}
	return out, nil
}
