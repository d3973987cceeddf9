package config

import (
	"cmp"

	"esasim/appliance/engine"
	"esasim/appliance/stage"
)

// SpamScanning are the settings of CASE, which antispam and graymail share.
type SpamScanning struct {
	// MaxScanSize is the size above which messages are not scanned (AsyncOS user
	// guide, "Message scanning thresholds": 1 MiB).
	MaxScanSize Size `yaml:"max_scan_size"`
}

// AntiSpam is what a mail policy does with spam.
type AntiSpam struct {
	Enabled bool `yaml:"enabled"` // false: the stage is left out
	// PositiveScore and SuspectScore are the scores from which on a message is spam,
	// or may be; 0: 90 and 50. Only rules give scores.
	PositiveScore int       `yaml:"positive_score"`
	SuspectScore  int       `yaml:"suspect_score"`
	Positive      Treatment `yaml:"positive"` // messages that are spam
	Suspect       Treatment `yaml:"suspect"`  // messages that may be
}

// The scores from the factory (AsyncOS user guide, "Spam thresholds").
const (
	positiveScore = 90
	suspectScore  = 50
)

func factoryAntiSpam() *AntiSpam {
	return &AntiSpam{Enabled: true, PositiveScore: positiveScore, SuspectScore: suspectScore,
		Positive: Treatment{Action: "drop"}, Suspect: Treatment{Action: "deliver", Subject: "[SUSPECTED SPAM] "}}
}

func (a *Appliance) antispam(p *MailPolicy) (stage.Stage, error) {
	c := p.AntiSpam
	if !c.Enabled {
		return stage.Stage{}, nil
	}
	rules, err := a.engineRules()
	if err != nil {
		return stage.Stage{}, nil // Queue says so
	}
	s, err := engine.AntiSpam(engine.SpamOptions{Positive: stage.Treatment(c.Positive), Suspect: stage.Treatment(c.Suspect),
		PositiveScore: cmp.Or(c.PositiveScore, positiveScore), SuspectScore: cmp.Or(c.SuspectScore, suspectScore),
		MaxSize: int64(a.SpamScanning.MaxScanSize), Rules: rules})
	return a.unlessOff(s, MailFlowPolicy.spamOff), err
}

// Graymail is what a mail policy does with mail that somebody once asked for.
type Graymail struct {
	Enabled   bool      `yaml:"enabled"`   // false: the stage is left out
	Marketing Treatment `yaml:"marketing"` // mail of professional marketing groups
	Social    Treatment `yaml:"social"`    // notifications of social networks
	Bulk      Treatment `yaml:"bulk"`      // mail of less known groups, and of lists
}

// factoryGraymail is off: the appliance needs a licence for it. The texts are those
// that its pages offer (inferred).
func factoryGraymail() *Graymail {
	tag := func(s string) Treatment { return Treatment{Action: "deliver", Subject: s} }
	return &Graymail{Marketing: tag("[MARKETING] "), Social: tag("[SOCIAL NETWORK] "), Bulk: tag("[BULK] ")}
}

func (a *Appliance) graymail(p *MailPolicy) (stage.Stage, error) {
	c := p.Graymail
	if !c.Enabled {
		return stage.Stage{}, nil
	}
	rules, err := a.engineRules()
	if err != nil {
		return stage.Stage{}, nil // Queue says so
	}
	s, err := engine.Graymail(engine.GraymailOptions{Marketing: stage.Treatment(c.Marketing), Social: stage.Treatment(c.Social),
		Bulk: stage.Treatment(c.Bulk), MaxSize: int64(a.SpamScanning.MaxScanSize), Rules: rules})
	return a.unlessOff(s, MailFlowPolicy.spamOff), err
}
