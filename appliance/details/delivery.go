package details

import (
	"fmt"
	"strings"
	"time"

	"esasim/esa"
)

func deliveryOpened(_ *story, e *esa.Event) []string {
	if e.Source == nil {
		return nil
	}
	return []string{fmt.Sprintf("SMTP delivery connection (DCID %d) opened from Cisco IronPort interface %s to IP address %s on port %d.",
		e.DCID, e.Source.Local, e.Source.Remote, e.Size)}
}

// deliveryTLSStarted: what the "None" of the recorded sentence stands for is not
// known. No other word was seen in its place.
func deliveryTLSStarted(_ *story, e *esa.Event) []string {
	return []string{fmt.Sprintf("Delivery connection (DCID %d) successfully accepted TLS protocol %s cipher %s None.",
		e.DCID, e.Name, e.Text)}
}

// deliveryTrouble is inferred: the mail log's own words.
func deliveryTrouble(_ *story, e *esa.Event) []string { return []string{e.Text + "."} }

// doubleBounced is inferred from the mail log's "Double bounce".
func doubleBounced(s *story, e *esa.Event) []string {
	why := e.Name // no host has answered for what a stage bounced
	if e.Text != "" {
		why = reason(e)
	}
	return []string{fmt.Sprintf("Message %d to %s double bounced. Reason: %s", e.MID, s.to(e.RIDs), why)}
}

func deliveryStarted(s *story, e *esa.Event) []string {
	return []string{fmt.Sprintf("(DCID %d) Delivery started for message %d to %s.", e.DCID, e.MID, s.to(e.RIDs))}
}

// recipientDelivered: recorded answers end the first sentence with a list of
// logged headers, which is there only where an administrator asked for it.
func recipientDelivered(s *story, e *esa.Event) []string {
	to := s.to(e.RIDs)
	return []string{
		fmt.Sprintf("(DCID %d) Delivery details: Message %d sent to %s", e.DCID, e.MID, to),
		fmt.Sprintf("Message %d to %s received remote SMTP response '%s'.", e.MID, to, e.Text),
	}
}

// recipientDelayed is inferred from the mail log's "Delayed" and "pending till".
func recipientDelayed(s *story, e *esa.Event) []string {
	to := s.to(e.RIDs)
	out := []string{fmt.Sprintf("(DCID %d) Message %d to %s delayed. Reason: %s", e.DCID, e.MID, to, reason(e))}
	if !e.Until.IsZero() {
		out = append(out, fmt.Sprintf("Message %d to %s pending till %s.", e.MID, to, moment(e.Until)))
	}
	return out
}

// recipientBounced is inferred.
func recipientBounced(s *story, e *esa.Event) []string {
	return []string{fmt.Sprintf("(DCID %d) Message %d to %s bounced by destination server. Reason: %s",
		e.DCID, e.MID, s.to(e.RIDs), reason(e))}
}

// moment is a moment as the mail logs write it.
func moment(t time.Time) string { return t.UTC().Format("Mon Jan _2 15:04:05 2006") }

// messageRemediated is inferred.
func messageRemediated(s *story, e *esa.Event) []string {
	return []string{fmt.Sprintf("Message %d %s from the mailbox of %s.", e.MID, e.Text, s.to(e.RIDs))}
}

// reason writes the appliance's reason and the remote's answer as the mail logs
// do: 5.1.0 - Unknown address error ('550', ['5.1.1 user unknown']). An answer
// without a code came from the appliance itself and has the code 000.
func reason(e *esa.Event) string {
	code, text := "000", e.Text
	if len(text) >= 3 && strings.Trim(text[:3], "0123456789") == "" && (len(text) == 3 || text[3] == ' ' || text[3] == '-') {
		code, text = text[:3], strings.TrimSpace(strings.TrimPrefix(text[3:], "-"))
	}
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, l := range lines {
		for _, again := range []string{code + " ", code + "-"} { // each line of a long answer repeats it
			l = strings.TrimPrefix(l, again)
		}
		lines[i] = quote(l)
	}
	return fmt.Sprintf("%s ('%s', [%s])", e.Name, code, strings.Join(lines, ", "))
}

// quote writes a text as Python does, whose words these are.
func quote(s string) string {
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		return `"` + s + `"`
	}
	return "'" + strings.ReplaceAll(s, "'", `\'`) + "'"
}
