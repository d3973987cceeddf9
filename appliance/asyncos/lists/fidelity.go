package lists

import "esasim/internal/fidelity"

// Fidelity lists how far the calls are those of the appliance.
func Fidelity() []fidelity.Claim {
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"config/dictionaries, config/url_lists, config/file_hash_lists, with device_type, mode, group_name, host_name", fidelity.Documented, "AsyncOS API guide of later versions"},
		{"GET, POST, PUT and DELETE of config/dictionaries/{name}, and of its words", fidelity.Inferred, "the paths are documented; methods and keys as far as they are remembered of it"},
		{"GET, POST, PUT and DELETE of config/url_lists/{name} and config/file_hash_lists/{name}", fidelity.Inferred, "in the style of dictionaries; their keys urls and hashes are not certain"},
		{"answers: Added successfully., Updated successfully., Deleted successfully.", fidelity.Inferred, "the style of the API guide"},
		{"409 for a list that is there already, 400 for one that could not run", fidelity.Ours, "the appliance's answers are not known"},
		{"each call commits at once; what is in drafts stays there", fidelity.Inferred, "the API has no commit"},
		{"mode, group_name and host_name make no difference", fidelity.Ours, "there is no cluster"},
	} {
		out = append(out, fidelity.Claim{Area: "REST API, lists", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}
