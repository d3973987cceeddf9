package engine

import (
	"errors"
	"fmt"

	"esasim/appliance/stage"
	"esasim/esa"
)

// GraymailOptions are what is done with mail that somebody once asked for.
type GraymailOptions struct {
	Marketing stage.Treatment // of professional groups
	Social    stage.Treatment // notifications of social networks
	Bulk      stage.Treatment // of lists
	MaxSize   int64           // octets of the largest message that is scanned
	Rules     *Rules
}

// Graymail is a simulated engine: the first rule that fits decides; a message with
// the header X-Advertisement says itself that it is "marketing", "social" or "bulk".
func Graymail(o GraymailOptions) (stage.Stage, error) {
	return stage.Stage{Engine: esa.Graymail, Scan: o.scan},
		errors.Join(under("marketing.", o.Marketing.Check()), under("social.", o.Social.Check()), under("bulk.", o.Bulk.Check()))
}

func (o *GraymailOptions) scan(j *stage.Job) (stage.Finding, error) {
	if j.Message.Size > o.MaxSize { // antispam said so
		return stage.Finding{}, nil
	}
	f, err := o.judge(j)
	if err != nil {
		return stage.Finding{}, fmt.Errorf("graymail: %w", err)
	}
	words := stage.Words{By: "graymail", Dropped: "Dropped by graymail", Bounced: "Bounced by graymail", Quarantine: stage.SpamQuarantine}
	switch f.Verdict {
	case esa.Marketing:
		o.Marketing.Apply(&f.Want, words, j.Message.OwnSubject(), nil)
	case esa.Social:
		o.Social.Apply(&f.Want, words, j.Message.OwnSubject(), nil)
	case esa.Bulk:
		o.Bulk.Apply(&f.Want, words, j.Message.OwnSubject(), nil)
	}
	return f, nil
}

func (o *GraymailOptions) judge(j *stage.Job) (stage.Finding, error) {
	rule, err := o.Rules.Find(esa.Graymail, j)
	if err != nil {
		return stage.Finding{}, err
	}
	if rule != nil {
		return stage.Finding{Verdict: rule.Verdict, Name: rule.Name}, nil
	}
	says, _, err := look(j)
	f := stage.Finding{Verdict: esa.Negative}
	switch says {
	case "marketing":
		f = stage.Finding{Verdict: esa.Marketing, Name: testHeader}
	case "social":
		f = stage.Finding{Verdict: esa.Social, Name: testHeader}
	case "bulk":
		f = stage.Finding{Verdict: esa.Bulk, Name: testHeader}
	}
	return f, err
}
