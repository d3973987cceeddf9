package details

import (
	"net/netip"
	"slices"
	"time"

	"esasim/esa"
	"esasim/internal/fidelity"
)

// Fidelity lists every sentence of Message Details, made by the table that
// writes them. A sentence that [learnt] does not know has no level, and the page
// is not made.
func Fidelity() []fidelity.Claim {
	out := []fidelity.Claim{
		{Area: "Message Details", What: "LAST STATE is the last sentence about the message, without its full stop", Level: fidelity.Documented, Source: "vendor's integration guide"},
	}
	known := map[string]bool{}
	story := newStory([]esa.Event{*specimen(esa.HATDecided), *specimen(esa.MessageStarted), *specimen(esa.SenderGiven), *specimen(esa.RecipientGiven)})
	for _, e := range specimens() {
		level, source := learnt(e)
		for _, s := range story.tell(e) {
			if !known[s] {
				known[s] = true
				out = append(out, fidelity.Claim{Area: "Message Details", What: s, Level: level, Source: source})
			}
		}
	}
	return out
}

const recorded = "recorded answers of the message details call"

// specimens are events of every kind, and of every engine and verdict, with all
// fields filled, so that no sentence is missed.
func specimens() []*esa.Event {
	var out []*esa.Event
	for k := range sentences {
		switch k := esa.Kind(k); k {
		case esa.EngineVerdict:
			for engine := esa.MessageFilters; engine <= esa.DLP; engine++ {
				for v := esa.NotEvaluated; v <= esa.Unscannable; v++ {
					e := specimen(k)
					e.Engine, e.Verdict = engine, v
					if engine == esa.AntiVirus && v != esa.Positive {
						e.Name = ""
					}
					out = append(out, e)
				}
			}
		case esa.MessageDropped:
			for engine := esa.NoEngine; engine <= esa.DLP; engine++ {
				e := specimen(k)
				e.Engine = engine
				out = append(out, e)
			}
		case esa.ConnectionClosed:
			closed := specimen(k)
			closed.Text = ""
			out = append(out, specimen(k), closed)
		default:
			out = append(out, specimen(k))
		}
	}
	return out
}

func specimen(k esa.Kind) *esa.Event {
	e := &esa.Event{
		Kind: k, ICID: 5, MID: 8, DCID: 7, RIDs: []esa.RID{0}, Size: 88, Address: "a@b.example", Name: "NAME", Text: "TEXT",
		Until: time.Date(2020, 5, 14, 13, 23, 57, 0, time.UTC), Attachment: &esa.Attachment{Name: "a.pdf"},
		Source: &esa.Source{Listener: "IncomingMail", Local: netip.MustParseAddr("192.0.2.1"), Remote: netip.MustParseAddr("192.0.2.2"),
			Rule: "ACCEPT", Group: "UNKNOWNLIST", Match: "sbrs[none]", SBRS: "None", Country: "not enabled"},
	}
	switch k {
	case esa.TLSStarted:
		e.Name, e.Text = "TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384"
	case esa.RecipientGiven:
		e.Address = "u@x.example"
	case esa.RecipientRejected:
		e.Text = "RAT"
	case esa.PolicyMatched:
		e.Name = "DEFAULT"
	case esa.DeliveryOpened:
		e.Size = 25
	case esa.MessageAborted:
		e.Text = "Receiving aborted by sender"
	case esa.RecipientDelivered:
		e.Text = "ok:  Message 8 accepted"
	case esa.RecipientDelayed:
		e.Name, e.Text = "4.1.0 - Unknown address error", "451 4.7.1 try again later"
	case esa.RecipientBounced:
		e.Name, e.Text = "5.1.0 - Unknown address error", "550 5.1.1 user unknown"
	case esa.EngineVerdict:
		e.Text = ""
	case esa.ConnectionTrouble:
		e.Text = "Connection limit exceeded"
	case esa.ConnectionClosed:
		e.Text = "lost"
	}
	return e
}

// learnt says how sure the sentences of an event are and where they were seen;
// nothing for a kind it does not know.
func learnt(e *esa.Event) (level, source string) {
	const style = "the style of the recorded sentences and of the mail logs"
	switch e.Kind {
	case esa.ConnectionOpened, esa.HATDecided, esa.TLSStarted, esa.MessageStarted, esa.SenderGiven, esa.RecipientGiven,
		esa.MessageIDSeen, esa.SubjectSeen, esa.MessageReady, esa.PolicyMatched, esa.MessageQueued, esa.DeliveryOpened,
		esa.DeliveryStarted, esa.RecipientDelivered:
		return fidelity.Observed, recorded
	case esa.RecipientRejected, esa.AttachmentSeen, esa.MessageAborted, esa.MessageDropped, esa.RecipientDelayed, esa.RecipientBounced,
		esa.ConnectionTrouble:
		return fidelity.Inferred, style
	case esa.ConnectionClosed:
		if e.Text == "lost" {
			return fidelity.Observed, recorded
		}
		return fidelity.Inferred, style
	case esa.EngineVerdict:
		return learntVerdict(e, style)
	}
	return "", ""
}

// learntVerdict: of the engines that take part, the words of a clean message
// were recorded.
func learntVerdict(e *esa.Event, style string) (level, source string) {
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
	if slices.Contains([]esa.Engine{esa.MessageFilters, esa.Graymail, esa.ContentFilters, esa.OutbreakFilters, esa.DLP}, e.Engine) {
		return fidelity.Inferred, style + "; no stage reports it yet"
	}
	return "", ""
}
