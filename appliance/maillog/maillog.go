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
type Log struct {
	Wording int // the AsyncOS version in whose words it is: 13, which 0 is too, 14 or 15
}

// Write says every event of the entries.
func (g Log) Write(_ context.Context, out *logs.Lines, entries []esa.Entry) error {
	l := lines{out: out, in: out.In, wording: g.Wording}
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
