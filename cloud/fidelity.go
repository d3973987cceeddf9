package cloud

import (
	"strings"

	"esasim/internal/fidelity"
)

// Fidelity lists what a region as a whole is.
func Fidelity() []fidelity.Claim {
	out := []fidelity.Claim{
		{Area: "Regions", What: "regions AMERICAS and EUROPE, with the profile xdr2025 APJC, which share nothing: tokens, devices, clients, keys", Level: fidelity.Documented, Source: "vendor's integration guide"},
		{Area: "Regions", What: "one port serves /iroh, /sse, /providers/sse and the pages; the real services are on several hosts", Level: fidelity.Observed, Source: "their paths never collide"},
		{Area: "Regions", What: "one organisation and one user for each region", Level: fidelity.Ours, Source: "a lab needs no more"},
		{Area: "Regions", What: "HTTP without TLS", Level: fidelity.Ours, Source: "for a machine of one's own"},
	}
	for _, region := range []string{"AMERICAS", "EUROPE", "APJC"} {
		out = append(out, fidelity.Claim{Area: "Regions", What: region + " answers to " + strings.Join(Hosts(region), ", "),
			Level: fidelity.Observed, Source: "vendor's integration guide, TechNote, public client"})
	}
	return out
}
