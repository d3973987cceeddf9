package console

import (
	"slices"

	"esasim/esa"
	"esasim/tracking"
)

// event is one of the form's Message Events. Any one of those chosen is enough
// for a message to be found. Labels: AsyncOS user guide, "Tracking Messages", and
// the classic form; the names of the check boxes are ours, those of the fields
// for a name are the classic form's.
type event struct {
	field string // of the check box
	label string
	named string // the field that narrows it to one quarantine, filter or policy; "": none
	hint  string // what that field takes

	states  []esa.State
	held    []string
	matches []tracking.EventMatch
}

var events = [...]event{
	{field: "virus_positive", label: "Virus Positive", matches: verdicts(esa.AntiVirus, esa.Positive)},
	{field: "spam_positive", label: "Spam Positive", matches: verdicts(esa.AntiSpam, esa.Positive)},
	{field: "suspect_spam", label: "Suspect Spam", matches: verdicts(esa.AntiSpam, esa.Suspect)},
	{field: "graymail", label: "Graymail", matches: verdicts(esa.Graymail, esa.Positive, esa.Marketing, esa.Social, esa.Bulk)},
	{field: "outbreak_quarantine", label: "Currently in Outbreak Quarantine", held: []string{"Outbreak"}},
	{field: "quarantined_as_spam", label: "Quarantined as Spam", matches: []tracking.EventMatch{
		{Kind: esa.MessageQuarantined, Engine: esa.AntiSpam}, {Kind: esa.MessageQuarantined, Engine: esa.Graymail}}},
	{field: "hard_bounced", label: "Hard Bounced", matches: happened(esa.RecipientBounced)},
	{field: "soft_bounced", label: "Soft Bounced", matches: happened(esa.RecipientDelayed)},
	{field: "delivered", label: "Delivered", matches: happened(esa.RecipientDelivered)},
	{field: "dropped", label: "Dropped", states: []esa.State{esa.Dropped}}, // also from a quarantine
	{field: "aborted", label: "Aborted", states: []esa.State{esa.Aborted}},
	{field: "quarantined_to", label: "Quarantined To", named: "quarantine_name", hint: "any quarantine", matches: happened(esa.MessageQuarantined)},
	{field: "message_filter", label: "Message Filters", named: "message_filter_name", hint: "any filter", matches: verdicts(esa.MessageFilters, esa.Positive)},
	{field: "content_filter", label: "Content Filters", named: "content_filter_name", hint: "any filter", matches: verdicts(esa.ContentFilters, esa.Positive)},
	{field: "dlp_violations", label: "DLP Violations", named: "dlp_policy", hint: "any policy", matches: verdicts(esa.DLP, esa.Positive)},
}

// ampVerdicts are the choices of Advanced Malware Protection, with the values of
// the tracking API's advancedMalwareProtection.
var ampVerdicts = [...]struct {
	Value, Label string
	verdict      esa.Verdict
}{
	{"amp_malicious", "Malicious", esa.Positive}, {"amp_clean", "Clean", esa.Negative}, {"amp_unknown", "Unknown", esa.Unknown},
	{"amp_unscannable", "Unscannable", esa.Unscannable}, {"amp_lowrisk", "Low Risk", esa.LowRisk},
}

const ampField = "amp_verdict"

func happened(k esa.Kind) []tracking.EventMatch { return []tracking.EventMatch{{Kind: k}} }

func verdicts(e esa.Engine, list ...esa.Verdict) []tracking.EventMatch {
	var out []tracking.EventMatch
	for _, v := range list {
		out = append(out, tracking.EventMatch{Kind: esa.EngineVerdict, Engine: e, Verdict: v})
	}
	return out
}

// eventFields are the names of all fields of the message events, in the order of
// the form.
func eventFields() []string {
	var out []string
	for _, e := range events {
		if out = append(out, e.field); e.named != "" {
			out = append(out, e.named)
		}
	}
	return append(out, ampField)
}

// events adds the chosen message events to the query. A name chooses its event,
// ticked or not: without script nothing can tick the box for the user.
func (f *form) events(q *tracking.Query) {
	for _, e := range events {
		name := ""
		if e.named != "" {
			name = f.trimmed(e.named)
		}
		if !f.ticked(e.field) && name == "" {
			continue
		}
		q.States, q.Held = append(q.States, e.states...), append(q.Held, e.held...)
		for _, m := range e.matches {
			m.Name = name
			q.Events = append(q.Events, m)
		}
	}
	q.Events = append(q.Events, f.amp()...)
}

func (f *form) ticked(field string) bool {
	switch f.values.Get(field) {
	case "":
		return false
	case "1":
	default:
		f.wrong(field, "Tick "+label(field)+" or leave it out: its value is 1.")
	}
	return true
}

func (f *form) amp() []tracking.EventMatch {
	chosen := f.values.Get(ampField)
	if chosen == "" {
		return nil
	}
	for _, a := range ampVerdicts {
		if a.Value == chosen {
			return verdicts(esa.AMP, a.verdict)
		}
	}
	f.wrong(ampField, "Choose one of the verdicts of the list.")
	return nil
}

// eventBox is a message event as the template shows it.
type eventBox struct {
	Field, Label, Named, Name, Hint string
	Ticked                          bool
}

// Events lists the message events that have a name to give, or those that have
// none.
func (f *form) Events(named bool) []eventBox {
	var out []eventBox
	for _, e := range events {
		if (e.named != "") == named {
			out = append(out, eventBox{Field: e.field, Label: e.label, Named: e.named, Name: f.values.Get(e.named), Hint: e.hint,
				Ticked: f.values.Get(e.field) != ""})
		}
	}
	return out
}

// AMPVerdicts lists the choices of Advanced Malware Protection.
func (f *form) AMPVerdicts() any { return ampVerdicts }

// label is a field's name as the form shows it.
func label(field string) string {
	if i := slices.IndexFunc(events[:], func(e event) bool { return e.field == field }); i >= 0 {
		return events[i].label
	}
	if l, ok := labels[field]; ok {
		return l
	}
	return field
}
