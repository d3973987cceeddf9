// Package maillog says in the words of the text mail logs what happened to
// connections and messages, one function a sentence.
package maillog

import (
	"context"
	"time"

	"esasim/appliance/logs"
	"esasim/esa"
)

// Log is the content of a subscription of the type of mail_logs. The zero value is
// ready.
type Log struct{}

// Write says every event of the entries.
func (Log) Write(_ context.Context, out *logs.Lines, entries []esa.Entry) error {
	l := lines{out, out.In}
	if l.in == nil {
		l.in = time.UTC
	}
	for i := range entries {
		for j := range entries[i].Events {
			l.sentences(&entries[i].Events[j])
		}
	}
	return nil
}

// Forget does nothing: each event is told of by itself.
func (Log) Forget() {}
