package config

import (
	"errors"
	"fmt"
	"strings"

	"esasim/appliance/delivery"
)

// Route is an SMTP route; what each key means is with the queue's own Route in
// package delivery.
type Route struct {
	Domain string   `yaml:"domain"`
	Hosts  []string `yaml:"hosts"` // host:port, tried in this order; or simulated alone
}

// Fate is a rule of what hosts answer about recipients.
type Fate struct {
	Recipient string `yaml:"recipient"`
	Reply     string `yaml:"reply"`
	Times     int    `yaml:"times"`
}

// checkRoutes says what is wrong with the routes. What a route must be is known
// where it is used.
func (a *Appliance) checkRoutes() error {
	var errs []error
	seen := map[string]bool{}
	for i, r := range a.Routes {
		err, domain := delivery.Route(r).Check(), strings.ToLower(r.Domain)
		if err == nil && seen[domain] {
			err = fmt.Errorf("domain: %q has a route already", r.Domain)
		}
		if seen[domain] = true; err != nil {
			errs = append(errs, fmt.Errorf("appliance.routes[%d].%w", i, err))
		}
	}
	return errors.Join(errs...)
}

func (a *Appliance) checkFates() error {
	var errs []error
	for i, f := range a.Fates {
		if err := delivery.Fate(f).Check(); err != nil {
			errs = append(errs, fmt.Errorf("appliance.fates[%d].%w", i, err))
		}
	}
	return errors.Join(errs...)
}
