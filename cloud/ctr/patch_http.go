package ctr

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"esasim/cloud/route"
	"esasim/cloud/store"
)

// A patch of a module type is a change that its maker suggests, and that is made
// when somebody says that it is merged. Source: schema; that merging makes it is
// inferred.

// patchRoutes are the routes of patches of module types. Source: schema.
func (t *Threat) patchRoutes(m *route.Mux) {
	const read, write = "integration/module-type-patch:read", "integration/module-type-patch:write"
	exact := []string{"module_type_id", "user_id", "client_id", "merge_status", "merged_by", "merged_at", "id"}
	m.Scoped("GET "+iroh+"module-type-patch", read, func(w http.ResponseWriter, r *http.Request) {
		all, err := entities(t.store, store.ModulePatch(""))
		if err != nil {
			t.fail(w, err)
			return
		}
		t.serveList(w, r, all, exact...)
	}, listed(exact...)...)
	m.Scoped("POST "+iroh+"module-type-patch", write, t.serveAddPatch, "dry-run")
	m.Scoped("GET "+iroh+"module-type-patch/{id}", read, t.servePatch)
	m.Scoped("PUT "+iroh+"module-type-patch/{id}", write, t.servePutPatch, "dry-run")
	m.Scoped("DELETE "+iroh+"module-type-patch/{id}", write, t.serveDeletePatch)
	m.Scoped("GET "+iroh+"module-type-patch/{id}/action/preview", read, t.servePreview)
}

// errUnknownPatch says that there is no patch of this id (inferred from the codes
// of the other entities).
func errUnknownPatch() error {
	return fault{http.StatusNotFound, "module_type_patch_not_found", ""}
}

func (t *Threat) modulePatch(id string) (entity, error) {
	var e entity
	err := t.store.Get(store.ModulePatch(id), &e)
	if errors.Is(err, store.ErrNotFound) || id == "" {
		return nil, errUnknownPatch()
	}
	return e, err
}

func (t *Threat) servePatch(w http.ResponseWriter, r *http.Request) {
	e, err := t.modulePatch(r.PathValue("id"))
	t.answerEntity(w, e, err)
}

func (t *Threat) serveAddPatch(w http.ResponseWriter, r *http.Request) {
	body, ok := t.read(w, r, shape{
		"module_type_id": {is: aName, required: true}, "patch": {is: object(patchShape()), required: true},
	})
	if !ok {
		return
	}
	caller := CallerOf(r.Context())
	e := entity(merged(body, map[string]any{
		"id": uuid.NewString(), "merge_status": "pending", "org_id": t.org.ID, "user_id": caller.UserID, "client_id": caller.ClientID,
		"updated_at": now(nil), "created_at": now(nil),
	}))
	if _, err := t.preview(e); err != nil {
		t.failEntity(w, err)
		return
	}
	var err error
	if r.URL.Query().Get("dry-run") != "true" {
		err = t.add(e, store.ModulePatch)
	}
	t.answerEntity(w, e, err)
}

// preview is how a patch's type would look.
func (t *Threat) preview(patch entity) (entity, error) {
	k, err := t.moduleType(patch.text("module_type_id"))
	if err != nil {
		return nil, err
	}
	changes, _ := patch["patch"].(map[string]any)
	return changed(k.shown(), changes), nil
}

func (t *Threat) servePreview(w http.ResponseWriter, r *http.Request) {
	patch, err := t.modulePatch(r.PathValue("id"))
	if err != nil {
		t.failEntity(w, err)
		return
	}
	e, err := t.preview(patch)
	t.answerEntity(w, e, err)
}

// servePutPatch replaces a patch. The body is a whole patch (schema): what the
// service sets itself must be as it was.
func (t *Threat) servePutPatch(w http.ResponseWriter, r *http.Request) {
	own := []string{"module_type_id", "org_id", "user_id", "client_id", "id", "created_at", "updated_at"}
	s := shape{
		"merge_status": {is: oneOf("merged", "rejected", "pending"), required: true}, "patch": {is: object(patchShape()), required: true},
		"merge_message": {is: aString}, "merged_at": {is: aString}, "merged_by": {is: aString},
	}
	for _, key := range own {
		s[key] = field{is: aString, required: true}
	}
	body, ok := t.read(w, r, s)
	if !ok {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	e, err := t.modulePatch(r.PathValue("id"))
	if err == nil {
		err = settled(e, body, own)
	}
	if err != nil {
		t.failEntity(w, err)
		return
	}
	for _, key := range []string{"merge_status", "patch", "merge_message"} {
		if v, given := body[key]; given {
			e[key] = v
		}
	}
	e["updated_at"] = now([]entity{e})
	t.answerEntity(w, e, t.putPatch(e, r))
}

// settled says what a body would change that stays as it is.
func settled(e entity, body map[string]any, own []string) error {
	for _, key := range own {
		if key != "updated_at" && body[key] != e[key] {
			return keyFault(key, "stays as it is")
		}
	}
	if s := e.text("merge_status"); s != "pending" {
		return fault{http.StatusConflict, "module_type_patch_settled", fmt.Sprintf("The patch is %s.", s)}
	}
	return nil
}

// putPatch keeps a patch, and makes its change if it is merged now: both, or
// nothing. t.mu is held.
func (t *Threat) putPatch(e entity, r *http.Request) error {
	merge := e["merge_status"] == "merged"
	if merge {
		e["merged_at"], e["merged_by"] = e["updated_at"], CallerOf(r.Context()).UserID
	}
	k, err := t.moduleType(e.text("module_type_id"))
	if err != nil {
		return err
	}
	if merge && k.entity == nil {
		return errGlobal()
	}
	made, err := t.preview(e)
	if err != nil || r.URL.Query().Get("dry-run") == "true" {
		return err
	}
	return t.store.Write(func(b *pebble.Batch) error {
		err := store.Set(b, store.ModulePatch(e.text("id")), e)
		if merge && err == nil {
			made["updated_at"] = e["updated_at"]
			err = store.Set(b, store.ModuleType(k.ID), made)
		}
		return err
	})
}

func (t *Threat) serveDeletePatch(w http.ResponseWriter, r *http.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	id := r.PathValue("id")
	_, err := t.modulePatch(id)
	if err == nil {
		err = t.store.Write(func(b *pebble.Batch) error { return b.Delete(store.ModulePatch(id), nil) })
	}
	if err != nil {
		t.failEntity(w, err)
		return
	}
	noContent(w)
}
