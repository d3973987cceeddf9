package config

import (
	"errors"
	"fmt"
	"time"

	"esasim/appliance/engine"
	"esasim/appliance/stage"
)

// OutbreakRule is what the vendor would have sent the appliance of a threat.
type OutbreakRule struct {
	ID       string        `yaml:"id"`           // in logs: OUTBREAK_0002187_03
	Level    int           `yaml:"threat_level"` // 1 to 5
	Category string        `yaml:"category"`     // Phish, Scam, Virus, ...
	When     When          `yaml:"when"`         // which messages it is about
	Hold     time.Duration `yaml:"hold"`         // in the quarantine; 0s: as long as the policy says
	Until    time.Time     `yaml:"until"`        // when the rule is withdrawn: 2026-01-31T12:00:00Z; without: never
}

// OutbreakFilters are what outbreak filters do.
type OutbreakFilters struct {
	Enabled   bool `yaml:"enabled"`   // false: outbreak filters do not look at messages
	Threshold int  `yaml:"threshold"` // threat level from which messages are quarantined
	// MaxHold is for how long the quarantine holds a message at most, for threats by
	// attachment; MaxHoldOther likewise for others.
	MaxHold          time.Duration `yaml:"max_hold"`
	MaxHoldOther     time.Duration `yaml:"max_hold_other"`
	BypassExtensions []string      `yaml:"bypass_extensions"` // of files that do not count
	// Modify changes messages whose threat level is at least ModifyThreshold: a text
	// before the subject, and URLs of the threat behind that of a proxy.
	Modify          bool     `yaml:"modify"`
	ModifyThreshold int      `yaml:"modify_threshold"` // threat level, 1 to 5
	Subject         string   `yaml:"subject"`          // put before the subject
	URLProxy        string   `yaml:"url_proxy"`        // URLs of the threat are put behind it; empty: they stay
	BypassHosts     []string `yaml:"bypass_hosts"`     // whose URLs stay: example.com, .example.com
}

func factoryOutbreak() *OutbreakFilters {
	return &OutbreakFilters{Enabled: true, Threshold: 3, MaxHold: 24 * time.Hour, MaxHoldOther: 4 * time.Hour, BypassExtensions: []string{},
		ModifyThreshold: 3, Subject: "[SUSPICIOUS MESSAGE] ", BypassHosts: []string{}}
}

// condition understands a When. An error names the key.
func (w *When) condition() (*engine.Condition, error) {
	c, err := engine.NewCondition(engine.When(*w))
	return c, under("when", err)
}

// outbreakRules understands the rules. An error names the key.
func (a *Appliance) outbreakRules() ([]engine.OutbreakRule, error) {
	var rules []engine.OutbreakRule
	var errs []error
	for i := range a.OutbreakRules {
		r := &a.OutbreakRules[i]
		when, err := r.When.condition()
		if r.ID == "" {
			err = errors.Join(err, errors.New("id: must not be empty"))
		}
		if r.Level < 1 || r.Level > 5 {
			err = errors.Join(err, fmt.Errorf("threat_level: %d: want 1 to 5", r.Level))
		}
		if r.Hold < 0 {
			err = errors.Join(err, errors.New("hold: must not be negative; 0s is as long as the policy says"))
		}
		if err != nil {
			errs = append(errs, under(fmt.Sprintf("appliance.outbreak_rules[%d]", i), err))
		}
		rules = append(rules, engine.OutbreakRule{ID: r.ID, Level: r.Level, Category: r.Category, When: when, Hold: r.Hold, Until: r.Until})
	}
	return rules, errors.Join(errs...)
}

// outbreak is the stage of a policy. Without rules there is nothing to find.
func (a *Appliance) outbreak(p *MailPolicy) (stage.Stage, error) {
	c := p.Outbreak
	rules, wrong := a.outbreakRules() // Queue says what is wrong with them
	if !c.Enabled {
		return stage.Stage{}, nil
	}
	s, err := engine.OutbreakFilters(engine.OutbreakOptions{Rules: rules, Threshold: c.Threshold, MaxHold: c.MaxHold, MaxHoldOf: c.MaxHoldOther,
		Bypass: c.BypassExtensions, Modify: c.Modify, ModifyFrom: c.ModifyThreshold, Subject: c.Subject, Proxy: c.URLProxy, Bypassed: c.BypassHosts})
	if len(rules) == 0 || wrong != nil {
		return stage.Stage{}, err
	}
	return s, err
}
