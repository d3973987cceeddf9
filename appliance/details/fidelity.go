package details

import (
	"slices"
	"strings"

	"esasim/appliance/specimen"
	"esasim/esa"
	"esasim/internal/fidelity"
)

// Fidelity lists every sentence of Message Details, made by the table that
// writes them. A sentence that [learnt] does not know has no level, and the page
// is not made.
func Fidelity() []fidelity.Claim {
	out := []fidelity.Claim{
		{Area: "Message Details", What: "LAST STATE is the last sentence about the message, without its full stop", Level: fidelity.Documented, Source: "vendor's integration guide"},
		{Area: "Message Details", What: "LAST STATE of a bounced message is the bounce, not the bounce message that was generated", Level: fidelity.Inferred, Source: "a search for why mail did not arrive needs the reason"},
		{Area: "Message Details", What: "a filter that did not match is not mentioned", Level: fidelity.Inferred, Source: recorded + " have no such line"},
	}
	known := map[string]bool{}
	story := newStory([]esa.Event{*specimen.Of(esa.HATDecided), *specimen.Of(esa.MessageStarted), *specimen.Of(esa.SenderGiven), *specimen.Of(esa.RecipientGiven)})
	for _, e := range specimen.Events() {
		level, source := learnt(e)
		for _, s := range story.tell(e) {
			if !known[s] {
				known[s] = true
				out = append(out, fidelity.Claim{Area: "Message Details", What: s, Level: level, Source: source})
			}
		}
	}
	return append(out, otherLines()...)
}

// otherLines are the sentences that are not among those of a message's story.
func otherLines() []fidelity.Claim {
	var out []fidelity.Claim
	known := map[string]bool{}
	add := func(l Line, level, source string) {
		if !known[l.Text] {
			known[l.Text] = true
			out = append(out, fidelity.Claim{Area: "Message Details", What: l.Text, Level: level, Source: source})
		}
	}
	judged := *specimen.Of(esa.FileJudged)
	if judged.Attachment == nil {
		judged.Attachment = specimen.Of(esa.AttachmentSeen).Attachment
	}
	changed, uploaded, unknown := judged, judged, judged
	changed.Kind, uploaded.Text, unknown.Verdict = esa.VerdictChanged, "uploaded", esa.Unknown
	m := esa.Message{Events: []esa.Event{unknown, uploaded, changed}}
	for _, l := range Files(&m) {
		level, source := fidelity.Observed, "recorded answers of the call for file details"
		if strings.HasPrefix(l.Text, "Retrospective") || strings.HasPrefix(l.Text, "File uploaded") {
			level, source = fidelity.Inferred, "the style of the recorded sentences"
		}
		add(l, level, source)
	}
	m.Events = []esa.Event{*specimen.Of(esa.URLMatched)}
	for _, l := range URLs(&m) {
		add(l, fidelity.Observed, "a published answer of the call for URL details")
	}
	for _, l := range Connection([]esa.Event{*specimen.Of(esa.ConnectionOpened), *specimen.Of(esa.HATDecided)})[:2] {
		add(l, fidelity.Observed, "recorded answers of the call for connection details")
	}
	return out
}

const recorded = "recorded answers of the message details call"

// learnt says how sure the sentences of an event are and where they were seen;
// nothing for a kind it does not know.
func learnt(e *esa.Event) (level, source string) {
	const style = "the style of the recorded sentences and of the mail logs"
	switch e.Kind {
	case esa.ConnectionOpened, esa.HATDecided, esa.TLSStarted, esa.MessageStarted, esa.SenderGiven, esa.RecipientGiven,
		esa.MessageIDSeen, esa.SubjectSeen, esa.MessageReady, esa.PolicyMatched, esa.MessageQueued, esa.DeliveryOpened,
		esa.DeliveryStarted, esa.RecipientDelivered, esa.DeliveryTLSStarted:
		return fidelity.Observed, recorded
	case esa.RecipientRejected, esa.AttachmentSeen, esa.MessageAborted, esa.MessageDropped, esa.RecipientDelayed, esa.RecipientBounced,
		esa.ConnectionTrouble, esa.BounceGenerated, esa.DeliveryTrouble, esa.DoubleBounced:
		return fidelity.Inferred, style
	case esa.MessageRewritten, esa.MessageSplit, esa.MessageQuarantined, esa.MessageReleased, esa.QuarantineDeleted, esa.AuthTried, esa.QuarantineAsked, esa.MessageBounced, esa.MessageGenerated, esa.LogEntered, esa.QuarantineMoved,
		esa.QuarantineDelayed, esa.MessageReinjected, esa.VerdictChanged, esa.MessageRemediated, esa.URLMatched:
		return fidelity.Inferred, style
	case esa.ConnectionClosed:
		if e.Text == "lost" {
			return fidelity.Observed, recorded
		}
		return fidelity.Inferred, style
	case esa.EngineVerdict:
		return learntVerdict(e, style)
	case esa.AuthChecked:
		for _, seen := range []string{"Pass (v=spf1)", "pass signature verified", "DMARC pass", "Verification passed", "SDR is requested"} {
			if strings.Contains(e.Text, seen) {
				return fidelity.Observed, recorded
			}
		}
		return fidelity.Inferred, style
	}
	return "", ""
}

// learntVerdict: of the engines that take part, the words of a clean message
// were recorded.
func learntVerdict(e *esa.Event, style string) (level, source string) {
	if e.IsListed() {
		return fidelity.Inferred, style
	}
	seen := map[esa.Engine]esa.Verdict{esa.AntiSpam: esa.Negative, esa.AntiVirus: esa.Negative, esa.AMP: esa.Skipped}
	if e.Engine == esa.OutbreakFilters && e.Verdict == esa.Negative {
		return fidelity.Observed, recorded + "; no stage reports it yet"
	}
	if v, ok := seen[e.Engine]; ok {
		if v == e.Verdict {
			return fidelity.Observed, recorded
		}
		return fidelity.Inferred, style
	}
	if e.Engine == esa.Graymail {
		return fidelity.Inferred, style
	}
	if slices.Contains([]esa.Engine{esa.MessageFilters, esa.ContentFilters, esa.OutbreakFilters, esa.DLP}, e.Engine) {
		return fidelity.Inferred, style + "; no stage reports it yet"
	}
	return "", ""
}
