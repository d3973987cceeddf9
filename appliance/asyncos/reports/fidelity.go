package reports

import (
	"fmt"
	"strings"

	"esasim/internal/fidelity"
)

// Where it was learnt.
const (
	area    = "REST API: reports"
	swagger = "the appliance's own description of its API"
	clients = "public clients"
	answers = "recorded answers"
)

// Fidelity lists the calls, and of each report which of its counters are fed. Both
// come from the tables that the answers come from.
func Fidelity() []fidelity.Claim {
	var out []fidelity.Claim
	for _, r := range claims() {
		out = append(out, fidelity.Claim{Area: area, What: r[0], Level: r[1], Source: r[2]})
	}
	for _, r := range Catalogue() {
		out = append(out, r.claim())
	}
	return out
}

func (r *Report) claim() fidelity.Claim {
	c := fidelity.Claim{Area: area, What: "GET reporting/" + r.Name, Level: fidelity.Observed, Source: swagger}
	if r.Key != "" {
		c.What += " by " + r.Key
		c.Source += "; what it counts by is inferred from its name"
	}
	fed := r.Fed()
	switch missing := len(r.Counters) - len(fed); {
	case len(r.Counters) == 0:
		c.What += ": empty, as it names no counters"
	case len(fed) == 0:
		c.What += ": zero-filled, as nothing here feeds it"
	case missing == 0:
		c.What += ": all counters"
	default:
		var zero []string
		for _, name := range r.Counters {
			if r.number(name) == nil {
				zero = append(zero, name)
			}
		}
		c.What += fmt.Sprintf(": %d of %d counters; always zero: %s", len(fed), len(r.Counters), strings.Join(zero, ", "))
	}
	return c
}

func claims() [][3]string {
	return [][3]string{
		{"GET reporting/REPORT and reporting/REPORT/COUNTER for 80 reports", fidelity.Observed, swagger},
		{"a report without keys: a list of objects of one counter each; totalCount -1", fidelity.Observed, answers},
		{"a report with keys: for each counter a list of objects of one key each", fidelity.Observed, answers},
		{"a report with keys: totalCount is the number of keys, before offset and limit", fidelity.Inferred, "there must be a way to know when to stop"},
		{"a single counter: an object of that counter, or of its list", fidelity.Inferred, "the style of the others"},
		{"query_type=export: time_intervals, oldest first, with keys and counter_values, and counter_names", fidelity.Observed, clients},
		{"query_type=export by address: counter_values with ip_domain and key, the host's name", fidelity.Observed, clients + "; what key is was inferred"},
		{"query_type=export of a report without keys: the key is total", fidelity.Ours, "no answer is known"},
		{"query_type=graph: a list of begin, end and value for each counter, or each key of it", fidelity.Inferred, "the API guide names it, and charts need it"},
		{"series are by the hour up to eight days, and by the day beyond", fidelity.Ours, "not public"},
		{"dates are to the hour", fidelity.Inferred, "all public clients round them to it"},
		{"device_type esa, device_group_name Hosted_Cluster, device_name the appliance's", fidelity.Observed, clients},
		{"filterOperator begins_with and is; filterBy may be any word, as a report has one kind of key", fidelity.Ours, "the words of filterBy are not public"},
		{"top, limit up to 1,000; without orderBy keys come by their total, the largest first", fidelity.Ours, "the real figures are not public"},
		{"GET " + CSVPath + " by HTTP Basic: format, report_query_id, report_def_id, date_range, profile_type, and the ids of queries", fidelity.Observed, clients + "; mga_outgoing_delivery_status_status_table is not there"},
		{"its columns: Begin Timestamp, End Timestamp, Begin Date, End Date, Key, and the counters of the API", fidelity.Inferred, "AsyncOS user guide, Retrieving CSV Data Via Automated Processes, which has the first four; Key and the others are ours"},
		{"its ranges: current_hour, current_day, current_week, current_month", fidelity.Inferred, "clients use the first; the others are its style"},
		{"Help Desk users may not see reports", fidelity.Documented, "AsyncOS user guide, User Roles"},
		{"privilege e_reporting", fidelity.Inferred, "the style of those of message tracking"},
		{"a recipient counts once: as spam, virus, malware, stopped by a content filter, graymail, or clean, in this order", fidelity.Documented, "AsyncOS user guide, How Email Messages Are Categorized; where malware and graymail stand is inferred"},
		{"suspected spam counts as spam", fidelity.Inferred, "there is no counter of its own"},
		{"a recipient is counted when its message leaves the work queue, or goes into a quarantine, for the first time", fidelity.Inferred, "only then it is known as what"},
		{"a connection refused by the HAT counts as one recipient stopped by reputation", fidelity.Ours, "the real appliance estimates how many there would have been"},
		{"domains of sending hosts are those of verified host names; others are " + "No Domain Information", fidelity.Documented, "AsyncOS user guide, Incoming Mail Page"},
		{"networks are the /24 or /48 of an address", fidelity.Ours, "network owners come from a service outside"},
		{"TLS counts as preferred, never as required", fidelity.Ours, "the event log does not say which it was"},
		{"buckets of minutes, hours and days, kept for 3 hours, 8 days and 2 years", fidelity.Ours, "the real figures are not public; pages show 2 years"},
		{"in a bucket of time at least 1,000 keys of a table are told apart; the smallest of more count in sums alone", fidelity.Ours, "what senders choose must not fill the disk"},
		{"messages made by esasim seed are in no report", fidelity.Ours, "a seeded past has no event log"},
	}
}
