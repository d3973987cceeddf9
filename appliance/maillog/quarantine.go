package maillog

import (
	"esasim/appliance/stage"
	"esasim/esa"
)

// quarantined: of the spam quarantine the logs speak in sentences of their own.
func (l *lines) quarantined(e *esa.Event) {
	if isSpam(e) {
		l.say(e, "RPC Delivery start RCID %D MID %M to local IronPort Spam Quarantine")
		l.say(e, "ISQ: Quarantined MID %M")
		l.say(e, "RPC Message done RCID %D MID %M")
		return
	}
	l.say(e, `MID %M quarantined to "%N"%s`, bracketed(e.Text))
}

func isSpam(e *esa.Event) bool { return e.Name == stage.SpamQuarantine }

// left is how a message got out of one quarantine, after how many seconds, or
// out of all.
func (l *lines) left(e *esa.Event, how string) {
	if e.Name == "" {
		l.say(e, "MID %M %s from all quarantines", how+bracketed(e.Text))
		return
	}
	l.say(e, `MID %M %s from quarantine "%N"%s t=%S`, how, bracketed(e.Text))
}

// bracketed is a text in brackets, behind a blank; nothing for none.
func bracketed(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}
