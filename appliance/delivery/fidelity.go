package delivery

import (
	"fmt"

	"esasim/internal/fidelity"
)

// Fidelity lists the rules of delivery and of the simulated hosts.
func Fidelity() []fidelity.Claim {
	const profile = "AsyncOS user guide, default bounce profile"
	accepted := Simulated{}.Deliver(Attempt{MID: 8, Recipient: "u@x.example"})
	std := standard()
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"one delivery connection (DCID) for each domain of a message, recipients of one answer share a line", fidelity.Observed, "published samples of mail logs"},
		{"a 4xx answer is tried again, a 5xx answer is a hard bounce", fidelity.Documented, "AsyncOS user guide, bounces"},
		{"given up after max_retries or max_time_in_queue", fidelity.Documented, profile},
		{"the time to the next attempt doubles from initial_retry to max_retry", fidelity.Inferred, profile + " gives the two ends"},
		{"reasons: 5.1.0 - Unknown address error, 4.1.0 - Unknown address error, for refusals without a class of their own", fidelity.Observed, "published samples of mail logs, also for answers that are not about the address"},
		{"reasons: 5.1.2 - Bad destination host, 4.4.0 - Other network problem", fidelity.Observed, "published samples of mail logs; that answers with the enhanced codes x.1.2 and x.4 have them, too, is inferred"},
		{"reasons: 4.3.2 - Not accepting messages at this time (421), 4.3.0 - Other mail system problem (x.3)", fidelity.Inferred, "RFC 3463 in the style of the others"},
		{"reason: 5.4.7 - Delivery expired (message too old)", fidelity.Inferred, "the enhanced code of RFC 3463 in the style of the others"},
		{"what no host answered has the code 000 and FreeBSD's error numbers: ('000', ['[Errno 61] Connection refused'])", fidelity.Observed, "published samples of mail logs have Errno 54; the other numbers are those of FreeBSD"},
		{"an attempt that no delivery began in is told of with DCID 0", fidelity.Inferred, "published samples of mail logs have DCID 0 where the name was not found"},
		{"SMTP routes; the one with the longest name that fits decides", fidelity.Documented, "AsyncOS user guide, SMTP routes; USEDNS and MX are not there: no name is looked up but those of routes"},
		{"destination controls by domain: TLS none, preferred and required (certificates not verified), required_verify; connections, messages of a connection, recipients of a message, recipients of a period, bounce profile", fidelity.Documented, "AsyncOS user guide, destination controls; DANE is not there"},
		{"with TLS preferred, delivery goes on without when the negotiation fails", fidelity.Documented, "AsyncOS user guide, destination controls"},
		{fmt.Sprintf("the default control: TLS %s, %d connections; the appliance has none and 500", std.TLS, std.Concurrency), fidelity.Ours, "hosts of a lab are small, and one that offers TLS can be tested with it"},
		{fmt.Sprintf("the default control: up to %d messages a connection, which waits %s for the next", std.MaxMessages, idleTime), fidelity.Inferred, "AsyncOS user guide, destination controls: the number; the time is ours"},
		{"the domains of a route that have one control share its limits; simulated domains heed the recipients of a message and of a period, and the bounce profile", fidelity.Ours, "on the appliance each domain has the default limits for itself"},
		{fmt.Sprintf("hosts are down after %d connections that failed in a row: what is due meanwhile is delayed with the last failure, and after the bounce profile's initial_retry one connection tries again", mostFailures), fidelity.Inferred, "AsyncOS user guide has the status down; when a host gets it and how it is probed is not public"},
		{"deliveries can be suspended and resumed, to all hosts or to a domain: Deliveries are currently suspended example.org", fidelity.Observed, "published samples of mail logs; commands suspenddel and resumedel; that a restart resumes them is ours"},
		{"what waits for its next attempt can be tried at once, for all or for a domain", fidelity.Documented, "AsyncOS CLI reference, delivernow"},
		{"domains without a route are simulated: nothing leaves the process", fidelity.Ours, "the default"},
		{"the simulated host answers " + accepted, fidelity.Documented, "vendor's integration guide: the answer of another appliance; that it repeats our MID is ours"},
		{"every simulated domain has an address of its own out of 203.0.113.0/24", fidelity.Ours, "the range is reserved for documentation"},
		{"recipients at " + FateDomain + " choose their fate by local part: bounce, defer, slow, 451-4.2.1, 550-5.1.1; rules choose it for any recipient", fidelity.Ours, "for tests"},
	} {
		out = append(out, fidelity.Claim{Area: "Delivery", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}
