package lab

import (
	"fmt"
	"net/http"
	"strings"
)

// deliveryStatus is what people have asked of delivery.
type deliveryStatus struct {
	Suspended bool     `json:"suspended"`
	Domains   []string `json:"domains,omitempty"` // those to which alone
}

func (l *Lab) serveDelivery(w http.ResponseWriter, _ *http.Request) {
	all, domains := l.appliance.Delivery().Suspended()
	answer(w, http.StatusOK, deliveryStatus{all, domains})
}

// order gives an order to delivery, for the domains that the body names, or for all.
func (l *Lab) order(give func(domains ...string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var req struct {
			Domains []string `json:"domains"`
		}
		if r.ContentLength != 0 {
			status, problem := readBody(w, r, &req)
			if problem == "" {
				status, problem = http.StatusBadRequest, wrongDomains(req.Domains)
			}
			if problem != "" {
				answer(w, status, apiError{`want {"domains": ["example.org", ".example.org"]}, or no body for all: ` + problem})
				return
			}
		}
		give(req.Domains...)
		l.serveDelivery(w, r)
	}
}

// mostDomains are how many domains an order may name.
const mostDomains = 1000

func wrongDomains(domains []string) string {
	if len(domains) == 0 || len(domains) > mostDomains {
		return fmt.Sprintf("want 1 to %d domains", mostDomains)
	}
	for _, d := range domains {
		if d == "" || len(d) > 255 || strings.ContainsAny(d, "@ *") || strings.ContainsFunc(d, func(r rune) bool { return r < ' ' }) {
			return fmt.Sprintf("%.100q is no domain", d)
		}
	}
	return ""
}

func (l *Lab) serveWorkQueue(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]bool{"paused": l.appliance.WorkQueue().Paused()})
}

func (l *Lab) servePause(w http.ResponseWriter, r *http.Request) {
	l.appliance.WorkQueue().Pause()
	l.serveWorkQueue(w, r)
}

func (l *Lab) serveUnpause(w http.ResponseWriter, r *http.Request) {
	l.appliance.WorkQueue().Resume()
	l.serveWorkQueue(w, r)
}
