package maillog

import (
	"cmp"

	"esasim/esa"
)

// verdict is what an engine's verdict looks like in mail_logs. An engine that
// did not look at the message is not mentioned; filters are, by what they do, as
// in "quarantined to", never for having matched.
func (l *lines) verdict(e *esa.Event) {
	if e.Verdict == esa.NotEvaluated {
		return
	}
	switch e.Engine {
	case esa.AntiSpam:
		if e.Verdict == esa.Skipped {
			l.say(e, "MID %M was too big (%T) for scanning by CASE")
			return
		}
		if e.IsListed() {
			l.say(e, "MID %M using engine: SLBL spam %s", spamWord(e.Verdict))
			return
		}
		l.say(e, "MID %M interim verdict using engine: CASE spam %s", spamWord(e.Verdict))
		l.say(e, "MID %M using engine: CASE spam %s", spamWord(e.Verdict))
	case esa.AntiVirus:
		l.antivirus(e)
	case esa.AMP:
		l.say(e, "MID %M AMP file reputation verdict : %s%s", ampWord(e.Verdict), ampDetail(e))
	case esa.Graymail:
		l.say(e, "MID %M using engine: GRAYMAIL %s", plainWord(e.Verdict))
	case esa.OutbreakFilters:
		if e.Verdict == esa.Positive && e.Size > 0 {
			l.say(e, "MID %M Virus Threat Level=%S%s", vofRule(e))
		}
		l.say(e, "MID %M Outbreak Filters: verdict %s", plainWord(e.Verdict))
	case esa.DLP:
		l.dlp(e)
	}
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

// vofRule names the rule by which outbreak filters know a threat, in brackets.
func vofRule(e *esa.Event) string {
	if e.Name == "" {
		return ""
	}
	return " (VOF rule:" + e.Name + ")"
}

func (l *lines) antivirus(e *esa.Event) {
	switch e.Verdict {
	case esa.Negative:
		l.say(e, "MID %M interim AV verdict using Sophos CLEAN")
		l.say(e, "MID %M antivirus negative")
	case esa.Positive:
		l.say(e, "MID %M interim AV verdict using Sophos VIRAL")
		l.say(e, "MID %M antivirus positive '%N'")
	case esa.Repaired:
		l.say(e, "MID %M interim AV verdict using Sophos REPAIRED")
		l.say(e, "MID %M antivirus repaired '%N'")
	case esa.Encrypted:
		l.say(e, "MID %M interim AV verdict using Sophos ENCRYPTED")
		l.say(e, "MID %M antivirus encrypted")
	default:
		l.say(e, "MID %M interim AV verdict using Sophos UNSCANNABLE")
		l.say(e, "MID %M antivirus unscannable")
	}
}

func ampWord(v esa.Verdict) string {
	switch v {
	case esa.Negative:
		return "CLEAN"
	case esa.Positive:
		return "MALWARE"
	case esa.Unknown, esa.Pending:
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
	if e.Verdict == esa.Pending {
		return bracketed(cmp.Or(e.Text, "File analysis pending"))
	}
	return bracketed(e.Text)
}

// dlp: the text of a violation is "Severity: LOW (Risk Factor: 15)".
func (l *lines) dlp(e *esa.Event) {
	switch {
	case e.Verdict != esa.Positive:
		l.say(e, "MID %M DLP no violation")
	case e.Text == "":
		l.say(e, "MID %M DLP violation. DLP policy match: '%N'.")
	default:
		l.say(e, "MID %M DLP violation. %T. DLP policy match: '%N'.")
	}
}
