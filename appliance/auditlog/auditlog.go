// Package auditlog writes the audit log: who has signed in to the appliance, or could
// not, and what they have changed.
package auditlog

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"esasim/appliance/logs"
	"esasim/appliance/users"
	"esasim/esa"
	"esasim/internal/rawmime"
)

// most is how many octets of a text are told: strangers choose some of them.
const most = 512

// Event is what the event log is told of a deed.
func Event(d users.Deed, now time.Time) esa.Event {
	e := esa.Event{Kind: esa.Audited, Time: now, Name: clip(d.User), Text: clip(d.What), Source: &esa.Source{Listener: d.By, Group: string(d.Role)}}
	if a, err := netip.ParseAddr(d.From); err == nil {
		e.Source.Remote = a.Unmap().WithZone("")
	}
	if d.Refused {
		e.Verdict = esa.Negative
	}
	return e
}

// clip makes one short line of a text.
func clip(s string) string {
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return rawmime.OneLine(s)
}

// Log is the content of a subscription of the type audit.
type Log struct{ Host string }

// Write says what the entries tell of deeds.
func (g Log) Write(_ context.Context, out *logs.Lines, entries []esa.Entry) error {
	for i := range entries {
		for j := range entries[i].Events {
			if e := &entries[i].Events[j]; e.Kind == esa.Audited {
				g.say(out, e)
			}
		}
	}
	return nil
}

// Forget does nothing: each event is told of by itself.
func (Log) Forget() {}

// say writes the line of an event. Sources: the names of the parts are recollections of
// samples; the words of what was done are ours.
func (g Log) say(out *logs.Lines, e *esa.Event) {
	level := logs.Info
	if e.Verdict == esa.Negative {
		level = logs.Warning
	}
	s := e.Source
	if s == nil {
		s = &esa.Source{}
	}
	from := "N/A"
	if s.Remote.IsValid() {
		from = s.Remote.String()
	}
	out.Begin(e.Time, level)
	out.Buf = fmt.Appendf(out.Buf, "Appliance: %s, Interaction Mode: %s, User: %s, Role: %s, Source IP: %s, Event: %s",
		g.Host, cmp.Or(s.Listener, "N/A"), cmp.Or(logs.Clean(e.Name), "N/A"), cmp.Or(s.Group, "N/A"), from, logs.Clean(e.Text))
	if e.Size > 0 {
		out.Buf = fmt.Appendf(out.Buf, " (%d failed sign-ins before are not told)", e.Size)
	}
	out.End()
}
