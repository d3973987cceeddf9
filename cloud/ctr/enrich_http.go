package ctr

import (
	"fmt"
	"net/http"
	"slices"

	"esasim/cloud/ctim"
	"esasim/cloud/route"
)

const maxEnrich = 1 << 20 // bytes of a body (ours)

// enrichRoutes are the routes of enrich. The scopes are the schema's; those of
// the older routes are those of the same question, and that of settings is
// inferred.
func (t *Threat) enrichRoutes(m *route.Mux) {
	const base = "/iroh/iroh-enrich/"
	narrow := []string{"mids", "flags", "product_categories"}
	for _, q := range []struct {
		name string
		ask  lookup
	}{{"observe", t.observed}, {"deliberate", t.deliberated}, {"refer", t.referred}} {
		scope := "enrich/observables/" + q.name + ":read"
		m.Scoped("POST "+base+q.name+"/observables", scope, t.serveEnrich(q.ask), narrow...)
		m.Scoped("POST "+base+q.name+"/sighting", scope, t.serveSighting(q.ask), narrow...)
		m.Scoped("POST "+base+q.name+"/sighting_ref", scope, t.serveSightingRef(q.ask), narrow...)
	}
	m.Scoped("POST "+base+"observe/targets", "enrich/targets/observe:read", t.serveTargets, "mids")
	m.Scoped("GET "+base+"reputation/observable", "enrich/observables/reputation:read", t.serveReputation, "mids", "type", "value")
	m.Scoped("GET "+base+"settings", "enrich:read", t.serveSettings)
	m.Scoped("POST "+base+"health", "integration/health:read", t.serveHealth)
	m.Scoped("POST "+base+"health/{id}", "integration/health:read", t.serveOneHealth)
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
	t.answer(w, enveloped{t.wrappedHealth(all), t.wrappedErrors(errs)}, err)
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
	t.answer(w, enveloped{t.wrappedHealth(all)[0], t.wrappedErrors(errs)}, nil)
}

// enveloped is any other answer of modules.
type enveloped struct {
	Data   any           `json:"data"`
	Errors []ModuleError `json:"errors,omitempty"`
}

// readAsked reads the body of a request by read, and gives the modules it is for.
func (t *Threat) readAsked(w http.ResponseWriter, r *http.Request, read func(body []byte) error) ([]Module, error) {
	body, err := readBody(w, r, maxEnrich)
	if err != nil {
		return nil, err
	}
	modules, err := t.chosen(r)
	if err != nil {
		return nil, err
	}
	return modules, read(body)
}

// readRows reads a list of observables.
func readRows(rows []map[string]any) ([]ctim.Observable, error) {
	if len(rows) > maxObservables {
		return nil, invalidRequest(fmt.Sprintf("At most %d observables can be asked for at once.", maxObservables))
	}
	observables := make([]ctim.Observable, len(rows))
	for i, row := range rows {
		if wrong := checkRow(row); wrong != nil {
			// The service's schema library answers a list as long as the place
			// of the fault, null where all is well (style inferred).
			return nil, invalidBody{append(make([]any, i), wrong)}
		}
		observables[i] = ctim.Observable{Type: ctim.ObservableType(row["type"].(string)), Value: row["value"].(string)}
	}
	return observables, nil
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
