package portal

import (
	"fmt"

	"esasim/cloud/ctim"
	"esasim/cloud/ctr"
	"esasim/internal/fidelity"
)

// Fidelity lists the pages and what is on them.
func Fidelity() []fidelity.Claim {
	const guide = "vendor's integration guide"
	names := ""
	for i, c := range counters([]ctim.Observable{{}}, ctr.Envelope{}) {
		if i > 0 {
			names += ", "
		}
		names += c.Name
	}
	out := []fidelity.Claim{}
	for _, r := range []struct{ what, level, source string }{
		{investigatePath + "?q=TEXT: Investigate, Clear, Reset, What can I search for?", fidelity.Documented, guide + "; our path"},
		{"counters: " + names, fidelity.Documented, guide},
		{"Relations Graph; nodes named IP, Target Email, Email Subject, Cisco Message ID, Domain, Email Address", fidelity.Documented, guide},
		{"names of other nodes", fidelity.Inferred, "the style of those"},
		{"the graph's layout and its symbols", fidelity.Ours, "no vendor drawings are used"},
		{"a node leads to the investigation of its observable", fidelity.Ours, "the product has a menu there"},
		{fmt.Sprintf("at most %d nodes and %d edges are drawn", maxNodes, maxEdges), fidelity.Ours, "more would be neither readable nor quick"},
		{"Sightings, My Environment: a timeline by day and a table Module, Observed, Description, Confidence, Severity, Details", fidelity.Documented, guide},
		{"Observables with the number of their sightings", fidelity.Documented, guide},
		{"Module enriched this investigation: name, type, 1 Sighting, 0 Judgements", fidelity.Documented, guide},
		{"errors of modules are shown above the graph", fidelity.Ours, "not seen"},
		{fmt.Sprintf("a text has at most %d characters", maxQuery), fidelity.Inferred, "public client caps its own input so"},
		{"no sign-in", fidelity.Ours, "not built yet"},
		{"no pages of Settings, Devices, API Clients, Users, nor of Security Services Exchange", fidelity.Ours, "not built yet"},
	} {
		out = append(out, fidelity.Claim{Area: "Threat Response pages", What: r.what, Level: r.level, Source: r.source})
	}
	for _, e := range examples {
		for _, e := range e {
			out = append(out, fidelity.Claim{Area: "Threat Response pages", What: "example " + e.Syntax, Level: fidelity.Documented, Source: guide})
		}
	}
	for _, m := range menu {
		if m.Path != investigatePath {
			out = append(out, fidelity.Claim{Area: "Threat Response pages", What: m.Path + ": menu entry " + m.Name + ", an empty page that says so", Level: fidelity.Documented, Source: guide + " shows the entry; our path"})
		}
	}
	return out
}
