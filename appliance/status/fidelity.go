package status

import "esasim/internal/fidelity"

// Fidelity lists what is counted, and how things stand.
func Fidelity() []fidelity.Claim {
	const guide = "AsyncOS user guide, Monitoring System Health and Status"
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"counters since the last reset, since the start and in all the appliance's life: messages and recipients received, recipients of bounce messages, rejected recipients, dropped messages, soft bounced events, completed, hard bounced (DNS, 5XX, filter, expired, other) and delivered recipients", fidelity.Documented, guide},
		{"Messages Received are those that came by a connection: not what was split, rewritten or made here", fidelity.Inferred, guide + " speaks of messages received into the delivery queue"},
		{"Rejected Recipients are those refused one by one, and those of a transaction that was not accepted", fidelity.Documented, guide + ": and premature connection termination"},
		{"which hard bounce is of which kind: 5.4.7 expired, an answer of 5xx, an unknown host, a stage", fidelity.Inferred, "their names"},
		{"Deleted Recipients and Global Unsubscribe Hits are 0", fidelity.Ours, "nothing deletes recipients or unsubscribes them"},
		{"lifetime counters begin with the data directory; a past that was seeded is not counted", fidelity.Ours, ""},
		{"rates: events in an hour, reckoned from the last 1, 5 and 15 minutes; 0 after a start", fidelity.Documented, guide},
		{"current IDs are the highest numbers that the log has", fidelity.Documented, guide},
		{"destinations in memory are kept for 3 hours after their last recipient", fidelity.Documented, guide},
		{"RAM, swap, CPU and disk I/O utilization are those of the machine; the CPU utilization of the MGA is that of this program. Disk I/O is 0 on platforms that do not tell", fidelity.Ours, "the appliance is a machine of its own"},
		{"CPU utilization of anti-spam, antivirus, Brightmail and reporting is 0", fidelity.Ours, "the engines are part of this program"},
		{"resource conservation is 0, or 999 while no mail is taken for want of disk space", fidelity.Documented, guide + " has 0 to 60, too: mail is not slowed down here"},
		{"kilobytes used are those of messages in the delivery queue, kilobytes free those of the disk without tracking.min_free", fidelity.Ours, "the appliance has a queue of a fixed size"},
		{"GET /xml/status on the console's port, by HTTP Basic or a token: elements, names and their order; ISO-8859-1", fidelity.Observed, "published samples"},
		{"GET /xml/status: the media type, and time_remaining Dormant/Perpetual of every feature", fidelity.Inferred, "published samples have it for features that do not expire"},
		{"up since, and the age of the oldest message: Mon Jan 20 10:00:00 2020 GMT (4h 41m 6s), 24 weeks 16 hours 30 mins 48 secs, No Messages", fidelity.Documented, guide},
		{"system status: " + Online + ", " + Offline + ", " + ReceivingSuspended + ", " + DeliverySuspended + ", " + WorkQueuePaused, fidelity.Documented, guide + "; the letter case is inferred"},
	} {
		if r.source == "" {
			r.source = "how this program is built"
		}
		out = append(out, fidelity.Claim{Area: "Status", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}
