package ctr

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"esasim/cloud/ctim"
)

// Reputation is what all modules together make of one observable. Source:
// schema.
type Reputation struct {
	Envelope
	Reputation *Verdict `json:"reputation,omitempty"` // nil: no module has a verdict
}

// serveReputation answers GET reputation/observable?type=...&value=....
func (t *Threat) serveReputation(w http.ResponseWriter, r *http.Request) {
	row := map[string]any{}
	for _, key := range []string{"type", "value"} {
		if q := r.URL.Query(); q.Has(key) {
			row[key] = q.Get(key)
		}
	}
	if wrong := checkRow(row); wrong != nil {
		t.fail(w, invalidBody{wrong})
		return
	}
	modules, err := t.chosen(r)
	if err != nil {
		t.fail(w, err)
		return
	}
	env, err := t.deliberate(r.Context(), modules, []ctim.Observable{
		{Type: ctim.ObservableType(row["type"].(string)), Value: row["value"].(string)}})
	t.answer(w, map[string]any{"data": Reputation{t.wrapped(env), reputation(env)}}, err)
}

// reputation is the verdict that holds over the others: as with judgements of
// one priority, Clean goes before Malicious, and so on to Unknown (the rule is
// the public schema's; that it holds for the verdicts of modules is inferred).
func reputation(env Envelope) *Verdict {
	var best *Verdict
	for _, d := range env.Data {
		for _, v := range d.Data.Verdicts() {
			if Disposition(v.Disposition) != "" && (best == nil || v.Disposition < best.Disposition) {
				best = &v
			}
		}
	}
	return best
}

// serveTargets answers observe/targets: as observe/observables, within a time.
// That it looks for the same in the same places is inferred.
func (t *Threat) serveTargets(w http.ResponseWriter, r *http.Request) {
	var q Question
	modules, err := t.readAsked(w, r, func(body []byte) (err error) {
		q, err = readTargets(body)
		return err
	})
	if err != nil {
		t.fail(w, err)
		return
	}
	env, err := t.observe(r.Context(), modules, q)
	t.answer(w, t.wrapped(env), err)
}

// readTargets reads observables and a time. Source of the keys: schema.
func readTargets(body []byte) (q Question, err error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(body, &keys); err != nil || keys == nil {
		return q, invalidRequest("Malformed application/json request: want observables, start_time and end_time.")
	}
	wrong := map[string]any{}
	for key := range keys {
		if !slices.Contains([]string{"observables", "start_time", "end_time"}, key) {
			wrong[key] = "disallowed-key"
		}
	}
	for key, into := range map[string]*time.Time{"start_time": &q.Since, "end_time": &q.Until} {
		if raw, given := keys[key]; given && json.Unmarshal(raw, into) != nil {
			wrong[key] = "(not (inst? " + key + "))"
		}
	}
	var rows []map[string]any
	switch raw, given := keys["observables"]; {
	case !given:
		wrong["observables"] = "missing-required-key"
	case json.Unmarshal(raw, &rows) != nil:
		wrong["observables"] = "(not (sequential? observables))"
	}
	if len(wrong) > 0 {
		return q, invalidBody{wrong}
	}
	q.Observables, err = readRows(rows)
	if b, ok := err.(invalidBody); ok {
		err = invalidBody{map[string]any{"observables": b.errors}}
	}
	return q, err
}

// settings are what can be known of the service before it is asked. The real
// answer is not public: the public client only tries its token with it.
type settings struct {
	ModuleDeadline int `json:"module_deadline_seconds"`
	MaxObservables int `json:"max_observables"`
}

func (t *Threat) serveSettings(w http.ResponseWriter, _ *http.Request) {
	t.answer(w, settings{int(t.deadline / time.Second), maxObservables}, nil)
}
