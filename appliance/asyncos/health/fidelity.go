package health

import "esasim/internal/fidelity"

// Fidelity lists the calls of the area.
func Fidelity() []fidelity.Claim {
	const clients = "public clients"
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"GET health: percentages of RAM, CPU, swap, disk I/O and queue, messages in the work queue and in policy, virus and outbreak quarantines, resource conservation", fidelity.Observed, clients},
		{"GET health/delivery_status: destination_domain, latest_host_status, active_recipients, delivered_recipients, soft_bounces, hard_bounces, connections_out of each domain in memory", fidelity.Observed, clients},
		{"GET health/delivery_status: Up, Down, Unknown; those with the most recipients first; numbers are numbers", fidelity.Inferred, "the page Delivery Status"},
		{"GET health/system_status: rates, gauges, counters, mail_system_status, version_details, each a list of one; overall_cpu_load with a percent sign", fidelity.Observed, clients},
		{"GET health/system_status: the other percentages have the sign, too; up_since and oldest_message are as status has them; raid_status Unknown", fidelity.Inferred, "the style of the one that was seen"},
		{"every role may call health; device_type is esa or left out; the names of its privileges", fidelity.Inferred, "the style of the others"},
	} {
		out = append(out, fidelity.Claim{Area: "REST API", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}
