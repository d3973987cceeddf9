package engine

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"esasim/appliance/stage"
	"esasim/esa"
)

// Virus is a file that the antivirus engine knows.
type Virus struct {
	Name       string
	Repairable bool // it can be taken out of a message
}

// VirusOptions are what antivirus does with what it finds.
type VirusOptions struct {
	Repair      bool            // take out what can be
	Repaired    stage.Treatment // messages out of which all viruses were taken
	Encrypted   stage.Treatment // that nobody can look into
	Unscannable stage.Treatment // that are broken, or too deep or too large when unpacked
	Viral       stage.Treatment // with a virus
	Notice      Notice          // who is told of viral messages
	Viruses     map[string]Virus
	Rules       *Rules
}

// AntiVirus is a simulated engine. The first rule that fits decides. Viral is what
// has the EICAR test file in its text, a file that begins with it, as its definition
// says, or one that is listed by its SHA-256; archives and attached messages are
// looked into.
func AntiVirus(o VirusOptions) (stage.Stage, error) {
	errs := []error{under("repaired.", o.Repaired.Check()), under("encrypted.", o.Encrypted.Check()),
		under("unscannable.", o.Unscannable.Check()), under("viral.", o.Viral.Check()), under("notify.", o.Notice.check())}
	if o.Repair && (o.Repaired.Action == "drop" || o.Repaired.Action == "bounce") {
		errs = append(errs, fmt.Errorf("repaired.action: %q: nobody would get what was repaired; want deliver or quarantine", o.Repaired.Action))
	}
	return stage.Stage{Engine: esa.AntiVirus, Scan: o.scan}, errors.Join(errs...)
}

func (o *VirusOptions) scan(j *stage.Job) (stage.Finding, error) {
	found, err := o.inspect(j)
	if err != nil {
		return stage.Finding{}, fmt.Errorf("antivirus: %w", err)
	}
	f := stage.Finding{Verdict: found.verdict, Name: found.name()}
	var t *stage.Treatment
	var reason string
	switch found.verdict {
	case esa.Negative:
		return f, nil
	case esa.Positive:
		t, reason = &o.Viral, "VIRAL"
	case esa.Repaired:
		t, reason = &o.Repaired, "REPAIRED"
	case esa.Encrypted:
		t, reason = &o.Encrypted, "ENCRYPTED"
	default:
		t, reason = &o.Unscannable, "UNSCANNABLE"
	}
	t.Apply(&f.Want, stage.Words{By: "antivirus", Dropped: "Dropped by antivirus", Bounced: "Bounced by antivirus", Quarantine: "Virus",
		Reason: "a/v verdict:" + reason}, j.Message.OwnSubject(), found.indexes())
	if found.verdict == esa.Repaired || found.verdict == esa.Positive && t.Strip {
		f.Want.By, f.Want.Edit.Strip = "antivirus", found.repair()
	}
	if found.verdict == esa.Positive {
		f.Want.Copies = o.Notice.copies(j, f.Name)
	}
	return f, nil
}

// inspect finds out what a message is, in this order: viral, encrypted, unscannable,
// clean.
func (o *VirusOptions) inspect(j *stage.Job) (*infection, error) {
	rule, err := o.Rules.Find(esa.AntiVirus, j)
	if err != nil {
		return nil, err
	}
	if rule != nil {
		return o.ruled(rule, j)
	}
	if len(o.Viruses) == 0 { // what is listed may be any part
		if hides, err := hides(j); !hides || err != nil {
			return &infection{verdict: esa.Negative}, err
		}
	}
	return o.dissect(j)
}

// infection is what was found in a message.
type infection struct {
	verdict esa.Verdict
	parts   map[int]string // the name of the virus by the index of the part
	names   []string       // in order, each once
}

func (i *infection) name() string { return strings.Join(i.names, ", ") }

func (i *infection) add(part int, name string) {
	if i.parts == nil {
		i.parts = map[int]string{}
	}
	if _, ok := i.parts[part]; !ok {
		i.parts[part] = name
	}
	if name != "" && !slices.Contains(i.names, name) {
		i.names = append(i.names, name)
	}
}

func (i *infection) indexes() (parts []int) {
	for p := range i.parts {
		parts = append(parts, p)
	}
	return parts
}

// repair is the text for the place of each infected part.
func (i *infection) repair() map[int]string {
	out := map[int]string{}
	for part, name := range i.parts {
		out[part] = "An attachment was removed by antivirus: it was infected with " + cmp.Or(name, "a virus") + ".\r\n"
	}
	return out
}

// ruled is what a rule says of a message. The files that it is about are infected.
func (o *VirusOptions) ruled(rule *Found, j *stage.Job) (*infection, error) {
	i := &infection{verdict: rule.Verdict}
	if rule.Name != "" {
		i.names = []string{rule.Name}
	}
	if rule.Verdict != esa.Positive && rule.Verdict != esa.Repaired {
		return i, nil
	}
	l, err := j.Letter()
	if err != nil {
		return nil, err
	}
	for _, p := range l.Files() {
		if rule.When.File(File{p.Name, p.Type, p.SHA256, p.Kind}) {
			i.add(p.Index, rule.Name)
		}
	}
	if rule.Verdict == esa.Repaired && (!o.Repair || len(i.parts) == 0) { // there is nothing that could be taken out
		i.verdict = esa.Positive
	}
	return i, nil
}
