package maillog

import (
	"fmt"
	"strings"
	"time"

	"esasim/esa"
)

// stamp is the form of a moment in the logs: "Mon Aug 10 09:52:59 2020".
const stamp = "Mon Jan _2 15:04:05 2006"

// sentences says what mail_logs write of an event: no line, one, or several.
// One function a sentence; the wording is 13.x's (AsyncOS user guide,
// "Logging", and published samples), where not marked otherwise.
func sentences(e *esa.Event) []string {
	switch e.Kind {
	case esa.ConnectionOpened:
		return one(newICID(e))
	case esa.HATDecided:
		return one(hat(e))
	case esa.TLSStarted:
		return one(fmt.Sprintf("ICID %d TLS success protocol %s cipher %s", e.ICID, e.Name, e.Text))
	case esa.ConnectionTrouble:
		return one(fmt.Sprintf("ICID %d %s", e.ICID, e.Text))
	case esa.ConnectionClosed:
		return one(closed(e))
	case esa.MessageStarted:
		return one(fmt.Sprintf("Start MID %d ICID %d", e.MID, e.ICID))
	case esa.SenderGiven:
		return one(fmt.Sprintf("MID %d ICID %d From: <%s>", e.MID, e.ICID, clean(e.Address)))
	case esa.RecipientGiven:
		return one(fmt.Sprintf("MID %d ICID %d RID %d To: <%s>", e.MID, e.ICID, e.RIDs[0], clean(e.Address)))
	case esa.RecipientRejected:
		return one(fmt.Sprintf("MID %d ICID %d To: <%s> Rejected by %s", e.MID, e.ICID, clean(e.Address), e.Text))
	case esa.MessageIDSeen:
		return one(fmt.Sprintf("MID %d Message-ID '%s'", e.MID, clean(e.Text)))
	case esa.SubjectSeen:
		return one(subject(e))
	case esa.AttachmentSeen:
		return one(fmt.Sprintf("MID %d attachment '%s'", e.MID, clean(e.Attachment.Name)))
	case esa.MessageReady:
		return one(fmt.Sprintf("MID %d ready %d bytes from <%s>", e.MID, e.Size, clean(e.Address)))
	case esa.MessageAborted:
		return one(fmt.Sprintf("Message aborted MID %d %s", e.MID, e.Text))
	}
	return queueSentences(e)
}

// queueSentences are those of the work queue and of delivery.
func queueSentences(e *esa.Event) []string {
	switch e.Kind {
	case esa.PolicyMatched:
		return one(fmt.Sprintf("MID %d matched all recipients for per-recipient policy %s in the %s table", e.MID, e.Name, e.Direction.Table()))
	case esa.EngineVerdict:
		return verdict(e)
	case esa.MessageDropped:
		return one(fmt.Sprintf("Message aborted MID %d %s", e.MID, e.Text))
	case esa.MessageQueued:
		return one(fmt.Sprintf("MID %d queued for delivery", e.MID))
	case esa.DeliveryOpened:
		return one(newDCID(e))
	case esa.DeliveryStarted:
		return one(fmt.Sprintf("Delivery start DCID %d MID %d to RID %s", e.DCID, e.MID, rids(e.RIDs)))
	case esa.RecipientDelivered:
		return []string{
			fmt.Sprintf("Message done DCID %d MID %d to RID %s", e.DCID, e.MID, rids(e.RIDs)),
			fmt.Sprintf("MID %d RID %s Response '%s'", e.MID, rids(e.RIDs), clean(e.Text)),
		}
	case esa.RecipientDelayed:
		return delayed(e)
	case esa.RecipientBounced:
		return bounced(e)
	case esa.DeliveryClosed:
		return one(fmt.Sprintf("DCID %d close", e.DCID))
	case esa.MessageFinished:
		return one(fmt.Sprintf("Message finished MID %d %s", e.MID, e.Text))
	case esa.MessageRewritten:
		return one(fmt.Sprintf("MID %d rewritten to MID %d by %s", e.MID, e.Other, clean(e.Text)))
	case esa.MessageSplit:
		return one(fmt.Sprintf("MID %d was split creating MID %d due to a per-recipient policy %s", e.MID, e.Other, clean(e.Name)))
	case esa.BounceGenerated:
		return one(fmt.Sprintf("MID %d was generated for bounce of MID %d", e.Other, e.MID))
	case esa.MessageQuarantined:
		return quarantined(e)
	case esa.MessageReleased:
		return one(left(e, "released"))
	case esa.QuarantineDeleted:
		return one(left(e, "deleted"))
	}
	return nil // HeaderSeen: mail_logs do not speak of it
}

func one(s string) []string { return []string{s} }

func newICID(e *esa.Event) string {
	s := e.Source
	host := s.Host
	if host == "" {
		host = "unknown"
	}
	return fmt.Sprintf("New SMTP ICID %d interface %s (%s) address %s reverse dns host %s verified %s",
		e.ICID, s.Listener, s.Local, s.Remote, host, yes(s.Verified))
}

func yes(v bool) string {
	if v {
		return "yes"
	}
	return "no"
}

func hat(e *esa.Event) string {
	s := e.Source
	return fmt.Sprintf("ICID %d %s SG %s match %s SBRS %s country %s", e.ICID, s.Rule, s.Group, s.Match, s.SBRS, s.Country)
}

func closed(e *esa.Event) string {
	if e.Text == "" {
		return fmt.Sprintf("ICID %d close", e.ICID)
	}
	return fmt.Sprintf("ICID %d %s", e.ICID, e.Text)
}

// subject stands in single quotes, in double quotes when it has a single one
// (published samples).
func subject(e *esa.Event) string {
	q := "'"
	if strings.Contains(e.Text, "'") {
		q = `"`
	}
	return fmt.Sprintf("MID %d Subject %s%s%s", e.MID, q, clean(e.Text), q)
}

func newDCID(e *esa.Event) string {
	return fmt.Sprintf("New SMTP DCID %d interface %s address %s port %d", e.DCID, e.Source.Local, e.Source.Remote, e.Size)
}

func delayed(e *esa.Event) []string {
	out := make([]string, 0, 2)
	for _, r := range e.RIDs {
		out = append(out, fmt.Sprintf("Delayed: DCID %d MID %d to RID %d - %s %s []", e.DCID, e.MID, r, e.Name, answer(e.Text)))
	}
	return append(out, fmt.Sprintf("MID %d to RID %s pending till %s", e.MID, rids(e.RIDs), e.Until.Format(stamp)))
}

func bounced(e *esa.Event) []string {
	out := make([]string, 0, 1)
	for _, r := range e.RIDs {
		out = append(out, fmt.Sprintf("Bounced: DCID %d MID %d to RID %d - %s %s []", e.DCID, e.MID, r, e.Name, answer(e.Text)))
	}
	return out
}

// answer is a remote host's reply as the logs show it: the code and the text,
// in the notation of the language the appliance is written in.
func answer(reply string) string {
	code, text, _ := strings.Cut(reply, " ")
	return fmt.Sprintf("('%s', ['%s'])", clean(code), clean(text))
}

func rids(list []esa.RID) string {
	s := make([]string, len(list))
	for i, r := range list {
		s[i] = r.String()
	}
	return "[" + strings.Join(s, ", ") + "]"
}

// clean keeps a sender's text on one line: a log line that mail can break in
// two could be forged.
func clean(s string) string {
	if !strings.ContainsFunc(s, control) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if control(r) {
			return '?'
		}
		return r
	}, s)
}

func control(r rune) bool { return r < ' ' || r == 0x7f || r == 0x2028 || r == 0x2029 }

// lostEvents is written where lines are missing: the event log was cut off before
// they were written.
func lostEvents(n uint64) string {
	if n == 1 {
		return "Log subscription mail_logs: 1 event was lost because writing fell behind."
	}
	return fmt.Sprintf("Log subscription mail_logs: %d events were lost because writing fell behind.", n)
}

// line is a sentence as it stands in the file.
func line(b []byte, t time.Time, text string) []byte { return atLevel(b, t, "Info", text) }

// warning is one of the level above.
func warning(b []byte, t time.Time, text string) []byte { return atLevel(b, t, "Warning", text) }

func atLevel(b []byte, t time.Time, level, text string) []byte {
	b = t.AppendFormat(b, stamp)
	b = append(b, ' ')
	b = append(b, level...)
	b = append(b, ": "...)
	b = append(b, text...)
	return append(b, '\n')
}
