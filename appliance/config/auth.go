package config

import (
	"fmt"

	"esasim/internal/zones"
	"esasim/smtp/auth"
)

// Authentication says whether and how the senders of incoming mail are verified.
// From the factory they are not.
type Authentication struct {
	// Verify has SPF, DKIM and DMARC checked, except for senders with the rule RELAY.
	Verify bool `yaml:"verify"`
	// Zones are lines of a zone file: what is published for the domains of senders.
	// ServFail and Timeout are domains whose server fails or does not answer.
	Zones    string   `yaml:"zones"`
	ServFail []string `yaml:"servfail"`
	Timeout  []string `yaml:"timeout"`
	// Resolver is a DNS server, host:port, that is asked instead of them. It is the
	// only way by which a name is looked up outside.
	Resolver string `yaml:"resolver"`
	// SPFReject are the results of SPF for which mail is refused; SPFRejectHELO are
	// those for the HELO name.
	SPFReject     []string `yaml:"spf_reject"`
	SPFRejectHELO []string `yaml:"spf_reject_helo"`
	// DMARCReject is what happens to mail that fails DMARC when its domain asks for
	// rejecting it: none, quarantine or reject. DMARCQuarantine is the same where it
	// asks for the quarantine: none or quarantine.
	DMARCReject     string `yaml:"dmarc_reject"`
	DMARCQuarantine string `yaml:"dmarc_quarantine"`
}

// Checker is what verifies senders; nil if Verify is off. The error names the key.
func (a *Authentication) Checker() (*auth.Checker, error) {
	resolver, err := a.resolver()
	if err != nil {
		return nil, fmt.Errorf("appliance.authentication.%w", err)
	}
	c, err := auth.New(auth.Options{Resolver: resolver, SPFReject: a.SPFReject, SPFRejectHELO: a.SPFRejectHELO,
		DMARCReject: a.DMARCReject, DMARCQuarantine: a.DMARCQuarantine})
	if err != nil {
		return nil, fmt.Errorf("appliance.authentication.%w", err)
	}
	if !a.Verify {
		return nil, nil
	}
	return c, nil
}

func (a *Authentication) resolver() (auth.Resolver, error) {
	if a.Resolver == "" {
		return zones.New(zones.Options{Records: a.Zones, ServFail: a.ServFail, Timeout: a.Timeout})
	}
	if a.Zones != "" || len(a.ServFail) > 0 || len(a.Timeout) > 0 {
		return nil, fmt.Errorf("resolver: %s is asked instead of zones, servfail and timeout; leave them out", a.Resolver)
	}
	s, err := zones.NewServer(a.Resolver)
	if err != nil {
		return nil, fmt.Errorf("resolver: %w", err)
	}
	return s, nil
}
