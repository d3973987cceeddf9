package headers

import "esasim/internal/fidelity"

// Fidelity lists the fields and how sure their forms are.
func Fidelity() []fidelity.Claim {
	const guide, samples = "AsyncOS user guide", "published samples of delivered mail"
	var out []fidelity.Claim
	for _, r := range []struct{ what, level, source string }{
		{"Received: from mail.b.example (HELO b) ([1.1.1.1]) by esa.example.com with ESMTP/TLS/ECDHE-RSA-AES256-GCM-SHA384; 07 Sep 2022 08:10:33 +0000", fidelity.Observed, samples + "; what is not known is left out"},
		{"X-IronPort-RemoteIP, X-IronPort-MID, X-IronPort-Reputation, X-IronPort-Listener, X-IronPort-SenderGroup, X-IronPort-MailFlowPolicy", fidelity.Documented, guide + ": all optional; off unless the configuration asks for them; of the policy the rule is shown, because the log has no more of it"},
		{"Authentication-Results in the words of RFC 8601; those that came in the appliance's name are left out", fidelity.Documented, guide + " has the field; leaving out: RFC 8601, section 5"},
		{"an Authentication-Results field of more than 16 KB is left out, too", fidelity.Ours, "it cannot be told whose it is without keeping it"},
		{"Received-SPF: Pass (host: domain of a@b designates 192.0.2.1 as permitted sender) identity=mailfrom; client-ip=; receiver=; envelope-from=; x-sender=; x-conformance=spf_only", fidelity.Inferred, guide + " has the field; its form is that of RFC 7208, 9.1"},
		{"X-IronPort-Anti-Spam-Filtered: true; X-IronPort-Anti-Spam-Result, X-IronPort-AV, X-Amp-Result", fidelity.Documented, guide + ": the names"},
		{"the values of X-IronPort-Anti-Spam-Result and X-IronPort-AV: the verdict in words", fidelity.Ours, "the appliance's are packed in a way that is not public"},
		{"the values of X-Amp-Result: Clean, UNKNOWN, MALICIOUS, LOWRISK, Unscannable, SKIPPED(no attachment in message)", fidelity.Inferred, "product knowledge, and the words of the mail logs"},
		{"X-SLBL-Result: SAFE-LISTED or BLOCK-LISTED, of mail whose sender is on a list of the recipient; such mail has no fields of antispam", fidelity.Inferred, guide + " has the name; the values are those of published samples of delivered mail"},
		{"the order of the fields: what was found of the message, where it came from, Received", fidelity.Inferred, "what is added last stands first"},
		{"a bounce message gets none of them", fidelity.Inferred, "it came by no connection"},
	} {
		out = append(out, fidelity.Claim{Area: "Added headers", What: r.what, Level: r.level, Source: r.source})
	}
	return out
}
