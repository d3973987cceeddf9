package maillog

import (
	"strings"

	"esasim/appliance/specimen"
	"esasim/esa"
	"esasim/internal/fidelity"
)

// Fidelity lists every sentence of the mail logs, made by the very functions
// that write them. A sentence that [learnt] does not know has no level, and the
// page is not made.
func Fidelity() []fidelity.Claim {
	out := []fidelity.Claim{
		{Area: "Mail logs", What: "control characters of senders are shown as ?", Level: fidelity.Ours, Source: "a line that mail can break in two could be forged"},
	}
	out = append(out, fidelity.Claim{Area: "Mail logs", What: "no line says that a filter matched, only what it did", Level: fidelity.Inferred, Source: samples + " have no such line"})
	out = append(out, fidelity.Claim{Area: "Mail logs", What: "wordings 14 and 15: " + esa.SDRSince14("Consolidated Sender Reputation: Awful, Threat Category: Spam. Youngest Domain Age: 3 days for domain: b.example"),
		Level: fidelity.Inferred, Source: samples + " have one of these lines; Awful is Untrusted there, Poor, Tainted and Weak are Questionable, Good is Trusted"})
	out = append(out, fidelity.Claim{Area: "Mail logs", What: "wording 13: ICID 5 ACCEPT SG None match  SBRS None country not enabled for the last row of the HAT; wordings 14 and 15: match ALL",
		Level: fidelity.Inferred, Source: samples + " have both; that 14 is where it changes is inferred"})
	known := map[string]bool{}
	for _, e := range specimen.Events() {
		level, source := learnt(e)
		for _, s := range sentencesOf(e) {
			if !known[s] {
				known[s] = true
				out = append(out, fidelity.Claim{Area: "Mail logs", What: s, Level: level, Source: source})
			}
		}
	}
	return out
}

const samples = "published samples of mail logs"

// learnt says how sure the sentences of an event are and where they were seen;
// nothing for a kind it does not know.
func learnt(e *esa.Event) (level, source string) {
	if e.Kind == esa.RecipientRejected && e.Text == "HAT" {
		return fidelity.Inferred, "the lines of the other refusals; that of a delayed rejection was not seen"
	}
	switch e.Kind {
	case esa.ConnectionOpened, esa.HATDecided, esa.TLSStarted, esa.MessageStarted, esa.SenderGiven, esa.RecipientGiven,
		esa.RecipientRejected, esa.MessageIDSeen, esa.SubjectSeen, esa.AttachmentSeen, esa.MessageReady, esa.MessageAborted,
		esa.PolicyMatched, esa.MessageDropped, esa.MessageQueued, esa.DeliveryOpened, esa.DeliveryStarted, esa.RecipientDelivered,
		esa.RecipientDelayed, esa.RecipientBounced, esa.DeliveryClosed, esa.MessageFinished, esa.ConnectionTrouble, esa.ConnectionClosed:
		return fidelity.Observed, samples
	case esa.DeliveryTLSStarted, esa.DeliveryTrouble, esa.BounceGenerated:
		return fidelity.Observed, samples
	case esa.AuthTried, esa.QuarantineAsked, esa.MessageBounced, esa.MessageGenerated, esa.LogEntered, esa.MessageReinjected, esa.URLMatched:
		return fidelity.Observed, samples
	case esa.QuarantineMoved, esa.QuarantineDelayed:
		return fidelity.Inferred, "the lines of release and deletion; one was not seen"
	case esa.VerdictChanged:
		return fidelity.Inferred, "the line of the first verdict; one was not seen"
	case esa.DoubleBounced:
		return fidelity.Observed, samples + "; that Bounced: stands before it is inferred"
	case esa.EngineVerdict:
		return learntVerdict(e)
	case esa.AuthChecked:
		return learntCheck(e)
	case esa.MessageRewritten, esa.MessageSplit, esa.MessageReleased, esa.QuarantineDeleted:
		return fidelity.Observed, samples
	case esa.MessageQuarantined:
		if e.Text != "" {
			return fidelity.Inferred, samples + ", of which not every one has the reason in brackets"
		}
		return fidelity.Observed, samples
	}
	return "", ""
}

// learntCheck: SPF's sentences were all seen, of the others some.
func learntCheck(e *esa.Event) (level, source string) {
	switch {
	case strings.Contains(e.Text, "Suspected Domain(s)"):
		return fidelity.Inferred, samples + " of a later version have the words"
	case strings.Contains(e.Text, "DMARC action "):
		return fidelity.Inferred, samples + " have the words, not the whole line"
	case strings.HasPrefix(e.Text, "tempfail "):
		return fidelity.Inferred, "completes the series of results; reasons are those of RFC 6376"
	case strings.HasPrefix(e.Text, "permfail ") && !strings.Contains(e.Text, "body hash"), strings.HasPrefix(e.Text, "invalid "):
		return fidelity.Inferred, samples + " have the word; reasons are those of RFC 6376"
	case strings.Contains(e.Text, "skipped") && !strings.Contains(e.Text, "No record"):
		return fidelity.Inferred, "the reason that was seen: No record found for the sending domain"
	}
	return fidelity.Observed, samples
}

func learntVerdict(e *esa.Event) (level, source string) {
	const unused = "; no stage reports it yet"
	switch e.Engine {
	case esa.AntiSpam:
		if e.IsListed() {
			return fidelity.Inferred, "vendor's notes have the words; the whole line is that of CASE"
		}
		switch e.Verdict {
		case esa.Marketing, esa.Social, esa.Bulk:
			return fidelity.Inferred, samples + " have the words, not the whole line"
		case esa.Unscannable:
			return fidelity.Inferred, "antivirus unscannable"
		}
		return fidelity.Observed, samples
	case esa.AntiVirus:
		if e.Verdict == esa.Positive {
			return fidelity.Inferred, "antivirus positive was seen, VIRAL completes the series of interim words"
		}
		return fidelity.Observed, samples
	case esa.AMP:
		switch e.Verdict {
		case esa.Skipped:
			return fidelity.Observed, samples
		case esa.Unknown:
			return fidelity.Inferred, samples + " have a reason behind it, in brackets"
		case esa.LowRisk:
			return fidelity.Observed, samples + unused
		}
		return fidelity.Inferred, "completes the series of verdicts" + unused
	case esa.DLP:
		if e.Verdict == esa.Positive {
			return fidelity.Observed, samples + unused
		}
		return fidelity.Inferred, "the opposite of the violation that was seen" + unused
	case esa.Graymail:
		return fidelity.Observed, samples
	case esa.OutbreakFilters:
		return fidelity.Observed, samples + unused
	}
	return "", ""
}
