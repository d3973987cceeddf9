package esa

// Status is the state in the words of the tracking API's "messageStatus", with
// the engine that was the cause: "Quarantined by Content Filters", "Dropped By
// Anti-Virus", "Quarantined by Multiple Engines". Those three, "Quarantined by
// Anti-Spam/Graymail" and Delivered were seen, with these very letter cases; the
// others complete the series (inferred).
func (m *Message) Status() string {
	switch {
	case m.State == Dropped && m.Deleted:
		return "Deleted from quarantine"
	case m.State == Dropped && m.DroppedBy.status() != "":
		return "Dropped By " + m.DroppedBy.status()
	case m.State == Quarantined && m.holder() != "":
		return "Quarantined by " + m.holder()
	}
	return m.State.String()
}

// holder names who holds the message; "" if no engine is known to.
func (m *Message) holder() string {
	name := ""
	for _, h := range m.Holds {
		switch by := h.Engine.status(); {
		case by == "" || by == name:
		case name == "":
			name = by
		default:
			return "Multiple Engines"
		}
	}
	return name
}

// status is the engine's name in a status. Anti-spam and graymail share one, so
// that a message which both of them hold is not held by multiple engines.
func (e Engine) status() string {
	switch e {
	case MessageFilters:
		return "Message Filters"
	case AntiSpam, Graymail:
		return "Anti-Spam/Graymail"
	case AntiVirus:
		return "Anti-Virus"
	case AMP:
		return "Advanced Malware Protection"
	case ContentFilters:
		return "Content Filters"
	case OutbreakFilters:
		return "Outbreak Filters"
	case DLP:
		return "DLP"
	}
	return ""
}
