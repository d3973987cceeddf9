package consolidated

import "esasim/internal/fidelity"

// Fidelity lists what the lines consist of.
func Fidelity() []fidelity.Claim {
	const guide, samples = "AsyncOS user guide, Consolidated Event Logs", "published samples"
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"CEF:0|Cisco|C100V Email Security Virtual Appliance|13.0.0-392|ESA_CONSOLIDATED_LOG_EVENT|Consolidated Log Event|5|", fidelity.Observed, samples},
		{"fields in the order of the published sample: deviceExternalId, ESAMID, ESAICID, ESADCID, ESAASVerdict, ESAAVVerdict, ESACFVerdict, endTime, ESADLPVerdict, ESADMARCVerdict, dvc, ESAAttachmentDetails, ESAFriendlyFrom, ESAGMVerdict, startTime, deviceDirection, ESAMailFlowPolicy, suser, cs1 MailPolicy, cs2 SenderCountry, ESAMFVerdict, act, ESAFinalActionDetails, cs4 ExternalMsgID, ESAOFVerdict, duser, ESAHeloDomain, ESAHeloIP, cfp1 SBRSScore, ESASDRDomainAge, cs3 SDRThreatCategory, cs6 SDRRepScore, ESASPFVerdict, sourceHostName, ESASenderGroup, sourceAddress, msg, ESATLSInCipher, ESATLSInConnStatus, ESATLSInProtocol, ESATLSOutCipher, ESATLSOutConnStatus, ESATLSOutProtocol", fidelity.Observed, samples + "; on the appliance a user chooses the fields and their order"},
		{"ESAAMPVerdict before ESAASVerdict; ESADKIMVerdict, deviceInboundInterface, deviceOutboundInterface, ESAReplyTo and ESAMsgSize at the end", fidelity.Inferred, guide + " has the fields; the sample has no place for them"},
		{"ESASPFVerdict Pass, Fail, SoftFail, Neutral, None, TempError, PermError: of the envelope sender, or else of HELO", fidelity.Observed, samples + "; that HELO stands in is inferred"},
		{"ESADKIMVerdict pass, permfailure, tempfailure, neutral, None: of the best signature; ESADMARCVerdict pass, fail, Skipped", fidelity.Inferred, guide + " has most of the words; which result has which is inferred"},
		{"no language, URL and DANE fields, no ESAStatus lines", fidelity.Ours, "the emulator does not know these facts yet; a field that is not known is left out"},
		{"ESATLSOut... is of the last connection that the message went out by; ConnStatus is Failure where TLS was tried and the message went in the clear", fidelity.Inferred, guide + " has the fields and their two words"},
		{"deviceOutboundInterface is the listener, too, of a message that went out", fidelity.Inferred, guide + ": the name of a listener; there is one interface"},
		{"verdicts NOT_EVALUATED, NEGATIVE, POSITIVE, SUSPECT, BULK_MAIL, SOCIAL_MAIL, MARKETING_MAIL, UNSCANNABLE, CLEAN, MALICIOUS, UNKNOWN, SKIPPED, LOW_RISK, FA_PENDING, REPAIRED, ENCRYPTED, MATCH, NO_MATCH, VIOLATION, NO_VIOLATION", fidelity.Documented, guide},
		{"an engine that could not read the message and has no word for it: NOT_EVALUATED", fidelity.Inferred, guide + ": antispam, graymail and outbreak filters have no such word"},
		{"act DELIVERED, QUARANTINED, DROPPED, BOUNCED, ABORTED; ESAFinalActionDetails: To POLICY, To SPAM, 5.1.0 - Unknown address error, Receiving aborted by sender", fidelity.Observed, samples},
		{"several quarantines are joined: To POLICY, VIRUS; a dropped message has no details", fidelity.Inferred, samples + " have one quarantine, and no dropped message"},
		{"a message with a recipient that was delivered to counts as delivered", fidelity.Inferred, "as its last state in Message Tracking"},
		{"a line when a message is finished, and when it is put into a quarantine; none for a message that was rewritten, whose successor has one", fidelity.Inferred, guide + ": one line for each message; QUARANTINED is among the actions"},
		{"deviceDirection 0 incoming, 1 outgoing; recipients joined with ;", fidelity.Observed, samples},
		{"subject and message-id in single quotes, in double quotes if they have a single one", fidelity.Inferred, samples + " have single quotes, in the notation of the language the appliance is written in"},
		{"ESAAttachmentDetails is a dictionary in that notation: {'resume.docx': {'AMP': {'Verdict': 'MALICIOUS', 'fileHash': '...'}, 'BodyScanner': {}}}; without Verdict if it is not known of this file", fidelity.Observed, samples},
		{"in values = is written \\=, a backslash twice, ends of lines as \\n and \\r; other control characters as ?", fidelity.Documented, "Common Event Format; the question mark is ours"},
		{"wording 15: start, end, src, shost for startTime, endTime, sourceAddress, sourceHostName; product Secure Email Gateway Virtual", fidelity.Observed, "published samples and the vendor's guide of AsyncOS 15"},
		{"wordings 14 and 15: ESASPFVerdict {'mailfrom': {'result': 'Pass', 'sender': 'a@b.example'}, 'helo': {...}}", fidelity.Observed, "published samples of AsyncOS 14; they have 'pra' besides, which is not computed here"},
		{"in a file and in syslog Info: stands before CEF:", fidelity.Inferred, "as in all other logs"},
	} {
		out = append(out, fidelity.Claim{Area: "Consolidated Event Log", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}
