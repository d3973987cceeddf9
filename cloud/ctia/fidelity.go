package ctia

import (
	"fmt"
	"slices"
	"strings"

	"esasim/internal/fidelity"
)

// Fidelity lists what private intelligence does.
func Fidelity() []fidelity.Claim {
	var out []fidelity.Claim
	for _, r := range slices.Concat(entityClaims(), searchClaims(), refusalClaims()) {
		out = append(out, fidelity.Claim{Area: "Private intelligence", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}

type claim struct{ what, level, source string }

const (
	source = "public code (threatgrid/ctia)"
	model  = "public schema (threatgrid/ctim)"
)

func entityClaims() []claim {
	var names []string
	for _, t := range newTypes() {
		names = append(names, t.Name)
	}
	return []claim{
		{"POST /ctia/<type>, GET, PUT and DELETE /ctia/<type>/<id>, GET .../external_id/<id> for " + strings.Join(names, ", "), fidelity.Observed, source},
		{"PATCH for casebook, incident, note", fidelity.Observed, source + ", 2020"},
		{"fields, required fields, vocabularies and lengths of each type", fidelity.Observed, model + "; those of investigation are of a published snapshot"},
		{"parts of the types that nothing makes here (context, specification, openc2, CVE and others) are not looked into", fidelity.Ours, "nothing reads them"},
		{"the service fills in id, type, schema_version (its own), owner, groups, client_id, timestamp, tlp green; count 1 and confidence Unknown of a sighting; disposition and its name of each other; the ends of valid_time, up to 2525", fidelity.Observed, source},
		{"long ids are under the real host of the region; one under any host is understood", fidelity.Inferred, "the form of ids in " + source},
		{"what is stored is found at once; wait_for is taken and changes nothing", fidelity.Ours, "the real index lags behind"},
		{"white and green may be read by everybody, amber by the organisation, red by the owner; changed by the organisation, red by the owner; authorized_users and authorized_groups", fidelity.Observed, source + ", with its default visibility"},
		{"scopes: private-intel with its tree; casebook for casebooks", fidelity.Inferred, "scopes of the real service"},
		{"GET /ctia/feedback?entity_id=, POST /ctia/judgement/<id>/expire, GET /ctia/version and /ctia/status", fidelity.Observed, source},
		{"GET /ctia/<observable type>/<value>/verdict: of the judgements that hold, the highest priority, then the best disposition", fidelity.Observed, source},
		{"GET /ctia/<observable type>/<value>/judgements, sightings, and their indicators and incidents", fidelity.Observed, source + "; that every type of relationship counts is inferred"},
		{"no feed, no graphql, no properties", fidelity.Ours, "not built"},
	}
}

func searchClaims() []claim {
	return []claim{
		{"GET /ctia/<type>/search: query, simple_query, search_fields, from, to, any field, limit (100), offset, sort_by, sort_order, search_after, fields; search/count; DELETE search, which counts without REALLY_DELETE_ALL_THESE_ENTITIES=true", fidelity.Observed, source},
		{"headers X-Total-Hits, X-Next, X-Previous, X-Sort", fidelity.Observed, source + "; the form of the values of search_after and X-Sort is inferred"},
		{fmt.Sprintf("a search sees %d hits; those behind by search_after", Window), fidelity.Observed, source},
		{"the query language: field:value, phrases, AND OR NOT && || ! + -, parentheses, * and ?, ranges and comparisons, now and now-7d, _exists_; words side by side must all hold", fidelity.Inferred, "Lucene's query language"},
		{"no regular expressions, fuzzy words or slop; a boost is read and changes nothing", fidelity.Ours, "nothing is ranked"},
		{"titles, descriptions and other prose are searched by words, other fields as a whole, both without case", fidelity.Inferred, "mapping in " + source},
		{fmt.Sprintf("a query has at most %d bytes", maxQuery), fidelity.Ours, "bounds the work of a search"},
		{fmt.Sprintf("an entity has at most %d bytes, what is not looked into at most %d levels", maxBody, maxDepth), fidelity.Ours, "the real limits are not public"},
	}
}

func refusalClaims() []claim {
	return []claim{
		{"401 not_authenticated, 403 missing_capability, 403 Access Control Error, 400 Invalid Entity Error, 400 ES Invalid Request, 404 of a verdict, 403 of a deletion without filter", fidelity.Observed, source + "; the messages of the third and fourth are inferred"},
		{`400 {"errors":{...}} for keys and types, in the words of the schema library`, fidelity.Inferred, "the library that " + source + " uses"},
		{"404 of an entity, of a path; 405; messages of the rules behind the schema", fidelity.Ours, "the real texts are not public"},
		{"a token that is not good is answered as by Threat Response", fidelity.Observed, "the same middleware"},
		{"headers X-Ctia-Version, X-Ctia-Config, X-Ctim-Version", fidelity.Observed, source + "; two of the values are ours"},
	}
}
