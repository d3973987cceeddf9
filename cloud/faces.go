package cloud

import (
	"net/http"
	"strings"

	"esasim/cloud/ctr"
	"esasim/cloud/route"
)

// routes puts the path families together. They never collide, so one port
// serves all of them (observed with the real services' paths).
func (c *Cloud) routes(o Options) http.Handler {
	threat, exchange, intel := c.ctr.Handler(), c.sse.Handler(), c.ctia.Handler()
	var portal http.Handler
	if o.Portal != nil {
		portal = o.Portal(c.ctr)
	}
	journal := c.ctr.Journal()
	families := func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == ctr.JournalPath:
			journal.ServeHTTP(w, r)
		case under(r, "/iroh/"), under(r, "/.well-known/"):
			threat.ServeHTTP(w, r)
		case under(r, "/sse/"), under(r, "/providers/sse/"):
			exchange.ServeHTTP(w, r)
		case under(r, "/ctia/"):
			intel.ServeHTTP(w, r)
		case portal != nil:
			portal.ServeHTTP(w, r)
		default:
			refuse(w, http.StatusNotFound, "not_found", "There is nothing at "+r.URL.Path+".")
		}
	}
	return http.HandlerFunc(families)
}

func under(r *http.Request, prefix string) bool {
	return strings.HasPrefix(r.URL.Path, prefix) || r.URL.Path+"/" == prefix
}

// refuse answers for the region as a whole. Both keys for a person's sentence
// are there, because the path families differ in its name.
func refuse(w http.ResponseWriter, status int, code, message string) {
	route.JSON(w, status, map[string]string{"error": code, "message": message, "error_description": message})
}

// Hosts are the names under which the vendor serves a region; nil for no
// region. Source: vendor's integration guide (AMERICAS), TechNote and public
// client (the others).
func Hosts(region string) []string {
	switch region {
	case "AMERICAS":
		return []string{"api-sse.cisco.com", "admin.sse.itd.cisco.com", "visibility.amp.cisco.com",
			"private.intel.amp.cisco.com", "intel.amp.cisco.com"}
	case "EUROPE":
		return []string{"api.eu.sse.itd.cisco.com", "admin.eu.sse.itd.cisco.com", "visibility.eu.amp.cisco.com",
			"private.intel.eu.amp.cisco.com", "intel.eu.amp.cisco.com"}
	case "APJC":
		return []string{"api.apj.sse.itd.cisco.com", "admin.apj.sse.itd.cisco.com", "visibility.apjc.amp.cisco.com",
			"private.intel.apjc.amp.cisco.com", "intel.apjc.amp.cisco.com"}
	}
	return nil
}
