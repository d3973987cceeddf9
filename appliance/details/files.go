package details

import (
	"cmp"
	"fmt"

	"esasim/esa"
)

// Files are the lines of "Advanced Malware Protection Details": what was asked about
// the files of a message, and what was answered. Source: recorded answers; the last
// sentences of those that were uploaded are inferred.
func Files(m *esa.Message) []Line {
	var lines []Line
	judged := false
	for i := range m.Events {
		if e := &m.Events[i]; e.Kind == esa.FileJudged && e.Attachment != nil {
			judged = true
			lines = append(lines, fileLines(e, e.Attachment, true)...)
		}
	}
	for i := range m.Events {
		e := &m.Events[i]
		switch {
		case e.Kind == esa.VerdictChanged && e.Engine == esa.AMP && e.Attachment != nil:
			lines = append(lines, Line{e.Time, fmt.Sprintf("Retrospective verdict received. File Name = '%s', MID = %d, Disposition = %s, Malware = %s, sha256 = %s",
				e.Attachment.Name, e.MID, e.Verdict.Disposition(), cmp.Or(e.Name, "None"), e.Attachment.SHA256)})
		case judged || e.Kind != esa.EngineVerdict || e.Engine != esa.AMP || e.Verdict == esa.NotEvaluated || e.Verdict == esa.Skipped:
		default: // a verdict on the message: it can be meant of one file only if there is one
			for j := range m.Attachments {
				lines = append(lines, fileLines(e, &m.Attachments[j], len(m.Attachments) == 1 || e.Verdict == esa.Negative)...)
			}
		}
	}
	return lines
}

// fileLines are what is said of one file; answered: that the verdict is its own.
func fileLines(e *esa.Event, f *esa.Attachment, answered bool) []Line {
	texts := []string{fmt.Sprintf("File reputation query initiating. File Name = '%s', MID = %d, File Size = %d bytes, File Type = %s", f.Name, e.MID, f.Size, f.Type)}
	if answered {
		uploaded, action := e.Text == "uploaded", "Recommended not to send the file for analysis"
		if e.Verdict == esa.Unknown || e.Verdict == esa.Pending || uploaded {
			action = "Recommended to send the file for analysis"
		}
		texts = append(texts, fmt.Sprintf("Response received for file reputation query from Cloud. File Name = '%s', MID = %d, Disposition = %s, Malware = %s, "+
			"Analysis Score = %d, sha256 = %s, upload_action = %s, verdict_source = AMP", f.Name, e.MID, e.Verdict.Disposition(), cmp.Or(e.Name, "None"), score(e), f.SHA256, action))
		switch {
		case uploaded:
			texts = append(texts, fmt.Sprintf("File uploaded for analysis. MID = %d File SHA256[%s] file mime[%s]", e.MID, f.SHA256, f.Type))
		case e.Verdict == esa.Unknown:
			texts = append(texts, fmt.Sprintf("File not uploaded for analysis. MID = %d File SHA256[%s] file mime[%s] Reason: No active/dynamic contents exists", e.MID, f.SHA256, f.Type))
		}
	}
	lines := make([]Line, len(texts))
	for i, text := range texts {
		lines[i] = Line{e.Time, text}
	}
	return lines
}

// score is the file's; a verdict on the message has its size in no field.
func score(e *esa.Event) int64 {
	if e.Kind != esa.FileJudged {
		return 0
	}
	return e.Size
}

// URLs are the lines of "URL Details". Source: a published answer.
func URLs(m *esa.Message) []Line {
	var lines []Line
	for i := range m.Events {
		if e := &m.Events[i]; e.Kind == esa.URLMatched {
			lines = append(lines, Line{e.Time, fmt.Sprintf("Message %d URL: %s , URL reputation: %s, Condition: %s.", e.MID, e.Text, e.Address, e.Name)})
		}
	}
	return lines
}
