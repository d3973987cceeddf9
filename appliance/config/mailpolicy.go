package config

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	"esasim/appliance/stage"
	"esasim/appliance/workqueue"
	"esasim/esa"
	"esasim/smtp"
)

// MailPolicies are the mail policies of both directions; of each the first that
// matches a recipient decides. The last one is DEFAULT; a file that does not name
// it has the factory's.
type MailPolicies struct {
	Incoming []MailPolicy `yaml:"incoming"` // of incoming mail
	Outgoing []MailPolicy `yaml:"outgoing"` // of outgoing mail
}

// MailPolicy says what stages do with the mail of some senders to some recipients.
// What it does not say of an engine, DEFAULT does.
type MailPolicy struct {
	Name string `yaml:"name"` // as the logs have it; that of the last one is DEFAULT
	// Senders and Recipients are ALL, user@example.com, user@, @example.com,
	// example.com or .example.com; empty: ALL.
	Senders        []string         `yaml:"senders"`
	Recipients     []string         `yaml:"recipients"`
	AntiSpam       *AntiSpam        `yaml:"antispam"`        // what antispam does; without it as DEFAULT has it
	AntiVirus      *AntiVirus       `yaml:"antivirus"`       // likewise antivirus
	AMP            *AMP             `yaml:"amp"`             // likewise file reputation and analysis
	Graymail       *Graymail        `yaml:"graymail"`        // likewise graymail detection
	ContentFilters *[]string        `yaml:"content_filters"` // the names of those it has; an empty list is none
	Outbreak       *OutbreakFilters `yaml:"outbreak"`        // what outbreak filters do
	DLP            *DLP             `yaml:"dlp"`             // of outgoing mail
}

// defaultPolicy is the name of the mail policy that matches all.
const defaultPolicy = "DEFAULT"

// Treatment is what a mail policy does with messages of one verdict; see
// stage.Treatment.
type Treatment struct {
	Action     string   `yaml:"action"`            // what becomes of the message; empty: deliver
	Quarantine string   `yaml:"quarantine"`        // which one, with the action quarantine; empty: the engine's own
	Subject    string   `yaml:"subject"`           // put before the subject
	Header     string   `yaml:"header"`            // "NAME: VALUE", added
	To         []string `yaml:"recipients"`        // who gets it instead of its recipients
	Strip      bool     `yaml:"strip_attachments"` // true: attachments that the verdict is about are taken out
}

// factoryPolicy is DEFAULT as it comes from the factory.
func factoryPolicy() MailPolicy {
	return MailPolicy{Name: defaultPolicy, Senders: []string{}, Recipients: []string{},
		AntiSpam: factoryAntiSpam(), AntiVirus: factoryAntiVirus(), Graymail: factoryGraymail(), ContentFilters: &[]string{},
		AMP: factoryAMP(), Outbreak: factoryOutbreak(), DLP: &DLP{Policies: []string{}}}
}

// Queue is what the work queue does. An error names the key.
func (a *Appliance) Queue() (*workqueue.Options, error) {
	keep, err := a.keep()
	filters, bad := a.messageFilters(keep)
	o := &workqueue.Options{Bounces: a.Delivery.Bounces, Host: a.Hostname, Keep: keep, Filters: [2]stage.Stage{esa.Incoming: filters, esa.Outgoing: filters}}
	_, noRules := a.engineRules()
	_, noViruses := a.viruses()
	errs := []error{err, bad, noRules, noViruses, a.checkEngines(keep)}
	for d, list := range map[esa.Direction]struct {
		key      string
		policies []MailPolicy
	}{esa.Incoming: {"incoming", a.MailPolicies.Incoming}, esa.Outgoing: {"outgoing", a.MailPolicies.Outgoing}} {
		table, err := a.policyTable(list.policies, keep, d)
		if err != nil {
			errs = append(errs, under("appliance.mail_policies."+list.key, err))
		}
		o.Policies[d] = table
	}
	return o, errors.Join(errs...)
}

func (a *Appliance) policyTable(list []MailPolicy, keep map[string]time.Duration, d esa.Direction) (workqueue.Table, error) {
	def := factoryPolicy()
	if n := len(list); n > 0 && list[n-1].Name == defaultPolicy {
		def = list[n-1].or(def)
		list = list[:n-1]
	}
	var table workqueue.Table
	var errs []error
	seen := map[string]bool{defaultPolicy: true}
	for i, p := range append(list[:len(list):len(list)], def) {
		made, err := a.policy(p.or(def), d)
		err = errors.Join(err, unknownQuarantines(&p, keep))
		if i < len(list) && (p.Name == "" || seen[p.Name]) {
			err = errors.Join(err, fmt.Errorf("name: %q is missing, taken, or not the last one", p.Name))
		}
		if seen[p.Name] = true; err != nil {
			errs = append(errs, under(fmt.Sprintf("[%d]", i), err))
		}
		table = append(table, made)
	}
	return table, errors.Join(errs...)
}

// or fills in what a policy does not say from another one.
func (p MailPolicy) or(def MailPolicy) MailPolicy {
	v, d := reflect.ValueOf(&p).Elem(), reflect.ValueOf(def)
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Pointer && f.IsNil() {
			f.Set(d.Field(i))
		}
	}
	return p
}

// policy makes a mail policy of the work queue.
func (a *Appliance) policy(p MailPolicy, d esa.Direction) (made workqueue.Policy, err error) {
	made.Name = p.Name
	var errs []error
	if made.Senders, err = addresses(p.Senders); err != nil {
		errs = append(errs, under("senders", err))
	}
	if made.Recipients, err = addresses(p.Recipients); err != nil {
		errs = append(errs, under("recipients", err))
	}
	made.Stages, err = a.stages(&p, d)
	return made, errors.Join(append(errs, err)...)
}

func addresses(list []string) (smtp.Addresses, error) {
	if len(list) == 0 {
		list = []string{"ALL"}
	}
	var errs []error
	for i := range list {
		if _, err := smtp.NewAddresses(list[i : i+1]); err != nil {
			errs = append(errs, fmt.Errorf("[%d]: %w", i, err))
		}
	}
	if len(errs) > 0 {
		return smtp.Addresses{}, errors.Join(errs...)
	}
	return smtp.NewAddresses(list) // those that are there twice
}

// stages are those of a policy, in the order of the appliance. A stage that is
// switched off is not among them.
func (a *Appliance) stages(p *MailPolicy, d esa.Direction) ([]stage.Stage, error) {
	var stages []stage.Stage
	var errs []error
	for _, s := range []struct {
		key  string
		make func(*MailPolicy) (stage.Stage, error)
	}{
		{"antispam", a.antispam},
		{"antivirus", a.antivirus},
		{"amp", a.amp},
		{"graymail", a.graymail},
		{"content_filters", func(p *MailPolicy) (stage.Stage, error) { return a.contentFilters(p, d) }},
		{"outbreak", a.outbreak},
		{"dlp", func(p *MailPolicy) (stage.Stage, error) { return a.dlp(p, d) }},
	} {
		made, err := s.make(p)
		if err != nil {
			errs = append(errs, under(s.key, err))
		}
		if made.Scan != nil {
			stages = append(stages, made)
		}
	}
	return stages, errors.Join(errs...)
}

// checkEngines says what is wrong with what all policies share.
func (a *Appliance) checkEngines(keep map[string]time.Duration) error {
	_, files := a.KnownFiles()
	_, rules := a.outbreakRules()
	_, policies := a.dlpPolicies()
	return errors.Join(files, rules, policies, a.checkDLPQuarantines(keep))
}

// under puts the key in front of each of the errors that were joined.
func under(key string, err error) error {
	if err == nil {
		return nil
	}
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		var errs []error
		for _, e := range all.Unwrap() {
			errs = append(errs, under(key, e))
		}
		return errors.Join(errs...)
	}
	if text := err.Error(); text != "" && text[0] == '[' {
		return fmt.Errorf("%s%w", key, err)
	}
	return fmt.Errorf("%s.%w", key, err)
}
