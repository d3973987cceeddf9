package details

import (
	"fmt"

	"esasim/appliance/stage"
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

// quarantineAsked speaks of the spam quarantine alone: where the others are, the
// message comes to.
func quarantineAsked(_ *story, e *esa.Event) []string {
	if e.Name != stage.SpamQuarantine {
		return nil
	}
	return []string{fmt.Sprintf("Message %d tagged for the spam quarantine.", e.MID)}
}

func messageGenerated(_ *story, e *esa.Event) []string {
	return []string{fmt.Sprintf("Message %d was generated based on message %d by %s.", e.Other, e.MID, e.Text)}
}

func messageReinjected(_ *story, e *esa.Event) []string {
	return []string{fmt.Sprintf("Message %d released from the spam quarantine as message %d.", e.MID, e.Other)}
}

func quarantineMoved(_ *story, e *esa.Event) []string {
	return []string{fmt.Sprintf(`Message %d moved from quarantine "%s" to quarantine "%s".`, e.MID, e.Name, e.Text)}
}

func quarantineDelayed(_ *story, e *esa.Event) []string {
	return []string{fmt.Sprintf(`Message %d in quarantine "%s": scheduled exit changed to %s.`, e.MID, e.Name, moment(e.Until))}
}

func messageReleased(_ *story, e *esa.Event) []string { return []string{left(e, "released")} }

func quarantineDeleted(_ *story, e *esa.Event) []string { return []string{left(e, "deleted")} }

// left is how a message got out of one quarantine, or of all.
func left(e *esa.Event, how string) string {
	if e.Name == "" {
		return fmt.Sprintf("Message %d %s%s from all quarantines.", e.MID, how, bracketed(e.Text))
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
