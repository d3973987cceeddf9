package mailbox

import "esasim/internal/fidelity"

// Fidelity lists what mailboxes are.
func Fidelity() []fidelity.Claim {
	const guide = "AsyncOS user guide, mailbox remediation"
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"behind each simulated host are the mailboxes of its recipients, with what was delivered to them", fidelity.Ours, "the appliance's are Exchange and Microsoft 365; a real host's cannot be looked into"},
		{"a message is in a mailbox as it was delivered: with the header fields that were added, as the verdicts were then", fidelity.Ours, "as a real host has it"},
		{"a delivered message can be deleted from a mailbox; it stays Delivered in Message Tracking, which tells of the remediation", fidelity.Documented, guide + "; forwarding is not built"},
	} {
		out = append(out, fidelity.Claim{Area: "Mailboxes", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}
