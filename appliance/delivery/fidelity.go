package delivery

import "esasim/internal/fidelity"

// Fidelity lists the rules of delivery and of the simulated hosts.
func Fidelity() []fidelity.Claim {
	const profile = "AsyncOS user guide, default bounce profile"
	accepted := Simulated{}.Deliver(Attempt{MID: 8, Recipient: "u@x.example"})
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"one delivery connection (DCID) for each domain of a message, recipients of one answer share a line", fidelity.Observed, "published samples of mail logs"},
		{"a 4xx answer is tried again, a 5xx answer is a hard bounce", fidelity.Documented, "AsyncOS user guide, bounces"},
		{"given up after max_retries or max_time_in_queue", fidelity.Documented, profile},
		{"the time to the next attempt doubles from initial_retry to max_retry", fidelity.Inferred, profile + " gives the two ends"},
		{"reasons: 5.1.0 - Unknown address error, 4.1.0 - Unknown address error", fidelity.Observed, "published samples of mail logs; esasim gives these for every refusal"},
		{"reason: 5.4.7 - Delivery expired (message too old)", fidelity.Inferred, "the enhanced code of RFC 3463 in the style of the others"},
		{"no bounce message is made", fidelity.Ours, "not built yet"},
		{"nothing leaves the process: every domain's host is simulated", fidelity.Ours, "there is no delivery by SMTP yet"},
		{"the simulated host answers " + accepted, fidelity.Documented, "vendor's integration guide: the answer of another appliance; that it repeats our MID is ours"},
		{"every domain has an address of its own out of 203.0.113.0/24", fidelity.Ours, "the range is reserved for documentation"},
		{"recipients at " + FateDomain + " choose their fate by local part: bounce, defer, 451-4.2.1, 550-5.1.1", fidelity.Ours, "for tests"},
	} {
		out = append(out, fidelity.Claim{Area: "Delivery", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}
