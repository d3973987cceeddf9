package esa

import "slices"

// Hold is one reason why a message is in a quarantine.
type Hold struct {
	Quarantine string
	Engine     Engine // that asked for it; NoEngine: unknown
}

// hold notes that a message went into a quarantine, or left one. It goes on only
// when it left the last one; deleted from one, it stays in the others, and
// deleted from the last it is gone. Source: AsyncOS user guide, "Quarantines".
func (m *Message) hold(e *Event) {
	if e.Kind == MessageQuarantined {
		if h := (Hold{e.Name, e.Engine}); !slices.Contains(m.Holds, h) {
			m.Holds = append(m.Holds, h)
		}
		if !slices.Contains(m.Quarantines, e.Name) {
			m.Quarantines = append(m.Quarantines, e.Name)
		}
		m.State = Quarantined
		return
	}
	m.leave(e.Name)
	if len(m.Quarantines) > 0 || m.State != Quarantined {
		return
	}
	if m.State = Processing; e.Kind == QuarantineDeleted {
		m.State, m.Deleted = Dropped, true
	}
}

// leave takes the message out of a quarantine; "" is all.
func (m *Message) leave(quarantine string) {
	m.Quarantines = slices.DeleteFunc(m.Quarantines, func(q string) bool { return quarantine == "" || q == quarantine })
	m.Holds = slices.DeleteFunc(m.Holds, func(h Hold) bool { return quarantine == "" || h.Quarantine == quarantine })
}

// beget notes that another message was made from this one. A rewritten message
// ends with that; one that was split goes on with the recipients it keeps; one
// that bounced has its own state already.
func (m *Message) beget(e *Event) {
	m.Into = append(m.Into, e.Other)
	switch {
	case e.Kind == MessageRewritten:
		m.State, m.Finished = Replaced, true
		m.leave("")
	case e.Kind == MessageSplit && len(e.RIDs) > 0:
		m.recipients(e.RIDs, Replaced, &Event{})
		if !slices.ContainsFunc(m.Recipients, func(r Recipient) bool { return r.State != Replaced }) {
			m.State = Replaced
		}
	}
}
