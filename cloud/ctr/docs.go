package ctr

import (
	"encoding/json"

	"esasim/cloud/ctim"
)

// The kinds of documents that a module may answer with, as they are named in
// an answer. There are no others. Source: schema (no additional properties).
const (
	Sightings          = "sightings"
	Judgements         = "judgements"
	Verdicts           = "verdicts"
	Indicators         = "indicators"
	Relationships      = "relationships"
	AttackPatterns     = "attack_patterns"
	Campaigns          = "campaigns"
	Actors             = "actors"
	Malwares           = "malwares"
	Tools              = "tools"
	COAs               = "coas"
	Incidents          = "incidents"
	Feedbacks          = "feedbacks"
	DataTables         = "data_tables"
	IdentityAssertions = "identity_assertions"
	Notes              = "notes"
	Weaknesses         = "weaknesses"
	Vulnerabilities    = "vulnerabilities"
)

// DocKinds are all kinds of documents.
func DocKinds() []string {
	return []string{Sightings, Judgements, Verdicts, Indicators, Relationships, AttackPatterns, Campaigns, Actors, Malwares,
		Tools, COAs, Incidents, Feedbacks, DataTables, IdentityAssertions, Notes, Weaknesses, Vulnerabilities}
}

// Docs are a module's documents by kind. A document is whatever is an object of
// the public schema when written as JSON: a ctim.Sighting, a [Verdict], or a
// json.RawMessage that somebody else made and the module has checked. A kind
// that is there and empty is written with a count of 0; one that is not is left
// out (both are recorded).
type Docs map[string][]any

// list is a list with its length, as an answer has it.
type list struct {
	Count int   `json:"count"`
	Docs  []any `json:"docs"`
}

// MarshalJSON writes {"sightings":{"count":1,"docs":[...]}}; {} for none.
func (d Docs) MarshalJSON() ([]byte, error) {
	out := make(map[string]list, len(d))
	for kind, docs := range d {
		out[kind] = list{len(docs), append([]any{}, docs...)}
	}
	return json.Marshal(out)
}

// Add adds a document of a kind.
func (d Docs) Add(kind string, doc any) { d[kind] = append(d[kind], doc) }

// Sightings gives the sightings to those who look into them. One that was made
// by somebody else, and has a form that we do not know, is left out.
func (d Docs) Sightings() []ctim.Sighting {
	out := make([]ctim.Sighting, 0, len(d[Sightings]))
	for _, doc := range d[Sightings] {
		if s, err := as[ctim.Sighting](doc); err == nil {
			out = append(out, s)
		}
	}
	return out
}

// Verdicts likewise gives the verdicts.
func (d Docs) Verdicts() []Verdict {
	out := make([]Verdict, 0, len(d[Verdicts]))
	for _, doc := range d[Verdicts] {
		if v, err := as[Verdict](doc); err == nil {
			out = append(out, v)
		}
	}
	return out
}

// as gives a document as a value of our own.
func as[T any](doc any) (v T, err error) {
	switch doc := doc.(type) {
	case T:
		return doc, nil
	case json.RawMessage:
		err = json.Unmarshal(doc, &v)
	default:
		var raw []byte
		if raw, err = json.Marshal(doc); err == nil {
			err = json.Unmarshal(raw, &v)
		}
	}
	return v, err
}

// ValidTime is the time for which a verdict holds.
type ValidTime struct {
	Start ctim.Time `json:"start_time"`
	End   ctim.Time `json:"end_time"`
}

// Verdict is what a module makes of one observable. Clients crash without
// DispositionName and ValidTime.End, so both are always there. Source: schema,
// recorded answers.
type Verdict struct {
	Type            string          `json:"type"`             // "verdict"
	Disposition     int             `json:"disposition"`      // 1 to 5: see Disposition
	DispositionName string          `json:"disposition_name"` // see Disposition
	Observable      ctim.Observable `json:"observable"`
	JudgementID     string          `json:"judgement_id,omitempty"`
	ValidTime       ValidTime       `json:"valid_time"`
}

// The dispositions. Source: schema.
const (
	Clean = iota + 1
	Malicious
	Suspicious
	Common
	Unknown
)

// Disposition is the name of a disposition; "" for a number that is none.
func Disposition(number int) string {
	names := []string{Clean: "Clean", Malicious: "Malicious", Suspicious: "Suspicious", Common: "Common", Unknown: "Unknown"}
	if number < Clean || number > Unknown {
		return ""
	}
	return names[number]
}
