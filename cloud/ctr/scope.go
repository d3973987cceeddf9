package ctr

import (
	"slices"
	"strings"
)

// Scopes are the coarse scopes that a client may have: first those that the API
// Clients page offered in early 2020, then those that came later (public
// client, metadata of the live service). A scope stands for the whole tree
// below it; ":read" and ":write" narrow it.
func Scopes() []string {
	return []string{"casebook", "enrich", "global-intel", "inspect", "integration", "private-intel", "profile",
		"registry", "response", "sse", "telemetry", "ui-settings", "users",
		"admin", "asset", "event", "feedback", "investigation", "invite", "notification", "oauth", "orbital", "webhook",
		"ao", "base-telemetry", "cognitive", "detection", "forensics_admin", "forensics_analyst", "forensics_responder", "insights", "playbook", "security-events"}
}

// userScopes are what a user has who is no administrator: nothing that changes
// the organisation (inferred; the real roles' scopes are not public).
func userScopes() []string {
	var out []string
	for _, s := range Scopes() {
		switch s {
		case "admin", "invite", "registry":
		case "integration", "sse", "users":
			out = append(out, s+":read")
		default:
			out = append(out, s)
		}
	}
	return out
}

// knownScope is true for a scope in the tree of one of Scopes.
func knownScope(scope string) bool {
	path, access, narrowed := strings.Cut(scope, ":")
	root, _, _ := strings.Cut(path, "/")
	return slices.Contains(Scopes(), root) && (!narrowed || access == "read" || access == "write") &&
		!strings.ContainsAny(scope, " \t\r\n\"\\") && len(scope) <= 200
}

// covers is true when a granted scope gives what a required one asks for:
// enrich gives enrich/observables/observe:read, enrich:read gives no write.
// Source: schema (the scopes of the routes); the implication is inferred.
func covers(granted, required string) bool {
	grantedPath, grantedAccess, narrowed := strings.Cut(granted, ":")
	requiredPath, requiredAccess, _ := strings.Cut(required, ":")
	if narrowed && grantedAccess != requiredAccess {
		return false
	}
	return requiredPath == grantedPath || strings.HasPrefix(requiredPath, grantedPath+"/")
}

// common gives what is in both lists, by the trees that they stand for: of
// integration and integration:read, the latter. The order is that of wanted.
func common(wanted, has []string) []string {
	out := []string{}
	add := func(s string) {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	for _, w := range wanted {
		if allows(has, w) {
			add(w)
			continue
		}
		for _, h := range has {
			if covers(w, h) {
				add(h)
			}
		}
	}
	return out
}
