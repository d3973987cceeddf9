package auth

import (
	"fmt"

	"esasim/internal/fidelity"
)

// Fidelity lists how senders are verified. The sentences about the results are
// among those of the mail logs and of Message Details.
func Fidelity() []fidelity.Claim {
	const guide = "AsyncOS user guide, "
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"SPF (RFC 7208), DKIM (RFC 6376) and DMARC (RFC 7489) are computed when a message has been received, before it is accepted", fidelity.Documented, guide + "Understanding the Email Pipeline"},
		{"verification is off from the factory; when it is on, a message without records has the lines None, no signature and skipped", fidelity.Documented, guide + "Mail Flow Policies, Email Authentication"},
		{"one setting for all of SPF, DKIM and DMARC; mail of senders with the rule RELAY is not verified", fidelity.Inferred, guide + "each is set in a mail flow policy, and the one for relaying is for one's own mail"},
		{"records come from zones of the configuration: A, AAAA, MX, PTR, TXT, names whose server fails or does not answer (told at once), no wildcards, no CNAME; a DNS server is asked only if one is named", fidelity.Ours, "nothing is looked up outside unless the configuration asks for it"},
		{fmt.Sprintf("the look-ups of SPF and DMARC may take %s, so may that of a DKIM key; then the result is a temporary error", timeout), fidelity.Documented, guide + "Mail Flow Policies, SPF/SIDF verification timeout"},
		{"SPF: identities HELO (postmaster@ the name) and MAIL FROM; the null sender stands for the former; PRA and Sender ID are not emulated", fidelity.Documented, guide + "Email Authentication"},
		{"SPF: results for which a message is refused, one list for each identity; 550, of a TempError 451", fidelity.Documented, guide + "Mail Flow Policies; the replies are its defaults"},
		{fmt.Sprintf("DKIM: the first %d signatures of a message are verified", maxSignatures), fidelity.Inferred, "DKIM verification profiles have such a limit; its value is not confirmed"},
		{"DKIM: signatures with l= or rsa-sha1, and keys below 1024 bits, do not verify", fidelity.Ours, "RFC 8301; l= is not safe"},
		{fmt.Sprintf("DKIM: invalid are also a header of more than %d octets, a signature field of more than %d, and more than %d octets of empty lines in a row", maxHeader, maxSignature, maxBlank), fidelity.Ours, "memory and time for a message are bounded"},
		{"DMARC: the domain of From, of several fields the first; of several addresses only if they have one domain", fidelity.Inferred, "RFC 7489, section 6.6.1"},
		{"DMARC: aspf, adkim, p and sp; pct is ignored, so a policy is for every message; no reports are sent", fidelity.Ours, "the same message has always the same outcome"},
		{"DMARC: skipped if only a failed look-up kept SPF or DKIM from passing for the domain", fidelity.Inferred, "RFC 7489, section 6.6.2, leaves it open"},
		{"DMARC: actions for the policies reject (none, quarantine, reject) and quarantine (none, quarantine); the factory's are none", fidelity.Documented, guide + "DMARC verification profiles"},
		{"DMARC: with the action quarantine the message goes to the quarantine Policy at the end of the work queue", fidelity.Documented, guide + "DMARC verification profiles; that it meets all stages before is inferred"},
		{"a refused message is aborted in the logs: Rejected by SPF verification, Rejected by DMARC verification", fidelity.Inferred, "the style of Rejected by RAT"},
		{"an Authentication-Results value can be made of a message's results; no message gets the header, because none is sent on", fidelity.Ours, "delivery is simulated"},
	} {
		out = append(out, fidelity.Claim{Area: "SPF, DKIM and DMARC", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}
