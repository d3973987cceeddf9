package engine

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"esasim/appliance/letter"
	"esasim/appliance/stage"
	"esasim/esa"
)

// KnownFile is what the simulated cloud knows of files. Times count from when AMP
// looks at a message: each that brings the file sees the same, so that what comes out
// does not depend on which came first.
type KnownFile struct {
	When     *Condition  // about files
	Verdict  esa.Verdict // Negative, Positive, Unknown, LowRisk or Unscannable
	Malware  string      // its name
	Score    int         // the reputation score, 0 to 100
	Analysis Change      // of the file, if its verdict is Unknown; none if Verdict is NotEvaluated
	Later    Change      // what is found out after the message was accepted; likewise
}

// Change is what a file's verdict becomes.
type Change struct { // nothing, if Verdict is NotEvaluated
	After   time.Duration
	Verdict esa.Verdict
}

// Files is what the cloud knows; the first that is about an attachment decides. A
// file it does not know is Unknown, and not analysed.
type Files []KnownFile

// Of is what is known of an attachment; nil: nothing.
func (f Files) Of(a *esa.Attachment) *KnownFile {
	for i := range f {
		if f[i].When.File(File{Name: a.Name, Type: a.Type, SHA256: a.SHA256}) {
			return &f[i]
		}
	}
	return nil
}

// Change tells whether anything is found out of files later.
func (f Files) Change() bool {
	for i := range f {
		if f[i].Analysis.Verdict != esa.NotEvaluated || f[i].Later.Verdict != esa.NotEvaluated {
			return true
		}
	}
	return false
}

// AMPOptions are what is known of files and what is done with messages that have
// them.
type AMPOptions struct {
	Files       Files
	Analysis    bool // files may be analysed
	Malicious   stage.Treatment
	Unscannable stage.Treatment
	Pending     stage.Treatment // a file is being analysed
}

// FileAnalysis is the quarantine for messages whose files are being analysed.
const FileAnalysis = "File Analysis"

// PendingReason is why messages are held whose files are being analysed.
const PendingReason = "File analysis pending"

// AMP is a simulated Advanced Malware Protection: file reputation and file analysis.
// A message's verdict is the worst of its files'.
func AMP(o AMPOptions) (stage.Stage, error) {
	var errs []error
	for _, t := range []struct {
		key string
		*stage.Treatment
	}{{"malicious", &o.Malicious}, {"unscannable", &o.Unscannable}, {"pending", &o.Pending}} {
		if err := t.Check(); err != nil {
			errs = append(errs, fmt.Errorf("%s.%w", t.key, err))
		}
	}
	return stage.Stage{Engine: esa.AMP, Scan: o.scan}, errors.Join(errs...)
}

func (o *AMPOptions) scan(j *stage.Job) (stage.Finding, error) {
	m := j.Message
	if len(m.Attachments) == 0 {
		return stage.Finding{Verdict: esa.Skipped}, nil
	}
	if len(o.Files) == 0 { // the verdict says it of every file
		return stage.Finding{Verdict: esa.Unknown}, nil
	}
	var f stage.Finding
	var guilty []string
	for i := range m.Attachments {
		e := o.judge(m, &m.Attachments[i])
		f.Told = append(f.Told, e)
		switch was, is := badness(f.Verdict), badness(e.Verdict); {
		case is > was:
			f.Verdict, f.Name, guilty = e.Verdict, e.Name, []string{e.Attachment.SHA256}
		case is == was:
			guilty = append(guilty, e.Attachment.SHA256)
		}
	}
	return f, o.treat(&f, j, guilty)
}

// judge is what is told of one attachment: what was found out of it since the
// message came, or what the cloud knows.
func (o *AMPOptions) judge(m *esa.Message, a *esa.Attachment) esa.Event {
	file := *a // the message's memory is used again for the next one
	e := esa.Event{Kind: esa.FileJudged, Engine: esa.AMP, Verdict: esa.Unknown, Attachment: &file}
	known := o.Files.Of(a)
	if known != nil {
		e.Verdict, e.Name, e.Size = known.Verdict, known.Malware, int64(known.Score)
	}
	if was, ok := m.File(a.SHA256); ok && was.Verdict != esa.NotEvaluated {
		e.Verdict, e.Name = was.Verdict, was.Malware
	} else if known != nil && known.Verdict == esa.Unknown && known.Analysis.Verdict != esa.NotEvaluated && o.Analysis {
		e.Verdict, e.Text = esa.Pending, Uploaded
	}
	if e.Verdict != esa.Positive {
		e.Name = ""
	}
	return e
}

// Uploaded is the text of FileJudged for a file that is analysed.
const Uploaded = "uploaded"

// badness puts verdicts in the order in which the worst is the message's.
func badness(v esa.Verdict) int {
	return slices.Index([]esa.Verdict{esa.NotEvaluated, esa.Negative, esa.LowRisk, esa.Unknown, esa.Unscannable, esa.Pending, esa.Positive}, v)
}

func (o *AMPOptions) treat(f *stage.Finding, j *stage.Job, guilty []string) error {
	words := stage.Words{By: "amp", Dropped: "Dropped by amp", Bounced: "Bounced by amp", Quarantine: FileAnalysis}
	t := &stage.Treatment{}
	switch f.Verdict {
	case esa.Positive:
		t, words.Quarantine, words.Reason = &o.Malicious, policyQuarantine, "AMP verdict:MALICIOUS"
	case esa.Unscannable:
		t, words.Quarantine, words.Reason = &o.Unscannable, policyQuarantine, "AMP verdict:UNSCANNABLE"
	case esa.Pending:
		t, words.Reason = &o.Pending, PendingReason
	default:
		return nil
	}
	parts, err := filesOf(t, j, func(p *letter.Part) bool { return slices.Contains(guilty, p.SHA256) })
	t.Apply(&f.Want, words, j.Message.OwnSubject(), parts)
	return err
}

// policyQuarantine is where messages go to if a setting names no quarantine.
const policyQuarantine = "Policy"

// filesOf are the attachments that a verdict is about, by their index in the letter,
// if the treatment takes them out.
func filesOf(t *stage.Treatment, j *stage.Job, guilty func(*letter.Part) bool) ([]int, error) {
	if !t.Strip {
		return nil, nil
	}
	l, err := j.Letter()
	if err != nil {
		return nil, err
	}
	var parts []int
	for i := range l.Parts {
		if p := &l.Parts[i]; p.File && guilty(p) {
			parts = append(parts, p.Index)
		}
	}
	return parts, nil
}
