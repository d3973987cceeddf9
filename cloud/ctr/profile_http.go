package ctr

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"esasim/cloud/ctim"
	"esasim/cloud/route"
)

func (t *Threat) profileRoutes(m *route.Mux) {
	m.Scoped("GET /iroh/profile/whoami", "profile:read", t.serveWhoami)
	m.Scoped("GET /iroh/profile/org", "profile:read", t.serveOrg)
	m.Scoped("POST /iroh/profile/org", "profile:write", t.serveRenameOrg)
	m.Scoped("GET /iroh/user-mgmt/users/{id}", "users:read", t.serveUser)
	m.Scoped("GET /iroh/user-mgmt/batch/users", "users:read", t.serveBatchUsers, "id")
	m.Scoped("GET /iroh/user-mgmt/search/users", "users:read", t.serveSearchUsers, "query")
}

// userDocument and orgDocument have the keys of a recorded answer.
type userDocument struct {
	ID         string       `json:"user-id"`
	Email      string       `json:"user-email"`
	Name       string       `json:"user-name"`
	Nick       string       `json:"user-nick"`
	OrgID      string       `json:"org-id"`
	Role       string       `json:"role"`
	Scopes     []string     `json:"scopes"`
	Enabled    bool         `json:"enabled?"`
	Created    ctim.Time    `json:"created-at"`
	Updated    ctim.Time    `json:"updated-at"`
	LastLogged ctim.Time    `json:"last-logged-at"` // nobody logs in here: when the user was made
	IDPs       []idpMapping `json:"idp-mappings"`
}

type idpMapping struct {
	IDP      string `json:"idp"`
	Identity string `json:"user-identity-id"`
	OrgID    string `json:"organization-id"`
	Enabled  bool   `json:"enabled?"`
}

type orgDocument struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Enabled    bool      `json:"enabled?"`
	Created    ctim.Time `json:"created-at"`
	Updated    ctim.Time `json:"updated-at"`
	Activation string    `json:"activation-status"`
	SCIM       string    `json:"scim-status"`
	AllRoles   bool      `json:"allow-all-role-to-login"`
}

// userIdentity is the UUIDv5, in the name space of URLs, of mailto:ADDRESS.
func userIdentity(u User) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("mailto:"+strings.ToLower(u.Email))).String()
}

func (t *Threat) userDocument(u User) userDocument {
	org, created := t.Organisation().ID, ctim.At(u.Created)
	nick, _, _ := strings.Cut(u.Email, "@")
	return userDocument{
		ID: u.ID, Email: u.Email, Name: u.Name, Nick: nick, OrgID: org, Role: u.Role, Scopes: u.Scopes(), Enabled: !u.Disabled,
		Created: created, Updated: ctim.At(u.Updated), LastLogged: created,
		IDPs: []idpMapping{{"esasim", userIdentity(u), org, !u.Disabled}},
	}
}

func (t *Threat) orgDocument() orgDocument {
	o := t.Organisation()
	return orgDocument{o.ID, o.Name, true, ctim.At(o.Created), ctim.At(o.Updated), "activated", "deactivated", true}
}

func (t *Threat) serveWhoami(w http.ResponseWriter, r *http.Request) {
	u, err := t.User(r.Context(), CallerOf(r.Context()).UserID)
	if err != nil {
		t.fail(w, err)
		return
	}
	route.JSON(w, http.StatusOK, map[string]any{"user": t.userDocument(u), "org": t.orgDocument()})
}

func (t *Threat) serveOrg(w http.ResponseWriter, r *http.Request) {
	route.JSON(w, http.StatusOK, t.orgDocument())
}

const maxOrgName = 255 // bytes (ours)

func anOrgName(v any) any {
	if name, ok := v.(string); ok && (strings.TrimSpace(name) == "" || len(name) > maxOrgName) {
		return fmt.Sprintf("(not (<= 1 (count name) %d))", maxOrgName)
	}
	return aString(v)
}

func (t *Threat) serveRenameOrg(w http.ResponseWriter, r *http.Request) {
	fields, ok := t.read(w, r, shape{"name": {is: anOrgName, required: true}})
	if !ok {
		return
	}
	if err := t.Rename(strings.TrimSpace(fields["name"].(string))); err != nil {
		t.fail(w, err)
		return
	}
	route.JSON(w, http.StatusOK, t.orgDocument())
}

func (t *Threat) serveUser(w http.ResponseWriter, r *http.Request) {
	u, err := t.User(r.Context(), r.PathValue("id"))
	if errors.Is(err, ErrUser) {
		err = fault{status: http.StatusNotFound, code: ErrUser.Error()}
	}
	if err != nil {
		t.fail(w, err)
		return
	}
	route.JSON(w, http.StatusOK, t.userDocument(u))
}

// serveBatchUsers gives those of the users that were asked for that are there.
func (t *Threat) serveBatchUsers(w http.ResponseWriter, r *http.Request) {
	ids := r.URL.Query()["id"]
	t.answerUsers(w, r, func(u User) bool { return slices.Contains(ids, u.ID) })
}

// serveSearchUsers gives the users whose name or address has a text in it; how
// the real route is asked is not public.
func (t *Threat) serveSearchUsers(w http.ResponseWriter, r *http.Request) {
	text := strings.ToLower(r.URL.Query().Get("query"))
	t.answerUsers(w, r, func(u User) bool { return strings.Contains(strings.ToLower(u.Name+" "+u.Email), text) })
}

func (t *Threat) answerUsers(w http.ResponseWriter, r *http.Request, wanted func(User) bool) {
	users, err := t.Users(r.Context())
	if err != nil {
		t.fail(w, err)
		return
	}
	out := []userDocument{}
	for _, u := range users {
		if wanted(u) {
			out = append(out, t.userDocument(u))
		}
	}
	route.JSON(w, http.StatusOK, out)
}
