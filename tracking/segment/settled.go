package segment

import "esasim/esa"

// settled is the state that all messages of a shape have, if it does not depend on
// what their fields hold. Most messages have such a shape and need not be folded.
type settled struct {
	may   bool
	known bool // one was folded
	state esa.State
}

// fold fills in what a directory notes of a message.
func (s *settled) fold(m *esa.Message, events []esa.Event) {
	if s.known { // it is plain: the first event, and no other, begins it
		m.State, m.Received, m.ICID = s.state, events[0].Time, events[0].ICID
		return
	}
	m.Fold(events)
	s.known, s.state = s.may, m.State
}

// settles tells whether the shape in b.runs says which state a message has.
func (b *Builder) settles() bool {
	for c := (cursor{b: b.runs}); c.left() > 0; {
		if code, _ := c.run(); !b.order[code].settles() {
			return false
		}
	}
	return true
}

// settles tells whether what an event of this signature does to a message's state
// is known without its fields. Which recipients it is about must be in the
// signature, and no quarantine has a name.
func (g signature) settles() bool {
	switch g.kind() {
	case esa.MessageQuarantined, esa.MessageReleased, esa.QuarantineDeleted, esa.MessageSplit:
		return false
	case esa.RecipientGiven:
		return g.where(shiftRIDs) == next
	case esa.RecipientDelivered, esa.RecipientDelayed, esa.RecipientBounced:
		return g.where(shiftRIDs) == next || g.where(shiftRIDs) == all
	}
	return true
}
