package ctr

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"esasim/cloud/ctim"
)

// The older routes ask for a sighting's observables, and are given the sighting
// itself, or its id. They are gone from the schema of today; the public client
// has them. Their answers are taken to be those of the observables routes
// (inferred).

// Keeper is a kind whose instances keep sightings that can be named by an id.
type Keeper interface {
	// Sighting gives the sighting with an id, or with an external id; false when
	// there is none.
	Sighting(ctx context.Context, m Module, id string) (ctim.Sighting, bool, error)
}

// lookup is what a route asks the modules once it knows the observables.
type lookup func(ctx context.Context, modules []Module, observables []ctim.Observable) (any, error)

func (t *Threat) observed(ctx context.Context, modules []Module, observables []ctim.Observable) (any, error) {
	env, err := t.observe(ctx, modules, Question{Observables: observables})
	return t.wrapped(env), err
}

func (t *Threat) deliberated(ctx context.Context, modules []Module, observables []ctim.Observable) (any, error) {
	env, err := t.deliberate(ctx, modules, observables)
	return t.wrapped(env), err
}

func (t *Threat) referred(ctx context.Context, modules []Module, observables []ctim.Observable) (any, error) {
	refs, err := t.refer(ctx, modules, observables)
	return t.wrappedRefs(refs), err
}

// serveEnrich is the handler of a route that is given observables.
func (t *Threat) serveEnrich(ask lookup) http.HandlerFunc {
	return t.served(ask, func(_ *http.Request, _ []Module, body []byte) ([]ctim.Observable, error) {
		var rows []map[string]any
		if err := json.Unmarshal(body, &rows); err != nil || rows == nil {
			return nil, invalidRequest("Malformed application/json request: want an array of observables.")
		}
		return readRows(rows)
	})
}

// serveSighting is the handler of a route that is given a sighting.
func (t *Threat) serveSighting(ask lookup) http.HandlerFunc {
	return t.served(ask, func(_ *http.Request, _ []Module, body []byte) ([]ctim.Observable, error) {
		return readSighting(body)
	})
}

// serveSightingRef is the handler of a route that is given the id of a sighting.
// The modules that the request is for are asked for it.
func (t *Threat) serveSightingRef(ask lookup) http.HandlerFunc {
	return t.served(ask, func(r *http.Request, modules []Module, body []byte) ([]ctim.Observable, error) {
		id, err := readRef(body)
		if err != nil {
			return nil, err
		}
		return t.kept(r.Context(), modules, id)
	})
}

// served is the handler of a route whose body says, by way of read, which
// observables are asked for.
func (t *Threat) served(ask lookup, read func(r *http.Request, modules []Module, body []byte) ([]ctim.Observable, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := readBody(w, r, maxEnrich)
		if err != nil {
			t.fail(w, err)
			return
		}
		modules, err := t.chosen(r)
		if err != nil {
			t.fail(w, err)
			return
		}
		observables, err := read(r, modules, body)
		if err != nil {
			t.fail(w, err)
			return
		}
		answer, err := ask(r.Context(), modules, observables)
		t.answer(w, answer, err)
	}
}

// sightingKeys are the keys of a sighting. Source: public schema.
func sightingKeys() (required, optional []string) {
	return []string{"confidence", "count", "id", "observed_time", "schema_version", "type"},
		[]string{"client_id", "context", "created", "data", "description", "external_ids", "external_references", "groups", "internal",
			"language", "modified", "observables", "owner", "relations", "resolution", "revision", "sensor", "sensor_coordinates",
			"severity", "short_description", "source", "source_uri", "targets", "timestamp", "title", "tlp"}
}

// readSighting gives the observables of a sighting. Of the rest of it only the
// keys are looked at.
func readSighting(body []byte) ([]ctim.Observable, error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(body, &keys); err != nil || keys == nil {
		return nil, invalidRequest("Malformed application/json request: want a sighting.")
	}
	required, optional := sightingKeys()
	wrong := map[string]any{}
	for key := range keys {
		if !slices.Contains(required, key) && !slices.Contains(optional, key) {
			wrong[key] = "disallowed-key"
		}
	}
	for _, key := range required {
		if _, given := keys[key]; !given {
			wrong[key] = "missing-required-key"
		}
	}
	var rows []map[string]any
	if raw, given := keys["observables"]; given && json.Unmarshal(raw, &rows) != nil {
		wrong["observables"] = "(not (sequential? observables))"
	}
	if len(wrong) > 0 {
		return nil, invalidBody{wrong}
	}
	observables, err := readRows(rows)
	if b, ok := err.(invalidBody); ok {
		return nil, invalidBody{map[string]any{"observables": b.errors}}
	}
	return observables, err
}

// readRef reads {"sighting_ref": id}. The real form is not published (inferred
// from the route's name).
func readRef(body []byte) (string, error) {
	var keys map[string]any
	if err := json.Unmarshal(body, &keys); err != nil || keys == nil {
		return "", invalidRequest("Malformed application/json request: want a sighting_ref.")
	}
	wrong := map[string]any{}
	for key := range keys {
		if key != "sighting_ref" {
			wrong[key] = "disallowed-key"
		}
	}
	id, isText := keys["sighting_ref"].(string)
	switch _, given := keys["sighting_ref"]; {
	case !given:
		wrong["sighting_ref"] = "missing-required-key"
	case !isText || id == "":
		wrong["sighting_ref"] = "(not (non-empty-string sighting_ref))"
	}
	if len(wrong) > 0 {
		return "", invalidBody{wrong}
	}
	return id, nil
}

// kept gives the observables of a sighting that a module keeps.
func (t *Threat) kept(ctx context.Context, modules []Module, id string) ([]ctim.Observable, error) {
	ctx, cancel := context.WithTimeout(ctx, t.deadline)
	defer cancel()
	for _, m := range modules {
		keeper, ok := t.typeOf(m.TypeID).Kind.(Keeper)
		if !ok {
			continue
		}
		s, found, err := keeper.Sighting(ctx, m, id)
		if err != nil {
			return nil, fmt.Errorf("sighting %.200q: %w", id, err)
		}
		if found {
			return s.Observables[:min(len(s.Observables), maxObservables)], nil
		}
	}
	return nil, fault{http.StatusNotFound, "sighting_not_found", fmt.Sprintf("No module has a sighting %.200q.", id)}
}
