package portal

import (
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"esasim/cloud/ctim"
	"esasim/cloud/ctr"
)

// maxQuery is the longest text that is investigated, in characters. The vendor's
// interface names no limit; a public client of the vendor caps its own at this.
const maxQuery = 2000

// investigateBody is the Investigate page.
type investigateBody struct {
	Query    string
	Problem  string // why nothing was investigated
	Examples [][2]example
	Counters []counter
	Answer   *answer // nil: nothing was investigated
}

// answer is what the page shows of an investigation.
type answer struct {
	Graph       picture
	Timeline    *timeline
	Sightings   []sightingRow
	Left        int // sightings beyond the table
	Observables []observableRow
	Modules     []moduleCard
	Errors      []ctr.ModuleError
}

// example is one row of "What can I search for?". Source: vendor's integration
// guide.
type example struct{ Name, Syntax string }

// Link investigates the example.
func (e example) Link() string { return investigateLink(e.Syntax) }

var examples = [][2]example{
	{{"IP address", `ip:"4.2.2.2"`}, {"Email subject", `email_subject:"Invoice Due"`}},
	{{"Domain", `domain:"cisco.com"`}, {"Cisco Message ID (MID)", `cisco_mid:"12345"`}},
	{{"Sender email address", `email:"noreply@cisco.com"`}, {"SHA256 filehash", `sha256:"sha256filehash"`}},
	{{"Email message header", `email_messageid:"123-abc-456@cisco.com"`}, {"Email attachment file name", `file_name:"invoice.pdf"`}},
}

// showInvestigate is a GET, so that an investigation can be linked to.
func (p *portal) showInvestigate(w http.ResponseWriter, r *http.Request) {
	if p.refused(w, r, "q") {
		return
	}
	body := investigateBody{Query: r.URL.Query().Get("q"), Examples: examples, Counters: counters(nil, ctr.Envelope{})}
	status := http.StatusOK
	if n := utf8.RuneCountInString(body.Query); n > maxQuery {
		body.Query, status = "", http.StatusBadRequest
		body.Problem = fmt.Sprintf("The text has %d characters; at most %d can be investigated at once.", n, maxQuery)
	} else if r.URL.Query().Has("q") {
		status = p.ask(r, &body)
	}
	if r.Context().Err() != nil {
		return // the client has gone
	}
	p.show(w, status, p.investigate, "Investigate", body)
}

// ask investigates the body's query and fills the answer in. It returns the
// status of the page.
func (p *portal) ask(r *http.Request, body *investigateBody) int {
	if strings.TrimSpace(body.Query) == "" {
		body.Problem = `Type what to investigate, for example email_subject:"test test".`
		return http.StatusOK
	}
	observables := p.Investigator.Inspect(body.Query)
	if len(observables) == 0 {
		body.Problem = `Nothing in this text is an observable. Type one as type:"value", for example email_subject:"test test".`
		return http.StatusOK
	}
	envelope, err := p.Investigator.Observe(r.Context(), observables)
	if err != nil {
		if r.Context().Err() == nil {
			p.Logger.Error("investigation not made", "err", err)
		}
		body.Problem = "The investigation could not be made. The log says why."
		return http.StatusInternalServerError
	}
	body.Counters = counters(observables, envelope)
	body.Answer = answerOf(observables, envelope, time.Now())
	return http.StatusOK
}

func answerOf(queried []ctim.Observable, envelope ctr.Envelope, now time.Time) *answer {
	all := sightings(envelope)
	a := &answer{
		Graph:       drawGraph(queried, all),
		Timeline:    drawTimeline(all),
		Observables: observableRows(queried, all),
		Modules:     moduleCards(envelope),
		Errors:      envelope.Errors,
	}
	a.Sightings, a.Left = sightingRows(all, now)
	return a
}

// found is a sighting and the module that told of it.
type found struct {
	ctim.Sighting
	Module string
}

func sightings(envelope ctr.Envelope) []found {
	var all []found
	for _, m := range envelope.Data {
		for _, s := range m.Data.Sightings() {
			all = append(all, found{s, m.Module})
		}
	}
	return all
}
