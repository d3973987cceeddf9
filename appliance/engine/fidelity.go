package engine

import "esasim/internal/fidelity"

// Fidelity lists the stages and what the simulated engines find.
func Fidelity() []fidelity.Claim {
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"order of the stages: antispam, antivirus, file reputation; the first that drops ends it", fidelity.Documented, "AsyncOS user guide, Understanding the Email Pipeline"},
		{"graymail, outbreak filters and DLP do not exist", fidelity.Ours, "not built yet"},
		{"every recipient matches the mail policy DEFAULT; messages are never split", fidelity.Ours, "per-recipient policies are not built yet"},
		{"antispam: a message with the GTUBE text is spam, every other is not", fidelity.Ours, "the engine is simulated; GTUBE is what spam filters agree on"},
		{"antispam reads the first 512 KiB", fidelity.Inferred, "AsyncOS user guide, message scanning threshold"},
		{"positive spam is dropped", fidelity.Inferred, "AsyncOS user guide, Antispam: an action for it; which one is the default depends on the setup"},
		{"antivirus: an attachment with the SHA-256 of the EICAR test file is a virus, every other is clean", fidelity.Ours, "the engine is simulated; EICAR is what scanners agree on"},
		{"viral messages are dropped", fidelity.Documented, "AsyncOS user guide, Antivirus: default action"},
		{"file reputation: no attachment is SKIPPED, every attachment is UNKNOWN and passes", fidelity.Ours, "there is no reputation service offline; the words are from published samples"},
	} {
		out = append(out, fidelity.Claim{Area: "Work queue", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}
