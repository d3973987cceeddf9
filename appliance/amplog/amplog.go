// Package amplog writes the log of Advanced Malware Protection: what was asked about
// the files of a message, and what was answered.
package amplog

import (
	"context"
	"errors"
	"fmt"

	"esasim/appliance/logs"
	"esasim/esa"
	"esasim/esa/gather"
)

// Log is the content of a subscription of the type amp.
type Log struct {
	store gather.Store
	open  gather.Messages
}

// New is a log that asks the store for messages whose beginning it has not seen.
func New(s gather.Store) *Log { return &Log{store: s} }

// Write writes the lines of each verdict on the files of a message. Those do not
// change once it is accepted, so it does not matter when the store is asked.
func (l *Log) Write(ctx context.Context, out *logs.Lines, entries []esa.Entry) error {
	defer l.open.Bound()
	return gather.Each(entries, func(mid esa.MID, events []esa.Event) error {
		if mid == 0 {
			return nil
		}
		return l.message(ctx, out, events)
	})
}

// Forget lets go of the messages that are remembered.
func (l *Log) Forget() { l.open.Forget() }

func (l *Log) message(ctx context.Context, out *logs.Lines, events []esa.Event) error {
	l.open.Add(events)
	for i := range events {
		e := &events[i]
		if e.Kind == esa.MessageFinished {
			l.open.Done(e.MID)
		}
		if e.Kind != esa.EngineVerdict || e.Engine != esa.AMP || e.Verdict == esa.NotEvaluated || e.Verdict == esa.Skipped {
			continue
		}
		m, err := l.open.Of(ctx, e.MID, l.store)
		if errors.Is(err, gather.ErrGone) {
			continue // nobody knows its files
		}
		if err != nil {
			return fmt.Errorf("file reputation of MID %d: %w", e.MID, err)
		}
		say(out, e, m.Attachments)
	}
	return nil
}

// say writes the lines of a verdict: each file was asked about. The verdict is the
// message's, so an answer is told of a file only when it can be meant of no other.
func say(out *logs.Lines, e *esa.Event, files []esa.Attachment) {
	for i := range files {
		f := &files[i]
		name, mime := logs.Clean(f.Name), logs.Clean(f.Type)
		line(out, e, fmt.Sprintf("File reputation query initiating. File Name = '%s', MID = %d, File Size = %d bytes, File Type = %s", name, e.MID, f.Size, mime))
		if len(files) > 1 && e.Verdict != esa.Negative {
			continue
		}
		malware := ""
		if e.Name != "" {
			malware = ", Malware = " + logs.Clean(e.Name)
		}
		line(out, e, fmt.Sprintf("Response received for file reputation query from Cloud. File Name = '%s', MID = %d, Disposition = %s%s, sha256 = %s",
			name, e.MID, disposition(e.Verdict), malware, f.SHA256))
	}
}

func line(out *logs.Lines, e *esa.Event, text string) { out.Say(e.Time, logs.Info, text) }

// disposition is the cloud's word.
func disposition(v esa.Verdict) string {
	switch v {
	case esa.Negative:
		return "CLEAN"
	case esa.Positive:
		return "MALICIOUS"
	case esa.LowRisk:
		return "LOWRISK"
	case esa.Unscannable:
		return "UNSCANNABLE"
	}
	return "FILE UNKNOWN"
}
