package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"esasim/appliance/engine"
	"esasim/appliance/stage"
	"esasim/esa"
)

// AMP is what Advanced Malware Protection does.
type AMP struct {
	Enabled     bool      `yaml:"enabled"`       // false: AMP does not look at messages
	Analysis    bool      `yaml:"file_analysis"` // files that nobody knows may be analysed
	Malicious   Treatment `yaml:"malicious"`     // what is done with messages that have a malicious file
	Unscannable Treatment `yaml:"unscannable"`   // with messages that have a file which could not be looked into
	Pending     Treatment `yaml:"pending"`       // with messages that have a file which is being analysed
	// Remediation is what is done in mailboxes with a message that has a file of which
	// it was found out later that it is malicious: none or delete.
	Remediation string `yaml:"remediation"`
}

// factoryAMP is what AMP does from the factory.
func factoryAMP() *AMP {
	return &AMP{
		Enabled: true, Analysis: true, Malicious: Treatment{Action: "drop"},
		Unscannable: Treatment{Action: "deliver", Subject: "[WARNING: ATTACHMENT UNSCANNED] "},
		Pending:     Treatment{Action: "deliver", Subject: "[WARNING: ATTACHMENT(S) MAY CONTAIN MALWARE] "},
		Remediation: "none",
	}
}

// File is what the simulated cloud knows of a file.
type File struct {
	SHA256   string    `yaml:"sha256"`   // of its octets, 64 hexadecimal digits
	Name     string    `yaml:"name"`     // a pattern: *.exe
	Type     string    `yaml:"type"`     // a pattern of media types
	Verdict  string    `yaml:"verdict"`  // clean, malicious, unknown (also if empty), low_risk or unscannable
	Malware  string    `yaml:"malware"`  // its name
	Score    int       `yaml:"score"`    // the reputation score, 0 to 100
	Analysis *Analysis `yaml:"analysis"` // what comes out when it is analysed; none: it is not
	Later    *Later    `yaml:"later"`    // what is found out when messages with it have passed
}

// Analysis is what comes out when a file is analysed.
type Analysis struct {
	Takes   time.Duration `yaml:"takes"`   // from when AMP looks at the message
	Verdict string        `yaml:"verdict"` // clean, malicious or low_risk
}

// Later is what is found out of a file when messages with it have passed.
type Later struct {
	After   time.Duration `yaml:"after"`   // from when AMP looks at the message
	Verdict string        `yaml:"verdict"` // clean, malicious or low_risk
}

// KnownFiles are the files that the simulated cloud knows. An error names the key.
func (a *Appliance) KnownFiles() (engine.Files, error) {
	var files engine.Files
	var errs []error
	for i, f := range a.Files {
		known, err := f.known()
		if err != nil {
			errs = append(errs, under(fmt.Sprintf("appliance.files[%d]", i), err))
		}
		files = append(files, known)
	}
	return files, errors.Join(errs...)
}

func (f *File) known() (engine.KnownFile, error) {
	known := engine.KnownFile{Malware: f.Malware, Score: f.Score}
	var errs []error
	if f.SHA256 == "" && f.Name == "" && f.Type == "" {
		errs = append(errs, errors.New("sha256: is missing, as are name and type"))
	} else {
		when, err := engine.NewCondition(engine.When{Attachment: some(f.Name), Type: some(f.Type), SHA256: some(f.SHA256)})
		known.When, errs = when, append(errs, err)
	}
	if f.Type != "" && !strings.Contains(f.Type, "/") {
		errs = append(errs, fmt.Errorf("type: %q: want a media type such as application/*", f.Type))
	}
	if strings.ContainsAny(f.Malware, "\r\n") {
		errs = append(errs, errors.New("malware: must be one line"))
	}
	if f.Score < 0 || f.Score > 100 {
		errs = append(errs, fmt.Errorf("score: %d: want 0 to 100", f.Score))
	}
	read := func(key, word string, allowed ...string) esa.Verdict {
		if !slices.Contains(allowed, word) {
			errs = append(errs, fmt.Errorf("%s: %q: want one of %q", key, word, allowed))
		}
		return fileVerdict(word)
	}
	known.Verdict = esa.Unknown
	if f.Verdict != "" {
		known.Verdict = read("verdict", f.Verdict, "clean", "malicious", "unknown", "low_risk", "unscannable")
	}
	if c := f.Analysis; c != nil {
		known.Analysis = engine.Change{After: c.Takes, Verdict: read("analysis.verdict", c.Verdict, "clean", "malicious", "low_risk")}
		if c.Takes <= 0 {
			errs = append(errs, errors.New("analysis.takes: must be greater than 0"))
		}
		if known.Verdict != esa.Unknown {
			errs = append(errs, fmt.Errorf("analysis: a file whose verdict is %s is not analysed", f.Verdict))
		}
	}
	if c := f.Later; c != nil {
		known.Later = engine.Change{After: c.After, Verdict: read("later.verdict", c.Verdict, "clean", "malicious", "low_risk")}
		if c.After <= 0 {
			errs = append(errs, errors.New("later.after: must be greater than 0"))
		}
	}
	return known, errors.Join(errs...)
}

// some is a list of a value, if there is one.
func some(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func fileVerdict(word string) esa.Verdict {
	switch word {
	case "clean":
		return esa.Negative
	case "malicious":
		return esa.Positive
	case "low_risk":
		return esa.LowRisk
	case "unscannable":
		return esa.Unscannable
	}
	return esa.Unknown
}

// amp is the stage of a policy.
func (a *Appliance) amp(p *MailPolicy) (stage.Stage, error) {
	c := p.AMP
	if !c.Enabled {
		return stage.Stage{}, nil
	}
	files, _ := a.KnownFiles() // Queue says what is wrong with it
	s, err := engine.AMP(engine.AMPOptions{Files: files, Analysis: c.Analysis, Malicious: stage.Treatment(c.Malicious),
		Unscannable: stage.Treatment(c.Unscannable), Pending: stage.Treatment(c.Pending)})
	if !slices.Contains([]string{"", "none", "delete"}, c.Remediation) {
		err = errors.Join(err, fmt.Errorf("remediation: %q: want none or delete", c.Remediation))
	}
	return s, err
}

// Remediates tells whether a message that turned out to be malicious is taken out of
// mailboxes: its mail policy says so.
func (a *Appliance) Remediates(m *esa.Message) bool {
	list := a.MailPolicies.Incoming
	if m.Direction == esa.Outgoing {
		list = a.MailPolicies.Outgoing
	}
	c := factoryAMP()
	if i := slices.IndexFunc(list, func(p MailPolicy) bool { return p.Name == defaultPolicy }); i >= 0 && list[i].AMP != nil {
		c = list[i].AMP
	}
	if i := slices.IndexFunc(list, func(p MailPolicy) bool { return p.Name == m.Policy }); i >= 0 && list[i].AMP != nil {
		c = list[i].AMP
	}
	return c.Enabled && c.Remediation == "delete"
}
