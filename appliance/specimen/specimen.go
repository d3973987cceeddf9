// Package specimen has one event of everything that can happen, with all fields
// filled. Those who make sentences of events (mail logs, Message Details) list
// them with it in the fidelity ledger, so that no sentence is missed.
package specimen

import (
	"net/netip"
	"time"

	"esasim/esa"
)

// lastKind is above every kind of event there is: a new kind is met here before
// anybody has a sentence for it.
const lastKind = 100

// Events are events of every kind, and of every engine with each verdict that it
// can have.
func Events() []*esa.Event {
	var out []*esa.Event
	for k := esa.ConnectionOpened; k < lastKind; k++ {
		switch k {
		case esa.EngineVerdict:
			out = append(out, verdicts()...)
		case esa.MessageDropped:
			for engine := esa.NoEngine; engine < esa.Engines; engine++ {
				e := Of(k)
				e.Engine = engine
				out = append(out, e)
			}
		case esa.ConnectionClosed:
			closed := Of(k)
			closed.Text = ""
			out = append(out, Of(k), closed)
		case esa.HATDecided:
			refused := Of(k)
			refused.Source.Rule, refused.Source.Group = "TCPREFUSE", "BLACKLIST"
			refused.Source.Match, refused.Source.SBRS = "sbrs[-10.0:-3.0]", "-9.9"
			out = append(out, Of(k), refused)
		case esa.RecipientRejected:
			for _, by := range []string{"RAT", "HAT", "Injection Control"} {
				e := Of(k)
				e.Text = by
				out = append(out, e)
			}
		case esa.ConnectionTrouble:
			for _, text := range troubles() {
				e := Of(k)
				e.Text = text
				out = append(out, e)
			}
		case esa.MessageQuarantined:
			spam := Of(k)
			spam.Engine, spam.Name, spam.Text, spam.DCID = esa.AntiSpam, "Spam Quarantine", "", 4051
			out = append(out, Of(k), spam)
		case esa.QuarantineAsked:
			spam := Of(k)
			spam.Engine, spam.Name, spam.Text = esa.AntiSpam, "Spam Quarantine", ""
			out = append(out, Of(k), spam)
		case esa.AuthTried:
			for _, how := range []string{"succeeded", "failed"} {
				e := Of(k)
				e.Text = how
				out = append(out, e)
			}
			nobody := Of(k)
			nobody.Name, nobody.Address, nobody.Text = "", "", "was required but remote host did not initiate it"
			out = append(out, nobody)
		case esa.AuthChecked:
			out = append(out, checks()...)
		case esa.MessageReleased, esa.QuarantineDeleted:
			all, stripped := Of(k), Of(k)
			all.Name, all.Text = "", ""
			out = append(out, Of(k), all)
			if stripped.Name, stripped.Text = "", "attachments stripped"; k == esa.MessageReleased {
				out = append(out, stripped)
			}
		default:
			out = append(out, Of(k))
		}
	}
	return out
}

// troubles are what the listener tells of connections.
func troubles() []string {
	return []string{
		"Unknown command: x", "TLS was required but remote host did not initiate it",
		"Address: <a@b.example> sender rejected, envelope sender domain does not exist",
		"Address: <a@b.example> sender allowed, envelope sender matched domain exception",
		"Delayed HAT REJECT continuing session for recipient logging (192.0.2.2)",
		"Receiving Failed: Connection limit exceeded", "Receiving Failed: Too Many Messages",
	}
}

func verdicts() []*esa.Event {
	var out []*esa.Event
	for engine := esa.MessageFilters; engine < esa.Engines; engine++ {
		for _, v := range possible(engine) {
			e := Of(esa.EngineVerdict)
			e.Engine, e.Verdict = engine, v
			switch engine {
			case esa.AntiVirus:
				e.Name = ""
				if v == esa.Positive || v == esa.Repaired {
					e.Name = "EICAR-AV-Test"
				}
			case esa.AntiSpam:
				if v == esa.Skipped {
					e.Text = "455698/120000"
				}
				if v == esa.Negative || v == esa.Positive {
					listed := *e
					listed.Text = esa.SLBL
					out = append(out, &listed)
				}
			case esa.OutbreakFilters:
				e.Size = 3
			case esa.DLP:
				e.Name, e.Text = "HIPAA", "Severity: LOW (Risk Factor: 15)"
			}
			out = append(out, e)
		}
	}
	return out
}

// checks are the results of SPF, DKIM and DMARC: of a message that passes, of
// one that fails, and of others each result that there is besides.
func checks() []*esa.Event {
	mail := func(result string) esa.SPFResult { return esa.SPFResult{Identity: "a@b.example", Result: result} }
	signed := func(result, reason string) []esa.DKIMResult {
		return []esa.DKIMResult{{Result: result, Reason: reason, Domain: "b.example", Selector: "s", Identifier: "@b.example"}}
	}
	skipped := func(why string) esa.DMARCResult { return esa.DMARCResult{Result: "skipped", Reason: why} }
	var out []*esa.Event
	for _, a := range []esa.Authentication{
		{HELO: esa.SPFResult{Identity: "postmaster@mail.b.example", Result: "None"}, MailFrom: mail("Pass"), DKIM: signed("pass", "signature verified"),
			DMARC: esa.DMARCResult{Result: "passed", Domain: "b.example", SPFAligned: true, DKIMAligned: true}},
		{MailFrom: mail("Fail"), DKIM: signed("permfail", "body hash did not verify [final]"),
			DMARC: esa.DMARCResult{Result: "failed", Domain: "b.example", Action: "reject"}},
		{MailFrom: mail("Neutral"), DKIM: signed("permfail", "signature has expired"), DMARC: skipped("No record found for the sending domain")},
		{MailFrom: mail("SoftFail"), DKIM: signed("tempfail", "key unavailable"), DMARC: skipped("Temporary failure")},
		{MailFrom: mail("TempError"), DKIM: signed("invalid", "signature missing required tag"), DMARC: skipped("Permanent failure")},
		{MailFrom: mail("PermError"), DKIM: []esa.DKIMResult{{Result: esa.NoSignature, Reason: "signature"}}},
		{SDR: esa.SDRResult{Asked: esa.SDRDomains{Host: "mail.b.example", HELO: "mail.b.example", MailFrom: "b.example"}, Verdict: "Neutral", Threat: "N/A",
			Age: "21 years 11 months 7 days", Youngest: "mail.b.example"}},
		{MailFrom: mail("None"), DMARC: skipped("Sending domain could not be determined")},
	} {
		for _, e := range a.Events() {
			s := Of(esa.AuthChecked)
			s.Name, s.Text = e.Name, e.Text
			out = append(out, s)
		}
	}
	return out
}

// possible are the verdicts that an engine can have.
func possible(engine esa.Engine) []esa.Verdict {
	both := []esa.Verdict{esa.Negative, esa.Positive}
	switch engine {
	case esa.AntiSpam:
		return append(both, esa.Suspect, esa.Unscannable, esa.Marketing, esa.Social, esa.Bulk, esa.Skipped)
	case esa.AntiVirus:
		return append(both, esa.Unscannable, esa.Repaired, esa.Encrypted)
	case esa.AMP:
		return append(both, esa.Unknown, esa.Skipped, esa.Unscannable, esa.LowRisk, esa.Pending)
	case esa.Graymail:
		return append(both, esa.Marketing, esa.Social, esa.Bulk)
	}
	return both
}

// Of is an event of a kind.
func Of(k esa.Kind) *esa.Event {
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
	case esa.MessageDropped:
		e.Text = "Dropped by CASE"
	case esa.MessageFinished:
		e.Text = "done"
	case esa.MessageRewritten:
		e.Other, e.Engine, e.Text = 9, esa.AntiSpam, "antispam"
	case esa.MessageSplit:
		e.Other, e.Name = 9, "Finance"
	case esa.BounceGenerated:
		e.Other = 9
	case esa.AuthTried:
		e.Address, e.Name = "u", "PLAIN with profile: users"
	case esa.Inherited:
		e.Other, e.Engine, e.Verdict, e.Text = 7, esa.AntiSpam, esa.Negative, ""
	case esa.MessageBounced:
		e.Engine, e.Name, e.Text = esa.ContentFilters, "5.7.1 - Delivery not authorized", "Bounced by content filter 'f' in the inbound table"
	case esa.MessageGenerated:
		e.Other, e.Text = 9, "bcc filter 'f'"
	case esa.QuarantineMoved:
		e.Name, e.Text = "Policy", "Mine"
	case esa.QuarantineDelayed:
		e.Name = "Policy"
	case esa.MessageReinjected:
		e.Other = 9
	case esa.FileJudged, esa.VerdictChanged:
		e.Engine, e.Verdict, e.Name, e.Text = esa.AMP, esa.Positive, "W32.Test", ""
	case esa.MessageRemediated:
		e.Name, e.Text = "retrospective verdict", "deleted"
	case esa.URLMatched:
		e.Text, e.Address, e.Name = "http://x.example/", "-6.8", "URL Reputation Rule"
	case esa.DLPMatched:
		e.Name, e.Address, e.Text = "Credit Card Numbers", "Message Body", "************1111"
	case esa.Audited:
		e.MID, e.ICID, e.DCID, e.RIDs = 0, 0, 0, nil
		e.Name, e.Text, e.Source = "admin", "The user has signed in.", &esa.Source{Listener: "CLI", Remote: netip.MustParseAddr("192.0.2.2"), Group: "Administrator"}
	case esa.MessageQuarantined, esa.QuarantineAsked:
		e.Engine, e.Name, e.Text = esa.ContentFilters, "Policy", "content filter:f"
	case esa.MessageReleased, esa.QuarantineDeleted:
		e.Name, e.Text, e.Size = "Policy", "manual", 190
	case esa.AuthChecked:
		e.Name, e.Text = esa.DKIM, "no signature"
	case esa.DeliveryTLSStarted:
		e.Name, e.Text, e.Address = "TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", "x.example"
	case esa.DeliveryTrouble:
		e.Text = "Connection Error: DCID: 7 IP: 192.0.2.2 details: EOF interface: 192.0.2.1 reason: network error"
	case esa.DoubleBounced:
		e.Name, e.Text = "5.1.0 - Unknown address error", "501 5.5.4 Invalid Address"
	case esa.ConnectionTrouble:
		e.Text = "Unknown command: x"
	case esa.ConnectionClosed:
		e.Text = "lost"
	}
	return e
}
