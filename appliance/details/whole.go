package details

import (
	"slices"

	"esasim/esa"
)

// Whole tells the story of a message with that of its connection, whose events
// are the second argument. What happened on the connection after the message was
// finished is no part of its story, and the last line, in bold, must be its own.
// Source: recorded answers, which end with the remote's response.
func Whole(m *esa.Message, connection []esa.Event) []Line {
	events := slices.Clone(connection)
	if n := len(m.Events); m.Finished && n > 0 {
		end := m.Events[n-1].Time
		events = slices.DeleteFunc(events, func(e esa.Event) bool { return e.Time.After(end) })
	}
	return Lines(append(events, m.Events...))
}
