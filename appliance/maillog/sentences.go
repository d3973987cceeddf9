package maillog

import (
	"fmt"
	"strings"

	"esasim/esa"
)

// sentences writes what mail_logs say of an event: no line, one, or several. The
// wording is 13.x's (AsyncOS user guide, "Logging", and published samples), where
// not marked otherwise.
func (l *lines) sentences(e *esa.Event) {
	switch e.Kind {
	case esa.ConnectionOpened:
		l.newICID(e)
	case esa.HATDecided:
		l.hatDecided(e)
	case esa.TLSStarted:
		l.say(e, "ICID %I TLS success protocol %N cipher %T")
	case esa.ConnectionTrouble:
		l.say(e, "ICID %I %T")
	case esa.ConnectionClosed:
		l.closed(e)
	case esa.MessageStarted:
		l.say(e, "Start MID %M ICID %I")
	case esa.SenderGiven:
		l.say(e, "MID %M ICID %I From: <%A>")
	case esa.RecipientGiven:
		l.say(e, "MID %M ICID %I RID %s To: <%A>", e.RIDs[0].String())
	case esa.RecipientRejected:
		l.say(e, "MID %M ICID %I To: <%A> Rejected by %T")
	case esa.AuthChecked:
		l.checked(e)
	case esa.MessageIDSeen:
		l.say(e, "MID %M Message-ID '%T'")
	case esa.SubjectSeen:
		if e.Name != esa.Unlogged {
			l.subject(e)
		}
	case esa.AttachmentSeen:
		l.say(e, "MID %M attachment '%s'", e.Attachment.Name)
	case esa.MessageReady:
		l.say(e, "MID %M ready %S bytes from <%A>")
	case esa.MessageAborted:
		l.say(e, "Message aborted MID %M %T")
	default:
		l.queueSentences(e)
	}
	// HeaderSeen: mail_logs do not speak of it
}

// queueSentences are those of the work queue and of delivery.
func (l *lines) queueSentences(e *esa.Event) {
	switch e.Kind {
	case esa.PolicyMatched:
		l.say(e, "MID %M matched all recipients for per-recipient policy %N in the %s table", e.Direction.Table())
	case esa.EngineVerdict:
		l.verdict(e)
	case esa.MessageDropped:
		l.say(e, "Message aborted MID %M %T")
	case esa.MessageQueued:
		l.say(e, "MID %M queued for delivery")
	case esa.DeliveryOpened:
		l.say(e, "New SMTP DCID %D interface %L address %P port %S")
	case esa.DeliveryStarted:
		l.say(e, "Delivery start DCID %D MID %M to RID %R")
	case esa.RecipientDelivered:
		l.say(e, "Message done DCID %D MID %M to RID %R")
		l.say(e, "MID %M RID %R Response '%T'")
	case esa.RecipientDelayed:
		l.delayed(e)
	case esa.RecipientBounced:
		for _, r := range e.RIDs {
			l.say(e, "Bounced: DCID %D MID %M to RID %s - %N %s []", r.String(), Answer(e.Text))
		}
	case esa.DeliveryClosed:
		l.say(e, "DCID %D close")
	case esa.MessageFinished:
		l.say(e, "Message finished MID %M %T")
	case esa.MessageRewritten:
		l.say(e, "MID %M rewritten to MID %O by %T")
	case esa.MessageSplit:
		l.say(e, "MID %M was split creating MID %O due to a per-recipient policy %N")
	case esa.BounceGenerated:
		l.say(e, "MID %O was generated for bounce of MID %M")
	case esa.MessageQuarantined:
		l.quarantined(e)
	case esa.MessageReleased:
		l.left(e, "released")
	case esa.QuarantineDeleted:
		l.left(e, "deleted")
	case esa.DeliveryTLSStarted:
		l.say(e, "DCID %D TLS success protocol %N cipher %T for %A")
	case esa.DeliveryTrouble:
		l.say(e, "%T")
	case esa.AuthTried:
		l.authTried(e)
	case esa.DoubleBounced:
		l.doubleBounced(e)
	default:
		l.outcomeSentences(e)
	}
}

// outcomeSentences are those of what filters, quarantines and later findings do.
// FileJudged, Inherited and MessageRemediated are silent here: other logs tell of
// files and mailboxes, and what is inherited was said of the other message. So is
// DLPMatched: what must not leave the company does not belong into a text file.
func (l *lines) outcomeSentences(e *esa.Event) {
	switch e.Kind {
	case esa.QuarantineAsked:
		if isSpam(e) {
			l.say(e, "ISQ: Tagging MID %M for quarantine")
		}
	case esa.MessageBounced:
		l.say(e, "Message aborted MID %M %T")
	case esa.MessageGenerated:
		l.say(e, "MID %O was generated based on MID %M by %T")
	case esa.LogEntered:
		l.say(e, "MID %M Custom Log Entry: %T")
	case esa.QuarantineMoved:
		l.say(e, `MID %M moved from quarantine "%N" to quarantine "%T"`)
	case esa.QuarantineDelayed:
		l.say(e, `MID %M in quarantine "%N" scheduled exit changed to %s`, e.Until.In(l.in).Format(stamp))
	case esa.MessageReinjected:
		l.say(e, "ISQ: Reinjected MID %M as MID %O")
	case esa.VerdictChanged:
		l.say(e, "MID %M AMP file retrospective verdict : %s", ampWord(e.Verdict))
	case esa.URLMatched:
		l.say(e, "MID %M URL %T has reputation %A matched Condition: %N")
	}
}

// checked is what a check of the sender found.
func (l *lines) checked(e *esa.Event) {
	text := e.Text
	if e.Name == esa.SDR && l.wording >= 14 {
		text = esa.SDRSince14(text)
	}
	l.say(e, "MID %M %N: %s", text)
}

// refuse is the rule whose connections are none to the logs: they have one line,
// with ICID 0.
const refuse = "TCPREFUSE"

func (l *lines) hatDecided(e *esa.Event) {
	s, form := e.Source, "ICID %I %s SG %s match %s SBRS %s country %s"
	if s.Rule == refuse {
		form = "ICID 0 %s SG %s match %s SBRS %s country %s"
	}
	match := s.Match
	if s.Group == "None" && match == "ALL" && l.wording < 14 {
		match = "" // the table's implied last row; newer versions name it
	}
	l.say(e, form, s.Rule, s.Group, match, s.SBRS, s.Country)
}

func (l *lines) newICID(e *esa.Event) {
	if e.Source.Rule == refuse {
		return
	}
	host, verified := e.Source.Host, "no"
	if host == "" {
		host = "unknown"
	}
	if e.Source.Verified {
		verified = "yes"
	}
	l.say(e, "New SMTP ICID %I interface %s (%L) address %P reverse dns host %s verified %s", e.Source.Listener, host, verified)
}

func (l *lines) closed(e *esa.Event) {
	switch e.Text {
	case "refused":
	case "":
		l.say(e, "ICID %I close")
	default:
		l.say(e, "ICID %I %T")
	}
}

// authTried: with no mechanism nobody has tried, although it was required.
func (l *lines) authTried(e *esa.Event) {
	if e.Name == "" {
		l.say(e, "SMTP Auth (ICID %I) %T")
		return
	}
	l.say(e, "SMTP Auth (ICID %I) %T for user: %A using AUTH mechanism: %N")
}

// doubleBounced: no host has answered for what a stage bounced.
func (l *lines) doubleBounced(e *esa.Event) {
	code, text, _ := strings.Cut(e.Text, " ")
	for _, r := range e.RIDs {
		if e.Text != "" {
			l.say(e, "Double bounce: MID %M to %s - %N %s-'%s'", r.String(), code, text)
		} else {
			l.say(e, "Double bounce: MID %M to %s - %N", r.String())
		}
	}
}

// subject stands in single quotes, in double quotes when it has a single one
// (published samples).
func (l *lines) subject(e *esa.Event) {
	if strings.Contains(e.Text, "'") {
		l.say(e, `MID %M Subject "%T"`)
		return
	}
	l.say(e, "MID %M Subject '%T'")
}

func (l *lines) delayed(e *esa.Event) {
	for _, r := range e.RIDs {
		l.say(e, "Delayed: DCID %D MID %M to RID %s - %N %s []", r.String(), Answer(e.Text))
	}
	l.say(e, "MID %M to RID %R pending till %s", e.Until.In(l.in).Format(stamp))
}

// Answer is a remote host's reply as the logs show it: the code and the text,
// a string for each line of it, in the notation of the language the appliance is
// written in.
func Answer(reply string) string {
	code, text, _ := strings.Cut(reply, " ")
	return fmt.Sprintf("('%s', ['%s'])", code, strings.ReplaceAll(text, "\n", "', '"))
}
