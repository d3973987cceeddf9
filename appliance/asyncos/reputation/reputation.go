// Package reputation is the part of the AsyncOS REST API that names what Sender
// Domain Reputation finds: categories of threats, and levels.
package reputation

import (
	"strings"

	"esasim/appliance/asyncos/rest"
	"esasim/internal/fidelity"
)

// Options of the area.
type Options struct {
	Categories []string // that the configuration has beside those that everybody knows
	Levels     []string // that messages can have, the worst first
}

// Routes are the calls of the area.
func Routes(o Options) []rest.Route {
	var out []rest.Route
	for _, t := range []struct {
		path  string
		names []string
	}{
		{"config/sdr_categories", append(Categories(), o.Categories...)},
		{"config/sdr_threat_levels", o.Levels},
	} {
		answer := rest.Data{Data: items{named(t.names)}}
		out = append(out, rest.Route{Method: "GET", Path: t.path, Privilege: "e_" + strings.ReplaceAll(t.path, "/", "_"),
			Takes: []string{"device_type"}, Serve: func(c *rest.Call) (any, error) {
				if d := c.Get("device_type"); d != "" && d != "esa" {
					return nil, rest.Wrong("device_type", rest.Clip(d)+" is not esa")
				}
				return answer, nil
			}})
	}
	return out
}

type items struct {
	Items map[string]string `json:"items"`
}

// named are names by a key that can be part of a query: "newly_seen_domains".
func named(names []string) map[string]string {
	out := make(map[string]string, len(names))
	for _, n := range names {
		out[strings.NewReplacer(" ", "_", "/", "_").Replace(strings.ToLower(n))] = n
	}
	return out
}

// Categories are the threat categories of the vendor's reputation service that are
// of domains. Source: its public list.
func Categories() []string {
	return []string{"Botnets", "Cryptojacking", "DNS Tunneling", "Domain Generated Algorithm", "Dynamic DNS", "Ebanking Fraud", "Exploits",
		"High Risk Sites and Locations", "Indicators of Compromise", "Linkshare", "Malicious Sites", "Malware Sites", "Newly Seen Domains",
		"Open HTTP Proxy", "Open Mail Relay", "Phishing", "Spam", "Spyware and Adware", "TOR Exit Nodes"}
}

// Levels are the levels of AsyncOS 14 and later, the worst first. Source: AsyncOS
// user guide, Sender Domain Reputation Filtering.
func Levels() []string {
	return []string{"Untrusted", "Questionable", "Unknown", "Neutral", "Favorable", "Trusted"}
}

// Fidelity lists the calls of the area.
func Fidelity() []fidelity.Claim {
	return []fidelity.Claim{
		{Area: "REST API", What: "GET config/sdr_categories, config/sdr_threat_levels: data.items", Level: fidelity.Observed, Source: "the appliance's own description of its API"},
		{Area: "REST API", What: "the items are names by keys made of them; the levels of 14 and later, or the reputations of 13", Level: fidelity.Inferred, Source: "no answer is known; the names are those of the vendor's public list of threat categories and of the user guide"},
	}
}
