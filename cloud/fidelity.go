package cloud

import (
	"maps"
	"slices"
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
	return append(out, contracts()...)
}

// contracts tells what of the public APIs the vendor's contracts have, by the
// tables that tests hold to them.
func contracts() []fidelity.Claim {
	const area = "Contracts"
	var out []fidelity.Claim
	for _, file := range slices.Sorted(maps.Keys(Answered())) {
		out = append(out, fidelity.Claim{Area: area, What: "answers have, of " + file + ": " + strings.Join(Answered()[file], ", "),
			Level: fidelity.Documented, Source: "the vendor's published schemas, to which tests hold every answer"})
	}
	for _, u := range UnpublishedRoutes() {
		c := fidelity.Claim{Area: area, What: u.Route + " is in no contract", Level: fidelity.Ours, Source: u.Why}
		if u.Like != "" {
			c.What, c.Level = u.Route+" is in no contract; held to "+u.Like, fidelity.Inferred
		}
		out = append(out, c)
	}
	for _, n := range RoutesNotServed() {
		out = append(out, fidelity.Claim{Area: area, What: "not served: what is published below " + n.Path, Level: fidelity.Ours, Source: n.Why})
	}
	return out
}
