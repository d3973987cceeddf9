// Package bouncelog writes the bounce log: each recipient that a message could not
// be delivered to, for good or for now, or that a filter bounced it for.
package bouncelog

import (
	"fmt"

	"esasim/appliance/logs"
	"esasim/appliance/maillog"
	"esasim/esa"
	"esasim/esa/gather"
)

// Log is the content of a subscription of the type bounces.
type Log struct{ logs.OfMessages }

// New is a log that asks the store for messages whose beginning it has not seen.
func New(s gather.Store) *Log {
	return &Log{logs.OfMessages{Store: s, Wanted: refused, Say: say}}
}

func refused(e *esa.Event) bool {
	return e.Kind == esa.RecipientBounced || e.Kind == esa.RecipientDelayed || e.Kind == esa.MessageBounced
}

// say writes the lines of an event. Of a message that is no longer kept nobody
// knows the addresses: they are empty.
func say(out *logs.Lines, e *esa.Event, m *esa.Message) {
	if m == nil {
		m = &esa.Message{}
	}
	what := "Bounced"
	if e.Kind == esa.RecipientDelayed {
		what = "Delayed"
	}
	rids, answer := e.RIDs, e.Text
	if e.Kind == esa.MessageBounced { // no host was asked
		answer = "000 " + answer
	}
	for i := 0; e.Kind == esa.MessageBounced && e.RIDs == nil && i < len(m.Recipients); i++ {
		if m.Recipients[i].State != esa.Replaced {
			rids = append(rids, m.Recipients[i].RID)
		}
	}
	for _, r := range rids {
		out.Begin(e.Time, logs.Info)
		out.Buf = fmt.Appendf(out.Buf, `%s: %d:%d From:<%s> To:<%s> Reason: "%s" Response: "%s"`, what, e.MID, r,
			logs.Clean(m.Sender), logs.Clean(address(m, r)), logs.Clean(e.Name), logs.Clean(maillog.Answer(answer)))
		out.End()
	}
}

func address(m *esa.Message, rid esa.RID) string {
	if i := int(rid); i < len(m.Recipients) && m.Recipients[i].RID == rid {
		return m.Recipients[i].Address // most have them in order
	}
	for i := range m.Recipients {
		if m.Recipients[i].RID == rid {
			return m.Recipients[i].Address
		}
	}
	return ""
}
