// Package contract holds the cloud's answers against the vendor's published
// schemas, and notes which of them were met. It is for tests: the schemas are not
// part of the tree.
package contract

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"esasim/cloud"
	"esasim/cloud/route"
)

// Oracle knows the contracts and the cloud's routes. Its methods may be called by
// several at once.
type Oracle struct {
	files       map[string]*swagger
	published   map[string]operation         // by route, nameless
	mux         *http.ServeMux               // tells the route of a request
	served      []route.Route                // those below /iroh and /.well-known
	unpublished map[string]cloud.Unpublished // by pattern

	mu      sync.Mutex // guards what follows
	schemas map[string]*jsonschema.Schema
	seen    map[string]map[int]int // by pattern and status: how many answers were valid
	met     map[string]bool        // definitions, "iroh-enrich.json Sighting"
}

// Env names the folder of the contracts.
const Env = "ESASIM_CONTRACTS"

// New reads the contracts of a folder; ErrMissing when none is named.
func New(routes []route.Route) (*Oracle, error) {
	dir := os.Getenv(Env)
	if dir == "" {
		return nil, ErrMissing
	}
	o := &Oracle{
		files: map[string]*swagger{}, published: map[string]operation{}, mux: http.NewServeMux(),
		unpublished: map[string]cloud.Unpublished{}, schemas: map[string]*jsonschema.Schema{},
		seen: map[string]map[int]int{}, met: map[string]bool{},
	}
	for _, name := range files() {
		s, operations, err := read(dir, name)
		if err != nil {
			return nil, fmt.Errorf("contracts: %w", err)
		}
		o.files[name] = s
		for _, op := range operations {
			o.published[op.route] = op
		}
	}
	for _, u := range cloud.UnpublishedRoutes() {
		o.unpublished[u.Route] = u
	}
	for _, r := range routes {
		o.mux.Handle(r.Pattern, http.NotFoundHandler())
		o.served = append(o.served, r)
	}
	return o, nil
}

// ErrMissing says that there are no contracts to hold anything against.
var ErrMissing = errors.New(Env + " is not set: the folder of the vendor's schemas is missing")

// Answer is an answer of the cloud.
type Answer struct {
	Status int
	Body   []byte
}

// Check tells in what an answer is other than the contracts say. A good answer
// is held to the published definition of its route, or to the one that the table
// of unpublished routes names; a refusal to that of its status, or at least to
// the form that all have. What is not below /iroh and /.well-known is not
// looked at.
func (o *Oracle) Check(r *http.Request, a Answer) error {
	if !family(r.URL.Path) {
		return nil
	}
	_, pattern := o.mux.Handler(r)
	if err := o.check(pattern, a); err != nil {
		return fmt.Errorf("%s %s (%s): %d: %w\n%.500s", r.Method, r.URL, pattern, a.Status, err, a.Body)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.seen[pattern] == nil {
		o.seen[pattern] = map[int]int{}
	}
	o.seen[pattern][a.Status]++
	return nil
}

// family is true for the paths of the public APIs.
func family(path string) bool {
	return strings.HasPrefix(path, "/iroh/") || strings.HasPrefix(path, "/.well-known/")
}

func (o *Oracle) check(pattern string, a Answer) error {
	if o.unpublished[pattern].Alien && !json.Valid(a.Body) {
		return nil
	}
	file, part, err := o.part(pattern, a.Status)
	switch {
	case err != nil:
		return err
	case len(a.Body) == 0 && (a.Status == http.StatusNoContent || part == nil && a.Status < 300):
		return nil
	case a.Status == http.StatusMisdirectedRequest: // of the face, before the cloud is asked
		return nil
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.Body))
	if err != nil {
		return err
	}
	if part == nil {
		if a.Status >= 400 && !o.unpublished[pattern].Alien {
			return refusal(value)
		}
		return nil
	}
	err = o.validate(file, part, modern(value))
	if err != nil && a.Status == http.StatusBadRequest {
		// The contracts have one of several forms: a key that is missing.
		return refusal(value)
	}
	return err
}

// part gives what an answer is held to; nil for nothing but its form.
func (o *Oracle) part(pattern string, status int) (*swagger, any, error) {
	op, isPublished := o.published[Nameless(pattern)]
	if schema := op.schemas[status]; schema != nil {
		return op.file, schema, nil
	}
	if status >= 300 {
		return nil, nil, nil
	}
	if u, known := o.unpublished[pattern]; known && u.Like != "" {
		name, definition, _ := strings.Cut(u.Like, " ")
		file := o.files[name]
		if file == nil {
			return nil, nil, fmt.Errorf("there is no file %q", name)
		}
		part, err := file.definition(definition)
		return file, part, err
	} else if !known && !isPublished {
		return nil, nil, errors.New("the route is not in the contracts, and not in the table of what is not (cloud.UnpublishedRoutes)")
	}
	return nil, nil, nil
}

// validate holds a value to a part of a file, and notes the definitions it meets.
func (o *Oracle) validate(file *swagger, part, value any) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	text, err := json.Marshal(part)
	if err != nil {
		return err
	}
	key := file.name + string(text)
	if o.schemas[key] == nil {
		if o.schemas[key], err = file.compile(part); err != nil {
			return err
		}
	}
	if err := o.schemas[key].Validate(value); err != nil {
		return err
	}
	file.walk(object(part), value, false, func(name string) bool { o.met[file.name+" "+name] = true; return true })
	return nil
}

// refusal is the form that all refusals have: an object with error, errors or
// message; of the schema library the keys themselves with what is wrong with them.
func refusal(value any) error {
	for _, key := range []string{"error", "errors", "message", "type"} {
		if object(value)[key] != nil {
			return nil
		}
	}
	for _, v := range object(value) {
		if text, _ := v.(string); text == "missing-required-key" || text == "disallowed-key" || strings.HasPrefix(text, "(not ") {
			return nil
		}
	}
	return errors.New("this is no refusal of any known form")
}

// modern gives an answer of before August 2020, which names modules without ids,
// as it would be now: in all else it is held to the same.
func modern(value any) any {
	for _, key := range []string{"data", "errors"} {
		list, _ := object(value)[key].([]any)
		for _, entry := range list {
			if m := object(entry); m["module-type"] != nil && m["module_instance_id"] == nil {
				delete(m, "module-type")
				m["module_instance_id"], m["module_type_id"] = "", ""
			}
		}
	}
	return value
}

// Transport makes a transport check the answers that come through it.
func (o *Oracle) Transport(next http.RoundTripper) http.RoundTripper {
	return transport{o, cmp.Or(next, http.DefaultTransport)}
}

type transport struct {
	oracle *Oracle
	next   http.RoundTripper
}

// RoundTrip fails when the answer is not as the contracts say.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.next.RoundTrip(r)
	if err != nil || !family(r.URL.Path) {
		return res, err
	}
	body, err := io.ReadAll(res.Body)
	if err = cmp.Or(err, res.Body.Close()); err != nil {
		return nil, err
	}
	if err := t.oracle.Check(r, Answer{res.StatusCode, body}); err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}

// Like holds a value to a definition, "iroh-enrich.json Sighting" or a list,
// "iroh-enrich.json Sighting[]".
func (o *Oracle) Like(name string, body []byte) error {
	file, definition, _ := strings.Cut(name, " ")
	if o.files[file] == nil {
		return fmt.Errorf("there is no file %q", file)
	}
	part, err := o.files[file].definition(definition)
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return o.validate(o.files[file], part, value)
}
