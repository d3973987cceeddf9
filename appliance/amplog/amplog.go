// Package amplog writes the log of Advanced Malware Protection: what was asked about
// the files of a message, and what was answered.
package amplog

import (
	"fmt"

	"esasim/appliance/logs"
	"esasim/esa"
	"esasim/esa/gather"
)

// Log is the content of a subscription of the type amp.
type Log struct{ logs.OfMessages }

// New is a log that asks the store for messages whose beginning it has not seen.
func New(s gather.Store) *Log {
	return &Log{logs.OfMessages{Store: s, Wanted: answered, Say: say}}
}

// answered is true of a verdict on the files of a message.
func answered(e *esa.Event) bool {
	return e.Kind == esa.EngineVerdict && e.Engine == esa.AMP && e.Verdict != esa.NotEvaluated && e.Verdict != esa.Skipped
}

// say writes the lines of a verdict: each file was asked about. The verdict is the
// message's, so an answer is told of a file only when it can be meant of no other.
// Of a message that is no longer kept nobody knows the files.
func say(out *logs.Lines, e *esa.Event, m *esa.Message) {
	if m == nil {
		return
	}
	files := m.Attachments
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
