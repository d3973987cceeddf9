package ctr

import "esasim/internal/fidelity"

// exchanged lists what clients can do with devices.
func exchanged() []fidelity.Claim {
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"/iroh/iroh-sse/device GET, POST; .../ID GET, PATCH, DELETE; .../ID/token POST; .../ID/api-proxy POST; scope sse", fidelity.Observed, "public client"},
		{"bodies and errors of these routes; reading needs sse:read, all else sse:write", fidelity.Ours, "they are not public"},
		{"GET /iroh/iroh-sse/tenant/token is answered 501", fidelity.Ours, "what it gives is not public"},
		{"the list is empty while Cisco Threat Response is off in the exchange", fidelity.Documented, "vendor's integration guide"},
		{"api-proxy takes path, method, headers, body, timeout in seconds; 60 at most", fidelity.Observed, "vendor's workflow action of this purpose; the names of the keys are ours"},
		{"api-proxy gives the device's answer as it is, with the header X-Esasim-Answered-By: device", fidelity.Ours, "the real form is not public"},
		{"502 device_offline at once, 504 device_timeout, 503 device_busy, 502 device_failed", fidelity.Ours, "they are not public"},
	} {
		out = append(out, fidelity.Claim{Area: "Threat Response: devices", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}
