package ctr

import (
	"fmt"
	"slices"
	"strings"

	"esasim/cloud/ctim"
	"esasim/internal/fidelity"
)

// Fidelity lists what Threat Response does.
func Fidelity() []fidelity.Claim {
	out := slices.Concat(access(), exchanged(), enrichment(), integrations())
	return append(out, inspection()...)
}

func access() []fidelity.Claim {
	const schema, client, doc, middleware = "schema", "public client", "vendor document", "the vendor's open-source middleware"
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"POST /iroh/oauth2/token, grant client_credentials: HTTP Basic with a form, or JSON", fidelity.Documented, doc},
		{fmt.Sprintf("an access token lives %s", tokenLifetime), fidelity.Documented, doc},
		{"an access token is an RS256 JWT with the claims of a published one", fidelity.Observed, "published token of 2018"},
		{"GET /.well-known/jwks", fidelity.Documented, schema},
		{"GET /.well-known/oauth-authorization-server, /.well-known/openid-configuration; the grant is spelt client_credential there", fidelity.Observed, "metadata of the live service; what is not served here is left out"},
		{"/iroh/oauth2/authorize, refresh, device_authorization: 400 unsupported_response_type, 400 unsupported_grant_type", fidelity.Ours, "nobody can log in here by OAuth"},
		{"GET, POST " + clientsPath + ", GET, PATCH, DELETE " + clientsPath + "/ID; scope oauth", fidelity.Inferred, "the path is the schema's; documents and scope are not public"},
		{fmt.Sprintf("at most %d API clients", MaxClients), fidelity.Ours, "the real limit is not public"},
		{"GET /iroh/profile/whoami, GET and POST /iroh/profile/org; scope profile", fidelity.Observed, "recorded answers; the scope is inferred"},
		{"GET /iroh/user-mgmt/users/ID, /iroh/user-mgmt/batch/users?id=ID, /iroh/user-mgmt/search/users?query=TEXT; scope users", fidelity.Observed, client + "; the parameter query, the scope and the form are inferred"},
		{"last-logged-at is when the user was made; idp-mappings has one entry, esasim", fidelity.Ours, "nobody logs in"},
		{"400 invalid_client, 400 wrong_client_creds", fidelity.Observed, client + "; which one is for which mistake is inferred"},
		{"400 unsupported_grant_type, 400 invalid_request", fidelity.Inferred, "RFC 6749"},
		{"an asked scope that the client has not got is left out", fidelity.Documented, doc},
		{"scopes: " + strings.Join(Scopes(), ", "), fidelity.Observed, client + " (13 in early 2020, 22 in 2021), metadata of the live service (32)"},
		{"a client acts for a user and may do no more; roles are admin and user, which lacks " + strings.Join(lacking(), ", "), fidelity.Inferred, doc + ": a scope may be smaller than asked when the user lost privileges; what the roles may is not public"},
		{"a scope gives the whole tree below it; :read and :write narrow", fidelity.Inferred, "the scopes of the routes (schema)"},
		{"client ids are client-UUID, passwords 54 characters", fidelity.Observed, "published samples"},
		{"401 invalid_request, No JWT found in HTTP Authorization header", fidelity.Documented, schema},
		{"401 jwt_invalid_signature, jwt_public_key_not_found, jwt_expired, jwt_decode_failed_exception, jwt_revoked, unauthenticated_user", fidelity.Observed, middleware + "; that a deleted client's token is revoked and one without its user unauthenticated is inferred"},
		{"401 jwt_expired_via_max_jwt_lifetime, jwt_valid_in_future, jwt_missing_field", fidelity.Observed, middleware + "; the texts are inferred"},
		{"400 invalid_jwt for a token that is not accepted, if threat_response.invalid_jwt is on", fidelity.Inferred, "scripts of 2018 treat 400 as well as 401 as an expired token; it is recorded nowhere"},
		{"bodies: 400 {errors: {KEY: disallowed-key, missing-required-key, or what is not}}", fidelity.Documented, schema + "; details of values are inferred"},
		{"403 missing_scope with missing-scopes, required-scopes, scopes, user-id, org-id, trace_id", fidelity.Documented, schema},
		{"500 unknown-exception with trace_id", fidelity.Observed, "recorded answer"},
		{"headers X-Iroh-Version, X-Iroh-Config, X-Ctim-Version, X-Ratelimit-Org-Limit: 8000, Server, Strict-Transport-Security (not for localhost)", fidelity.Observed, "recorded answers; some of the values are ours"},
		{"X-Ratelimit-Org-Remaining (profile xdr2025)", fidelity.Observed, "recorded answers"},
		{"429 Too Many Requests with Retry-After, by organisation and rolling hour, shared by all clients", fidelity.Documented, doc + "; body and header are recorded"},
		{"the limit is off by default; requests with a good token count, refused ones do not; the count begins anew with a start", fidelity.Ours, "a lab's own limit would only be in the way"},
		{fmt.Sprintf("bodies: inspect at most %d bytes, enrich at most %d bytes and %d observables", maxInspect, maxEnrich, maxObservables), fidelity.Ours, "the real limits are not public"},
		{"no response, integration, profile or private-intelligence routes, no authorization code, no refresh", fidelity.Ours, "not built yet"},
	} {
		out = append(out, fidelity.Claim{Area: "Threat Response: access", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}

// lacking are the scopes that a user has not or only in part.
func lacking() []string {
	var out []string
	for _, s := range Scopes() {
		if !slices.Contains(userScopes(), s) {
			out = append(out, s)
		}
	}
	return out
}

func enrichment() []fidelity.Claim {
	const recorded, schema, relay = "recorded answers", "schema", "the relay contract"
	m := Module{Name: ESAType}
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"POST /iroh/iroh-enrich/observe/observables: sightings", fidelity.Documented, schema},
		{"POST /iroh/iroh-enrich/deliberate/observables: verdicts alone; an Email Security Appliance has none", fidelity.Observed, recorded},
		{"POST /iroh/iroh-enrich/refer/observables: links", fidelity.Documented, schema},
		{"POST /iroh/iroh-enrich/observe/sighting, deliberate/sighting, refer/sighting: the sighting's observables are asked for", fidelity.Inferred, "public client; gone from the schema of today"},
		{"POST /iroh/iroh-enrich/observe/sighting_ref, deliberate/sighting_ref, refer/sighting_ref: {\"sighting_ref\": id}; a module that keeps the sighting is asked; an appliance's has external ids. 404 sighting_not_found", fidelity.Ours, "the routes are the public client's, their form is not public"},
		{"POST /iroh/iroh-enrich/observe/targets: observables, start_time, end_time; looks where observe looks, within the time", fidelity.Inferred, schema + ", which has the form alone"},
		{"GET /iroh/iroh-enrich/reputation/observable: all verdicts and the one that holds: Clean before Malicious, Suspicious, Common, Unknown", fidelity.Inferred, schema + "; the order is that of judgements of one priority"},
		{"GET /iroh/iroh-enrich/settings: module_deadline_seconds, max_observables", fidelity.Ours, "the public client tries its token with it; its answer is not public"},
		{"verdicts always have disposition_name and valid_time.end_time", fidelity.Observed, recorded + "; clients crash without"},
		{"flags and product_categories: instances are asked whose type has one of them", fidelity.Inferred, schema + ", which has the names alone"},
		{"POST /iroh/iroh-enrich/health, .../health/ID", fidelity.Documented, schema},
		{"query parameters mids, flags, product_categories", fidelity.Documented, schema},
		{"200 also when every module failed; each failure is an entry of errors, which is absent when empty", fidelity.Observed, recorded},
		{"entries have module (the instance's name), module_instance_id, module_type_id", fidelity.Observed, recorded + " since August 2020"},
		{"a sighting's observables are those asked for", fidelity.Observed, recorded},
		{`envelope module-type (profile strict2020): {"module":"...","module-type":"Email Security Appliance","data":{}}`, fidelity.Inferred, "a published answer of April 2020 has the form; the appliance's own type and the form of errors were not seen"},
		{`envelope module (configured): {"module":"...","data":{}}`, fidelity.Inferred, "clients of 2019 read no more than the name"},
		{"schema_version 1.3.28 (profile xdr2025)", fidelity.Documented, "the last release of the public schema in 2025"},
		{"schema_version " + ctim.SchemaVersion, fidelity.Observed, recorded + " of May 2020"},
		{"times in UTC with milliseconds", fidelity.Observed, recorded},
		{TimedOut(m).Code + ": " + TimedOut(m).Message, fidelity.Observed, recorded + "; that a silent device looks like this is inferred"},
		{ClientError("Forbidden", 403).Code + ": " + ClientError("Forbidden", 403).Message, fidelity.Inferred, "the form is recorded with other messages"},
		{"a module goes with its device", fidelity.Ours, "what becomes of it is not public"},
		{TooMany(ESAType, ctim.Observable{Value: "X"}).Code + ": " + TooMany(ESAType, ctim.Observable{Value: "X"}).Message, fidelity.Inferred, relay},
		{fmt.Sprintf("at most %d sightings for an observable", maxPerObservable), fidelity.Inferred, relay},
		{fmt.Sprintf("at most %d sightings for a module", maxPerModule), fidelity.Ours, "bounds the memory of an answer"},
		{fmt.Sprintf("at most %d bytes of sightings for a module, as they were pushed; beyond it the same warning", maxModuleBytes), fidelity.Ours, "bounds the memory of an answer"},
		{fmt.Sprintf("at most %d calls look something up at a time; others wait", maxAsking), fidelity.Ours, "bounds the memory of answers"},
		{fmt.Sprintf("a module has %s to answer", DefaultModuleDeadline), fidelity.Inferred, "the real figure is not public"},
		{"module type " + ESAType + ", named so by default", fidelity.Documented, "vendor's integration guide"},
		{fmt.Sprintf("Request Timeframe: %d days by default, bounds how old a sighting may be", DefaultTimeframeDays), fidelity.Documented, "vendor's integration guide"},
		{"400 disallowed-key, missing-required-key in bodies", fidelity.Documented, schema + "; the form for lists is inferred"},
	} {
		out = append(out, fidelity.Claim{Area: "Threat Response: enrich", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}

func inspection() []fidelity.Claim {
	const recorded = "115 recorded inputs"
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{`POST /iroh/iroh-inspect/inspect: {"content": text} in, observables out`, fidelity.Documented, "schema"},
		{`typed: type:"value", type:'value', type:value; a blank is allowed before a quote`, fidelity.Observed, recorded},
		{`typed: email_subject, cisco_mid, email_messageid`, fidelity.Documented, "vendor's integration guide"},
		{"typed values are not checked; ipv4 is another name for ip", fidelity.Observed, recorded},
		{"free text: ip, ipv6, domain, url, email, md5, sha1, sha256, nothing else", fidelity.Observed, recorded},
		{"a URL gives url and domain, an e-mail address gives email alone", fidelity.Observed, recorded},
		{"ipv6, hashes and domains come back in lower case", fidelity.Observed, recorded},
		{"a name is a domain if its last label is of the public list, or reserved for laboratories", fidelity.Inferred, "no recorded file name was taken for a domain"},
		{"a text without observables gives []", fidelity.Inferred, "an error would be the other choice"},
	} {
		out = append(out, fidelity.Claim{Area: "Threat Response: inspect", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}

// integrations are the claims of module types and instances.
func integrations() []fidelity.Claim {
	const schema = "schema"
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"/iroh/iroh-int/module-instance, module-type, module-type-patch, module-instance-wrapper: routes, keys, statuses", fidelity.Documented, schema + "; DELETE is 204 (public code)"},
		{"404 module_instance_not_found, module_type_not_found, integration_not_found", fidelity.Observed, "public code"},
		{"404 module_type_patch_not_found; an unknown module_type_id of a new instance is 404", fidelity.Inferred, "from the other codes"},
		{"400 of a key that is missing or not allowed", fidelity.Documented, schema + "; the wording of wrong values and of several faults is inferred"},
		{"module_type_id of " + ESAType + " and of " + SMAType, fidelity.Ours, "the real ones are not public"},
		{"settings device and timeframe of their instances, from a configuration_spec with a field of the type device", fidelity.Inferred, "the form of the vendor's integration guide; the real keys are not public"},
		{"an instance needs a device that is registered while Cisco Threat Response is on in the exchange", fidelity.Documented, "vendor's integration guide"},
		{"names of instances need not be unique", fidelity.Inferred, "every device's module has the same name by default"},
		{"an instance that is not enabled is not asked", fidelity.Inferred, "the name of the key"},
		{"a type that has instances is not deleted (409); built-in types are not changed (403)", fidelity.Ours, "not public"},
		{"a patch of a type is made when its merge_status becomes merged", fidelity.Inferred, "the words of the schema"},
		{"no type can be had by one click; there are no integrations on the older route", fidelity.Ours, "what they do is not public"},
		{"/iroh/iroh-response/respond/observables, respond/sighting, respond/trigger: routes, parameters, answers", fidelity.Documented, schema},
		{"a trigger takes the instance's name, too", fidelity.Observed, "public code of 2018"},
		{"actions delete-message, quarantine-message (cisco_mid, email_messageid, sha256) and block-sender (email, domain) of " + ESAType + " and " + SMAType, fidelity.Ours, "what the real modules can do is not public"},
		{"actions are calls of the device's own API: quarantines, mailboxes, blocklists, dictionaries", fidelity.Documented, "that the service reaches a device's API through the exchange; which calls it makes is not public"},
		{"a device that is away is module-timeout, its API's refusal is client-error with the status", fidelity.Inferred, "from the codes of enrich"},
		{"links of refer lead to Message Tracking of the device, of what it has seen", fidelity.Ours, "the links of the real modules are not public"},
		{fmt.Sprintf("an action has %s; the journal keeps %d responses", triggerDeadline, maxResponses), fidelity.Ours, "no journal of the real service is public"},
		{fmt.Sprintf("at most %d instances, types and patches, bodies of at most %d bytes", maxListed, maxEntity), fidelity.Ours, "bounds the memory"},
	} {
		out = append(out, fidelity.Claim{Area: "Threat Response: modules", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}
