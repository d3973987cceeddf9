package engine

import "esasim/internal/fidelity"

// claims of the engines that find what the configuration says: AMP, outbreak filters
// and DLP.
func claims() []fidelity.Claim {
	const guide = "AsyncOS user guide, "
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"AMP: what is known of files is a table (appliance.files); other files are UNKNOWN, a message without attachment is SKIPPED, the message's verdict is the worst of its files'", fidelity.Ours, "there is no reputation service offline; the words are from published samples"},
		{"AMP from the factory: malicious mail is dropped; unscannable mail is delivered with [WARNING: ATTACHMENT UNSCANNED] before its subject, mail whose files are analysed with [WARNING: ATTACHMENT(S) MAY CONTAIN MALWARE]", fidelity.Inferred, guide + "File Reputation Filtering and File Analysis: the settings; the texts are product knowledge"},
		{"file analysis takes as long as the table says, counted from each message that brings the file", fidelity.Ours, "on the appliance the second message with a file knows what came out; here the same mail always meets the same fate"},
		{"a message held in File Analysis is released when all its files are analysed, asked about again, and treated by what is known then; after the quarantine's retention it goes on as it is", fidelity.Documented, guide + "Quarantining Messages with Attachments Sent for Analysis"},
		{`such a release is (file analysis complete) in the mail log; mail is held for the reason "File analysis pending"`, fidelity.Inferred, "samples have manual, expired and queue full"},
		{"what is found out of a file later is told of every message with it that has passed, also of those it became; a policy may have it deleted from mailboxes", fidelity.Documented, guide + "File threat verdict updates; Mailbox Auto Remediation, of which forwarding is not built"},
		{"dropped by AMP: Dropped by amp; rewritten by amp", fidelity.Inferred, "the words of antispam and antivirus"},
		{"outbreak filters: rules are a table (appliance.outbreak_rules); without any the engine does not run", fidelity.Ours, "the vendor's rules cannot be had"},
		{"quarantine threshold 3; retention at most 1 day for viral attachments and 4 hours for others; message modification off, threshold 3, [SUSPICIOUS MESSAGE]", fidelity.Inferred, guide + "Outbreak Filters: the settings; not all of their defaults are sure"},
		{"of several outbreak rules that match, the one with the highest threat level decides; below the threshold the message goes on, with a positive verdict", fidelity.Inferred, guide + "Threat levels"},
		{`Virus Threat Level=3 (VOF rule:X); quarantined to "Outbreak" (Outbreak rule:X)`, fidelity.Observed, "published samples"},
		{"URLs of the threat are put behind a proxy when the message is scanned: rewritten by url-threat-protection filter 'Threat Protection'", fidelity.Inferred, guide + "URL rewriting; there messages that are held are changed when they are released. The filter's name is product knowledge"},
		{"what the Outbreak quarantine releases meets antispam, antivirus and AMP again", fidelity.Documented, guide + "Outbreak Filters, rescanning"},
		{"DLP: outgoing mail only; policies in order, the first that is violated decides", fidelity.Documented, guide + "Arranging the order of the DLP policies for violation matching"},
		{"severity from a risk factor of 0 to 100: LOW from 10, MEDIUM from 35, HIGH from 60, CRITICAL from 90", fidelity.Documented, guide + "Severity scale"},
		{"risk factor: each match that says something new adds the classifier's weight, 15, up to its maximum; at most 100", fidelity.Ours, "the engine's own is not public; weight, maximum and minimum are those of custom classifiers"},
		{"credit card numbers have a brand's range and length and a good check digit; US Social Security numbers are ones that are given out; IBANs have their country's length and good check digits", fidelity.Inferred, guide + "DLP classifiers check numbers; how is not public"},
		{"DLP looks at subject, body and attachments that are text", fidelity.Ours, "texts of other files are not taken out"},
		{"what matched is kept with all but its last four characters masked, 20 matches of a message at most", fidelity.Ours, "the appliance shows it whole to whom it lets"},
		{"DLP quarantines to Policy for the reason DLP violation; Dropped by DLP; rewritten by dlp", fidelity.Inferred, "the words of other engines"},
		{"encrypt encrypts nothing, but adds " + EncryptHeader, fidelity.Ours, "there is no key service offline"},
	} {
		out = append(out, fidelity.Claim{Area: "Work queue", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}
