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
	connection = slices.Clone(connection)
	if n := len(m.Events); m.Finished && n > 0 {
		end := m.Events[n-1].Time
		connection = slices.DeleteFunc(connection, func(e esa.Event) bool { return e.Time.After(end) })
	}
	// What it is aborted by is the end of the connection, often in the same moment.
	aborted := max(0, slices.IndexFunc(m.Events, func(e esa.Event) bool { return e.Kind == esa.MessageAborted }))
	closed := len(connection)
	if closed > 0 && connection[closed-1].Kind == esa.ConnectionClosed {
		closed--
	}
	return Lines(slices.Concat(connection[:closed], m.Events[:aborted], connection[closed:], m.Events[aborted:]))
}
