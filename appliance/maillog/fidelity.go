package maillog

import (
	"net/netip"
	"time"

	"esasim/esa"
	"esasim/internal/fidelity"
)

// Fidelity lists every sentence of the mail logs, made by the very functions
// that write them. A sentence that [learnt] does not know has no level, and the
// page is not made.
func Fidelity() []fidelity.Claim {
	out := []fidelity.Claim{
		{Area: "Mail logs", What: "files named after the moment they were begun: mail.@20200514T132357.c while written, .s when finished; mail.current is the one being written; rolled over by size, the oldest removed", Level: fidelity.Documented, Source: "AsyncOS user guide, Logging"},
		{Area: "Mail logs", What: "a file begins with: Begin Logfile, Version: 13.0.0-392 SN: X, Time offset from UTC: 0 seconds", Level: fidelity.Observed, Source: samples},
		{Area: "Mail logs", What: "a line begins as Thu May 14 13:23:57 2020 Info:", Level: fidelity.Observed, Source: samples},
		{Area: "Mail logs", What: "control characters of senders are shown as ?", Level: fidelity.Ours, Source: "a line that mail can break in two could be forged"},
	}
	known := map[string]bool{}
	for _, e := range specimens() {
		level, source := learnt(e)
		for _, s := range sentences(e) {
			if !known[s] {
				known[s] = true
				out = append(out, fidelity.Claim{Area: "Mail logs", What: s, Level: level, Source: source})
			}
		}
	}
	return out
}

const samples = "published samples of mail logs"

// lastKind is above every kind of event there is.
const lastKind = 100

// specimens are events of every kind, and of every engine and verdict, with all
// fields filled, so that no sentence is missed.
func specimens() []*esa.Event {
	var out []*esa.Event
	for k := esa.ConnectionOpened; k < lastKind; k++ {
		switch k {
		case esa.EngineVerdict:
			for engine := esa.MessageFilters; engine <= esa.DLP; engine++ {
				for v := esa.NotEvaluated; v <= esa.Unscannable; v++ {
					e := specimen(k)
					e.Engine, e.Verdict, e.Name = engine, v, "EICAR-AV-Test"
					out = append(out, e)
				}
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
	case esa.RecipientRejected:
		e.Text = "RAT"
	case esa.PolicyMatched:
		e.Name = "DEFAULT"
	case esa.DeliveryOpened:
		e.Size = 25
	case esa.MessageAborted:
		e.Text = "Receiving aborted by sender"
	case esa.MessageDropped:
		e.Text = "Dropped by CASE"
	case esa.RecipientDelivered:
		e.Text = "ok:  Message 8 accepted"
	case esa.RecipientDelayed:
		e.Name, e.Text = "4.1.0 - Unknown address error", "451 4.7.1 try again later"
	case esa.RecipientBounced:
		e.Name, e.Text = "5.1.0 - Unknown address error", "550 5.1.1 user unknown"
	case esa.MessageFinished:
		e.Text = "done"
	case esa.ConnectionTrouble:
		e.Text = "Unknown command: x"
	case esa.ConnectionClosed:
		e.Text = "lost"
	}
	return e
}

// learnt says how sure the sentences of an event are and where they were seen;
// nothing for a kind it does not know.
func learnt(e *esa.Event) (level, source string) {
	switch e.Kind {
	case esa.ConnectionOpened, esa.HATDecided, esa.TLSStarted, esa.MessageStarted, esa.SenderGiven, esa.RecipientGiven,
		esa.RecipientRejected, esa.MessageIDSeen, esa.SubjectSeen, esa.AttachmentSeen, esa.MessageReady, esa.MessageAborted,
		esa.PolicyMatched, esa.MessageDropped, esa.MessageQueued, esa.DeliveryOpened, esa.DeliveryStarted, esa.RecipientDelivered,
		esa.RecipientDelayed, esa.RecipientBounced, esa.DeliveryClosed, esa.MessageFinished, esa.ConnectionTrouble, esa.ConnectionClosed:
		return fidelity.Observed, samples
	case esa.EngineVerdict:
		return learntVerdict(e)
	}
	return "", ""
}

func learntVerdict(e *esa.Event) (level, source string) {
	const unused = "; no stage reports it yet"
	switch e.Engine {
	case esa.AntiSpam:
		return fidelity.Observed, samples
	case esa.AntiVirus:
		if e.Verdict == esa.Positive {
			return fidelity.Inferred, "antivirus positive was seen, VIRAL completes the series of interim words"
		}
		if e.Verdict == esa.Unscannable {
			return fidelity.Observed, samples + unused
		}
		return fidelity.Observed, samples
	case esa.AMP:
		switch e.Verdict {
		case esa.Skipped:
			return fidelity.Observed, samples
		case esa.Unknown:
			return fidelity.Inferred, samples + " have a reason behind it, in brackets"
		}
		return fidelity.Inferred, "completes the series of verdicts" + unused
	case esa.Graymail, esa.OutbreakFilters:
		return fidelity.Observed, samples + unused
	}
	return "", ""
}
