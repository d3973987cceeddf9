package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"esasim/appliance/dlp"
	"esasim/appliance/engine"
	"esasim/appliance/stage"
	"esasim/esa"
)

// DLP says which DLP policies outgoing mail is held against, in order.
type DLP struct {
	Policies []string `yaml:"policies"` // names, the first that a message violates decides
}

// DLPPolicy is one thing that must not leave the company.
type DLPPolicy struct {
	Name   string      `yaml:"name"`   // in logs and mail policies
	Detect []DLPDetect `yaml:"detect"` // what to look for
	Where  []string    `yaml:"where"`  // body (and subject), attachments; none: both
	When   *When       `yaml:"when"`   // messages it is about; none: all
	// Severity is from which risk factor on a violation has which severity. A message
	// below the lowest is none.
	Severity DLPScale   `yaml:"severity"`
	Actions  DLPActions `yaml:"actions"` // what is done, by severity; what is not named is delivered
}

// DLPDetect is one thing to look for.
type DLPDetect struct {
	Type    string   `yaml:"type"`    // credit_card, us_ssn, iban, pattern or dictionary
	Name    string   `yaml:"name"`    // of what it finds, in reports; needed for pattern and dictionary
	Pattern string   `yaml:"pattern"` // a regular expression
	Words   []string `yaml:"words"`   // of a dictionary
	Weight  int      `yaml:"weight"`  // what each match adds to the risk factor; 0: 15
	Max     int      `yaml:"max"`     // what all of them add at most; 0: 100
	Minimum int      `yaml:"minimum"` // fewer matches count nothing; 0: 1
}

// DLPScale is from which risk factor on a violation has a severity; 0: that of the
// factory, 10, 35, 60 and 90.
type DLPScale struct {
	Low      int `yaml:"low"`      // below it there is no violation; 0: 10
	Medium   int `yaml:"medium"`   // 0: 35
	High     int `yaml:"high"`     // 0: 60
	Critical int `yaml:"critical"` // 0: 90
}

// DLPActions are what is done with messages, by severity.
type DLPActions struct {
	Low      DLPAction `yaml:"low"`
	Medium   DLPAction `yaml:"medium"`
	High     DLPAction `yaml:"high"`
	Critical DLPAction `yaml:"critical"`
}

// DLPAction is what is done with messages of one severity.
type DLPAction struct {
	Treatment `yaml:",inline"`
	Encrypt   bool     `yaml:"encrypt"` // a header field says so; nothing is encrypted
	Notify    []string `yaml:"notify"`  // addresses that are told
}

// dlpPolicies understands the policies, by name. An error names the key.
func (a *Appliance) dlpPolicies() (map[string]engine.DLPPolicy, error) {
	policies := map[string]engine.DLPPolicy{}
	var errs []error
	for i := range a.DLPPolicies {
		p := &a.DLPPolicies[i]
		made, err := p.policy()
		if _, taken := policies[p.Name]; p.Name == "" || taken {
			err = errors.Join(err, fmt.Errorf("name: %q is missing, or taken", p.Name))
		}
		if err != nil {
			errs = append(errs, under(fmt.Sprintf("appliance.dlp_policies[%d]", i), err))
		}
		policies[p.Name] = made
	}
	return policies, errors.Join(errs...)
}

// checkDLPQuarantines says which quarantines are not there.
func (a *Appliance) checkDLPQuarantines(keep map[string]time.Duration) error {
	var errs []error
	for i := range a.DLPPolicies {
		for key, action := range a.DLPPolicies[i].Actions.byName() {
			if _, ok := keep[action.Quarantine]; action.Quarantine != "" && !ok {
				errs = append(errs, fmt.Errorf("appliance.dlp_policies[%d].actions.%s.quarantine: there is no quarantine %q", i, key, action.Quarantine))
			}
		}
	}
	return errors.Join(errs...)
}

func (p *DLPPolicy) policy() (engine.DLPPolicy, error) {
	made := engine.DLPPolicy{Name: p.Name, Body: len(p.Where) == 0, Files: len(p.Where) == 0}
	var errs []error
	for i, w := range p.Where {
		switch w {
		case "body":
			made.Body = true
		case "attachments":
			made.Files = true
		default:
			errs = append(errs, fmt.Errorf("where[%d]: %q: want body or attachments", i, w))
		}
	}
	for i := range p.Detect {
		c, err := p.Detect[i].classifier()
		errs = append(errs, under(fmt.Sprintf("detect[%d]", i), err))
		made.Classifiers = append(made.Classifiers, c)
	}
	if len(p.Detect) == 0 {
		errs = append(errs, errors.New("detect: must not be empty"))
	}
	if p.When != nil {
		c, err := p.When.condition()
		made.When, errs = c, append(errs, err)
	}
	var err error
	made.Scale, err = p.Severity.scale()
	errs = append(errs, under("severity", err), p.Actions.into(&made.Actions))
	return made, errors.Join(errs...)
}

func (s *DLPScale) scale() (dlp.Scale, error) {
	scale := dlp.Scale{dlp.Low: 10, dlp.Medium: 35, dlp.High: 60, dlp.Critical: 90}
	for v, n := range map[dlp.Severity]int{dlp.Low: s.Low, dlp.Medium: s.Medium, dlp.High: s.High, dlp.Critical: s.Critical} {
		if n != 0 {
			scale[v] = n
		}
	}
	if scale[dlp.Low] < 1 || scale[dlp.Critical] > 101 || !slices.IsSorted(scale[dlp.Low:]) {
		return scale, fmt.Errorf("low: want low %d, medium %d, high %d and critical %d in this order, from 1 to 101", scale[dlp.Low], scale[dlp.Medium], scale[dlp.High], scale[dlp.Critical])
	}
	return scale, nil
}

func (l *DLPActions) byName() map[string]*DLPAction {
	return map[string]*DLPAction{"low": &l.Low, "medium": &l.Medium, "high": &l.High, "critical": &l.Critical}
}

func (l *DLPActions) into(out *[dlp.Severities]engine.DLPAction) error {
	var errs []error
	for v := dlp.Low; v < dlp.Severities; v++ {
		key := strings.ToLower(v.String())
		s := l.byName()[key]
		out[v] = engine.DLPAction{Treatment: stage.Treatment(s.Treatment), Encrypt: s.Encrypt, Notify: s.Notify}
		errs = append(errs, under("actions."+key, out[v].Check()))
	}
	return errors.Join(errs...)
}

// What a classifier adds to the risk factor, unless it says something else.
const (
	defaultWeight = 15
	defaultMax    = 100
)

func (d *DLPDetect) classifier() (dlp.Classifier, error) {
	c := dlp.Classifier{Name: d.Name, Weight: d.Weight, Max: d.Max, Minimum: d.Minimum}
	if c.Weight == 0 {
		c.Weight = defaultWeight
	}
	if c.Max == 0 {
		c.Max = defaultMax
	}
	var errs []error
	if c.Weight < 0 || c.Weight > 100 || c.Max < 0 || c.Max > 100 || c.Minimum < 0 {
		errs = append(errs, errors.New("weight: want 0 to 100, as max, and minimum not below 0"))
	}
	name := ""
	var err error
	switch d.Type {
	case "credit_card":
		name, c.Find = "Credit Card Numbers", dlp.CreditCards
	case "us_ssn":
		name, c.Find = "US Social Security Numbers", dlp.SSNs
	case "iban":
		name, c.Find = "International Bank Account Numbers", dlp.IBANs
	case "pattern":
		if c.Find, err = dlp.Pattern(d.Pattern); err != nil {
			err = fmt.Errorf("pattern: %w", err)
		}
	case "dictionary":
		if len(d.Words) == 0 {
			err = errors.New("words: must not be empty")
			break
		}
		c.Find, err = dlp.Dictionary(d.Words)
		err = under("words", err)
	default:
		err = fmt.Errorf("type: %q: want credit_card, us_ssn, iban, pattern or dictionary", d.Type)
	}
	if c.Name == "" {
		c.Name = name
	}
	if errs = append(errs, err); c.Name == "" && err == nil {
		errs = append(errs, errors.New("name: must not be empty"))
	}
	return c, errors.Join(errs...)
}

// dlp is the stage of a policy. It is for outgoing mail only.
func (a *Appliance) dlp(p *MailPolicy, d esa.Direction) (stage.Stage, error) {
	known, _ := a.dlpPolicies() // Queue says what is wrong with them
	var o = engine.DLPOptions{Host: a.Hostname}
	var errs []error
	for i, name := range p.DLP.Policies {
		made, ok := known[name]
		switch {
		case d == esa.Incoming:
			errs = append(errs, errors.New("policies: DLP is for outgoing mail only"))
		case !ok:
			errs = append(errs, fmt.Errorf("policies[%d]: there is no DLP policy %q", i, name))
		}
		o.Policies = append(o.Policies, made)
	}
	if len(o.Policies) == 0 || len(errs) > 0 {
		return stage.Stage{}, errors.Join(errs...)
	}
	return engine.DLP(o), nil
}
