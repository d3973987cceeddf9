package details

import (
	"fmt"
	"strings"

	"esasim/esa"
)

// authChecked: what passed was seen, the comma at the end of a line about DMARC
// and the full stop included, with SPF for the envelope sender alone; the others
// are the mail log's in the same style (inferred).
func authChecked(_ *story, e *esa.Event) []string {
	if e.Name == esa.SDR {
		text := strings.NewReplacer("header-from: ", "header_from: ", "reply-to: ", "reply_to: ").Replace(e.Text)
		return []string{fmt.Sprintf("Message %d %s", e.MID, text)}
	}
	if e.Name != esa.DMARC {
		return []string{fmt.Sprintf("Message %d %s: %s", e.MID, e.Name, strings.TrimSuffix(e.Text, " (v=spf1)"))}
	}
	if result, ok := strings.CutPrefix(e.Text, "Verification "); ok {
		return []string{fmt.Sprintf("Message %d: DMARC verification %s.", e.MID, result)}
	}
	text := e.Text
	if strings.HasSuffix(text, ")") { // no action follows
		text += ","
	}
	return []string{fmt.Sprintf("Message %d: DMARC %s", e.MID, text)}
}
