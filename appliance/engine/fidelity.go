package engine

import (
	"fmt"

	"esasim/internal/fidelity"
)

// Fidelity lists the stages and what the simulated engines find.
func Fidelity() []fidelity.Claim {
	const guide = "AsyncOS user guide, "
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"order of the stages: antispam, antivirus, file reputation, graymail; the first that drops ends it", fidelity.Documented, guide + "Understanding the Email Pipeline"},
		{"antispam: the GTUBE text is spam, X-Advertisement: spam or suspect is what it says, a rule of the configuration comes before both", fidelity.Ours, "the engine is simulated; GTUBE is what spam filters agree on"},
		{"X-Advertisement is the header by which antispam and graymail settings are tried", fidelity.Inferred, "the vendor's notes on testing; which values it has for graymail is inferred from its words for that"},
		{"antispam reads the first 512 KiB", fidelity.Inferred, guide + "message scanning threshold"},
		{"messages above 1 MiB are too big for antispam; graymail does not look at them, either, and says nothing", fidelity.Inferred, guide + "message scanning threshold; samples have the sentence with another number"},
		{"positive spam is dropped", fidelity.Inferred, guide + "Antispam: an action for it; which one is the default depends on the setup"},
		{"suspected spam is delivered with [SUSPECTED SPAM] before its subject", fidelity.Inferred, guide + "Antispam: what its page offers; that a blank follows is inferred"},
		{"spam thresholds: positive 90, suspect 50", fidelity.Documented, guide + "Antispam: thresholds"},
		{"scores come from rules alone; the first rule that fits decides", fidelity.Ours, "the engine is simulated"},
		{"graymail is off", fidelity.Inferred, guide + "Graymail: it needs a feature key and has to be switched on"},
		{"graymail: X-Advertisement: marketing, social or bulk is what it says, rules come before; delivered with [MARKETING], [SOCIAL NETWORK] or [BULK] before its subject", fidelity.Inferred, guide + "Graymail: what its page offers; what makes a message graymail is ours"},
		{"Dropped by graymail, Bounced by graymail, rewritten by graymail", fidelity.Inferred, "in the style of antispam's"},
		{"safe unsubscribe does not exist", fidelity.Ours, "it rewrites links to a service of the vendor"},
		{"spam_check off: neither antispam nor graymail; virus_check off: no antivirus", fidelity.Documented, guide + "mail flow policies; that graymail goes with antispam is inferred"},
		{"antivirus: a text with the EICAR test file, a file that begins with it, or one that is listed by its SHA-256 is a virus; every other is clean", fidelity.Ours, "the engine is simulated; EICAR is what scanners agree on"},
		{"antivirus looks into attached messages, ZIP and gzip, five archives deep", fidelity.Inferred, guide + "scanning behavior: maximum depth of attachment recursion; engines know more formats"},
		{fmt.Sprintf("unscannable: broken archives, deeper ones, those of more than %d MiB, or that unpack to more than %d MiB, %d times their size or %d files", maxArchive>>20, maxUnpacked>>20, maxRatio, maxFiles), fidelity.Ours, "the engines' bounds are not public"},
		{"encrypted: S/MIME, PGP, and files that say so: ZIP, PDF, Office, 7z, RAR", fidelity.Inferred, guide + "Antivirus: encrypted messages; by what they are known is ours"},
		{"of several findings: viral before encrypted before unscannable", fidelity.Inferred, guide + "Antivirus: the most severe"},
		{"viral messages are dropped", fidelity.Documented, guide + "Antivirus: default action"},
		{"repaired, encrypted and unscannable messages are delivered with [WARNING: VIRUS REMOVED], [WARNING: MESSAGE ENCRYPTED], [WARNING: A/V UNSCANNABLE] before their subjects", fidelity.Inferred, guide + "Antivirus: what its page offers"},
		{"repaired: each infected file is replaced by a text; only if all are listed as repairable", fidelity.Ours, "the appliance's engine takes the virus out of the file"},
		{"notifications of viral messages, from nobody, to sender, recipients, others", fidelity.Inferred, guide + "Antivirus: notifications; the text is ours"},
	} {
		out = append(out, fidelity.Claim{Area: "Work queue", What: r.what, Level: r.level, Source: r.source})
	}
	return append(out, claims()...)
}
