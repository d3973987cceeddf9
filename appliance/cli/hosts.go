package cli

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"esasim/appliance/delivery"
)

// topHosts shows the domains with the most of something. Source: AsyncOS user guide,
// "Monitoring the Mail Queue".
func topHosts(c *call) error {
	by, err := c.number("Sort results by:\n\n1. Active Recipients\n2. Connections Out\n3. Delivered Recipients\n4. Hard Bounced Recipients\n5. Soft Bounced Events\n", 1, 1, 5)
	if err != nil {
		return err
	}
	if err := c.noMore(); err != nil {
		return err
	}
	all := c.Delivery.Destinations()
	slices.SortStableFunc(all, func(a, b delivery.Destination) int { return cmp.Compare(sortedBy(&b, by), sortedBy(&a, by)) })
	c.say("\nStatus as of:                   %s\n", c.moment(time.Now()))
	c.say("Hosts marked with '*' were down as of the last delivery attempt.\n\n")
	c.say("                                Active  Conn.     Deliv.       Soft       Hard\n")
	c.say("#   Recipient Host              Recip.    Out     Recip.    Bounced    Bounced\n\n")
	for i, d := range all[:min(len(all), mostHosts)] {
		down := " "
		if d.Status == delivery.HostDown {
			down = "*"
		}
		c.say("%-3s%s%-25s %8d %6d %10d %10d %10d\n", strconv.Itoa(i+1), down, clean(d.Domain), d.Active(), d.Connections, d.Delivered, d.SoftBounces, d.HardBounces)
	}
	return nil
}

// mostHosts are how many are shown. Source: AsyncOS user guide: twenty.
const mostHosts = 20

func sortedBy(d *delivery.Destination, by int) uint64 {
	switch by {
	case 1:
		return uint64(max(d.Active(), 0))
	case 2:
		return uint64(max(d.Connections, 0))
	case 3:
		return d.Delivered
	case 4:
		return d.HardBounces
	}
	return d.SoftBounces
}

// hostStatus shows how delivery to a domain stands. Source of the form: AsyncOS user
// guide, "Monitoring the Status of a Mail Host".
func hostStatus(c *call) error {
	domain, err := c.ask("Recipient host:\n", "")
	if err != nil {
		return err
	}
	if err := c.noMore(); err != nil {
		return err
	}
	if domain == "" {
		return nil
	}
	domain = strings.ToLower(domain)
	d, known := c.Delivery.Destination(domain)
	if !known {
		d.Domain, d.Status = domain, delivery.HostUnknown
	}
	c.say("\nHost mail status for: '%s'\n", clean(domain))
	c.say("%-22s%s\n%-22s%s\n", "Status as of:", c.moment(time.Now()), "Host up/down:", d.Status)
	c.figures("Counters:", []figure{
		{"  Queue", nil}, {"    Soft Bounced Events", &d.SoftBounces},
		{"  Completion", nil}, {"    Completed Recipients", sum(d.HardBounces, d.Delivered)}, {"    Hard Bounced Recipients", &d.HardBounces}, {"    Delivered Recipients", &d.Delivered},
	})
	c.figures("Gauges:", []figure{
		{"  Queue", nil}, {"    Active Recipients", sum(uint64(max(d.Active(), 0)))}, {"      Unattempted Recipients", sum(uint64(max(d.Unattempted, 0)))}, {"      Attempted Recipients", sum(uint64(max(d.Attempted, 0)))},
		{"  Connections", nil}, {"    Current Outbound Connections", sum(uint64(max(d.Connections, 0)))},
	})
	activity := "Never"
	if known {
		activity = c.moment(d.Activity)
	}
	c.say("\n%-18s%s\n", "Last Activity", activity)
	c.where(domain)
	if d.Error5XX != "" {
		c.say("\nLast 5XX Error:\n----------\n%s\n----------\n", clean(d.Error5XX))
	}
	return nil
}

// where shows the hosts of a domain: those of its route, or the simulated one.
func (c *call) where(domain string) {
	var hosts []string
	for _, r := range c.Config.Routes {
		if d := strings.ToLower(r.Domain); d == domain || d[0:1] == "." && strings.HasSuffix(domain, d) || d == "all" && hosts == nil {
			hosts = r.Hosts
			if d == domain {
				break
			}
		}
	}
	if len(hosts) == 0 || len(hosts) == 1 && hosts[0] == delivery.SimulatedHost {
		c.say("\nOrdered IP addresses:\n  Preference  IPs\n  %-10d  %s\n", 0, c.Addr(domain))
		return
	}
	c.say("\nSMTP Routes for this host:\n")
	for i, h := range hosts {
		c.say("  %-10d  %s\n", i, clean(h))
	}
}

// figure is a line with a number; one without is a heading.
type figure struct {
	name  string
	value *uint64
}

func sum(values ...uint64) *uint64 {
	var out uint64
	for _, v := range values {
		out += v
	}
	return &out
}

func (c *call) figures(title string, list []figure) {
	c.say("\n%s\n", title)
	for _, f := range list {
		if f.value == nil {
			c.say("%s\n", f.name)
			continue
		}
		c.say("%-34s%9s\n", f.name, grouped(*f.value))
	}
}

// grouped is a number with a comma before each three digits.
func grouped(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
