package ctia

import "strconv"

// Parts that several entities have. Source: public schema (threatgrid/ctim).

func observable() shape {
	return object(need("type", plain(aSeen)), need("value", plain(aText)))
}

func level() shape { return word("Info", "Low", "Medium", "High", "None", "Unknown") }
func tlp() shape   { return word("red", "amber", "green", "white") }

func span() shape { return object(may("start_time", plain(aTime)), may("end_time", plain(aTime))) }
func observedTime() shape {
	return object(need("start_time", plain(aTime)), may("end_time", plain(aTime)))
}

func reference() shape {
	return object(need("source_name", medium()), may("description", prose(5000)), may("url", medium()),
		may("hashes", list(plain(aText))), may("external_id", plain(aText)))
}

// base is what every entity has. Who owns it, the service says: those fields are
// not to be given. Source: public schema and code.
func base(kind string, more ...field) shape {
	return object(append([]field{
		may("id", plain(aText)), may("type", word(kind)), may("schema_version", plain(aText)),
		may("revision", plain(aWhole)), may("external_ids", list(plain(aText))),
		may("external_references", list(reference())), may("timestamp", plain(aTime)),
		may("language", short()), may("tlp", tlp()),
		may("authorized_users", list(plain(aText))), may("authorized_groups", list(plain(aText))),
	}, more...)...)
}

func described(more ...field) []field {
	return append([]field{may("title", prose(1024)), may("description", prose(5000)), may("short_description", prose(2048))}, more...)
}

// explained is what has a description, and may have a title.
func explained(more ...field) []field {
	return append([]field{may("title", prose(1024)), need("description", prose(5000)), may("short_description", prose(2048))}, more...)
}

// told is what has all three, and must.
func told(more ...field) []field {
	return append([]field{need("title", prose(1024)), need("description", prose(5000)), need("short_description", prose(2048))}, more...)
}

func sourced(more ...field) []field {
	return append([]field{may("source", medium()), may("source_uri", medium())}, more...)
}

func killChain() shape {
	return list(object(need("kill_chain_name", short()), need("phase_name", short())))
}

func column() shape {
	return object(need("name", short()), need("type", word("string", "observable", "markdown", "integer", "number", "url")),
		may("description", prose(5000)), may("required", plain(aFlag)), may("short_description", prose(2048)))
}

// table is the schema's data table; rows are not looked into.
func table() []field {
	return []field{need("columns", list(column())), need("rows", list(list(plain(anything)))), may("row_count", plain(aWhole))}
}

func identity() shape {
	return object(need("type", short()), need("observables", list(observable())), need("observed_time", observedTime()), may("os", short()))
}

func relation() shape {
	return object(need("origin", short()), need("relation", short()), need("source", observable()), need("related", observable()),
		may("origin_uri", medium()), may("relation_info", plain(anything)))
}

// Dispositions, by number from 1. Source: public schema.
func dispositions() []string {
	return []string{"Clean", "Malicious", "Suspicious", "Common", "Unknown"}
}

func dispositionNumbers() []string {
	var out []string
	for i := range dispositions() {
		out = append(out, strconv.Itoa(i+1))
	}
	return out
}
