package stage

import (
	"errors"
	"fmt"
	"net/textproto"
	"slices"
	"strings"

	"esasim/appliance/letter"
)

// Treatment is what a mail policy does with messages of one verdict. Source: AsyncOS
// user guide, the settings that antispam, antivirus, AMP and graymail share.
type Treatment struct {
	Action     string   // deliver (also if empty), drop, bounce or quarantine
	Quarantine string   // which one; empty: the engine's own
	Subject    string   // put before the subject
	Header     string   // "Name: value", added
	To         []string // who gets it instead of its recipients
	Strip      bool     // attachments that the verdict is about are taken out
}

// Words are how an engine is called where it treats a message.
type Words struct {
	By         string // "antispam": who rewrites, as in "rewritten to MID 9 by antispam"
	Dropped    string // "Dropped by CASE"
	Bounced    string // "Bounced by CASE"
	Quarantine string // the engine's own
	Reason     string // of a hold: "a/v verdict:VIRAL"
}

// Check says what is wrong; the error begins with the key.
func (t *Treatment) Check() error {
	var errs []error
	if !slices.Contains([]string{"", "deliver", "drop", "bounce", "quarantine"}, t.Action) {
		errs = append(errs, fmt.Errorf("action: %q: want deliver, drop, bounce or quarantine", t.Action))
	}
	if t.Quarantine != "" && t.Action != "quarantine" {
		errs = append(errs, errors.New("quarantine: is for the action quarantine only"))
	}
	if name, value, ok := strings.Cut(t.Header, ":"); t.Header != "" && (!ok || !headerName(name) || strings.ContainsAny(value, "\r\n")) {
		errs = append(errs, fmt.Errorf("header: %q: want NAME: VALUE", t.Header))
	}
	if strings.ContainsAny(t.Subject, "\r\n") {
		errs = append(errs, errors.New("subject: must be one line"))
	}
	for i, to := range t.To {
		if local, domain, ok := strings.Cut(to, "@"); !ok || local == "" || domain == "" {
			errs = append(errs, fmt.Errorf("recipients[%d]: %q: want an address", i, to))
		}
	}
	if ends := t.Action == "drop" || t.Action == "bounce"; ends && (t.Subject != "" || t.Header != "" || len(t.To) > 0 || t.Strip) {
		errs = append(errs, fmt.Errorf("action: nothing else is done to a message with the action %s", t.Action))
	}
	return errors.Join(errs...)
}

func headerName(s string) bool {
	return s != "" && textproto.TrimString(s) == s && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == ':' })
}

// Apply adds to w what the treatment does with a message. parts are those that the
// verdict is about, by their index in the letter; subject is the message's.
func (t *Treatment) Apply(w *Want, words Words, subject string, parts []int) {
	switch t.Action {
	case "drop":
		w.Drop = words.Dropped
		return
	case "bounce":
		w.Bounce, w.Reason = words.Bounced, Refused
		return
	case "quarantine":
		q := t.Quarantine
		if q == "" {
			q = words.Quarantine
		}
		w.Hold = append(w.Hold, Hold{Quarantine: q, Reason: words.Reason})
	}
	w.By, w.To = words.By, t.To
	if t.Subject != "" {
		w.Edit.Header = append(w.Edit.Header, letter.HeaderEdit{Name: "Subject", Op: letter.Replace, Value: t.Subject + subject})
	}
	if name, value, ok := strings.Cut(t.Header, ":"); ok {
		w.Edit.Header = append(w.Edit.Header, letter.HeaderEdit{Name: name, Op: letter.Add, Value: strings.TrimSpace(value)})
	}
	if t.Strip {
		w.Edit.Strip = map[int]string{}
		for _, i := range parts {
			w.Edit.Strip[i] = "The attachment was removed because of a policy."
		}
	}
}

// SpamQuarantine is the name of the quarantine for spam and graymail.
const SpamQuarantine = "Spam Quarantine"

// Unclassified is the name of the quarantine for messages that were to go to one that
// is no longer there. Source: AsyncOS user guide, "Quarantine Types".
const Unclassified = "Unclassified"

// Refused is the reason of what a policy bounces (inferred: the class 5.7.1 is that
// of RFC 3463 for what is not authorized).
const Refused = "5.7.1 - Delivery not authorized, message refused"
