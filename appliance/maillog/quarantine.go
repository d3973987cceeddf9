package maillog

import (
	"fmt"

	"esasim/esa"
)

// quarantined: mail that antispam or graymail asked for goes to the spam
// quarantine, of which the logs speak in sentences of their own.
func quarantined(e *esa.Event) []string {
	if e.Engine == esa.AntiSpam || e.Engine == esa.Graymail {
		return []string{
			fmt.Sprintf("ISQ: Tagging MID %d for quarantine", e.MID),
			fmt.Sprintf("ISQ: Quarantined MID %d", e.MID),
		}
	}
	return one(fmt.Sprintf("MID %d quarantined to \"%s\"", e.MID, clean(e.Name)) + bracketed(e.Text))
}

// left is how a message got out of one quarantine, after how many seconds, or
// out of all.
func left(e *esa.Event, how string) string {
	if e.Name == "" {
		return fmt.Sprintf("MID %d %s from all quarantines", e.MID, how)
	}
	return fmt.Sprintf("MID %d %s from quarantine \"%s\"%s t=%d", e.MID, how, clean(e.Name), bracketed(e.Text), e.Size)
}

// bracketed is a text in brackets, behind a blank; nothing for none.
func bracketed(text string) string {
	if text == "" {
		return ""
	}
	return " (" + clean(text) + ")"
}
