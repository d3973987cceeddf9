package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"esasim/appliance/dlp"
	"esasim/appliance/letter"
	"esasim/appliance/stage"
	"esasim/esa"
)

// DLPPolicy is one thing that must not leave the company.
type DLPPolicy struct {
	Name        string
	Classifiers []dlp.Classifier
	Scale       dlp.Scale
	When        *Condition // messages it is about; nil: all
	Body, Files bool       // where it looks: subject and body, text of attachments
	Actions     [dlp.Severities]DLPAction
}

// DLPAction is what is done with messages of one severity.
type DLPAction struct {
	Treatment stage.Treatment
	Encrypt   bool     // the message is marked to be encrypted, see [EncryptHeader]
	Notify    []string // who is told
}

// EncryptHeader is added to messages that a DLP action encrypts. Nothing here does
// encrypt: who receives the message sees that the appliance would have.
const EncryptHeader = "X-DLP-Encrypt"

// Check says what is wrong; the error begins with the key.
func (a *DLPAction) Check() error {
	err := a.Treatment.Check()
	if a.Encrypt && (a.Treatment.Action == "drop" || a.Treatment.Action == "bounce") {
		err = errors.Join(err, fmt.Errorf("encrypt: is not for the action %s", a.Treatment.Action))
	}
	for i, to := range a.Notify {
		if local, domain, ok := strings.Cut(to, "@"); !ok || local == "" || domain == "" || strings.ContainsAny(to, "\r\n <>,") {
			err = errors.Join(err, fmt.Errorf("notify[%d]: %q: want an address", i, to))
		}
	}
	return err
}

// DLP is Data Loss Prevention for outgoing mail. Its policies are tried in order, the
// first that a message violates decides. Source: AsyncOS user guide, "Arranging the
// Order of the Email DLP Policies for Violation Matching".
func DLP(o DLPOptions) stage.Stage { return stage.Stage{Engine: esa.DLP, Scan: o.scan} }

// DLPOptions are the policies, and how the appliance calls itself to whom it tells.
type DLPOptions struct {
	Policies []DLPPolicy
	Host     string
}

func (o *DLPOptions) scan(j *stage.Job) (stage.Finding, error) {
	for i := range o.Policies {
		p := &o.Policies[i]
		if p.When != nil {
			if ok, err := p.When.Match(j); err != nil {
				return stage.Finding{}, err
			} else if !ok {
				continue
			}
		}
		l, err := j.Letter()
		if err != nil {
			return stage.Finding{}, err
		}
		if r := dlp.Scan(p.Classifiers, p.Scale, p.texts(l)); r.Severity != dlp.Ignored {
			return o.violated(p, j, &r)
		}
	}
	return stage.Finding{Verdict: esa.Negative}, nil
}

// Parts of a message that are no files, as the appliance's details call them (the
// body's was seen, the subject's is inferred).
const (
	bodyPart    = "Message Body"
	subjectPart = "Message Subject"
)

// texts are those that the policy looks into.
func (p *DLPPolicy) texts(l *letter.Letter) []dlp.Text {
	var out []dlp.Text
	if p.Body {
		for _, s := range l.Values("Subject") {
			out = append(out, dlp.Text{Part: subjectPart, Text: s})
		}
	}
	for i := range l.Parts {
		switch part := &l.Parts[i]; {
		case part.Text == "":
		case part.File && p.Files:
			out = append(out, dlp.Text{Part: part.Name, Text: part.Text})
		case !part.File && p.Body:
			out = append(out, dlp.Text{Part: bodyPart, Text: part.Text})
		}
	}
	return out
}

// violated is what is told of a violation, and done.
func (o *DLPOptions) violated(p *DLPPolicy, j *stage.Job, r *dlp.Result) (stage.Finding, error) {
	f := stage.Finding{Verdict: esa.Positive, Name: p.Name, Text: fmt.Sprintf("Severity: %s (Risk Factor: %d)", r.Severity, r.Risk)}
	for _, found := range r.Found {
		f.Told = append(f.Told, esa.Event{Kind: esa.DLPMatched, Engine: esa.DLP, Name: found.Classifier, Address: found.Part, Text: found.Match, Size: int64(found.Count)})
	}
	a := &p.Actions[r.Severity]
	words := stage.Words{By: "dlp", Dropped: "Dropped by DLP", Bounced: "Bounced by DLP", Quarantine: policyQuarantine, Reason: "DLP violation"}
	parts, err := filesOf(&a.Treatment, j, func(p *letter.Part) bool {
		return slices.ContainsFunc(r.Found, func(f dlp.Found) bool { return f.Part == p.Name })
	})
	a.Treatment.Apply(&f.Want, words, j.Message.OwnSubject(), parts)
	if a.Encrypt {
		f.Want.By = words.By
		f.Want.Edit.Header = append(f.Want.Edit.Header, letter.HeaderEdit{Name: EncryptHeader, Op: letter.Replace, Value: "yes"})
	}
	if len(a.Notify) > 0 {
		f.Want.Copies = []stage.Copy{{To: a.Notify, Content: o.notice(p, a.Notify, j.Message, f.Text), By: "notify filter '" + p.Name + "'", Null: true}}
	}
	return f, err
}

// notice is the message to those who are told. It has nothing of what was found.
func (o *DLPOptions) notice(p *DLPPolicy, to []string, m *esa.Message, what string) []byte {
	n := stage.Note{Host: o.Host, About: m, Kind: "dlp", To: to, Subject: "DLP violation: " + plain(p.Name),
		Text: fmt.Sprintf("A message (MID %d) violates the DLP policy '%s'.\n%s\n\n%s", m.MID, plain(p.Name), what, told(m))}
	return n.Bytes()
}
