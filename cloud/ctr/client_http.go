package ctr

import (
	"errors"
	"net/http"

	"esasim/cloud/ctim"
	"esasim/cloud/route"
)

// clientsPath is where API clients are managed. Source of the path: schema. The
// documents' form is not public: it is inferred from that of users and module
// instances.
const clientsPath = "/iroh/oauth2-clients/clients"

func (t *Threat) clientRoutes(m *route.Mux) {
	m.Scoped("GET "+clientsPath, "oauth:read", t.serveClients)
	m.Scoped("POST "+clientsPath, "oauth:write", t.serveCreateClient)
	m.Scoped("GET "+clientsPath+"/{id}", "oauth:read", t.serveClient)
	m.Scoped("PATCH "+clientsPath+"/{id}", "oauth:write", t.serveChangeClient)
	m.Scoped("DELETE "+clientsPath+"/{id}", "oauth:write", t.serveRemoveClient)
}

// clientDocument is a client as clients see it.
type clientDocument struct {
	ID           string    `json:"id"`
	Password     string    `json:"password,omitempty"` // in the answer that creates it, and never again
	Name         string    `json:"name"`
	Description  string    `json:"description,omitempty"`
	Scopes       []string  `json:"scopes"`
	Grants       []string  `json:"grants"`
	Redirects    []string  `json:"redirects"`
	Availability string    `json:"availability"`
	OwnerID      string    `json:"owner-id"`
	OrgID        string    `json:"org-id"`
	Enabled      bool      `json:"enabled?"`
	Approved     bool      `json:"approved?"`
	Created      ctim.Time `json:"created-at"`
	Updated      ctim.Time `json:"updated-at"`
}

func (t *Threat) clientDocument(r *http.Request, c Client) (clientDocument, error) {
	u, err := t.User(r.Context(), c.UserID)
	if errors.Is(err, ErrUser) {
		u, err = User{ID: c.UserID}, nil // who owned it is gone
	}
	return clientDocument{
		ID: c.ID, Password: c.Password, Name: c.Name, Description: c.Description, Scopes: append([]string{}, c.Scopes...),
		Grants: []string{clientGrant}, Redirects: []string{}, Availability: "org", OwnerID: u.ID, OrgID: t.Organisation().ID,
		Enabled: !c.Disabled, Approved: true, Created: ctim.At(c.Created), Updated: ctim.At(c.Updated),
	}, err
}

// clientGrant is how the claims of a token name its grant.
const clientGrant = "client-creds"

func clientShape() shape {
	return shape{
		"name": {is: aName, required: true}, "scopes": {is: listOf(aString), required: true}, "description": {is: aString}, "enabled?": {is: aBoolean},
		"grants": {is: listOf(oneOf(clientGrant))}, "redirects": {is: listOf(oneOf())}, "availability": {is: oneOf("org")},
	}
}

// changeShape is the shape of a change: nothing is required, and null is nothing.
func changeShape() shape {
	s := clientShape()
	for key, f := range s {
		f.required = false
		s[key] = f
	}
	return s
}

// apply puts what a body says into a client.
func apply(fields map[string]any, c *Client) {
	if name, ok := fields["name"].(string); ok {
		c.Name = name
	}
	if description, ok := fields["description"].(string); ok {
		c.Description = description
	}
	if scopes, ok := fields["scopes"].([]any); ok {
		c.Scopes = []string{}
		for _, s := range scopes {
			c.Scopes = append(c.Scopes, s.(string)) // as the shape says
		}
	}
	if enabled, ok := fields["enabled?"].(bool); ok {
		c.Disabled = !enabled
	}
}

// visible are the clients that the caller may see and change: its user's own, an
// administrator all (inferred).
func (t *Threat) visible(r *http.Request) (func(Client) bool, error) {
	u, err := t.User(r.Context(), CallerOf(r.Context()).UserID)
	return func(c Client) bool { return u.Role == Admin || c.UserID == u.ID }, err
}

// named gives the client that the path names, if the caller may see it.
func (t *Threat) named(r *http.Request) (Client, error) {
	c, err := t.Client(r.Context(), r.PathValue("id"))
	if err != nil {
		return c, err
	}
	see, err := t.visible(r)
	if err == nil && !see(c) {
		err = ErrUnknownClient
	}
	return c, err
}

func (t *Threat) serveClients(w http.ResponseWriter, r *http.Request) {
	out, err := t.clientDocuments(r)
	if err != nil {
		t.fail(w, err)
		return
	}
	route.JSON(w, http.StatusOK, out)
}

func (t *Threat) clientDocuments(r *http.Request) ([]clientDocument, error) {
	see, err := t.visible(r)
	if err != nil {
		return nil, err
	}
	all, err := t.Clients(r.Context())
	if err != nil {
		return nil, err
	}
	out := []clientDocument{}
	for _, c := range all {
		if !see(c) {
			continue
		}
		d, err := t.clientDocument(r, c)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// serveCreateClient makes a client that acts for the caller's user.
func (t *Threat) serveCreateClient(w http.ResponseWriter, r *http.Request) {
	fields, ok := t.read(w, r, clientShape())
	if !ok {
		return
	}
	c := Client{UserID: CallerOf(r.Context()).UserID}
	apply(fields, &c)
	made, err := t.CreateClient(r.Context(), c)
	t.answerClient(w, r, made, err)
}

func (t *Threat) serveClient(w http.ResponseWriter, r *http.Request) {
	c, err := t.named(r)
	t.answerClient(w, r, c, err)
}

func (t *Threat) serveChangeClient(w http.ResponseWriter, r *http.Request) {
	fields, ok := t.read(w, r, changeShape())
	if !ok {
		return
	}
	c, err := t.named(r)
	if err == nil {
		c, err = t.ChangeClient(r.Context(), c.ID, func(c *Client) { apply(fields, c) })
	}
	t.answerClient(w, r, c, err)
}

func (t *Threat) serveRemoveClient(w http.ResponseWriter, r *http.Request) {
	c, err := t.named(r)
	if err == nil {
		err = t.RemoveClient(r.Context(), c.ID)
	}
	if err != nil {
		t.fail(w, clientFault(err))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (t *Threat) answerClient(w http.ResponseWriter, r *http.Request, c Client, err error) {
	var d clientDocument
	if err == nil {
		d, err = t.clientDocument(r, c)
	}
	if err != nil {
		t.fail(w, clientFault(err))
		return
	}
	route.JSON(w, http.StatusOK, d)
}

func clientFault(err error) error {
	switch {
	case errors.Is(err, ErrUnknownClient):
		return fault{status: http.StatusNotFound, code: ErrUnknownClient.Error()}
	case errors.Is(err, ErrClient):
		return invalidRequest(err.Error())
	}
	return err
}
