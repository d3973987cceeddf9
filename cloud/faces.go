package cloud

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"esasim/cloud/route"
)

// routes puts the path families together. They never collide, so one port
// serves all of them (observed with the real services' paths).
func (c *Cloud) routes(o Options) http.Handler {
	threat, exchange := c.ctr.Handler(), c.sse.Handler()
	var portal http.Handler
	if o.Portal != nil {
		portal = o.Portal(c.ctr)
	}
	families := func(w http.ResponseWriter, r *http.Request) {
		switch {
		case under(r, "/iroh/"), under(r, "/.well-known/"):
			threat.ServeHTTP(w, r)
		case under(r, "/sse/"), under(r, "/providers/sse/"):
			exchange.ServeHTTP(w, r)
		case under(r, "/ctia/"):
			refuse(w, http.StatusNotFound, "not_found", "Private intelligence (/ctia) is not served by this cloud.")
		case portal != nil:
			portal.ServeHTTP(w, r)
		default:
			refuse(w, http.StatusNotFound, "not_found", "There is nothing at "+r.URL.Path+".")
		}
	}
	own := append(vendorHosts(o.Region), o.Hosts...)
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusForbidden, "cross_origin", "A page of another site must not change anything here.")
	}))
	protected := cross.Handler(http.HandlerFunc(families))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ours(r.Host, own) {
			refuse(w, http.StatusMisdirectedRequest, "misdirected_request", "This cloud is not "+r.Host+".")
			return
		}
		protected.ServeHTTP(w, r)
	})
}

func under(r *http.Request, prefix string) bool {
	return strings.HasPrefix(r.URL.Path, prefix) || r.URL.Path+"/" == prefix
}

// refuse answers for the region as a whole. Both keys for a person's sentence
// are there, because the path families differ in its name.
func refuse(w http.ResponseWriter, status int, code, message string) {
	route.JSON(w, status, map[string]string{"error": code, "message": message, "error_description": message})
}

// ours is true for a Host that means this cloud.
func ours(host string, own []string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.TrimSuffix(strings.Trim(name, "[]"), "."))
	if _, err := netip.ParseAddr(name); err == nil || !strings.Contains(name, ".") {
		return true
	}
	if slices.ContainsFunc(own, func(o string) bool { return strings.EqualFold(o, name) }) {
		return true
	}
	// Names that nobody can register (RFC 2606, RFC 6761, RFC 6762, ICANN).
	for _, reserved := range []string{".test", ".localhost", ".local", ".internal", ".invalid", ".example", ".home.arpa", ".example.com"} {
		if strings.HasSuffix("."+name, reserved) {
			return true
		}
	}
	return false
}

// vendorHosts are the names under which the vendor serves a region; nil for no
// region. Source: vendor's integration guide (AMERICAS), TechNote and public
// client (the others).
func vendorHosts(region string) []string {
	switch region {
	case "AMERICAS":
		return []string{"api-sse.cisco.com", "admin.sse.itd.cisco.com", "visibility.amp.cisco.com",
			"private.intel.amp.cisco.com", "intel.amp.cisco.com"}
	case "EUROPE":
		return []string{"api.eu.sse.itd.cisco.com", "admin.eu.sse.itd.cisco.com", "visibility.eu.amp.cisco.com",
			"private.intel.eu.amp.cisco.com", "intel.eu.amp.cisco.com"}
	}
	return nil
}
