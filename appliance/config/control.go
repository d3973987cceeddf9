package config

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"esasim/appliance/delivery"
)

// BounceProfile says when a delivery is tried again. The defaults are the
// appliance's own (AsyncOS user guide, "Default bounce profile").
type BounceProfile struct {
	InitialRetry time.Duration `yaml:"initial_retry"`     // how long after the first attempt
	MaxRetry     time.Duration `yaml:"max_retry"`         // the longest time between attempts
	MaxTime      time.Duration `yaml:"max_time_in_queue"` // then the message bounces
	MaxRetries   int           `yaml:"max_retries"`       // likewise
	Bounces      bool          `yaml:"bounces"`           // tell senders what was not delivered, by a bounce message
}

// NamedProfile is a bounce profile for destination controls. What it does not say is
// as in the profile of all others, [Appliance.Delivery], which is named Default.
type NamedProfile struct {
	Name         string        `yaml:"name"`              // as destination controls have it
	InitialRetry time.Duration `yaml:"initial_retry"`     // how long after the first attempt
	MaxRetry     time.Duration `yaml:"max_retry"`         // the longest time between attempts
	MaxTime      time.Duration `yaml:"max_time_in_queue"` // then the message bounces
	MaxRetries   *int          `yaml:"max_retries"`       // after so many it does, too
	Bounces      *bool         `yaml:"bounces"`           // tell senders what was not delivered, by a bounce message
}

// DestinationControl is how much of a domain's hosts is asked. What is empty or 0 is as
// in the control of the domain default.
type DestinationControl struct {
	Domain        string        `yaml:"domain"`           // example.org, .example.org for all below it, or default
	TLS           string        `yaml:"tls"`              // preferred: when the host offers it; required_verify: with a certificate that is right
	Concurrency   int           `yaml:"concurrency"`      // connections at a time
	MaxMessages   int           `yaml:"max_messages"`     // of a connection
	MaxRecipients int           `yaml:"max_recipients"`   // of a message; one with more goes in several
	Limit         int           `yaml:"recipient_limit"`  // recipients within each recipient_period
	Period        time.Duration `yaml:"recipient_period"` // how long that is; 0s: an hour
	Profile       string        `yaml:"bounce_profile"`   // the name of a bounce profile; empty, or Default: appliance.delivery
}

// defaultProfile is the name of the profile of all others.
const defaultProfile = "Default"

// Queue is the profile as the delivery queue has it.
func (p *BounceProfile) Queue() delivery.Profile { return delivery.Profile(*p) }

// Controls are the destination controls as the delivery queue has them.
func (a *Appliance) Controls() []delivery.Control {
	profiles := map[string]*delivery.Profile{}
	for i := range a.BounceProfiles {
		p := &a.BounceProfiles[i]
		whole := p.or(a.Delivery).Queue()
		profiles[p.Name] = &whole
	}
	out := make([]delivery.Control, len(a.DestinationControls))
	for i, c := range a.DestinationControls {
		out[i] = c.queue()
		out[i].Profile = profiles[c.Profile] // Default: none, which is the queue's
		if c.Profile == defaultProfile {
			whole := a.Delivery.Queue()
			out[i].Profile = &whole
		}
	}
	return out
}

func (c *DestinationControl) queue() delivery.Control {
	return delivery.Control{Domain: c.Domain, TLS: c.TLS, Concurrency: c.Concurrency, MaxMessages: c.MaxMessages,
		MaxRecipients: c.MaxRecipients, Limit: c.Limit, Period: c.Period}
}

// or is the profile with what it does not say taken from another.
func (p *NamedProfile) or(d BounceProfile) *BounceProfile {
	whole := BounceProfile{InitialRetry: cmp.Or(p.InitialRetry, d.InitialRetry), MaxRetry: cmp.Or(p.MaxRetry, d.MaxRetry),
		MaxTime: cmp.Or(p.MaxTime, d.MaxTime), MaxRetries: d.MaxRetries, Bounces: d.Bounces}
	if p.MaxRetries != nil {
		whole.MaxRetries = *p.MaxRetries
	}
	if p.Bounces != nil {
		whole.Bounces = *p.Bounces
	}
	return &whole
}

// check says what is wrong with the profile.
func (p *BounceProfile) check() error {
	switch {
	case p.InitialRetry <= 0:
		return errors.New("initial_retry: must be greater than 0")
	case p.MaxRetry <= 0:
		return errors.New("max_retry: must be greater than 0")
	case p.MaxTime <= 0:
		return errors.New("max_time_in_queue: must be greater than 0")
	case p.MaxRetries < 0:
		return errors.New("max_retries: must not be negative")
	}
	return nil
}

// checkProfiles says what is wrong with the bounce profiles.
func (a *Appliance) checkProfiles() error {
	var errs []error
	if err := a.Delivery.check(); err != nil {
		errs = append(errs, fmt.Errorf("appliance.delivery.%w", err))
	}
	seen := map[string]bool{defaultProfile: true}
	for i := range a.BounceProfiles {
		p := &a.BounceProfiles[i]
		err := p.or(a.Delivery).check()
		switch {
		case p.Name == "":
			err = errors.New("name: must not be empty")
		case seen[p.Name]:
			err = fmt.Errorf("name: there is a profile %q already", p.Name)
		}
		if seen[p.Name] = true; err != nil {
			errs = append(errs, fmt.Errorf("appliance.bounce_profiles[%d].%w", i, err))
		}
	}
	return errors.Join(errs...)
}

// checkControls says what is wrong with the destination controls.
func (a *Appliance) checkControls() error {
	profiles := map[string]bool{"": true, defaultProfile: true}
	for _, p := range a.BounceProfiles {
		profiles[p.Name] = true
	}
	var errs []error
	seen := map[string]bool{}
	for i, c := range a.DestinationControls {
		err, domain := c.queue().Check(), strings.ToLower(c.Domain)
		switch {
		case err != nil:
		case seen[domain]:
			err = fmt.Errorf("domain: %q has a control already", c.Domain)
		case !profiles[c.Profile]:
			err = fmt.Errorf("bounce_profile: there is no profile %q", c.Profile)
		}
		if seen[domain] = true; err != nil {
			errs = append(errs, fmt.Errorf("appliance.destination_controls[%d].%w", i, err))
		}
	}
	return errors.Join(errs...)
}
