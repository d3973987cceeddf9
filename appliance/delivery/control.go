package delivery

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"
)

// How TLS is used. Source: AsyncOS user guide, destination controls. With
// TLSPreferred and TLSRequired certificates are not verified.
const (
	TLSNone      = "none"
	TLSPreferred = "preferred" // when offered
	TLSRequired  = "required"
	TLSVerified  = "required_verify" // the host's certificate, too
)

// DefaultDomain is the domain of the control for all that have none of their own.
const DefaultDomain = "default"

// Control is a destination control: how much of a domain's hosts is asked, and how
// carefully. What is empty or 0 is as in the control of [DefaultDomain]. Source:
// AsyncOS user guide, destination controls.
type Control struct {
	Domain        string // example.org, .example.org for all below it, or default
	TLS           string
	Concurrency   int           // connections at a time
	MaxMessages   int           // of a connection
	MaxRecipients int           // of a message; one with more goes in several
	Limit         int           // recipients within each Period
	Period        time.Duration // 0: an hour
	Profile       *Profile      // nil: that of the default control, or the queue's
}

// standard is what the default control says that is not configured. Source of the
// messages: AsyncOS user guide, destination controls; the connections are ours.
func standard() Control {
	return Control{Domain: DefaultDomain, TLS: TLSPreferred, Concurrency: 10, MaxMessages: 50, Period: time.Hour}
}

// Check says what is wrong with a control.
func (c Control) Check() error {
	if c.Domain == "" || strings.ContainsAny(c.Domain, "@ *") {
		return fmt.Errorf("domain: %q: want example.org, .example.org or %s", c.Domain, DefaultDomain)
	}
	switch c.TLS {
	case "", TLSNone, TLSPreferred, TLSRequired, TLSVerified:
	default:
		return fmt.Errorf("tls: %q: want none, preferred, required or required_verify", c.TLS)
	}
	for key, n := range map[string]int{"concurrency": c.Concurrency, "max_messages": c.MaxMessages, "max_recipients": c.MaxRecipients, "recipient_limit": c.Limit} {
		if n < 0 {
			return fmt.Errorf("%s: must not be negative", key)
		}
	}
	if c.Period < 0 {
		return errors.New("recipient_period: must not be negative")
	}
	return nil
}

// or is the control with what it does not say taken from another.
func (c Control) or(d Control) Control {
	return Control{Domain: strings.ToLower(c.Domain), TLS: cmp.Or(c.TLS, d.TLS), Concurrency: cmp.Or(c.Concurrency, d.Concurrency),
		MaxMessages: cmp.Or(c.MaxMessages, d.MaxMessages), MaxRecipients: cmp.Or(c.MaxRecipients, d.MaxRecipients),
		Limit: cmp.Or(c.Limit, d.Limit), Period: cmp.Or(c.Period, d.Period), Profile: cmp.Or(c.Profile, d.Profile)}
}

// controls are those of a queue, complete.
type controls struct {
	rest  Control // of domains without one of their own
	named []Control
}

func complete(list []Control, profile *Profile) controls {
	rest := standard()
	rest.Profile = profile
	for _, c := range list {
		if strings.EqualFold(c.Domain, DefaultDomain) {
			rest = c.or(rest)
		}
	}
	all := controls{rest: rest}
	for _, c := range list {
		if !strings.EqualFold(c.Domain, DefaultDomain) {
			all.named = append(all.named, c.or(rest))
		}
	}
	return all
}

// of is the control for a domain that fits best.
func (c *controls) of(domain string) *Control {
	best, most := &c.rest, 0
	for i := range c.named {
		if n := fits(c.named[i].Domain, domain); n > most {
			best, most = &c.named[i], n
		}
	}
	return best
}

// profile is the bounce profile of a recipient.
func (q *Queue) profile(address string) *Profile {
	if p := q.controls.of(Domain(address)).Profile; p != nil {
		return p
	}
	return &q.by.Profile
}

// fits tells how well a pattern, example.org or .example.org, fits a domain: 0 is
// not at all, and the longer the name that fits the better.
func fits(pattern, domain string) int {
	switch {
	case pattern == domain:
		return 3 + len(pattern)
	case strings.HasPrefix(pattern, ".") && strings.HasSuffix(domain, pattern):
		return 2 + len(pattern)
	}
	return 0
}
