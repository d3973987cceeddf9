package ctr

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"esasim/cloud/ctim"
	"esasim/cloud/route"
)

// respondRoutes are the routes of response. Source: schema.
func (t *Threat) respondRoutes(m *route.Mux) {
	const iroh = "/iroh/iroh-response/respond/"
	m.Scoped("POST "+iroh+"observables", "response/observables:read", t.serveEnrich(t.responded), "params")
	m.Scoped("POST "+iroh+"sighting", "response/sighting:read", t.serveRespondSighting, "params")
	m.Scoped("POST "+iroh+"trigger/{module}/{action}", "response/trigger:write", t.serveTrigger, route.AnyParameter)
}

func (t *Threat) responded(ctx context.Context, modules []Module, observables []ctim.Observable) (any, error) {
	return t.respond(ctx, modules, observables)
}

// serveRespondSighting answers for the observables of a sighting; what else it says
// is not looked at.
func (t *Threat) serveRespondSighting(w http.ResponseWriter, r *http.Request) {
	raw, err := readBody(w, r, maxEnrich)
	if err != nil {
		t.fail(w, err)
		return
	}
	var body map[string]any
	if err := json.Unmarshal(raw, &body); err != nil || body == nil {
		t.fail(w, invalidRequest("Malformed application/json request: want a sighting."))
		return
	}
	if _, given := body["observables"]; !given {
		body["observables"] = []any{}
	}
	s := shape{"observables": {is: listOf(object(observableShape()))}}
	if fault := s["observables"].is(body["observables"]); fault != nil {
		refuseKeys(w, map[string]any{"observables": fault})
		return
	}
	var observables []ctim.Observable
	for _, one := range body["observables"].([]any) {
		o := one.(map[string]any)
		observables = append(observables, ctim.Observable{Type: ctim.ObservableType(o["type"].(string)), Value: o["value"].(string)})
	}
	if len(observables) > maxObservables {
		t.fail(w, invalidRequest("The sighting has too many observables."))
		return
	}
	modules, err := t.Modules(r.Context())
	if err != nil {
		t.fail(w, err)
		return
	}
	actions, err := t.respond(r.Context(), modules, observables)
	t.answer(w, actions, err)
}

func observableShape() shape {
	return shape{"value": {is: aName, required: true}, "type": {required: true, is: observableType}}
}

func observableType(v any) any {
	text, ok := v.(string)
	if !ok {
		return aString(v)
	}
	if !ctim.ObservableType(text).Known() {
		return oneOf()(v)
	}
	return nil
}

// maxTrigger is how many bytes the value of an observable and of each further
// parameter may have (ours).
const maxTrigger = 8192

// serveTrigger has a module do something. There is no body. A retried trigger acts
// twice: nothing tells one from the other (schema).
func (t *Threat) serveTrigger(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	o := ctim.Observable{Type: ctim.ObservableType(q.Get("observable_type")), Value: q.Get("observable_value")}
	wrong := triggerFaults(q, o)
	if len(r.PathValue("action")) > maxModuleName {
		wrong["action-id"] = fmt.Sprintf("(not (<= length %d))", maxModuleName)
	}
	if len(wrong) > 0 {
		refuseKeys(w, wrong)
		return
	}
	m, err := t.byName(r.Context(), r.PathValue("module"))
	if err != nil {
		t.failEntity(w, err)
		return
	}
	g := Trigger{Action: r.PathValue("action"), Observable: o, Extra: map[string]string{}}
	for key := range q {
		if key != "observable_type" && key != "observable_value" {
			g.Extra[key] = q.Get(key)
		}
	}
	result, err := t.trigger(r.Context(), m, g)
	t.answer(w, result, err)
}

// triggerFaults says what is wrong with a trigger's parameters, by name. An
// observable need not be there: an action may need none (schema).
func triggerFaults(q url.Values, o ctim.Observable) map[string]any {
	wrong := map[string]any{}
	if q.Has("observable_type") && !o.Type.Known() {
		wrong["observable_type"] = oneOf()(string(o.Type))
	}
	for key, values := range q {
		if len(values[0]) > maxTrigger {
			wrong[key] = fmt.Sprintf("(not (<= length %d))", maxTrigger)
		}
	}
	return wrong
}

// maxJournal is how many responses one answer has at most, and by default a tenth
// of it.
const maxJournal = 1000

// Journal serves what modules were told to do, newest first: ?before=NUMBER goes
// on from there. It is the emulator's own.
func (t *Threat) Journal() http.Handler {
	m := route.New(func(w http.ResponseWriter, status int, message string) {
		route.JSON(w, status, map[string]string{"error": message})
	})
	m.HandleFunc("GET "+JournalPath, func(w http.ResponseWriter, r *http.Request) {
		before, wrong := number(r.URL.Query().Get("before"), 0)
		limit, wrongLimit := number(r.URL.Query().Get("limit"), maxJournal/10)
		if wrong != nil || wrongLimit != nil || limit > maxJournal {
			route.JSON(w, http.StatusBadRequest, map[string]string{"error": "before and limit: want a number; limit: at most 1000"})
			return
		}
		all, err := t.Responses(uint64(before), limit)
		t.answer(w, map[string]any{"responses": all}, err)
	}, "before", "limit")
	return m
}

// JournalPath is where Journal is.
const JournalPath = "/_esasim/v1/responses"
