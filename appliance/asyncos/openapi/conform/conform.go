// Package conform holds calls of the API and their answers against its OpenAPI
// document. It is for tests.
package conform

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// Document is an OpenAPI document, and what was seen of it. Its methods may be called
// by several at once.
type Document struct {
	*openapi3.T
	prefixes []string
	mux      *http.ServeMux // tells the route of a request
	routes   map[string]*routers.Route

	mu   sync.Mutex // guards seen
	seen map[string]map[int]bool
}

// New reads a document in JSON, checks it and all of its examples. The API is served
// below the prefixes, which end with a slash.
func New(text []byte, prefixes []string) (*Document, error) {
	t, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	if err := t.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	d := &Document{T: t, prefixes: prefixes, mux: http.NewServeMux(), routes: map[string]*routers.Route{}, seen: map[string]map[int]bool{}}
	for path, item := range t.Paths.Map() {
		for method, op := range item.Operations() {
			for _, prefix := range prefixes {
				pattern := method + " " + strings.TrimSuffix(prefix, "/") + path
				d.mux.Handle(pattern, http.NotFoundHandler())
				d.routes[pattern] = &routers.Route{Spec: t, Path: path, PathItem: item, Method: method, Operation: op}
			}
		}
	}
	return d, nil
}

// Answer is an answer of the API.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Check tells in what an answer is other than the document says; the body of the
// request is given apart, because it has been read. Of a request that was answered
// with 200 also the parameters and the body are looked at. What is not of the API is
// not looked at.
func (d *Document) Check(r *http.Request, body []byte, a Answer) error {
	if !d.has(r.URL.Path) || a.Status == http.StatusMisdirectedRequest {
		return nil
	}
	if r.Method == http.MethodOptions {
		if a.Status != http.StatusOK || len(a.Body) > 0 {
			return fmt.Errorf("OPTIONS is answered with %d %q", a.Status, a.Body)
		}
		return nil
	}
	_, pattern := d.mux.Handler(r)
	route := d.routes[pattern]
	if route == nil {
		return d.checkOther(a)
	}
	d.note(route.Operation.OperationID, a.Status)
	in := input(r, body, route)
	if err := d.answers(in, a); err != nil {
		return fmt.Errorf("%s %s: the answer is not as the document says: %w\n%d %s", r.Method, r.URL, err, a.Status, a.Body)
	}
	if a.Status != http.StatusOK || !readable(r.URL) {
		return nil
	}
	if err := openapi3filter.ValidateRequest(r.Context(), in); err != nil {
		return fmt.Errorf("%s %s %s: it was answered with 200, but the document does not allow it: %w", r.Method, r.URL, body, err)
	}
	return nil
}

// Operation is the operationId of a request; "": it is none of the document's.
func (d *Document) Operation(r *http.Request) string {
	_, pattern := d.mux.Handler(r)
	if route := d.routes[pattern]; route != nil {
		return route.Operation.OperationID
	}
	return ""
}

// has tells whether a path is below a prefix.
func (d *Document) has(path string) bool {
	return slices.ContainsFunc(d.prefixes, func(p string) bool { return strings.HasPrefix(path, p) })
}

// readable is false of a query that only the API itself can read, because a % in it
// stands for itself.
func readable(u *url.URL) bool {
	_, err := url.ParseQuery(u.RawQuery)
	return err == nil
}

// checkOther looks at an answer to what the document does not have.
func (d *Document) checkOther(a Answer) error {
	if a.Status != http.StatusNotFound && a.Status != http.StatusMethodNotAllowed && a.Status != http.StatusForbidden {
		return fmt.Errorf("what the document does not have is answered with %d %s", a.Status, a.Body)
	}
	if !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") { // a refusal of the face
		return nil
	}
	var v any
	if err := json.Unmarshal(a.Body, &v); err != nil {
		return err
	}
	return d.Components.Schemas["Error"].Value.VisitJSON(v)
}

func input(r *http.Request, body []byte, route *routers.Route) *openapi3filter.RequestValidationInput {
	plain := r.Clone(r.Context())
	plain.Header.Set("Content-Type", "application/json") // older clients say it is plain text
	plain.Body = io.NopCloser(bytes.NewReader(body))
	return &openapi3filter.RequestValidationInput{Request: plain, PathParams: values(r.URL.Path, route), Route: route, Options: &openapi3filter.Options{
		IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true}}
}

// values are those of the names in a route's path.
func values(path string, route *routers.Route) map[string]string {
	out := map[string]string{}
	names := strings.Split(route.Path, "/")
	parts := strings.Split(path, "/")
	parts = parts[len(parts)-len(names):]
	for i, name := range names {
		if strings.HasPrefix(name, "{") {
			out[strings.Trim(name, "{}")] = parts[i]
		}
	}
	return out
}

func (d *Document) answers(in *openapi3filter.RequestValidationInput, a Answer) error {
	if in.Request.Method == http.MethodHead {
		return nil
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: a.Status, Header: a.Header, Options: in.Options}
	out.SetBodyBytes(a.Body)
	err := openapi3filter.ValidateResponse(in.Request.Context(), out)
	if e := (*openapi3filter.ResponseError)(nil); errors.As(err, &e) && e.Err != nil {
		return fmt.Errorf("%s: %w", e.Reason, e.Err)
	}
	return err
}

func (d *Document) note(operation string, status int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.seen[operation] == nil {
		d.seen[operation] = map[int]bool{}
	}
	d.seen[operation][status] = true
}

// Coverage is a line for each operation: the statuses that were seen of it.
func (d *Document) Coverage() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var b strings.Builder
	for _, r := range d.Operations() {
		fmt.Fprintf(&b, "%-6s %s: %v\n", r.Method, r.Path, slices.Sorted(maps.Keys(d.seen[r.Operation.OperationID])))
	}
	return b.String()
}

// Operations are all calls of the document: those that make something, those that look,
// those that change something and those that remove it, each by path. In this order the
// examples of one can be of what another has made.
func (d *Document) Operations() []*routers.Route {
	methods := []string{"POST", "GET", "PUT", "DELETE"}
	var out []*routers.Route
	for pattern, r := range d.routes {
		if strings.HasPrefix(pattern, r.Method+" "+d.prefixes[0]) {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b *routers.Route) int {
		return cmp.Or(slices.Index(methods, a.Method)-slices.Index(methods, b.Method), strings.Compare(a.Path, b.Path))
	})
	return out
}

// Transport is a client's transport that fails where an answer is other than the
// document says.
func (d *Document) Transport(next http.RoundTripper) http.RoundTripper { return &transport{d, next} }

type transport struct {
	*Document
	next http.RoundTripper
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent []byte
	if !t.has(r.URL.Path) {
		return t.next.RoundTrip(r)
	}
	if r.Body != nil {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		sent = b
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(b))
	}
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(b))
	return resp, t.Check(r, sent, Answer{resp.StatusCode, resp.Header, b})
}
