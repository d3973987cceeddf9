package delivery

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"esasim/esa"
)

// SimulatedHost is the name of the host that is part of this program.
const SimulatedHost = "simulated"

// Route is an SMTP route.
type Route struct {
	Domain string   // example.org, .example.org for all below it, or ALL for every other
	Hosts  []string // host:port, tried in this order; or SimulatedHost alone
}

// Check says what is wrong with a route.
func (r Route) Check() error {
	switch {
	case r.Domain == "" || strings.ContainsAny(r.Domain, "@ *"):
		return fmt.Errorf("domain: %q: want example.org, .example.org or ALL", r.Domain)
	case len(r.Hosts) == 0:
		return errors.New("hosts: want host:port, or simulated")
	}
	for _, h := range r.Hosts {
		if h == SimulatedHost && len(r.Hosts) == 1 {
			continue
		}
		host, port, err := net.SplitHostPort(h)
		if n, bad := strconv.ParseUint(port, 10, 16); err != nil || host == "" || bad != nil || n == 0 {
			return fmt.Errorf("hosts: %q: want host:port, or simulated alone", h)
		}
	}
	return nil
}

// matches tells how well a route fits a domain: 0 is not at all, and the longer
// the name that fits the better.
func (r *Route) matches(domain string) int {
	want := strings.ToLower(r.Domain)
	if want == "all" {
		return 1
	}
	return fits(want, domain)
}

// routeOf is the route for a domain that fits best; nil: the simulated host.
func (q *Queue) routeOf(domain string) *Route {
	var best *Route
	fits := 0
	for i := range q.by.Routes {
		if n := q.by.Routes[i].matches(domain); n > fits {
			best, fits = &q.by.Routes[i], n
		}
	}
	if best != nil && best.Hosts[0] == SimulatedHost {
		return nil
	}
	return best
}

// manyHosts is how many connections all simulated hosts have at a time whose domains
// have no control of their own: they are as many hosts as domains.
const manyHosts = 1000

// laneOf is the lane by which a recipient is reached; nil for a simulated host that
// answers at once and may be asked as often as one likes.
func (q *Queue) laneOf(m *esa.Message, r esa.Recipient) *lane {
	a := attempt(m, r)
	domain := Domain(r.Address)
	route, c := q.routeOf(domain), q.controls.of(domain)
	if route != nil && !q.by.Host.Chooses(a) {
		return q.lane(route.Domain+" "+c.Domain, lane{Route: *route, Control: *c})
	}
	wait := q.by.Host.Takes(a)
	if wait == 0 && c.Limit == 0 && c.MaxRecipients == 0 {
		return nil
	}
	l := lane{Control: *c, simulated: true, wait: wait}
	if c == &q.controls.rest {
		l.Concurrency = manyHosts
	}
	return q.lane("simulated "+c.Domain+" "+wait.String(), l)
}

func (q *Queue) lane(name string, l lane) *lane {
	if q.lanes[name] == nil {
		q.lanes[name] = &l
	}
	return q.lanes[name]
}
