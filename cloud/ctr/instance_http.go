package ctr

import (
	"errors"
	"net/http"
	"strings"

	"esasim/cloud/route"
)

const iroh = "/iroh/iroh-int/"

// instances are the routes of module instances. Source: schema.
func (t *Threat) instances(m *route.Mux) {
	const read, write = "integration/module-instance:read", "integration/module-instance:write"
	m.Scoped("GET "+iroh+"module-instance", read, t.serveInstances, listed("module_type_id", "enabled")...)
	m.Scoped("POST "+iroh+"module-instance", write, t.serveAddInstance)
	m.Scoped("GET "+iroh+"module-instance/{id}", read, t.serveInstance)
	m.Scoped("PATCH "+iroh+"module-instance/{id}", write, t.servePatchInstance)
	m.Scoped("DELETE "+iroh+"module-instance/{id}", write, t.serveDeleteInstance)
	// The schema asks for vault/configs:read besides, which no client here is given.
	m.Scoped("POST "+iroh+"module-instance-wrapper", "integration/module-instance:read", t.serveOneClick)
}

// older are the routes from before there were module instances. Public clients
// still have them; what an integration looks like is not public, so there is none.
func (t *Threat) older(m *route.Mux) {
	m.Scoped("GET "+iroh+"integration", "integration:read", func(w http.ResponseWriter, r *http.Request) {
		t.serveList(w, r, nil)
	}, listed()...)
	for _, method := range []string{"GET", "PATCH", "DELETE"} {
		m.Scoped(method+" "+iroh+"integration/{id}", "integration:read", func(w http.ResponseWriter, _ *http.Request) {
			t.fail(w, fault{http.StatusNotFound, "integration_not_found", ""})
		})
	}
}

// shownInstance is an instance as clients see it.
func (t *Threat) shownInstance(m *Module) entity {
	e := entity{
		"id": m.ID, "name": m.Name, "module_type_id": m.TypeID, "org_id": t.org.ID, "enabled": !m.Disabled,
		"user_id": m.UserID, "visibility": m.Visibility, "created_at": spell(m.Created),
	}
	if m.UserID == "" {
		e["user_id"] = t.org.UserID
	}
	if m.Visibility == "" {
		e["visibility"] = "org"
	}
	if s := m.settings(); len(s) > 0 {
		e["settings"] = s
	}
	for key, text := range map[string]string{"client_id": m.ClientID, "parent_id": m.ParentID} {
		if text != "" {
			e[key] = text
		}
	}
	if len(m.References) > 0 {
		e["external_references"] = m.References
	}
	if !m.Updated.IsZero() {
		e["updated_at"] = spell(m.Updated)
	}
	return e
}

func (t *Threat) serveInstances(w http.ResponseWriter, r *http.Request) {
	all, err := t.Instances(r.Context())
	if err != nil {
		t.fail(w, err)
		return
	}
	shown := make([]entity, len(all))
	for i := range all {
		shown[i] = t.shownInstance(&all[i])
	}
	t.serveList(w, r, shown, "module_type_id", "enabled")
}

func (t *Threat) serveInstance(w http.ResponseWriter, r *http.Request) {
	m, err := t.Instance(r.Context(), r.PathValue("id"))
	t.answerInstance(w, m, err)
}

// answerInstance writes an instance, or what is wrong with it.
func (t *Threat) answerInstance(w http.ResponseWriter, m Module, err error) {
	if err != nil {
		t.failEntity(w, err)
		return
	}
	route.JSON(w, http.StatusOK, t.shownInstance(&m))
}

// failEntity writes an error of module types and instances. Source: recorded
// answers (not found), schema (keys); the others are inferred.
func (t *Threat) failEntity(w http.ResponseWriter, err error) {
	var faults settingFaults
	switch {
	case errors.As(err, &faults):
		refuseKeys(w, map[string]any{"settings": map[string]any(faults)})
	case errors.Is(err, ErrUnknownModule):
		t.fail(w, fault{http.StatusNotFound, ErrUnknownModule.Error(), ""})
	case errors.Is(err, ErrUnknownType):
		t.fail(w, fault{http.StatusNotFound, ErrUnknownType.Error(), ""})
	case errors.Is(err, ErrModule), errors.Is(err, ErrDevice):
		t.fail(w, invalidRequest(err.Error()))
	default:
		t.fail(w, err)
	}
}

func (t *Threat) serveAddInstance(w http.ResponseWriter, r *http.Request) {
	body, ok := t.read(w, r, instanceShape())
	if !ok {
		return
	}
	caller := CallerOf(r.Context())
	m := Module{UserID: caller.UserID, ClientID: caller.ClientID, TypeID: body["module_type_id"].(string)}
	k, err := t.moduleType(m.TypeID)
	if err == nil {
		err = m.fill(&k, body)
	}
	if err == nil {
		m, err = t.AddModule(r.Context(), m)
	}
	t.answerInstance(w, m, err)
}

// fill takes the keys of a body that was held to its shape: null takes one away.
func (m *Module) fill(k *Type, body map[string]any) error {
	for key, v := range body {
		text, _ := v.(string)
		switch key {
		case "name":
			if m.Name = strings.TrimSpace(text); m.Name == "" {
				return keyFault(key, `(not (non-empty-string ""))`)
			}
		case "visibility":
			m.Visibility = text
		case "parent_id":
			m.ParentID = text
		case "enabled":
			m.Disabled = v == false
		case "external_references":
			m.References, _ = v.([]any)
		}
	}
	settings, given := body["settings"].(map[string]any)
	if _, there := body["settings"]; !given && there {
		settings = map[string]any{}
	}
	if settings == nil && m.ID != "" {
		return nil
	}
	return m.take(k, merged(m.settings(), settings))
}

// keyFault is what is wrong with one key of a body.
func keyFault(key, fault string) error { return invalidRequest(key + ": " + fault) }

// merged is an object with some keys replaced; null takes one away.
func merged(old, changes map[string]any) map[string]any {
	out := map[string]any{}
	for key, v := range old {
		out[key] = v
	}
	for key, v := range changes {
		if v == nil {
			delete(out, key)
		} else {
			out[key] = v
		}
	}
	return out
}

func (t *Threat) servePatchInstance(w http.ResponseWriter, r *http.Request) {
	body, ok := t.read(w, r, instanceShape().except("visibility").patch())
	if !ok {
		return
	}
	m, err := t.ChangeModule(r.Context(), r.PathValue("id"), func(k *Type, m *Module) error {
		if id, given := body["module_type_id"]; given && id != m.TypeID {
			return keyFault("module_type_id", "an instance keeps its type")
		}
		return m.fill(k, body)
	})
	t.answerInstance(w, m, err)
}

func (t *Threat) serveDeleteInstance(w http.ResponseWriter, r *http.Request) {
	if err := t.RemoveModule(r.Context(), r.PathValue("id")); err != nil {
		t.failEntity(w, err)
		return
	}
	noContent(w)
}

func noContent(w http.ResponseWriter) {
	w.Header().Del("Content-Type")
	w.WriteHeader(http.StatusNoContent)
}

// serveOneClick answers for the creation of an instance by one click. None of our
// types can be had that way: the answer says so, as the schema has it.
func (t *Threat) serveOneClick(w http.ResponseWriter, r *http.Request) {
	body, ok := t.read(w, r, shape{
		"module_type_id": {is: aName, required: true}, "product_tenant_id": {is: aString, required: true},
		"type": {is: oneOf("one-click", "update-to-one-click"), required: true}, "settings": {is: free},
	})
	if !ok {
		return
	}
	if _, err := t.moduleType(body["module_type_id"].(string)); err != nil {
		t.failEntity(w, err)
		return
	}
	why := "one_click_not_supported_by_module"
	if body["type"] == "update-to-one-click" {
		why = "one_click_update_not_supported"
	}
	route.JSON(w, http.StatusOK, map[string]any{"created_new_module?": false, "error": why})
}
