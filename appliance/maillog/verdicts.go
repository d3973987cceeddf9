package maillog

import (
	"fmt"

	"esasim/esa"
)

// verdict is what an engine's verdict looks like in mail_logs.
func verdict(e *esa.Event) []string {
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
		return one(fmt.Sprintf("MID %d AMP file reputation verdict : %s", e.MID, ampWord(e)))
	case esa.Graymail:
		return one(fmt.Sprintf("MID %d using engine: GRAYMAIL %s", e.MID, plainWord(e.Verdict)))
	case esa.OutbreakFilters:
		return one(fmt.Sprintf("MID %d Outbreak Filters: verdict %s", e.MID, plainWord(e.Verdict)))
	}
	return nil
}

func spamWord(v esa.Verdict) string {
	switch v {
	case esa.Positive:
		return "positive"
	case esa.Suspect:
		return "suspect"
	case esa.Unscannable:
		return "unscannable" // inferred from "antivirus unscannable"
	}
	return "negative"
}

func plainWord(v esa.Verdict) string {
	if v == esa.Positive {
		return "positive"
	}
	return "negative"
}

func antivirus(e *esa.Event) []string {
	if e.Verdict == esa.Unscannable {
		return []string{
			fmt.Sprintf("MID %d interim AV verdict using Sophos UNSCANNABLE", e.MID),
			fmt.Sprintf("MID %d antivirus unscannable", e.MID),
		}
	}
	if e.Verdict == esa.Positive {
		return []string{
			fmt.Sprintf("MID %d interim AV verdict using Sophos VIRAL", e.MID),
			fmt.Sprintf("MID %d antivirus positive '%s'", e.MID, clean(e.Name)),
		}
	}
	return []string{
		fmt.Sprintf("MID %d interim AV verdict using Sophos CLEAN", e.MID),
		fmt.Sprintf("MID %d antivirus negative", e.MID),
	}
}

func ampWord(e *esa.Event) string {
	switch e.Verdict {
	case esa.Skipped:
		return "SKIPPED (no attachment in message)"
	case esa.Positive:
		return "MALWARE"
	case esa.Unknown:
		return "UNKNOWN"
	case esa.Unscannable:
		return "UNSCANNABLE"
	}
	return "CLEAN"
}
