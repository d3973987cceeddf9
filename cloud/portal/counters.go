package portal

import (
	"cmp"
	"fmt"

	"esasim/cloud/ctim"
	"esasim/cloud/ctr"
)

// counter is one figure of the row above the text: "1 Observable".
type counter struct {
	Count int
	Name  string
}

// counters counts as Threat Response does: what was asked for by kind, and what
// the modules said of it. Order and names: vendor's integration guide. No module
// answers with indicators so far, so the envelope has no place for them.
func counters(queried []ctim.Observable, envelope ctr.Envelope) []counter {
	kinds := map[string]int{}
	for _, o := range queried {
		switch o.Type {
		case ctim.Domain:
			kinds["domain"]++
		case ctim.SHA256, ctim.SHA1, ctim.MD5:
			kinds["hash"]++
		case ctim.IP, ctim.IPv6:
			kinds["ip"]++
		case ctim.URL:
			kinds["url"]++
		}
	}
	targets := map[ctim.Observable]bool{}
	for _, s := range sightings(envelope) {
		for _, t := range s.Targets {
			for _, o := range t.Observables {
				targets[o] = true
			}
		}
	}
	return []counter{
		named(len(targets), "Target", "Targets"),
		named(len(queried), "Observable", "Observables"),
		named(0, "Indicator", "Indicators"),
		named(kinds["domain"], "Domain", "Domains"),
		named(kinds["hash"], "File Hash", "File Hashes"),
		named(kinds["ip"], "IP Address", "IP Addresses"),
		named(kinds["url"], "URL", "URLs"),
		named(len(moduleCards(envelope)), "Module", "Modules"),
	}
}

func named(n int, one, more string) counter {
	if n == 1 {
		return counter{n, one}
	}
	return counter{n, more}
}

// moduleCard is a module that enriched the investigation.
type moduleCard struct{ Name, Type, Said string }

// moduleCards lists the modules that know something. The type is what the
// module's sightings name as their source.
func moduleCards(envelope ctr.Envelope) []moduleCard {
	var cards []moduleCard
	for _, m := range envelope.Data {
		known := m.Data.Sightings()
		if len(known) == 0 {
			continue
		}
		kind := ""
		for _, d := range known {
			kind = cmp.Or(kind, d.Source)
		}
		said := named(len(known), "Sighting", "Sightings")
		cards = append(cards, moduleCard{m.Module, kind, fmt.Sprintf("%d %s, 0 Judgements", said.Count, said.Name)})
	}
	return cards
}

// observableRow is one queried observable.
type observableRow struct {
	Kind, Value string
	Link        string // "": it cannot be typed
	Sightings   counter
	Disposition string // Unknown: no module gives verdicts so far
}

func observableRows(queried []ctim.Observable, all []found) []observableRow {
	seen := map[ctim.Observable]int{}
	for _, s := range all {
		for _, o := range s.Observables {
			seen[o]++
		}
	}
	var rows []observableRow
	for _, o := range queried {
		rows = append(rows, observableRow{kindName(o.Type), clip(o.Value, 300), observableLink(o),
			named(seen[o], "Sighting", "Sightings"), "Unknown"})
	}
	return rows
}
