package slbl

import (
	"fmt"

	"esasim/internal/fidelity"
)

// Fidelity lists what safelists and blocklists do to mail.
func Fidelity() []fidelity.Claim {
	const guide = "AsyncOS user guide, Safelists and Blocklists"
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"lists are asked for each recipient, behind message filters and mail policies and before antispam", fidelity.Documented, guide},
		{"a sender on the safelist: antispam does not look at the message, the other stages do", fidelity.Documented, guide},
		{"a sender on the blocklist: the message goes to the spam quarantine when the other stages have seen it, or is dropped at once", fidelity.Documented, guide + ": Blocklist Action"},
		{"dropped by the blocklist: Message aborted MID 9 Dropped by SLBL", fidelity.Inferred, "Dropped by CASE was seen; SLBL is how the mail logs call the lists"},
		{"antispam does not look at a message from the blocklist: the list's verdict stands in the place of its own", fidelity.Inferred, guide + " says that it is treated as spam"},
		{"recipients whose lists differ get messages of their own; the log line is that of a split by policy, with the name of the policy that both have", fidelity.Inferred, guide + " has the splitting; its line was not seen"},
		{"envelope sender and From are both compared; quarantined mail that is released is not asked about again", fidelity.Documented, guide},
		{"an entry of an address counts more than one of its domain", fidelity.Documented, guide},
		{"of two entries of the same kind, as for envelope sender and From, the blocklist's counts", fidelity.Ours, "not known"},
		{"entries: user@example.com, example.com, server.example.com, [192.0.2.1], [ipv6:2001:db8::1], user@[192.0.2.1], user@[ipv6:2001:db8::1]; not .example.com", fidelity.Documented, guide + ": Syntax"},
		{"an entry of a domain does not mean the servers below it", fidelity.Documented, guide + ": Syntax has server.example.com as an entry of its own"},
		{"[192.0.2.1] means senders whose address has it in the place of a domain", fidelity.Inferred, guide + ": Syntax"},
		{"the same entry cannot be on both lists of a recipient", fidelity.Documented, guide + ": Syntax"},
		{"enabled from the factory", fidelity.Ours, "on the appliance somebody has to do it; without entries it makes no difference"},
		{"blocklist action quarantine, 100 entries in each list of a recipient", fidelity.Inferred, guide + " has the settings; their defaults are product knowledge"},
		{fmt.Sprintf("%d entries in all lists together", MostEntries), fidelity.Ours, "they are one file here"},
		{"lists are asked where antispam would look: not if mail policy, mail flow policy or a message filter leaves it out", fidelity.Inferred, guide + ": antispam has to be enabled"},
		{"no synchronization with an SMA, no export and import of the database, no page for end users, no aliases that share lists", fidelity.Ours, "not built"},
	} {
		out = append(out, fidelity.Claim{Area: "Safelists and blocklists", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}
