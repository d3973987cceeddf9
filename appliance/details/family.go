package details

import (
	"fmt"

	"esasim/esa"
)

// The sentences about messages that were made from this one, and about
// quarantines. All are inferred from those of the mail logs.

func messageRewritten(_ *story, e *esa.Event) []string {
	return []string{fmt.Sprintf("Message %d rewritten to message %d by %s.", e.MID, e.Other, e.Text)}
}

func messageSplit(_ *story, e *esa.Event) []string {
	return []string{fmt.Sprintf("Message %d was split creating message %d due to a per-recipient policy %s.", e.MID, e.Other, e.Name)}
}

func bounceGenerated(_ *story, e *esa.Event) []string {
	return []string{fmt.Sprintf("Message %d was generated for bounce of message %d.", e.Other, e.MID)}
}

func messageQuarantined(_ *story, e *esa.Event) []string {
	return []string{fmt.Sprintf(`Message %d quarantined to "%s"%s.`, e.MID, e.Name, bracketed(e.Text))}
}

func messageReleased(_ *story, e *esa.Event) []string { return []string{left(e, "released")} }

func quarantineDeleted(_ *story, e *esa.Event) []string { return []string{left(e, "deleted")} }

// left is how a message got out of one quarantine, or of all.
func left(e *esa.Event, how string) string {
	if e.Name == "" {
		return fmt.Sprintf("Message %d %s from all quarantines.", e.MID, how)
	}
	return fmt.Sprintf(`Message %d %s from quarantine "%s"%s.`, e.MID, how, e.Name, bracketed(e.Text))
}

// bracketed is a text in brackets, behind a blank; nothing for none.
func bracketed(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}
