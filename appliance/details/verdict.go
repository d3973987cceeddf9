package details

import (
	"fmt"

	"esasim/esa"
)

// engineVerdict tells an engine's verdict. An engine that did not look at the
// message is not mentioned.
func engineVerdict(s *story, e *esa.Event) []string {
	if e.Verdict == esa.NotEvaluated {
		return nil
	}
	switch e.Engine {
	case esa.AntiSpam:
		return antispam(e)
	case esa.AntiVirus:
		return antivirus(e)
	case esa.AMP:
		return amp(e)
	case esa.Graymail: // inferred
		return []string{fmt.Sprintf("Message %d scanned by Graymail engine. Final verdict: %s", e.MID, word(e.Verdict))}
	case esa.OutbreakFilters:
		return []string{fmt.Sprintf("Message %d scanned by Outbreak Filters. Verdict: %s", e.MID, word(e.Verdict))}
	case esa.MessageFilters, esa.ContentFilters:
		return filter(s, e)
	case esa.DLP:
		return dlp(e)
	}
	return nil
}

// antispam: the interim lines of a clean message were seen; "definitely
// positive", "suspect" and the kinds of graymail, which are CASE's own words in the
// mail logs, are inferred. The sentence of a message that is too large is the mail
// log's. That of safelists and blocklists is CASE's, with their name (inferred).
func antispam(e *esa.Event) []string {
	if e.Verdict == esa.Skipped {
		return []string{fmt.Sprintf("Message %d was too big (%s) for scanning by CASE", e.MID, e.Text)}
	}
	if e.IsListed() {
		return []string{fmt.Sprintf("Message %d scanned by Anti-Spam engine: SLBL. Final verdict: %s", e.MID, word(e.Verdict))}
	}
	interim := map[esa.Verdict]string{
		esa.Negative: "definitely negative", esa.Positive: "definitely positive", esa.Suspect: "suspect",
		esa.Marketing: "marketing", esa.Social: "social", esa.Bulk: "bulk",
	}[e.Verdict]
	if interim == "" {
		interim = "unscannable"
	}
	return []string{
		fmt.Sprintf("Message %d scanned by Anti-Spam engine: CASE. Interim verdict: %s", e.MID, word(e.Verdict)),
		fmt.Sprintf("Message %d scanned by Anti-Spam engine CASE. Interim verdict: %s.", e.MID, interim),
		fmt.Sprintf("Message %d scanned by Anti-Spam engine: CASE. Final verdict: %s", e.MID, word(e.Verdict)),
	}
}

// antivirus: CLEAN was seen, the other interim words are the mail log's; the
// virus' name after the final verdict is inferred from there, too. The engine
// knows no verdict but these, so whatever else an event holds was not
// scanned.
func antivirus(e *esa.Event) []string {
	interim, final := "UNSCANNABLE", word(esa.Unscannable)
	switch e.Verdict {
	case esa.Negative:
		interim, final = "CLEAN", word(e.Verdict)
	case esa.Positive:
		interim, final = "VIRAL", word(e.Verdict)
		if e.Name != "" {
			final += " '" + e.Name + "'"
		}
	case esa.Repaired:
		interim, final = "REPAIRED", "Repaired '"+e.Name+"'"
	case esa.Encrypted:
		interim, final = "ENCRYPTED", "Encrypted"
	}
	return []string{
		fmt.Sprintf("Message %d scanned by Anti-Virus engine Sophos. Interim verdict: %s", e.MID, interim),
		fmt.Sprintf("Message %d scanned by Anti-Virus engine. Final verdict: %s", e.MID, final),
	}
}

// amp: SKIPPED was seen; the other words are the mail log's and the AMP log's.
func amp(e *esa.Event) []string {
	verdict, detail := ampWord(e.Verdict), e.Text
	switch {
	case e.Verdict == esa.Skipped && detail == "":
		detail = "no attachment in message"
	case e.Verdict == esa.Pending && detail == "":
		detail = "File analysis pending"
	}
	if detail != "" {
		verdict += "(" + detail + ")"
	}
	return []string{fmt.Sprintf("Message %d scanned by Advanced Malware Protection engine. Final verdict: %s", e.MID, verdict)}
}

func ampWord(v esa.Verdict) string {
	switch v {
	case esa.Negative:
		return "CLEAN"
	case esa.Positive:
		return "MALICIOUS"
	case esa.Unknown, esa.Suspect, esa.Pending:
		return "UNKNOWN"
	case esa.Skipped:
		return "SKIPPED"
	case esa.LowRisk:
		return "LOWRISK"
	}
	return "UNSCANNABLE"
}

// filter is inferred. A filter that did not match is not mentioned.
func filter(s *story, e *esa.Event) []string {
	if e.Verdict != esa.Positive {
		return nil
	}
	if e.Engine == esa.MessageFilters {
		return []string{fmt.Sprintf("Message %d matched message filter '%s'.", e.MID, e.Name)}
	}
	return []string{fmt.Sprintf("Message %d matched content filter '%s' in the %s table.",
		e.MID, e.Name, s.source.Direction().Table())}
}

// dlp is inferred from the mail log's "DLP violation" and "DLP no violation".
func dlp(e *esa.Event) []string {
	if e.Verdict != esa.Positive {
		return []string{fmt.Sprintf("Message %d DLP no violation.", e.MID)}
	}
	severity := ""
	if e.Text != "" {
		severity = " " + e.Text + "."
	}
	return []string{fmt.Sprintf("Message %d DLP violation.%s DLP policy match: '%s'.", e.MID, severity, e.Name)}
}

// word is a verdict in the words of the details page (Negative, Suspect and
// Positive were seen, the others are inferred).
func word(v esa.Verdict) string {
	switch v {
	case esa.Negative:
		return "Negative"
	case esa.Positive:
		return "Positive"
	case esa.Suspect:
		return "Suspect"
	case esa.Unknown:
		return "Unknown"
	case esa.Skipped:
		return "Skipped"
	case esa.Marketing:
		return "Marketing"
	case esa.Social:
		return "Social"
	case esa.Bulk:
		return "Bulk"
	}
	return "Unscannable"
}
