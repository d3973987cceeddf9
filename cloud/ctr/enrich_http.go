package ctr

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"esasim/cloud/ctim"
	"esasim/cloud/route"
)

const maxEnrich = 1 << 20 // bytes of a body (ours)

func (t *Threat) serveObserve(w http.ResponseWriter, r *http.Request) {
	if modules, observables, ok := t.readEnrich(w, r); ok {
		env, err := t.observe(r.Context(), modules, Question{Observables: observables})
		t.answer(w, t.wrapped(env), err)
	}
}

func (t *Threat) serveDeliberate(w http.ResponseWriter, r *http.Request) {
	if modules, observables, ok := t.readEnrich(w, r); ok {
		env, err := t.deliberate(r.Context(), modules, observables)
		t.answer(w, t.wrapped(env), err)
	}
}

func (t *Threat) serveRefer(w http.ResponseWriter, r *http.Request) {
	if modules, observables, ok := t.readEnrich(w, r); ok {
		refs, err := t.refer(r.Context(), modules, observables)
		t.answer(w, t.wrappedRefs(refs), err)
	}
}

// answer writes what came of a request, or why nothing did.
func (t *Threat) answer(w http.ResponseWriter, v any, err error) {
	if err != nil {
		t.fail(w, err)
		return
	}
	route.JSON(w, http.StatusOK, v)
}

// serveHealth answers for all modules. Its body is empty (public client) and
// is not read.
func (t *Threat) serveHealth(w http.ResponseWriter, r *http.Request) {
	modules, err := t.Modules(r.Context())
	if err != nil {
		t.fail(w, err)
		return
	}
	all, errs, err := t.healthOf(r.Context(), modules)
	t.answer(w, enveloped{all, t.wrappedErrors(errs)}, err)
}

// serveOneHealth answers for one module: its data is one object (schema).
func (t *Threat) serveOneHealth(w http.ResponseWriter, r *http.Request) {
	modules, err := t.Modules(r.Context())
	if err != nil {
		t.fail(w, err)
		return
	}
	i := slices.IndexFunc(modules, func(m Module) bool { return m.ID == r.PathValue("id") })
	if i < 0 {
		t.fail(w, fault{http.StatusNotFound, "module_instance_not_found", ""})
		return
	}
	all, errs, err := t.healthOf(r.Context(), modules[i:i+1])
	if err != nil {
		t.fail(w, err)
		return
	}
	t.answer(w, enveloped{all[0], t.wrappedErrors(errs)}, nil)
}

// enveloped is any other answer of modules.
type enveloped struct {
	Data   any           `json:"data"`
	Errors []ModuleError `json:"errors,omitempty"`
}

// readEnrich reads what both observables routes are asked, or answers what is
// wrong with it and is false.
func (t *Threat) readEnrich(w http.ResponseWriter, r *http.Request) ([]Module, []ctim.Observable, bool) {
	body, err := readBody(w, r, maxEnrich)
	if err != nil {
		t.fail(w, err)
		return nil, nil, false
	}
	modules, err := t.chosen(r)
	if err != nil {
		t.fail(w, err)
		return nil, nil, false
	}
	var rows []map[string]any
	if err := json.Unmarshal(body, &rows); err != nil || rows == nil {
		t.fail(w, invalidRequest("Malformed application/json request: want an array of observables."))
		return nil, nil, false
	}
	if len(rows) > maxObservables {
		t.fail(w, invalidRequest(fmt.Sprintf("At most %d observables can be asked for at once.", maxObservables)))
		return nil, nil, false
	}
	observables := make([]ctim.Observable, len(rows))
	for i, row := range rows {
		if wrong := checkRow(row); wrong != nil {
			// The service's schema library answers a list as long as the place
			// of the fault, null where all is well (style inferred).
			route.JSON(w, http.StatusBadRequest, map[string]any{"errors": append(make([]any, i), wrong)})
			return nil, nil, false
		}
		observables[i] = ctim.Observable{Type: ctim.ObservableType(row["type"].(string)), Value: row["value"].(string)}
	}
	return modules, observables, true
}

// checkRow gives what is wrong with one observable of a body, by key, or nil.
func checkRow(row map[string]any) map[string]string {
	wrong := map[string]string{}
	for key := range row {
		if key != "type" && key != "value" {
			wrong[key] = "disallowed-key"
		}
	}
	for _, key := range []string{"type", "value"} {
		text, isText := row[key].(string)
		_, given := row[key]
		switch {
		case !given:
			wrong[key] = "missing-required-key"
		case !isText:
			wrong[key] = "(not (instance? java.lang.String " + key + "))"
		case key == "type" && !ctim.ObservableType(text).Known():
			wrong[key] = fmt.Sprintf("(not (observable-type %.60q))", text)
		case text == "":
			wrong[key] = "(not (non-empty-string \"\"))"
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return wrong
}

// chosen gives the modules that a request is for. The query parameters mids,
// flags and product_categories narrow them down, each repeatable: an instance is
// asked that is, or whose type has, one of each (schema; that one suffices is
// inferred).
func (t *Threat) chosen(r *http.Request) ([]Module, error) {
	modules, err := t.Modules(r.Context())
	if err != nil {
		return nil, err
	}
	q := r.URL.Query()
	return slices.DeleteFunc(modules, func(m Module) bool {
		kind := t.typeOf(m.TypeID)
		return q.Has("mids") && !slices.Contains(q["mids"], m.ID) ||
			q.Has("flags") && !meet(q["flags"], kind.Flags) ||
			q.Has("product_categories") && !meet(q["product_categories"], kind.Categories)
	}), nil
}

// meet is true if two lists have something in common.
func meet(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}
