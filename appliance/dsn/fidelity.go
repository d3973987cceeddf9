package dsn

import (
	"fmt"

	"esasim/internal/fidelity"
)

// Fidelity lists what is known of bounce messages.
func Fidelity() []fidelity.Claim {
	const profile = "AsyncOS user guide, default bounce profile"
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{fmt.Sprintf("a bounce message for the recipients that bounced in one attempt, from <>, on ICID 0, with the first %d KB of the original", MostOriginal>>10),
			fidelity.Documented, profile + "; order of its log lines: published samples"},
		{"it has the parts of RFC 3462 and 3464; who bounced by a filter has no diagnostic code, for no host answered", fidelity.Documented, profile + ": the format of RFC 1894, which RFC 3464 replaced; without a code is ours"},
		{"it is outgoing", fidelity.Inferred, "it goes out from the appliance"},
		{"its text", fidelity.Ours, "the appliance's is not published with its templates"},
		{"what bounces without a sender is a double bounce, and nobody is told", fidelity.Observed, "published samples of mail logs"},
	} {
		out = append(out, fidelity.Claim{Area: "Bounce messages", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}
