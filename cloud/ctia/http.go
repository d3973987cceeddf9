package ctia

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"esasim/cloud/ctim"
	"esasim/cloud/route"
	"esasim/cloud/store"
)

// call is one line of the table of routes.
type call struct {
	method string
	// path is what follows /ctia/. {type} is the name of a type of entity, {seen}
	// that of an observable; other names in braces stand for anything.
	path   string
	verb   string   // of the capability: create, read, search, delete; empty: the route is open
	of     string   // what the capability is of; empty: the type in the path
	params []string // of the query that the route knows; "*": it looks at them itself
	do     func(c *request) (answer, error)
}

// request is one call under way.
type request struct {
	in    *Intel
	who   Caller
	w     http.ResponseWriter
	r     *http.Request
	at    map[string]string // what stood in the path, by name
	query url.Values
}

// answer is a status and what is written as JSON; no body: nothing is written.
type answer struct {
	status int
	body   any
}

func ok(body any) (answer, error) { return answer{http.StatusOK, body}, nil }

// calls are the routes; of two that fit, the first is taken. The scopes and the
// names of capabilities follow from verb and type.
func (in *Intel) calls() []call {
	out := []call{
		{"GET", "version", "", "", nil, (*request).version},
		{"GET", "status", "", "", nil, func(*request) (answer, error) { return ok(map[string]string{"status": "ok"}) }},
		{"GET", "feedback", "read", "feedback", append(paging(), "entity_id"), (*request).feedback},
		{"POST", "judgement/{id}/expire", "create", "judgement", []string{"reason", "wait_for"}, (*request).expire},
		{"GET", "{seen}/{value}/verdict", "read", "verdict", nil, (*request).verdict},
		{"GET", "{seen}/{value}/judgements", "list", "judgement", paging(), (*request).judgements},
		{"GET", "{seen}/{value}/sightings", "list", "sighting", paging(), (*request).sightings},
		{"GET", "{seen}/{value}/judgements/indicators", "list", "judgement", paging(), related("judgement", "indicator")},
		{"GET", "{seen}/{value}/sightings/indicators", "list", "sighting", paging(), related("sighting", "indicator")},
		{"GET", "{seen}/{value}/sightings/incidents", "list", "sighting", paging(), related("sighting", "incident")},
	}
	return append(out, entityCalls()...)
}

// entityCalls are those that every type has.
func entityCalls() []call {
	return []call{
		{"POST", "{type}", "create", "", []string{"wait_for"}, (*request).create},
		{"GET", "{type}/search", "search", "", []string{"*"}, (*request).search},
		{"DELETE", "{type}/search", "delete", "", []string{"*"}, (*request).deleteSearched},
		{"GET", "{type}/search/count", "search", "", []string{"*"}, (*request).count},
		{"GET", "{type}/external_id/{external}", "read", "", paging(), (*request).byExternalID},
		{"GET", "{type}/{id}", "read", "", []string{"fields"}, (*request).get},
		{"PUT", "{type}/{id}", "create", "", []string{"wait_for"}, (*request).put},
		{"PATCH", "{type}/{id}", "create", "", []string{"wait_for"}, (*request).patch},
		{"DELETE", "{type}/{id}", "delete", "", []string{"wait_for"}, (*request).delete},
	}
}

// Handler serves /ctia/...
func (in *Intel) Handler() http.Handler {
	table := in.calls()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "application/json;charset=utf-8")
		h.Set("X-Ctia-Version", "esasim") // the values of the first two are ours
		h.Set("X-Ctia-Config", "esasim")
		h.Set("X-Ctim-Version", in.schema)
		route.LimitBody(w, r)
		a, err := in.serve(table, w, r)
		switch {
		case err != nil:
			in.fail(w, err)
		case a.body != nil:
			route.JSON(w, a.status, a.body)
		case a.status != 0:
			w.WriteHeader(a.status)
		}
	})
}

// serve finds the route and asks it. An answer without a status is written already.
func (in *Intel) serve(table []call, w http.ResponseWriter, r *http.Request) (answer, error) {
	parts, err := segments(r.URL)
	if err != nil {
		return answer{}, badRequest("The path cannot be read.")
	}
	c, at, allowed := in.find(table, r.Method, parts)
	if c == nil && len(allowed) > 0 {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		return answer{}, &Fault{http.StatusMethodNotAllowed, refusal{Error: "The method " + r.Method + " is not allowed here; allowed: " + strings.Join(allowed, ", ") + "."}}
	}
	if c == nil {
		return answer{}, &Fault{http.StatusNotFound, refusal{Message: "Not Found"}}
	}
	q := &request{in: in, w: w, r: r, at: at}
	if c.verb != "" {
		if done, err := q.admit(*c); done || err != nil {
			return answer{}, err
		}
	}
	if q.query, err = url.ParseQuery(r.URL.RawQuery); err != nil {
		return answer{}, badRequest("The query cannot be read.")
	}
	if !slices.Contains(c.params, "*") {
		if err := known(q.query, func(name string) bool { return slices.Contains(c.params, name) }); err != nil {
			return answer{}, err
		}
	}
	return c.do(q)
}

// segments takes a path apart before it is unescaped, because long ids have
// slashes.
func segments(u *url.URL) ([]string, error) {
	path := strings.TrimPrefix(u.EscapedPath(), "/ctia/")
	parts := strings.Split(strings.TrimSuffix(path, "/"), "/")
	for i, p := range parts {
		var err error
		if parts[i], err = url.PathUnescape(p); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// find gives the call of a method and a path, or the methods that the path has.
func (in *Intel) find(table []call, method string, parts []string) (*call, map[string]string, []string) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var allowed []string
	for i := range table {
		at, fits := in.fits(table[i].path, parts)
		if !fits || table[i].method == http.MethodPatch && !in.types[at["type"]].patch {
			continue
		}
		if table[i].method == method {
			return &table[i], at, nil
		}
		if !slices.Contains(allowed, table[i].method) {
			allowed = append(allowed, table[i].method)
		}
	}
	return nil, nil, allowed
}

func (in *Intel) fits(path string, parts []string) (map[string]string, bool) {
	names := strings.Split(path, "/")
	if len(names) != len(parts) {
		return nil, false
	}
	at := map[string]string{}
	for i, name := range names {
		if !strings.HasPrefix(name, "{") {
			if name != parts[i] {
				return nil, false
			}
			continue
		}
		name = strings.Trim(name, "{}")
		if parts[i] == "" || name == "type" && in.types[parts[i]] == nil || name == "seen" && !ctim.ObservableType(parts[i]).Known() {
			return nil, false
		}
		at[name] = parts[i]
	}
	return at, true
}

// admit proves the caller and that they may do this; done when it has answered.
func (q *request) admit(c call) (done bool, err error) {
	scheme, token, _ := strings.Cut(q.r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(token) == "" {
		return false, &Fault{http.StatusUnauthorized, refusal{Error: "not_authenticated", Message: "Only authenticated users allowed"}}
	}
	if q.who, err = q.in.caller(q.r); err != nil {
		q.in.refuse(q.w, err)
		return true, nil
	}
	of, access := c.of, "write"
	if of == "" {
		of = q.at["type"]
	}
	if c.verb == "read" || c.verb == "list" || c.verb == "search" {
		access = "read"
	}
	if q.who.May("private-intel/"+of+":"+access) || of == "casebook" && q.who.May("casebook:"+access) {
		return false, nil
	}
	return false, lacking(q.who, c.verb+"-"+of)
}

// known refuses query parameters that a route does not know.
func known(query url.Values, knows func(string) bool) error {
	bad := map[string]any{}
	for name := range query {
		if !knows(name) {
			bad[name] = "disallowed-key"
		}
	}
	if len(bad) > 0 {
		return misshapen(bad)
	}
	return nil
}

// fail writes an error. One that is not a fault is ours: it is logged.
func (in *Intel) fail(w http.ResponseWriter, err error) {
	var f *Fault
	switch {
	case errors.As(err, &f):
		route.JSON(w, f.Status, f.Body)
	case errors.Is(err, store.ErrClosed), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		w.Header().Set("Retry-After", "1")
		route.JSON(w, http.StatusServiceUnavailable, refusal{Error: "unavailable", Message: "The service is stopping, or has too much to do."})
	default:
		trace := uuid.NewString()
		in.log.Error("private intelligence", "error", err, "trace_id", trace)
		route.JSON(w, http.StatusInternalServerError, refusal{Type: "unknown-exception", Message: "See the log for " + trace, Class: "java.lang.Exception"})
	}
}

// maxBody is how long one entity may be in a request, in bytes (ours).
const maxBody = 2 << 20

// document reads the body of a request as one entity.
func (q *request) document() (Document, error) {
	var v any
	if err := q.body(maxBody, &v); err != nil {
		return nil, err
	}
	d, is := v.(Document)
	if !is {
		return nil, misshapen(not("map?", v))
	}
	return d, nil
}

// body reads the JSON of a request's body into v.
func (q *request) body(limit int64, v any) error {
	b, err := route.Body(q.w, q.r, limit)
	switch {
	case errors.Is(err, route.ErrTooLarge):
		return &Fault{http.StatusRequestEntityTooLarge, refusal{Error: fmt.Sprintf("The body is longer than %d bytes.", limit)}}
	case errors.Is(err, route.ErrLate):
		return &Fault{http.StatusRequestTimeout, refusal{Error: fmt.Sprintf("The body did not come within %s.", route.Patience)}}
	case err != nil:
		return badRequest("The body ended early.")
	}
	if err := decode(b, v); err != nil {
		return &Fault{http.StatusBadRequest, refusal{Type: "request-parsing", Message: "Malformed JSON: " + err.Error()}}
	}
	return nil
}
