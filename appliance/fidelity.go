package appliance

import "esasim/internal/fidelity"

// Fidelity lists what the box as a whole shows of itself.
func Fidelity() []fidelity.Claim {
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"serial number: 20 and 12 hexadecimal digits, as a virtual appliance's", fidelity.Observed, "published samples"},
		{"device facts sent to the cloud: type ESA, version without build, description ESA, IP address 127.0.0.1, connector 1.3.34", fidelity.Documented, "vendor's integration guide"},
		{"banner of the pages: Cisco C100V, Email Security Virtual Appliance", fidelity.Documented, "vendor's integration guide"},
		{"STARTTLS with a self-signed certificate, TLS 1.2 and later", fidelity.Inferred, "the appliance has a demonstration certificate; its protocols are a setting there"},
		{"no status page", fidelity.Ours, "not built yet"},
	} {
		out = append(out, fidelity.Claim{Area: "Appliance", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}
