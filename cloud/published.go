package cloud

import (
	"esasim/cloud/route"
)

// What is public about the answers of the routes, and what is not. The vendor's
// contracts are no part of the tree; tests hold the answers to them, and these
// tables to what they found. The fidelity ledger has both.

// Unpublished is a route of ours that the contracts do not have.
type Unpublished struct {
	Route string // as registered: "POST /iroh/iroh-enrich/observe/sighting"
	Like  string // file and name of the definition that a good answer has; "": none is public
	Why   string // where the route is known from, and what its answer was learnt from
	Never bool   // it has no good answer: whoever asks is refused
	Alien bool   // what it answers is an appliance's, and of any form
}

// UnpublishedRoutes are the routes that the contracts do not have.
func UnpublishedRoutes() []Unpublished {
	const client = "public client; gone from the contracts of today"
	return []Unpublished{
		{"POST /iroh/oauth2/token", "iroh-auth.json TokenResponse", "vendor document", false, false},
		{"GET /.well-known/jwks", "", "RFC 7517", false, false},
		{"POST /iroh/iroh-enrich/observe/sighting", "iroh-enrich.json ObserveEnvelopedObserveBundle", client, false, false},
		{"POST /iroh/iroh-enrich/observe/sighting_ref", "iroh-enrich.json ObserveEnvelopedObserveBundle", client, false, false},
		{"POST /iroh/iroh-enrich/deliberate/sighting", "iroh-enrich.json DeliberateEnvelopedObserveBundle", client, false, false},
		{"POST /iroh/iroh-enrich/deliberate/sighting_ref", "iroh-enrich.json DeliberateEnvelopedObserveBundle", client, false, false},
		{"POST /iroh/iroh-enrich/refer/sighting", "iroh-enrich.json EnvelopedRefs", client, false, false},
		{"POST /iroh/iroh-enrich/refer/sighting_ref", "iroh-enrich.json EnvelopedRefs", client, false, false},
		{"GET /iroh/iroh-enrich/settings", "", "public client, which tries its token with it", false, false},
		{"GET /.well-known/oauth-authorization-server", "", "RFC 8414", false, false},
		{"GET /.well-known/openid-configuration", "", "OpenID Connect Discovery", false, false},
		{"GET /iroh/oauth2/authorize", "", "people do not sign in", true, false},
		{"POST /iroh/oauth2/refresh", "", "people do not sign in", true, false},
		{"POST /iroh/oauth2/device_authorization", "", "people do not sign in", true, false},
		{"GET /iroh/oauth2-clients/clients", "", "public client", false, false},
		{"POST /iroh/oauth2-clients/clients", "", "public client", false, false},
		{"GET /iroh/oauth2-clients/clients/{id}", "", "public client", false, false},
		{"PATCH /iroh/oauth2-clients/clients/{id}", "", "public client", false, false},
		{"DELETE /iroh/oauth2-clients/clients/{id}", "", "public client", false, false},
		{"GET /iroh/profile/whoami", "", "public client", false, false},
		{"GET /iroh/profile/org", "", "public client", false, false},
		{"POST /iroh/profile/org", "", "public client", false, false},
		{"GET /iroh/user-mgmt/users/{id}", "", "public client", false, false},
		{"GET /iroh/user-mgmt/batch/users", "", "public client", false, false},
		{"GET /iroh/user-mgmt/search/users", "", "public client", false, false},
		{"GET /iroh/iroh-sse/tenant/token", "", "public client; what it gives is not public", true, false},
		{"GET /iroh/iroh-sse/device", "", "public client", false, false},
		{"POST /iroh/iroh-sse/device", "", "public client", false, false},
		{"GET /iroh/iroh-sse/device/{id}", "", "public client", false, false},
		{"PATCH /iroh/iroh-sse/device/{id}", "", "public client", false, false},
		{"DELETE /iroh/iroh-sse/device/{id}", "", "public client", false, false},
		{"POST /iroh/iroh-sse/device/{id}/token", "", "public client", false, false},
		{"POST /iroh/iroh-sse/device/{id}/api-proxy", "", "public client", false, true},
		{"GET /iroh/iroh-int/integration", "", "public client; there are none", false, false},
		{"GET /iroh/iroh-int/integration/{id}", "", "public client; there are none", true, false},
		{"PATCH /iroh/iroh-int/integration/{id}", "", "public client; there are none", true, false},
		{"DELETE /iroh/iroh-int/integration/{id}", "", "public client; there are none", true, false},
	}
}

// NotServed are published routes that this cloud does not have: those below a path.
type NotServed struct{ Path, Why string }

// RoutesNotServed are the published routes that are not served.
func RoutesNotServed() []NotServed {
	return []NotServed{
		{"/iroh/iroh-auth/", "people sign in there; nobody does here"},
		{"/iroh/iroh-enrich/query/", "of 2025, after the eras that are emulated"},
		{"/iroh/private-intel/", "incidents of XDR, after the eras that are emulated"},
	}
}

// Answered are the published definitions of which tests must have had a valid
// one. What else the contracts allow in these answers is never there.
func Answered() map[string][]string {
	return map[string][]string{
		"iroh-auth.json":    {"TokenResponse"},
		"iroh-inspect.json": {"Observable", "400", "401", "403"},
		"iroh-int.json":     {"ModuleInstanceResponse", "ModuleType", "ModuleTypePatch", "OneClickModuleWrapperResult"},
		"iroh-enrich.json": {"ObserveEnvelopedObserveBundle", "DeliberateEnvelopedObserveBundle", "EnvelopedRefs", "EnvelopedHealth",
			"EnvelopedSingleHealth", "ErrorMessage", "Sighting", "Observable", "ObservedRelation", "ObservedTime", "IdentitySpecification",
			"EnvelopedReputation", "Verdict", "ValidTime", "Ref", "HealthStatus", "NormalizedError-401"},
	}
}

// Routes are the routes of the public APIs, with the scope that each needs.
func (c *Cloud) Routes() []route.Route { return c.ctr.Routes() }
