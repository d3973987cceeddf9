package changes

import "esasim/internal/fidelity"

// Fidelity lists how far changing the configuration is that of the appliance.
func Fidelity() []fidelity.Claim {
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"a change must be submitted and committed; submitted alone it changes nothing in what runs", fidelity.Documented, "vendor's integration guide"},
		{"a commit has a comment; uncommitted changes can be shown and cleared", fidelity.Documented, "AsyncOS CLI reference: commit, showchanges, clear"},
		{"each user has a draft of his own; drafts do not outlive a restart", fidelity.Inferred, "changes are pending for who made them; a reboot loses them"},
		{"a submit is refused if what comes of it could not run, or needs a restart", fidelity.Ours, "the appliance checks each page; what needs a restart here it does at once"},
		{"Threat Response enabled, its server AMERICAS; a lab begins registered", fidelity.Ours, "from the factory it is disabled, and the guide has a person enable it"},
		{"while Threat Response is disabled a registration stays, and nothing is told", fidelity.Inferred, "enabling and registering are two steps"},
		{"Message Tracking is disabled: pages and API say so, mail flows on", fidelity.Inferred, "AsyncOS user guide, Message Tracking: a service to enable; the text and the status 404 are ours"},
		{"what came while Message Tracking was disabled is found once it is enabled", fidelity.Ours, "the appliance tracks only what came while it was enabled; here one log is behind mail flow and tracking"},
		{"log_subjects off: mail logs, Consolidated Event Log, tracking, subject reports and sightings have no subject; filters, engines, queues, quarantines and mailboxes do", fidelity.Documented, "AsyncOS user guide, Message Tracking: subjects need subject logging; which others are without it is inferred"},
		{"what is made of a message (rewritten, copied, a notice of it) goes by whether its subject was logged when it came", fidelity.Ours, "so that a message is told as a whole"},
		{"the last 100 commits are kept", fidelity.Ours, "the appliance has a log of its configuration's history"},
		{"each commit is a line in the program's own log, in the words of the system log: commit changes", fidelity.Inferred, "AsyncOS user guide, system logs: User admin: commit changes"},
	} {
		out = append(out, fidelity.Claim{Area: "Configuration changes", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}
