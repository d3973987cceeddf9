package details

import (
	"fmt"
	"strings"

	"esasim/esa"
)

func messageStarted(s *story, e *esa.Event) []string {
	start := fmt.Sprintf("Start message %d on incoming connection (ICID %d).", e.MID, e.ICID)
	_, domain, ok := strings.Cut(s.sender[max(strings.LastIndexByte(s.sender, '@'), 0):], "@")
	if !ok { // the null sender has no domain
		return []string{start}
	}
	return []string{fmt.Sprintf("Message %d Sender Domain: %s", e.MID, domain), start}
}

func senderGiven(s *story, e *esa.Event) []string {
	return []string{
		fmt.Sprintf("Message %d enqueued on incoming connection (ICID %d) from %s.", e.MID, e.ICID, e.Address),
		fmt.Sprintf("Message %d direction: %s", e.MID, s.source.Direction()),
	}
}

func recipientGiven(_ *story, e *esa.Event) []string {
	return []string{fmt.Sprintf("Message %d on incoming connection (ICID %d) added recipient (%s).",
		e.MID, e.ICID, e.Address)}
}

// recipientRejected is inferred from the mail log's "To: <a> Rejected by RAT".
func recipientRejected(_ *story, e *esa.Event) []string {
	return []string{fmt.Sprintf("Message %d on incoming connection (ICID %d) recipient (%s) rejected by %s.",
		e.MID, e.ICID, e.Address, e.Text)}
}

func messageIDSeen(_ *story, e *esa.Event) []string {
	return []string{fmt.Sprintf("Message %d contains message ID header '%s'.", e.MID, e.Text)}
}

func subjectSeen(_ *story, e *esa.Event) []string {
	if e.Name == esa.Unlogged {
		return nil
	}
	return []string{fmt.Sprintf("Message %d original subject on injection: %s", e.MID, e.Text)}
}

// attachmentSeen is inferred.
func attachmentSeen(_ *story, e *esa.Event) []string {
	if e.Attachment == nil {
		return nil
	}
	return []string{fmt.Sprintf("Message %d contains attachment '%s'.", e.MID, e.Attachment.Name)}
}

func messageReady(s *story, e *esa.Event) []string {
	out := []string{fmt.Sprintf("Message %d (%d bytes) from %s ready.", e.MID, e.Size, e.Address)}
	if s.source != nil {
		out = append(out, fmt.Sprintf("Message %d has %s", e.MID, reputation(s.source)))
	}
	return out
}

// messageAborted is inferred from the mail log's "Message aborted".
func messageAborted(_ *story, e *esa.Event) []string {
	return []string{fmt.Sprintf("Message %d aborted: %s.", e.MID, e.Text)}
}

func policyMatched(_ *story, e *esa.Event) []string {
	return []string{fmt.Sprintf("Message %d matched per-recipient policy %s for %s mail policies.",
		e.MID, e.Name, e.Direction.Table())}
}

func messageQueued(_ *story, e *esa.Event) []string {
	return []string{fmt.Sprintf("Message %d queued for delivery.", e.MID)}
}

// messageDropped is inferred: an engine is named, a filter's own words are kept.
func messageDropped(_ *story, e *esa.Event) []string {
	if name := engineName(e.Engine); name != "" {
		return []string{fmt.Sprintf("Message %d Dropped by %s.", e.MID, name)}
	}
	return []string{fmt.Sprintf("Message %d aborted: %s.", e.MID, strings.TrimSuffix(e.Text, "."))}
}

// messageBounced is inferred from the mail log's "Message aborted".
func messageBounced(_ *story, e *esa.Event) []string {
	return []string{fmt.Sprintf("Message %d aborted: %s.", e.MID, strings.TrimSuffix(e.Text, "."))}
}

// logEntered, urlMatched and verdictChanged are inferred: the mail log's words.
func logEntered(_ *story, e *esa.Event) []string {
	return []string{fmt.Sprintf("Message %d Custom Log Entry: %s", e.MID, e.Text)}
}

func urlMatched(_ *story, e *esa.Event) []string {
	return []string{fmt.Sprintf("Message %d URL %s has reputation %s matched Condition: %s.", e.MID, e.Text, e.Address, e.Name)}
}

func verdictChanged(_ *story, e *esa.Event) []string {
	return []string{fmt.Sprintf("Message %d received a retrospective verdict. Verdict: %s", e.MID, ampWord(e.Verdict))}
}

// engineName is the name of an engine that drops by itself; filters drop under
// their own name and have none here.
func engineName(e esa.Engine) string {
	switch e {
	case esa.AntiSpam:
		return "Anti-Spam"
	case esa.AntiVirus:
		return "Anti-Virus"
	case esa.AMP:
		return "Advanced Malware Protection"
	case esa.Graymail:
		return "Graymail"
	case esa.OutbreakFilters:
		return "Outbreak Filters"
	case esa.DLP:
		return "DLP"
	}
	return ""
}
