package esasim_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"

	"esasim/appliance/details"
	"esasim/cloud/ctim"
	"esasim/esa"
	"esasim/tracking"
)

// logSections are the logs that a scenario shows, by the name of the subscription,
// with the beginning of the names of their files.
func logSections() [][2]string {
	return [][2]string{{"mail_logs", "mail"}, {"bounces", "bounces"}, {"amp", "amp"}, {"consolidated_event", "consolidated_event"}}
}

// isReport tells of a section that is written at the end.
func isReport(name string) bool {
	return name == "tracking" || name == "sightings" ||
		slices.ContainsFunc(logSections(), func(s [2]string) bool { return s[0] == name })
}

// reports are the sections that say what came of the steps. One that would be
// empty is left out.
func (p *performance) reports() (out []txtar.File) {
	add := func(name, text string) {
		if text != "" {
			out = append(out, txtar.File{Name: name, Data: []byte(text)})
		}
	}
	for _, s := range logSections() {
		if lines := p.logLines(p.t, s[0], s[1]); len(lines) > 0 {
			add(s[0], masked(strings.Join(lines, "\n")+"\n"))
		}
	}
	var rows, seen strings.Builder
	for _, m := range p.messages() {
		rows.WriteString(p.row(m) + p.details(m))
		seen.WriteString(p.sightings(m.MID))
	}
	add("tracking", masked(rows.String()))
	add("sightings", seen.String())
	return out
}

// masked has a name for what depends on the machine: which cipher of TLS 1.3 is
// the fastest.
func masked(text string) string {
	return regexp.MustCompile(`TLS_(AES|CHACHA20)_[A-Z0-9_]+`).ReplaceAllString(text, "<CIPHER>")
}

// messages are all that are tracked, by MID.
func (p *performance) messages() (out []*esa.Message) {
	var mids []esa.MID
	err := p.Appliance().Tracking().Each(p.t.Context(), tracking.Query{}, func(m *esa.Message) error {
		mids = append(mids, m.MID)
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
	slices.Sort(mids)
	for _, mid := range mids {
		out = append(out, p.message(mid.String()))
	}
	return out
}

// row is a message as Message Tracking lists it.
func (p *performance) row(m *esa.Message) string {
	var b strings.Builder
	fmt.Fprintf(&b, "MID %s: %s (%s, from <%s>)\n", m.MID, m.Status(), m.Direction, m.Sender)
	for _, r := range m.Recipients {
		fmt.Fprintf(&b, "  RID %s <%s>: %s\n", r.RID, r.Address, r.State)
	}
	for _, q := range m.Quarantines {
		fmt.Fprintf(&b, "  in quarantine %q\n", q)
	}
	if m.From != 0 {
		fmt.Fprintf(&b, "  made from MID %s\n", m.From)
	}
	for _, mid := range m.Into {
		fmt.Fprintf(&b, "  made MID %s\n", mid)
	}
	fmt.Fprintf(&b, "  last state: %s\n", details.LastState(m))
	return b.String()
}

// details are the lines of Message Details.
func (p *performance) details(m *esa.Message) string {
	var connection []esa.Event
	if m.ICID != 0 {
		var err error
		if connection, err = p.Appliance().Tracking().Connection(p.t.Context(), m.ICID); err != nil {
			p.t.Fatal(err)
		}
	}
	var b strings.Builder
	for _, l := range details.Whole(m, connection) {
		fmt.Fprintf(&b, "  %s %s\n", l.Time.UTC().Format("02 Jan 2006 15:04:05"), l.Text)
	}
	return b.String()
}

// sighting is what an investigation shows of one. What is the same in all of them
// is left out.
type sighting struct {
	Description string   `json:"description"`
	Severity    string   `json:"severity"`
	Resolution  string   `json:"resolution"`
	Seen        string   `json:"observed_time"`
	Observables []string `json:"observables"`
	Targets     []string `json:"targets"`
	Relations   []string `json:"relations"`
}

// sightings are those that the cloud has of a message, as JSON; none has no text.
func (p *performance) sightings(mid esa.MID) string {
	var b strings.Builder
	for _, s := range p.investigate(p.t, ctim.CiscoMID, mid.String()) {
		out := sighting{Description: s.Description, Severity: s.Severity, Resolution: s.Resolution,
			Seen: times(s.ObservedTime), Observables: nodes(s.Observables), Targets: []string{}, Relations: []string{}}
		for _, t := range s.Targets {
			out.Targets = append(out.Targets, nodes(t.Observables)...)
		}
		for _, r := range s.Relations {
			out.Relations = append(out.Relations, node(r.Source)+" "+r.Relation+" "+node(r.Related))
		}
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(out); err != nil {
			p.t.Fatal(err)
		}
	}
	return b.String()
}

func times(o ctim.ObservedTime) string {
	text, err := json.Marshal(o.Start)
	if err != nil || o.End == nil {
		return strings.Trim(string(text), `"`)
	}
	end, err := json.Marshal(o.End)
	if err != nil {
		return err.Error()
	}
	return strings.Trim(string(text), `"`) + " to " + strings.Trim(string(end), `"`)
}

func nodes(all []ctim.Observable) []string {
	out := make([]string, len(all))
	for i, o := range all {
		out[i] = node(o)
	}
	return out
}

func node(o ctim.Observable) string { return string(o.Type) + ":" + o.Value }
