package ctia

import "strings"

// Type is one kind of entity: its name as paths and ids have it, its schema, and
// what the service fills in.
type Type struct {
	Name  string // as in /ctia/<name>
	entry shape
	patch bool // may be changed in part
	fill  func(d Document, now string)
}

// Plural is the name under which a bundle has entities of this type.
func (t *Type) Plural() string {
	name := strings.ReplaceAll(t.Name, "-", "_")
	switch name {
	case "asset_properties":
		return name
	case "vulnerability":
		return "vulnerabilities"
	case "weakness":
		return "weaknesses"
	}
	return name + "s"
}

func newTypes() []*Type {
	mk := func(name string, fields []field) *Type {
		return &Type{Name: name, entry: base(name, fields...), fill: fillNothing}
	}
	with := func(t *Type, fill func(Document, string)) *Type { t.fill = fill; return t }
	patched := func(t *Type) *Type { t.patch = true; return t }
	out := []*Type{
		with(mk("sighting", sighting()), fillSighting),
		with(mk("judgement", judgement()), fillJudgement),
		with(mk("indicator", indicator()), fillValidTime),
		mk("relationship", described(sourced(need("relationship_type", short()), need("source_ref", plain(aRef)), need("target_ref", plain(aRef)))...)),
		patched(mk("casebook", casebook())),
		patched(mk("incident", incident())),
		mk("investigation", investigation()),
		mk("feedback", sourced(need("entity_id", plain(aRef)), need("feedback", code("-1", "0", "1")), need("reason", prose(5000)))),
		patched(mk("note", note())),
	}
	return append(out, otherTypes(mk, with)...)
}

func sighting() []field {
	return described(sourced(
		need("observed_time", observedTime()), may("confidence", level()), may("count", plain(aWhole)),
		may("internal", plain(aFlag)), may("severity", level()), may("resolution", short()), may("sensor", short()),
		may("sensor_coordinates", object(need("type", short()), need("observables", list(observable())), may("os", short()))),
		may("targets", list(identity())), may("observables", list(observable())), may("relations", list(relation())),
		may("data", object(table()...)), may("context", plain(anything)),
	)...)
}

func judgement() []field {
	return sourcedBy(
		need("observable", observable()), may("disposition", code(dispositionNumbers()...)), may("disposition_name", word(dispositions()...)),
		need("priority", plain(aWhole)), need("confidence", level()), need("severity", level()), need("valid_time", span()),
		may("reason", prose(1024)), may("reason_uri", medium()),
	)
}

func sourcedBy(more ...field) []field {
	return append([]field{need("source", medium()), may("source_uri", medium())}, more...)
}

func indicator() []field {
	return described(sourced(
		need("producer", short()), need("valid_time", span()), may("severity", level()), may("confidence", level()),
		may("negate", plain(aFlag)), may("indicator_type", list(word(indicatorTypes()...))), may("tags", list(short())),
		may("likely_impact", prose(5000)), may("kill_chain_phases", killChain()), may("test_mechanisms", list(medium())),
		may("composite_indicator_expression", object(need("operator", word("and", "or", "not")), need("indicator_ids", list(plain(aRef))))),
		may("specification", plain(anything)),
	)...)
}

func indicatorTypes() []string {
	return []string{"Malicious E-mail", "IP Watchlist", "File Hash Watchlist", "Domain Watchlist", "URL Watchlist",
		"Malware Artifacts", "C2", "Anonymization", "Exfiltration", "Host Characteristics", "Compromised PKI Certificate",
		"Login Name", "IMEI Watchlist", "IMSI Watchlist", "Private Threat Feed"}
}

func casebook() []field {
	return described(sourced(may("observables", list(observable())),
		may("texts", list(object(need("type", short()), need("text", prose(5000))))), may("bundle", plain(anything)))...)
}

// IncidentStatuses are those of 2020. Source: public schema.
func IncidentStatuses() []string {
	return []string{"New", "Open", "Stalled", "Containment Achieved", "Restoration Achieved", "Incident Reported", "Closed", "Rejected"}
}

func incident() []field {
	t := plain(aTime)
	return described(sourced(
		need("status", word(IncidentStatuses()...)), need("confidence", level()),
		need("incident_time", object(need("opened", t), may("discovered", t), may("reported", t), may("remediated", t), may("closed", t), may("rejected", t))),
		may("categories", list(short())), may("discovery_method", short()), may("intended_effect", short()),
		may("assignees", list(short())), may("severity", level()), may("promotion_method", word("Automated", "Manual")),
		may("tactics", list(short())), may("techniques", list(short())),
	)...)
}

// investigation is what the pages keep of an investigation; its actions are JSON
// in a string. Source: a published snapshot.
func investigation() []field {
	return described(sourced(may("search-txt", plain(aText)), may("actions", plain(aText)), may("object_ids", list(plain(aText))),
		may("investigated_observables", list(plain(aText))), may("targets", list(identity())))...)
}

func note() []field {
	return sourced(need("content", prose(5000)), need("note_class", short()), may("author", short()),
		need("related_entities", list(object(need("entity_type", short()), need("entity_id", plain(aRef))))))
}

// otherTypes are those that nothing in a lab makes by itself. Parts that the
// product does not look into are not looked into here either.
func otherTypes(mk func(string, []field) *Type, with func(*Type, func(Document, string)) *Type) []*Type {
	open, words := plain(anything), list(short())
	assetType := word("data", "device", "network", "person", "application")
	return []*Type{
		with(mk("actor", told(sourcedBy(need("valid_time", span()), may("actor_types", words), may("aliases", words), may("confidence", level()),
			may("identity", open), may("intended_effect", short()), may("motivation", short()), may("planning_and_operational_support", prose(5000)),
			may("sophistication", word("Aspirant", "Expert", "Innovator", "Novice", "Practitioner")))...)), fillValidTime),
		with(mk("asset", described(sourced(need("asset_type", assetType), need("valid_time", span()))...)), fillValidTime),
		with(mk("asset-mapping", sourced(need("asset_ref", plain(aRef)), need("asset_type", assetType), need("observable", observable()),
			need("confidence", level()), need("specificity", word("Low", "Medium", "Unique")), need("stability", word("Managed", "Physical", "Temporary")),
			need("valid_time", span()))), fillValidTime),
		with(mk("asset-properties", sourced(need("asset_ref", plain(aRef)), need("valid_time", span()),
			may("properties", list(object(need("name", short()), need("value", plain(aText))))))), fillValidTime),
		mk("attack-pattern", told(sourced(may("abstraction_level", word("aggregate", "category", "detailed", "meta", "standard")), may("kill_chain_phases", killChain()), may("x_mitre_contributors", words),
			may("x_mitre_data_sources", words), may("x_mitre_platforms", words))...)),
		with(mk("campaign", told(sourced(need("campaign_type", short()), need("valid_time", span()), may("names", words), may("intended_effect", words),
			may("status", word("Future", "Historic", "Ongoing")), may("confidence", level()),
			may("activity", list(object(need("date_time", plain(aTime)), need("description", prose(5000))))))...)), fillValidTime),
		with(mk("coa", described(sourced(need("valid_time", span()), may("coa_type", word(coaTypes()...)), may("cost", level()), may("efficacy", level()),
			may("impact", short()), may("objective", words), may("stage", word(stages()...)), may("structured_coa_type", word("openc2")),
			may("open_c2_coa", open), may("related_COAs", open))...)), fillValidTime),
		mk("data-table", described(sourced(append(table(), may("valid_time", span()))...)...)),
		mk("identity-assertion", sourced(need("identity", object(need("observables", list(observable())))),
			need("assertions", list(object(need("name", short()), need("value", plain(aText))))), may("valid_time", span()))),
		mk("malware", told(sourced(need("labels", words), may("abstraction_level", word("family", "variant", "version")),
			may("kill_chain_phases", killChain()), may("x_mitre_aliases", words))...)),
		mk("target-record", described(sourced(need("targets", list(object(need("type", short()), need("observables", list(observable())),
			need("observed_time", observedTime()), may("os", short()), may("internal", plain(aFlag)), may("sensor", short())))))...)),
		mk("tool", told(sourced(need("labels", words), may("kill_chain_phases", killChain()), may("tool_version", short()), may("x_mitre_aliases", words))...)),
		mk("vulnerability", explained(sourced(may("cve", open), may("impact", open), may("configurations", open),
			may("published_date", plain(aTime)), may("last_modified_date", plain(aTime)))...)),
		mk("weakness", explained(sourced(may("abstraction_level", word("Base", "Class", "Compound", "Variant")), may("structure", word("Chain", "Composite", "Simple")),
			may("likelihood", level()), may("affected_resources", words), may("functional_areas", words), may("background_details", prose(5000)),
			may("alternate_terms", open), may("architectures", open), may("common_consequences", open), may("detection_methods", open), may("languages", open),
			may("modes_of_introduction", open), may("notes", open), may("operating_systems", open), may("paradigms", open),
			may("potential_mitigations", open), may("technologies", open))...)),
	}
}

// coaTypes are the types of a course of action. Source: public schema.
func coaTypes() []string {
	return []string{"Diplomatic Actions", "Eradication", "Hardening", "Internal Blocking", "Logical Access Restrictions", "Monitoring",
		"Other", "Patching", "Perimeter Blocking", "Phase", "Physical Access Restrictions", "Playbook", "Policy Actions",
		"Public Disclosure", "Rebuilding", "Redirection", "Redirection (Honey Pot)", "Task", "Training"}
}

// stages are when a course of action is taken. Source: public schema.
func stages() []string {
	return []string{"Containment", "Eradication", "Identification", "Lessons Learned", "Preparation", "Recovery", "Remedy", "Response"}
}
