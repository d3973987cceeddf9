package web

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// contentPolicy allows what our pages need and nothing else: style, script,
// images and fonts of our own, forms that go to ourselves. No inline style or
// script, so hostile mail that slipped through escaping could still run nothing.
const contentPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; " +
	"font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// Guard lets only those requests through to next that a face should answer:
//
//   - The Host header must name this face: an address, a name without a dot, or
//     one of the names hosts gives (nil: none), at any port. Everything else is
//     answered 421. This stops pages of other sites that make their name point
//     at 127.0.0.1 (DNS rebinding).
//   - A call that changes something must not come from another site; it is
//     answered 403. Cookies and Basic credentials are sent by the browser
//     whoever asks, so they prove nothing.
//
// It also sets the security headers; a handler that needs others (a page with a
// nonce) overwrites them.
func Guard(next http.Handler, hosts func() []string) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(refuseCrossSite))
	inner := protection.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secure(w.Header())
		if !served(r, hosts) {
			http.Error(w, fmt.Sprintf("Misdirected request: this server is not %q. "+
				"Use the address it listens on, or localhost.", r.Host), http.StatusMisdirectedRequest)
			return
		}
		inner.ServeHTTP(w, r)
	})
}

func secure(h http.Header) {
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
}

func refuseCrossSite(w http.ResponseWriter, r *http.Request) {
	http.Error(w, "Cross-site request refused: a call that changes something must come from this server's own pages.",
		http.StatusForbidden)
}

// served tells whether the request's Host header names this face. Any address
// does, and any name without a dot (localhost, a container's name): making a
// name of one's own point at somebody else's machine takes a name with a dot.
func served(r *http.Request, hosts func() []string) bool {
	name := hostname(r.Host)
	if name == "" {
		return false
	}
	if _, err := netip.ParseAddr(name); err == nil || !strings.Contains(name, ".") {
		return true
	}
	return hosts != nil && slices.ContainsFunc(hosts(), func(h string) bool {
		return hostname(h) == name
	})
}

// hostname cuts the port, the brackets of IPv6 and the root's dot from a Host
// header, and lowers it.
func hostname(hostport string) string {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
