package tracking

import (
	"fmt"

	"esasim/internal/fidelity"
)

// Fidelity lists what a search can ask and how it compares.
func Fidelity() []fidelity.Claim {
	const guide = "AsyncOS user guide, Tracking Messages"
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"criteria: envelope sender, envelope recipient, subject, attachment name, SHA-256, message-id, MID, sender IP or network, time received", fidelity.Documented, guide},
		{"criteria: direction", fidelity.Observed, "public clients of the tracking API"},
		{"criteria: ICID", fidelity.Ours, "handy; the product finds it by other ways"},
		{fmt.Sprintf("operators %s, %s, %s; the first is the default", BeginsWith, Is, Contains), fidelity.Observed, "public clients of the tracking API; vendor's integration guide"},
		{"texts compare without regard to case", fidelity.Documented, guide},
		{"also outside ASCII: by Unicode case folding", fidelity.Ours, "the guide says that other character sets are not supported in a subject"},
		{"a message-id is found with and without its angle brackets", fidelity.Ours, "people search for both"},
		{"answers come newest first, by MID", fidelity.Observed, "recorded answers"},
		{"a message is searchable at once; the appliance needs some minutes", fidelity.Ours, "a lab should not wait"},
		{"what is too old or too much is removed, the oldest first, some thousand messages at a time", fidelity.Ours, "the guide says only that the oldest data makes room"},
	} {
		out = append(out, fidelity.Claim{Area: "Message Tracking", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}
