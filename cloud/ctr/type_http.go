package ctr

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"esasim/cloud/route"
	"esasim/cloud/store"
)

// typeRoutes are the routes of module types. Source: schema.
func (t *Threat) typeRoutes(m *route.Mux) {
	const read, write = "integration/module-type:read", "integration/module-type:write"
	m.Scoped("GET "+iroh+"module-type", read, t.serveTypes, listed("enabled", "record")...)
	m.Scoped("POST "+iroh+"module-type", write, t.serveAddType)
	m.Scoped("GET "+iroh+"module-type/{id}", read, t.serveType)
	m.Scoped("PATCH "+iroh+"module-type/{id}", write, t.servePatchType)
	m.Scoped("DELETE "+iroh+"module-type/{id}", write, t.serveDeleteType)
}

func (t *Threat) serveTypes(w http.ResponseWriter, r *http.Request) {
	all, err := t.Types()
	if err != nil {
		t.fail(w, err)
		return
	}
	shown := make([]entity, len(all))
	for i := range all {
		shown[i] = all[i].shown()
	}
	t.serveList(w, r, shown, "enabled", "record")
}

func (t *Threat) serveType(w http.ResponseWriter, r *http.Request) {
	k, err := t.moduleType(r.PathValue("id"))
	t.answerEntity(w, k.shown(), err)
}

func (t *Threat) answerEntity(w http.ResponseWriter, e entity, err error) {
	if err != nil {
		t.failEntity(w, err)
		return
	}
	route.JSON(w, http.StatusOK, e)
}

func (t *Threat) serveAddType(w http.ResponseWriter, r *http.Request) {
	body, ok := t.read(w, r, typeShape())
	if !ok {
		return
	}
	caller := CallerOf(r.Context())
	e := entity(merged(body, map[string]any{
		"id": uuid.NewString(), "record": relayRecord, "visibility": "org",
		"org_id": t.org.ID, "user_id": caller.UserID, "client_id": caller.ClientID,
	}))
	if _, given := e["enabled"]; !given {
		e["enabled"] = true
	}
	t.answerEntity(w, e, t.add(e, store.ModuleType))
}

// add keeps a new entity, synced.
func (t *Threat) add(e entity, key func(id string) []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	others, err := entities(t.store, key(""))
	if err != nil {
		return err
	}
	if len(others) >= maxListed {
		return invalidRequest(fmt.Sprintf("There are %d already.", maxListed))
	}
	e["created_at"] = now(others)
	if _, dated := e["updated_at"]; dated {
		e["updated_at"] = e["created_at"]
	}
	return t.store.Put(key(e.text("id")), e)
}

// errGlobal refuses changes of a type that every organisation has (ours).
func errGlobal() error {
	return fault{http.StatusForbidden, "forbidden", "This module type is the same for every organisation."}
}

func (t *Threat) servePatchType(w http.ResponseWriter, r *http.Request) {
	body, ok := t.read(w, r, typeShape().patch())
	if !ok {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	e, err := t.changeType(r.PathValue("id"), body)
	t.answerEntity(w, e, err)
}

// changeType makes changes of a type's keys; t.mu is held.
func (t *Threat) changeType(id string, changes map[string]any) (entity, error) {
	k, err := t.moduleType(id)
	if err != nil {
		return nil, err
	}
	if k.entity == nil {
		return nil, errGlobal()
	}
	e := changed(k.entity, changes)
	e["updated_at"] = now([]entity{e})
	if _, err := t.made(e); err != nil { // never: the shape was looked at
		return nil, err
	}
	return e, t.store.Put(store.ModuleType(id), e)
}

// changed is a type with some keys replaced; properties are merged by key.
func changed(e entity, changes map[string]any) entity {
	out := entity(merged(e, changes))
	if p, given := changes["properties"].(map[string]any); given {
		old, _ := e["properties"].(map[string]any)
		out["properties"] = merged(old, p)
	}
	return out
}

// serveDeleteType deletes a type that has no instances. Whether the real service
// deletes them with it is not public.
func (t *Threat) serveDeleteType(w http.ResponseWriter, r *http.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	id := r.PathValue("id")
	k, err := t.moduleType(id)
	all, err2 := t.allModules()
	switch {
	case err != nil:
		t.failEntity(w, err)
		return
	case err2 != nil:
		t.fail(w, err2)
		return
	case k.entity == nil:
		t.fail(w, errGlobal())
		return
	case slices.ContainsFunc(all, func(m Module) bool { return m.TypeID == id }):
		t.fail(w, fault{http.StatusConflict, "module_type_in_use", "There are instances of this module type."})
		return
	}
	if err := t.store.Write(func(b *pebble.Batch) error { return b.Delete(store.ModuleType(id), nil) }); err != nil {
		t.fail(w, err)
		return
	}
	noContent(w)
}
