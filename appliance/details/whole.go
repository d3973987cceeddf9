package details

import (
	"slices"
	"time"

	"esasim/esa"
)

// Whole tells the story of a message with that of its connection, whose events
// are the second argument. What happened on the connection after the message was
// finished is no part of its story, and the last line, in bold, must be its own.
// Source: recorded answers, which end with the remote's response.
func Whole(m *esa.Message, connection []esa.Event) []Line {
	connection = until(ended([]esa.Message{*m}), connection)
	// What it is aborted by is the end of the connection, often in the same moment.
	aborted := max(0, slices.IndexFunc(m.Events, func(e esa.Event) bool { return e.Kind == esa.MessageAborted }))
	closed := len(connection)
	if closed > 0 && connection[closed-1].Kind == esa.ConnectionClosed {
		closed--
	}
	return Lines(slices.Concat(connection[:closed], m.Events[:aborted], connection[closed:], m.Events[aborted:]))
}

// Several is Whole for messages that are shown together, with the events of all
// their connections.
func Several(list []esa.Message, connections []esa.Event) []Line {
	if len(list) == 1 {
		return Whole(&list[0], connections)
	}
	lines := Lines(until(ended(list), connections))
	for i := range list {
		lines = append(lines, Lines(list[i].Events)...)
	}
	slices.SortStableFunc(lines, func(a, b Line) int { return a.Time.Compare(b.Time) })
	return lines
}

// until are the events up to a moment; if that is zero, all.
func until(end time.Time, events []esa.Event) []esa.Event {
	events = slices.Clone(events)
	if end.IsZero() {
		return events
	}
	return slices.DeleteFunc(events, func(e esa.Event) bool { return e.Time.After(end) })
}

// ended is when the last of the messages was finished; zero if one is not.
func ended(list []esa.Message) (end time.Time) {
	for i := range list {
		n := len(list[i].Events)
		if !list[i].Finished || n == 0 {
			return time.Time{}
		}
		if at := list[i].Events[n-1].Time; at.After(end) {
			end = at
		}
	}
	return end
}
