package sse

import (
	"fmt"
	"strings"

	"esasim/internal/fidelity"
)

// Fidelity lists what the exchange does.
func Fidelity() []fidelity.Claim {
	const guide = "vendor's integration guide"
	var choices []string
	for _, e := range Expiries() {
		choices = append(choices, e.Text)
	}
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"a device is added with a token, and registers with it before it expires", fidelity.Documented, guide},
		{"expiry of a token: " + strings.Join(choices, ", ") + "; the first is the default", fidelity.Documented, guide},
		{fmt.Sprintf("1 to %d devices are added at once", MaxDevices), fidelity.Documented, guide},
		{"a token is 32 hexadecimal digits", fidelity.Ours, "the real form is not public"},
		{"an invalid or expired token and one of another region are refused", fidelity.Documented, guide},
		{"a used token is refused to another device; the same one, by its serial, gets a new credential until the token expires", fidelity.Ours, "so that a lost answer costs nothing"},
		{"all refused tokens are refused alike", fidelity.Ours, "nobody is told what a token was"},
		{"device status " + string(Registered), fidelity.Documented, guide},
		{"device status " + string(Pending) + ", " + string(Expired), fidelity.Inferred, "product knowledge, not confirmed"},
		{"device facts: name, type ESA or SMA, version, description, id (UUID), IP address, connector version, created", fidelity.Documented, guide},
		{fmt.Sprintf("heartbeat every %s; a device silent for twice that is offline", HeartbeatEvery), fidelity.Inferred, "public client: the connector refreshes its registration every 1200 s"},
		{"switch Cisco Threat Response, off at first; off hides every device from Threat Response", fidelity.Documented, guide + "; a lab turns it on"},
		{"a deleted device learns of it at its next call", fidelity.Inferred, "the vendor's documents name no other way"},
		{"POST /providers/sse/v1/register, .../devices/ID/sightings, .../heartbeat, DELETE .../devices/ID", fidelity.Ours, "docs/wire.md"},
		{"POST /sse/api/v1/tokens, GET and DELETE /sse/api/v1/devices, GET and PUT /sse/api/v1/services", fidelity.Ours, "what the portal's pages can do; the pages do not exist yet"},
		{"a pushed sighting must have the schema's required keys, its closed vocabularies and lengths; unknown keys are refused", fidelity.Documented, "public schema (CTIM)"},
		{"sightings are kept for ever, one for each device and external id", fidelity.Ours, "retention is not built yet"},
		{"observables compare without regard to case; ip and ipv6 by address; message-ids without angle brackets", fidelity.Inferred, "as message tracking compares, which the real module asks"},
		{"the cloud calls the device's own API, through its connection to the exchange", fidelity.Documented, "vendor's documents on Security Services Exchange"},
		{fmt.Sprintf("such a call takes %s at most", MaxTimeout), fidelity.Observed, "vendor's workflow action of this purpose"},
		{"GET /providers/sse/v1/devices/ID/requests, POST .../requests/ID/answer: a long poll and its answers; a device that does not poll cannot be asked, and that is said at once", fidelity.Ours, "docs/wire.md"},
		{"switch Eventing, off at first; no service of this cloud takes an appliance's events, so nothing depends on it", fidelity.Documented, "vendor's documents; that an appliance has no events to send is inferred"},
		{"audit log: time, user, action, object, result; 90 days", fidelity.Ours, "what the real one shows is not public"},
		{"a row is edited (name, description), which holds against what the device says of itself", fidelity.Ours, "the real form is not public"},
		{"another token for a pending or expired device: the row is pending again; for a registered one, the same appliance may register again", fidelity.Ours, "tokens are kept as hashes, so none can be shown twice"},
		{"GET, PATCH /sse/api/v1/devices/ID, POST .../devices/ID/token, POST .../devices/delete, GET /sse/api/v1/audit-log", fidelity.Ours, "what the portal's pages can do; the pages do not exist yet"},
	} {
		out = append(out, fidelity.Claim{Area: "Security Services Exchange", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}
