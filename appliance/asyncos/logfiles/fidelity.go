package logfiles

import "esasim/internal/fidelity"

// Fidelity lists the calls of the area.
func Fidelity() []fidelity.Claim {
	const own = "the appliance's own description of its API"
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"GET config/logs/subscriptions: name, type, retrievalMethod; by retrievalMethod manual, aws_s3_push, scp_push, ftp_push, syslog_push", fidelity.Observed, own},
		{"GET config/logs/subscriptions: Manual Download, IronPort Text Mail Logs", fidelity.Observed, own},
		{"GET config/logs/subscriptions: Syslog Push, and the names of other types", fidelity.Inferred, "the style of those that were seen"},
		{"GET logs/NAME: modificationDate, downloadUrl, name, size, and fileHash if computeHash is True", fidelity.Observed, own},
		{"GET logs/NAME: startDate and endDate are of the last change and may be left out; the hash is SHA-256; the oldest file comes first", fidelity.Inferred, "no answer with one is known"},
		{"GET logs/NAME/FILE: the file, as an attachment; mail.current is the one being written", fidelity.Observed, own + "; that it is an attachment is inferred from public clients"},
		{"logs are for every role but Help Desk", fidelity.Inferred, "AsyncOS user guide, User Roles"},
		{"404 for subscriptions and files that there are not", fidelity.Inferred, "the style of other parameters"},
	} {
		out = append(out, fidelity.Claim{Area: "REST API", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}
