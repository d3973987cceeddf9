package smtp

import "esasim/internal/fidelity"

// Fidelity lists the rules of the access tables and of numbering.
func Fidelity() []fidelity.Claim {
	const guide = "AsyncOS user guide"
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"HAT: ordered sender groups, the first with a matching member decides", fidelity.Documented, guide + ", Mail Flow Policies"},
		{"HAT: access rules " + Accept + ", " + Relay + ", " + Reject + ", " + TCPRefuse, fidelity.Documented, guide + ", Mail Flow Policies"},
		{"HAT: members ALL, IP address, CIDR range, sbrs[none]; host names, DNS lists and score ranges are not emulated", fidelity.Documented, guide + ", Mail Flow Policies"},
		{"HAT: nothing matching is ALL with ACCEPT", fidelity.Documented, guide + ", the last row of a public listener"},
		{"HAT: the sender reputation of everybody is None", fidelity.Ours, "there is no reputation service offline"},
		{"HAT: no reverse DNS look-up; the host is \"unknown\", not verified", fidelity.Ours, "nothing is looked up outside"},
		{"RAT: domains, .domain for all below it, ALL", fidelity.Documented, guide + ", Recipient Access Table"},
		{"RAT: a sender with rule RELAY may send to every domain; its mail is outgoing", fidelity.Documented, guide + ", Mail Flow Policies"},
		{"limits: recipients of a message, message size, header lines, connections to the listener", fidelity.Documented, guide + ", default mail flow policies"},
		{"a connection over the listener's limit gets its own ICID and is refused with 421", fidelity.Inferred, "the reply and the log line Connection limit exceeded"},
		{"ICID: one for each connection; MID: given when MAIL FROM is accepted, so refused and aborted messages have one", fidelity.Observed, "published samples of mail logs"},
		{"no MID is given out twice, also after a crash; a crash may leave a gap of up to 1,000", fidelity.Inferred, "counters survive a restart (AsyncOS user guide, Logging); the gap is ours"},
		{"troubles named in the logs: Receiving Failed: Message size exceeds limit, Receiving Failed: Connection limit exceeded", fidelity.Observed, "published samples of mail logs"},
		{"troubles named in the logs: Receiving Failed: Message header size exceeds limit, Receiving Failed: Message body contains illegal bare CR/LF characters", fidelity.Inferred, "the replies, in the style of the others"},
		{"little room on the disk: MAIL is refused with 452, with less than half of it also what is sent and new connections (421); what was accepted goes on", fidelity.Inferred, "the reply queue full; the measure of it, tracking.min_free, is ours"},
		{"troubles named in the logs: Receiving Failed: Queue full, once a connection", fidelity.Inferred, "the reply, in the style of the others"},
		{"troubles named in the logs: TLS failed, Unknown command: x", fidelity.Observed, "published samples of mail logs"},
		{"an idle connection is logged as: disconnected address IP, no messages injected within timeout period", fidelity.Observed, "published samples of mail logs"},
		{"an aborted message is logged as: Receiving aborted, Receiving aborted by sender", fidelity.Observed, "published samples of mail logs"},
		{"250 ok:  Message N accepted is said when message N is on disk", fidelity.Ours, "our promise; the appliance's own is not public"},
	} {
		out = append(out, fidelity.Claim{Area: "Listener, HAT and RAT", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}
