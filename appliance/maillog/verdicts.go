package maillog

import (
	"cmp"
	"fmt"

	"esasim/esa"
)

// verdict is what an engine's verdict looks like in mail_logs. An engine that
// did not look at the message is not mentioned; filters are, by what they do, as
// in "quarantined to", never for having matched.
func verdict(e *esa.Event) []string {
	if e.Verdict == esa.NotEvaluated {
		return nil
	}
	switch e.Engine {
	case esa.AntiSpam:
		word := spamWord(e.Verdict)
		return []string{
			fmt.Sprintf("MID %d interim verdict using engine: CASE spam %s", e.MID, word),
			fmt.Sprintf("MID %d using engine: CASE spam %s", e.MID, word),
		}
	case esa.AntiVirus:
		return antivirus(e)
	case esa.AMP:
		return one(fmt.Sprintf("MID %d AMP file reputation verdict : %s%s", e.MID, ampWord(e.Verdict), ampDetail(e)))
	case esa.Graymail:
		return one(fmt.Sprintf("MID %d using engine: GRAYMAIL %s", e.MID, plainWord(e.Verdict)))
	case esa.OutbreakFilters:
		return one(fmt.Sprintf("MID %d Outbreak Filters: verdict %s", e.MID, plainWord(e.Verdict)))
	case esa.DLP:
		return one(dlp(e))
	}
	return nil
}

// spamWord: the kinds of graymail are CASE's own words, from before graymail had
// an engine.
func spamWord(v esa.Verdict) string {
	switch v {
	case esa.Negative:
		return "negative"
	case esa.Positive:
		return "positive"
	case esa.Suspect:
		return "suspect"
	case esa.Marketing:
		return "marketing"
	case esa.Social:
		return "social"
	case esa.Bulk:
		return "bulk"
	}
	return "unscannable" // inferred from "antivirus unscannable"
}

// plainWord: whatever was found, marketing, say, is positive.
func plainWord(v esa.Verdict) string {
	switch v {
	case esa.Positive, esa.Marketing, esa.Social, esa.Bulk:
		return "positive"
	}
	return "negative"
}

func antivirus(e *esa.Event) []string {
	interim, final := "UNSCANNABLE", "unscannable"
	switch e.Verdict {
	case esa.Negative:
		interim, final = "CLEAN", "negative"
	case esa.Positive:
		interim, final = "VIRAL", fmt.Sprintf("positive '%s'", clean(e.Name))
	}
	return []string{
		fmt.Sprintf("MID %d interim AV verdict using Sophos %s", e.MID, interim),
		fmt.Sprintf("MID %d antivirus %s", e.MID, final),
	}
}

func ampWord(v esa.Verdict) string {
	switch v {
	case esa.Negative:
		return "CLEAN"
	case esa.Positive:
		return "MALWARE"
	case esa.Unknown:
		return "UNKNOWN"
	case esa.Skipped:
		return "SKIPPED"
	case esa.LowRisk:
		return "LOWRISK"
	}
	return "UNSCANNABLE"
}

// ampDetail is the reason behind the word, as in UNKNOWN (File analysis pending).
func ampDetail(e *esa.Event) string {
	if e.Verdict == esa.Skipped {
		return bracketed(cmp.Or(e.Text, "no attachment in message"))
	}
	return bracketed(e.Text)
}

// dlp: the text of a violation is "Severity: LOW (Risk Factor: 15)".
func dlp(e *esa.Event) string {
	if e.Verdict != esa.Positive {
		return fmt.Sprintf("MID %d DLP no violation", e.MID)
	}
	severity := ""
	if e.Text != "" {
		severity = " " + clean(e.Text) + "."
	}
	return fmt.Sprintf("MID %d DLP violation.%s DLP policy match: '%s'.", e.MID, severity, clean(e.Name))
}
