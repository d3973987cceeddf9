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

// How a route uses TLS. Source: AsyncOS user guide, destination controls. With
// TLSPreferred certificates are not verified; both others are as they say.
const (
	TLSNone      = "none"
	TLSPreferred = "preferred" // when offered; the default
	TLSRequired  = "required"
)

// Route is an SMTP route together with the destination controls of its domain.
type Route struct {
	Domain      string   // example.org, .example.org for all below it, or ALL for every other
	Hosts       []string // host:port, tried in this order; or SimulatedHost alone
	TLS         string
	Verify      bool // the host's certificate, too
	Concurrency int  // connections at a time; 0: DefaultConcurrency
}

// DefaultConcurrency is how many connections a route has at a time.
const DefaultConcurrency = 10

// Check says what is wrong with a route.
func (r Route) Check() error {
	switch {
	case r.Domain == "" || strings.ContainsAny(r.Domain, "@ *"):
		return fmt.Errorf("domain: %q: want example.org, .example.org or ALL", r.Domain)
	case len(r.Hosts) == 0:
		return errors.New("hosts: want host:port, or simulated")
	case r.TLS != "" && r.TLS != TLSNone && r.TLS != TLSPreferred && r.TLS != TLSRequired:
		return fmt.Errorf("tls: %q: want none, preferred or required", r.TLS)
	case r.Concurrency < 0:
		return errors.New("concurrency: must not be negative")
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
	switch {
	case want == "all":
		return 1
	case want == domain:
		return 3 + len(want)
	case strings.HasPrefix(want, ".") && strings.HasSuffix(domain, want):
		return 2 + len(want)
	}
	return 0
}

// routeOf is the route for a domain that fits best; nil: the simulated host.
func (q *Queue) routeOf(domain string) *Route {
	var best *Route
	fits := 0
	for i := range q.Routes {
		if n := q.Routes[i].matches(domain); n > fits {
			best, fits = &q.Routes[i], n
		}
	}
	if best != nil && best.Hosts[0] == SimulatedHost {
		return nil
	}
	return best
}

// laneOf is the lane by which a recipient is reached; nil for a simulated host that
// answers at once.
func (q *Queue) laneOf(m *esa.Message, r esa.Recipient) *lane {
	a := attempt(m, r)
	route := q.routeOf(Domain(r.Address))
	if q.Host.Chooses(a) {
		route = nil
	}
	if route != nil {
		return q.lane(route.Domain, lane{Route: *route})
	}
	if wait := q.Host.Takes(a); wait > 0 {
		return q.lane("after "+wait.String(), lane{Route: Route{Concurrency: 1000}, wait: wait})
	}
	return nil
}

func (q *Queue) lane(name string, l lane) *lane {
	if q.lanes[name] == nil {
		q.lanes[name] = &l
	}
	return q.lanes[name]
}
