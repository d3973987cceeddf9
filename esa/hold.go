package esa

import (
	"slices"
	"time"
)

// Hold is one reason why a message is in a quarantine, or will be.
type Hold struct {
	Quarantine string
	Engine     Engine    // that asked for it; NoEngine: unknown
	Reason     string    // as in "content filter:f"
	Since      time.Time // zero: it is not there yet
	Until      time.Time // when it leaves by itself; zero: never, or unknown
}

// held notes that a message went into a quarantine.
func (m *Message) held(e *Event) {
	h := Hold{Quarantine: e.Name, Engine: e.Engine, Reason: e.Text, Since: e.Time, Until: e.Until}
	same := func(o Hold) bool { return o.Quarantine == h.Quarantine && o.Engine == h.Engine }
	if i := slices.IndexFunc(m.Holds, same); i < 0 {
		m.Holds = append(m.Holds, h)
	} else {
		m.Holds[i].Until = h.Until
	}
	if !slices.Contains(m.Quarantines, e.Name) {
		m.Quarantines = append(m.Quarantines, e.Name)
	}
	m.Asked = slices.DeleteFunc(m.Asked, same)
	m.State = Quarantined
	m.put(Quarantined)
}

// asked notes that a message is to be held at the end of the work queue.
func (m *Message) asked(e *Event) {
	m.Asked = append(m.Asked, Hold{Quarantine: e.Name, Engine: e.Engine, Reason: e.Text, Until: e.Until})
}

// moved notes that a message went from one quarantine to another. When it leaves
// stays as it was. Source: AsyncOS user guide, "Quarantines".
func (m *Message) moved(e *Event) {
	if !slices.Contains(m.Quarantines, e.Name) {
		return
	}
	for i := range m.Holds {
		if m.Holds[i].Quarantine == e.Name {
			m.Holds[i].Quarantine = e.Text
		}
	}
	m.Quarantines = slices.DeleteFunc(m.Quarantines, func(q string) bool { return q == e.Name || q == e.Text })
	m.Quarantines = append(m.Quarantines, e.Text)
}

// delayed notes that a message stays longer in a quarantine, or less.
func (m *Message) delayed(e *Event) {
	for i := range m.Holds {
		if m.Holds[i].Quarantine == e.Name {
			m.Holds[i].Until = e.Until
		}
	}
}

// left notes that a message left a quarantine. It goes on only
// when it left the last one; deleted from one, it stays in the others, and
// deleted from the last it is gone. Source: AsyncOS user guide, "Quarantines".
func (m *Message) left(e *Event) {
	for i := range m.Holds { // where it goes on is behind all who held it
		if h := &m.Holds[i]; e.Name == "" || h.Quarantine == e.Name {
			m.Caught = max(m.Caught, h.Engine)
		}
	}
	m.Released = m.Released || e.Kind == MessageReleased
	if e.Engine != NoEngine {
		m.Caught = max(m.Caught, e.Engine)
		m.Passed = min(m.Passed, m.Caught) // what the other one had passed behind that was before it was held
	}
	m.leave(e.Name)
	if len(m.Quarantines) > 0 || m.State != Quarantined {
		return
	}
	if m.State = Processing; e.Kind == QuarantineDeleted {
		m.State, m.Deleted = Dropped, true
	}
	m.put(m.State)
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
	case e.Kind == MessageRewritten, e.Kind == MessageReinjected:
		m.State, m.Finished = Replaced, true
		m.leave("")
		m.put(Replaced)
	case e.Kind == MessageSplit && len(e.RIDs) > 0:
		m.recipients(e.RIDs, Replaced, &Event{})
		if !slices.ContainsFunc(m.Recipients, func(r Recipient) bool { return r.State != Replaced }) {
			m.State = Replaced
		}
	}
}

// StageSkipped is the text of Inherited for a stage that the message need not meet,
// because a filter said so of the message it was made from.
const StageSkipped = "skipped"

// inherit notes what was found of the message that this one was made from.
func (m *Message) inherit(e *Event) {
	switch {
	case e.Engine >= Engines:
	case e.Attachment != nil:
		m.judged(e)
	case e.Engine != NoEngine && e.Text == StageSkipped:
		m.Skips[e.Engine] = true
	case e.Engine != NoEngine:
		m.verdict(e)
		m.Passed = max(m.Passed, e.Engine)
	case e.Text != "":
		m.Auth.read(e.Name, e.Text)
	case e.Name != "":
		m.Policy = e.Name
	}
}
