// Package lists is the part of the AsyncOS REST API that reads and changes the lists
// that filters name: dictionaries, URL lists and file hash lists. What a call changes
// is submitted and committed at once.
package lists

import (
	"encoding/json"
	"net/http"
	"sync"

	"esasim/appliance/asyncos/commit"
	"esasim/appliance/asyncos/rest"
	"esasim/appliance/changes"
	"esasim/appliance/config"
	"esasim/appliance/users"
)

// Changes is how the configuration is read and changed.
type Changes interface {
	commit.Changes
	Running() config.Appliance
}

// Options of the area. Changes is required.
type Options struct{ Changes Changes }

type api struct {
	Options
	// mu is held from the look whether a list is there until it is changed: of two who
	// make the same one, one is refused.
	mu sync.Mutex
}

// kind is one of the kinds of lists.
type kind struct {
	path string // below config/
	word string // for one of them, in sentences
	key  string // of the configuration
	// all gives the lists in the form of the API.
	all func(*config.Appliance) []named
	// read makes a configuration's value of what a body says.
	read func(name string, b json.RawMessage) (any, error)
}

// named is a list and its name.
type named struct {
	name string
	list any
}

func kinds() []kind {
	return []kind{
		{"dictionaries", "dictionary", "appliance.dictionaries", dictionaries, readDictionary},
		{"url_lists", "URL list", "appliance.url_lists", urlLists, readURLs},
		{"file_hash_lists", "file hash list", "appliance.file_hash_lists", hashLists, readHashes},
	}
}

// takes are the parameters of all calls: they say which appliance of a cluster is
// meant, and there is one. Source: AsyncOS API guide.
var takes = []string{"device_type", "mode", "group_name", "host_name"}

// Routes are the calls of the area.
func Routes(o Options) []rest.Route {
	a := &api{Options: o}
	var out []rest.Route
	route := func(method, path string, serve func(*rest.Call) (any, error)) {
		may := users.Role.MayConfigure
		if method != http.MethodGet {
			may = func(r users.Role) bool { return r.MayConfigure() && r.MayChange() }
		}
		out = append(out, rest.Route{Method: method, Path: "config/" + path, May: may, Takes: takes, Serve: func(c *rest.Call) (any, error) {
			if d := c.Get("device_type"); d != "" && d != "esa" {
				return nil, rest.Wrong("device_type", "want esa")
			}
			return serve(c)
		}})
	}
	for _, k := range kinds() {
		route("GET", k.path, func(*rest.Call) (any, error) { return a.list(&k), nil })
		route("GET", k.path+"/{name}", func(c *rest.Call) (any, error) { return a.one(c, &k) })
		route("POST", k.path+"/{name}", func(c *rest.Call) (any, error) { return a.put(c, &k, false) })
		route("PUT", k.path+"/{name}", func(c *rest.Call) (any, error) { return a.put(c, &k, true) })
		route("DELETE", k.path+"/{name}", func(c *rest.Call) (any, error) { return a.remove(c, &k) })
	}
	route("POST", "dictionaries/{name}/words", a.addWords)
	route("DELETE", "dictionaries/{name}/words", a.removeWords)
	return out
}

// list has all lists of a kind by name.
func (a *api) list(k *kind) any {
	now := a.Changes.Running()
	out := map[string]any{}
	for _, l := range k.all(&now) {
		out[l.name] = l.list
	}
	return rest.Data{Data: out}
}

// find is a list by its name; nil: there is none.
func (a *api) find(k *kind, name string) any {
	now := a.Changes.Running()
	for _, l := range k.all(&now) {
		if l.name == name {
			return l.list
		}
	}
	return nil
}

func (a *api) one(c *rest.Call, k *kind) (any, error) {
	l := a.find(k, c.Request.PathValue("name"))
	if l == nil {
		return nil, k.none(c)
	}
	return rest.Data{Data: l}, nil
}

func (k *kind) none(c *rest.Call) error {
	return rest.Fault{Status: http.StatusNotFound, Message: "There is no " + k.word + " " + rest.Clip(c.Request.PathValue("name")) + "."}
}

// mostBody is how large a list may be, as a body.
const mostBody = 1 << 20

// put makes a list, or takes another in the place of one.
func (a *api) put(c *rest.Call, k *kind, there bool) (any, error) {
	var body struct {
		Data json.RawMessage `json:"data"`
	}
	if err := c.Body(&body, mostBody); err != nil {
		return nil, err
	}
	name := c.Request.PathValue("name")
	v, err := k.read(name, body.Data)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	done := "Added successfully."
	switch is := a.find(k, name) != nil; {
	case there && !is:
		return nil, k.none(c)
	case !there && is:
		return nil, rest.Fault{Status: http.StatusConflict, Message: "There is a " + k.word + " " + rest.Clip(name) + " already."}
	case there:
		done = "Updated successfully."
	}
	return a.commit(c, done, changes.Edit{Key: changes.Key(k.key, name), Value: commit.YAML(v)})
}

func (a *api) remove(c *rest.Call, k *kind) (any, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	name := c.Request.PathValue("name")
	if a.find(k, name) == nil {
		return nil, k.none(c)
	}
	return a.commit(c, "Deleted successfully.", changes.Edit{Key: changes.Key(k.key, name), Remove: true})
}

// message is what a change is answered with.
type message struct {
	Message string `json:"message"`
}

func (a *api) commit(c *rest.Call, done string, e changes.Edit) (any, error) {
	if err := commit.Now(c, a.Changes, e); err != nil {
		return nil, err
	}
	return rest.Data{Data: message{done}}, nil
}
