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

// answered is true of what AMP says of files.
func answered(e *esa.Event) bool {
	switch e.Kind {
	case esa.FileJudged, esa.VerdictChanged:
		return e.Attachment != nil
	case esa.EngineVerdict:
		return e.Engine == esa.AMP && e.Verdict != esa.NotEvaluated && e.Verdict != esa.Skipped
	}
	return false
}

// say writes the lines of an event. Of a message that is no longer kept nobody knows
// the files.
func say(out *logs.Lines, e *esa.Event, m *esa.Message) {
	switch {
	case e.Kind == esa.FileJudged:
		judged(out, e)
	case e.Kind == esa.VerdictChanged:
		changed(out, e)
	case m != nil && len(m.Files) == 0:
		whole(out, e, m.Attachments)
	}
}

// judged writes the lines of a file: it was asked about, answered, and may have been
// uploaded.
func judged(out *logs.Lines, e *esa.Event) {
	asked(out, e, e.Attachment)
	score := ""
	if e.Size > 0 || e.Verdict == esa.Positive {
		score = fmt.Sprintf(",  Reputation Score = %d", e.Size)
	}
	line(out, e, answer(e, e.Attachment, score)+", upload_action = 1")
	if e.Verdict == esa.Pending && e.Text != "" {
		line(out, e, fmt.Sprintf("File uploaded for analysis. SHA256: %s, file name: %s", e.Attachment.SHA256, logs.Clean(e.Attachment.Name)))
	}
}

// changed writes what was found out of a file later.
func changed(out *logs.Lines, e *esa.Event) {
	malware := ""
	if e.Name != "" {
		malware = ", Spyname: " + logs.Clean(e.Name)
	}
	word := "Retrospective verdict received"
	if e.Text == esa.FileAnalysed {
		word = "File analysis complete"
	}
	line(out, e, fmt.Sprintf("%s. SHA256: %s, Timestamp: %d, Verdict: %s%s", word, e.Attachment.SHA256, e.Time.Unix(), e.Verdict.Disposition(), malware))
}

// whole writes the lines of a verdict on all files of a message: each file was asked
// about, and an answer is told of one only when it can be meant of no other.
func whole(out *logs.Lines, e *esa.Event, files []esa.Attachment) {
	for i := range files {
		asked(out, e, &files[i])
		if len(files) == 1 || e.Verdict == esa.Negative || e.Verdict == esa.Unknown {
			line(out, e, answer(e, &files[i], ""))
		}
	}
}

func asked(out *logs.Lines, e *esa.Event, f *esa.Attachment) {
	line(out, e, fmt.Sprintf("File reputation query initiating. File Name = '%s', MID = %d, File Size = %d bytes, File Type = %s",
		logs.Clean(f.Name), e.MID, f.Size, logs.Clean(f.Type)))
}

// answer is what the cloud said of a file; the score is a part of the sentence.
func answer(e *esa.Event, f *esa.Attachment, score string) string {
	malware := ""
	if e.Name != "" {
		malware = ", Malware = " + logs.Clean(e.Name)
	}
	return fmt.Sprintf("Response received for file reputation query from Cloud. File Name = '%s', MID = %d, Disposition = %s%s%s, sha256 = %s",
		logs.Clean(f.Name), e.MID, e.Verdict.Disposition(), malware, score, f.SHA256)
}

func line(out *logs.Lines, e *esa.Event, text string) { out.Say(e.Time, logs.Info, text) }
