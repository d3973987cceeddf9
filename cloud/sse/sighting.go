package sse

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"esasim/cloud/ctim"
)

// Bounds of one sighting, in bytes unless said otherwise. Those of title,
// description and source are the schema's, in characters; the others are ours.
const (
	maxSighting    = 4 << 20 // a message with 1,000 recipients of the longest addresses takes a third of it
	maxExternalID  = 512
	maxTitle       = 1024  // characters
	maxDescription = 5000  // characters
	maxSource      = 2048  // characters
	maxWord        = 256   // a word of a vocabulary, an id
	maxValue       = 8192  // of one observable
	maxObservables = 1000  // pieces
	maxEdges       = 10000 // targets, relations: pieces
)

// arrival is a sighting on its way into the store.
type arrival struct {
	raw      string // as it was pushed
	external string // its first external id
	at       time.Time
	terms    []uint64 // what it can be found by
	seq      uint64   // its number among the device's, once it has a place
	fault    error    // what is wrong with it, for the sender; what it holds else is its external id, if it can be read
}

// readSighting reads and checks one pushed sighting.
func readSighting(raw []byte) arrival {
	if len(raw) > maxSighting {
		return arrival{external: scanExternalID(raw), fault: fmt.Errorf("longer than %d bytes", maxSighting)}
	}
	var s ctim.Sighting
	if err := json.Unmarshal(raw, &s, json.RejectUnknownMembers(true)); err != nil {
		a := arrivalOf(string(raw), &s)
		a.fault = errors.New(explain(err))
		return a
	}
	return arrivalOf(string(raw), &s)
}

// arrivalOf checks what was read.
func arrivalOf(raw string, s *ctim.Sighting) arrival {
	a := arrival{raw: raw, at: s.ObservedTime.Start.Time, fault: check(s)}
	if len(s.ExternalIDs) > 0 && len(s.ExternalIDs[0]) <= maxExternalID {
		a.external = s.ExternalIDs[0]
	}
	if a.fault == nil {
		a.terms = terms(s.Observables)
	}
	return a
}

// scanExternalID finds the first external id in a sighting that is not read
// otherwise; "" when it is not found.
func scanExternalID(raw []byte) string {
	d := jsontext.NewDecoder(bytes.NewBuffer(raw))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return ""
	}
	for {
		key, err := d.ReadToken()
		if err != nil || key.Kind() != '"' {
			return ""
		}
		if key.String() != "external_ids" {
			if d.SkipValue() != nil {
				return ""
			}
			continue
		}
		if t, err := d.ReadToken(); err != nil || t.Kind() != '[' {
			return ""
		}
		id, err := d.ReadToken()
		if err != nil || id.Kind() != '"' || len(id.String()) > maxExternalID {
			return ""
		}
		return id.String()
	}
}

// check holds a sighting to the schema: what must be there, the closed
// vocabularies, the times, the lengths. Open vocabularies (sensor, resolution,
// relation, a target's type) are only bounded, as the service does (public
// schema).
func check(s *ctim.Sighting) error {
	switch {
	case s.Type != "sighting":
		return fmt.Errorf("type: %.40q is not sighting", s.Type)
	case !strings.HasPrefix(s.ID, "transient:") || len(s.ID) > maxWord:
		return fmt.Errorf("id: %.80q is not a transient id", s.ID)
	case strings.Count(s.SchemaVersion, ".") < 2 || len(s.SchemaVersion) > maxWord:
		return fmt.Errorf("schema_version: %.40q is not a version", s.SchemaVersion)
	case len(s.ExternalIDs) == 0 || s.ExternalIDs[0] == "":
		return errors.New("external_ids: missing")
	case len(s.ExternalIDs) > maxObservables:
		return fmt.Errorf("external_ids: more than %d", maxObservables)
	case !ctim.KnownLevel(s.Confidence):
		return fmt.Errorf("confidence: %.40q is not in the vocabulary", s.Confidence)
	case s.Severity != "" && !ctim.KnownLevel(s.Severity):
		return fmt.Errorf("severity: %.40q is not in the vocabulary", s.Severity)
	case s.TLP != "" && !ctim.KnownTLP(s.TLP):
		return fmt.Errorf("tlp: %.40q is not in the vocabulary", s.TLP)
	case s.Count < 1:
		return errors.New("count: want 1 or more")
	}
	if err := checkTime("observed_time", s.ObservedTime); err != nil {
		return err
	}
	if err := checkLengths(s); err != nil {
		return err
	}
	if err := checkObservables("observables", s.Observables); err != nil {
		return err
	}
	return checkEdges(s)
}

func checkTime(place string, t ctim.ObservedTime) error {
	if t.Start.IsZero() {
		return fmt.Errorf("%s: start_time is missing", place)
	}
	if t.End != nil && t.End.Before(t.Start.Time) {
		return fmt.Errorf("%s: end_time is before start_time", place)
	}
	return nil
}

func checkLengths(s *ctim.Sighting) error {
	for _, f := range [...]struct {
		name, value string
		most        int
	}{
		{"source", s.Source, maxSource}, {"source_uri", s.SourceURI, maxSource},
		{"title", s.Title, maxTitle}, {"description", s.Description, maxDescription},
		{"sensor", s.Sensor, maxWord}, {"resolution", s.Resolution, maxWord},
	} {
		if utf8.RuneCountInString(f.value) > f.most {
			return fmt.Errorf("%s: longer than %d characters", f.name, f.most)
		}
	}
	for _, id := range s.ExternalIDs {
		if len(id) > maxExternalID {
			return fmt.Errorf("external_ids: longer than %d bytes", maxExternalID)
		}
	}
	return nil
}

func checkObservables(place string, all []ctim.Observable) error {
	if len(all) > maxObservables {
		return fmt.Errorf("%s: more than %d", place, maxObservables)
	}
	for i := range all {
		if fault := checkObservable(&all[i]); fault != "" {
			return fmt.Errorf("%s.%d: %s", place, i, fault)
		}
	}
	return nil
}

// checkObservable gives what is wrong with one observable, or "".
func checkObservable(o *ctim.Observable) string {
	switch {
	case !o.Type.Known():
		return fmt.Sprintf("type %.40q is not in the vocabulary", o.Type)
	case o.Value == "":
		return "value is missing"
	case len(o.Value) > maxValue:
		return fmt.Sprintf("value is longer than %d bytes", maxValue)
	}
	return ""
}

func checkEdges(s *ctim.Sighting) error {
	if len(s.Targets) > maxEdges || len(s.Relations) > maxEdges {
		return fmt.Errorf("targets, relations: more than %d", maxEdges)
	}
	for i := range s.Targets {
		if fault := checkTarget(&s.Targets[i]); fault != nil {
			return fmt.Errorf("targets.%d%w", i, fault)
		}
	}
	for i := range s.Relations {
		if fault := checkRelation(&s.Relations[i]); fault != "" {
			return fmt.Errorf("relations.%d: %s", i, fault)
		}
	}
	return nil
}

// checkTarget says what is wrong with one target, after its place.
func checkTarget(t *ctim.Target) error {
	if t.Type == "" || len(t.Type) > maxWord {
		return errors.New(": type is missing or too long")
	}
	if len(t.Observables) == 0 {
		return errors.New(": observables are missing")
	}
	if err := checkObservables(".observables", t.Observables); err != nil {
		return err
	}
	return checkTime(".observed_time", t.ObservedTime)
}

func checkRelation(r *ctim.Relation) string {
	switch {
	case r.Origin == "" || len(r.Origin) > maxWord:
		return "origin is missing or too long"
	case r.Relation == "" || len(r.Relation) > maxWord:
		return "relation is missing or too long"
	}
	if fault := checkObservable(&r.Source); fault != "" {
		return "source: " + fault
	}
	if fault := checkObservable(&r.Related); fault != "" {
		return "related: " + fault
	}
	return ""
}
