package quarantine

import (
	"fmt"
	"strings"

	"esasim/internal/fidelity"
)

// Fidelity lists what quarantines do.
func Fidelity() []fidelity.Claim {
	const guide, samples = "AsyncOS user guide, Policy, Virus, and Outbreak Quarantines", "published samples of mail logs"
	var built []string
	for _, q := range BuiltIn() {
		built = append(built, fmt.Sprintf("%s %s %s", q.Name, q.Retention, q.Action))
	}
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"always there: Policy, Virus, Outbreak, Unclassified, File Analysis, and the spam quarantine; others can be added", fidelity.Documented, guide},
		{"retention and action: " + strings.Join(built, ", "), fidelity.Inferred, guide + ": one hour and release of File Analysis; the other values are not confirmed"},
		{"a message in several quarantines goes on when the last has let it go; deleted from one it stays in the others", fidelity.Documented, guide},
		{"moved, a message leaves when it was to leave the first quarantine; delayed, so much later", fidelity.Documented, guide},
		{"copied into another quarantine, it has the retention of that one", fidelity.Inferred, guide + ": each quarantine has its own"},
		{"released from the last, it meets the stages behind the one that had it held; from Outbreak antispam, antivirus and AMP again, from File Analysis AMP", fidelity.Documented, guide + ", Rescanning of Quarantined Messages"},
		{"an administrator's release and deletion are manual in the logs, those by time are expired, those for room queue full", fidelity.Observed, samples},
		{"without room the oldest leaves early, by its quarantine's action, unless that keeps its messages", fidelity.Documented, guide},
		{"quarantines that keep all their messages take more than there is room for", fidelity.Ours, "what the appliance does with mail then is not public"},
		{"room for 10240M, and as much in the spam quarantine; a message in two quarantines takes it once", fidelity.Ours, "the sizes depend on the model"},
		{"a quarantine changes subject and header and strips attachments of what it releases by itself", fidelity.Documented, guide},
		{"that is done when the last quarantine has let the message go, as a message rewritten by quarantine", fidelity.Inferred, "the style of messages that are rewritten by stages"},
		{"released from the spam quarantine, a message is a new one and goes straight to delivery", fidelity.Documented, "AsyncOS user guide, Spam Quarantine"},
		{"nothing but spam goes into the spam quarantine, or out of it into another one", fidelity.Inferred, guide + ": it is separate"},
		{"a quarantine that is taken out of the configuration releases what it holds when the time is over", fidelity.Ours, "the appliance does not lose one so"},
		{"what was to go to a quarantine that is no longer there goes to Unclassified", fidelity.Documented, guide + ", Quarantine Types"},
	} {
		out = append(out, fidelity.Claim{Area: "Quarantines", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}
