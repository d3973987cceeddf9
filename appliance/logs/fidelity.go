package logs

import "esasim/internal/fidelity"

// Fidelity lists what all log subscriptions have in common.
func Fidelity() []fidelity.Claim {
	const guide = "AsyncOS user guide, Logging"
	const samples = "published samples of mail logs"
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"files named after the moment they were begun: mail.@20200514T132357.c while written, .s when finished; mail.current is the one being written; rolled over by size, the oldest removed", fidelity.Documented, guide},
		{"a file begins with: Begin Logfile, Version: 13.0.0-392 SN: X, Time offset from UTC: 0 seconds", fidelity.Observed, samples},
		{"a line begins as Thu May 14 13:23:57 2020 Info:", fidelity.Observed, samples},
		{"lines end with a line feed", fidelity.Inferred, "the appliance is a Unix system"},
		{"pushed to a syslog server a line begins as <22>May 14 13:23:57 mail_logs: Info: with the facility that is set, and the severities critical 2, warning 4, info 6, debug and trace 7", fidelity.Observed, "published samples, whose numbers are those of facilities of their own; RFC 5424 for the severities"},
		{"over TCP and TLS a message ends with a line feed (RFC 6587, non-transparent framing)", fidelity.Inferred, "receivers take it by default; the appliance's choice is not public"},
		{"over UDP a message is cut at 9216 octets", fidelity.Ours, "a datagram has an end somewhere"},
		{"a syslog server that is away is waited for, as long as the event log is kept", fidelity.Ours, "what the appliance does meanwhile is not public"},
		{"a subscription begins with what happens after it was set up", fidelity.Inferred, "a log on the appliance has no past either"},
		{"where writing was overtaken by the store's retention, a line of the level Warning: " + LostEvents("mail_logs", 42), fidelity.Ours, "levels: " + guide + "; the appliance does not log by way of a store"},
	} {
		out = append(out, fidelity.Claim{Area: "Log subscriptions", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}
