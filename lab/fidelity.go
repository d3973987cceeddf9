package lab

import "esasim/internal/fidelity"

// Fidelity lists what only the emulator has.
func Fidelity() []fidelity.Claim {
	var out []fidelity.Claim
	for _, what := range []string{
		"POST config/reload below " + apiPrefix + ", SIGHUP: another configuration while mail flows; the appliance has commit instead",
		"GET ready, GET addresses, GET link, POST register, POST deregister below " + apiPrefix,
		"GET tracking/messages, GET tracking/messages/{mid}, GET tracking/explain below " + apiPrefix + ": searches by text, as JSON, JSON lines or CSV",
		"GET quarantines, GET quarantines/messages, POST quarantines/release, delete, move, copy, delay, send below " + apiPrefix,
		"POST tracking/backup below " + apiPrefix + ": copies the tracking data of a running lab",
		"a lab registers its appliance by itself; --unregistered leaves it as from the factory",
		"a lab's cloud makes the module of a device that registers; in the product a person does",
		"every region knows one API client with all scopes, made at the first start",
		"faults of real deployments come about by themselves. Not to be had yet: sma_lag, sma_too_old (there is no SMA); cert_expired, clock_skew, tls_intercept (the link has no certificates of its own); esa_too_old, ces_or_sma_managed (the page that refuses is not there); tracking_off (sightings are still pushed); esa_slow (nothing slows a module down)",
	} {
		out = append(out, fidelity.Claim{Area: "Emulator", What: what, Level: fidelity.Ours, Source: "no counterpart; docs/api.md"})
	}
	return out
}
