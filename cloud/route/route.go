// Package route is a router whose every answer is JSON: a path nobody serves, a
// method that is not allowed and a query that asks for what is not there get
// the error form of their API, where net/http would write plain text or nothing.
// It also sees to it that a body comes in time.
package route

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"time"

	"esasim/internal/web"
)

// Fail writes an error in the form of one API.
type Fail func(w http.ResponseWriter, status int, message string)

// Guard lets only those requests through to h whose sender has a scope.
type Guard func(scope string, h http.HandlerFunc) http.HandlerFunc

// Mux is a http.ServeMux that fails in the form of its API. Its routes are a
// table: what each asks of its caller stands beside its pattern.
type Mux struct {
	mux    http.ServeMux
	fail   Fail
	guard  Guard
	routes []Route
}

// Route is one line of the table.
type Route struct {
	Pattern string // as of http.ServeMux
	Scope   string // what the caller must have; empty: the route is open, or sees to it by itself
}

// New makes a Mux.
func New(fail Fail) *Mux { return &Mux{fail: fail} }

// NewGuarded makes a Mux whose routes may need a scope.
func NewGuarded(fail Fail, guard Guard) *Mux { return &Mux{fail: fail, guard: guard} }

// Routes is the table, in the order of registration.
func (m *Mux) Routes() []Route { return slices.Clone(m.routes) }

// Scoped registers a pattern for callers with a scope. Who has it not is told so
// before anything else of the request is looked at. See HandleFunc for the rest.
func (m *Mux) Scoped(pattern, scope string, h http.HandlerFunc, allowed ...string) {
	m.routes = append(m.routes, Route{pattern, scope})
	m.mux.HandleFunc(pattern, m.guard(scope, m.checked(h, allowed)))
}

// HandleFunc registers a pattern of http.ServeMux. Query parameters that are
// not among those allowed are refused with 400, and so is a query that cannot
// be read; an allowed one may be repeated. AnyParameter allows all.
func (m *Mux) HandleFunc(pattern string, h http.HandlerFunc, allowed ...string) {
	m.routes = append(m.routes, Route{Pattern: pattern})
	m.mux.HandleFunc(pattern, m.checked(h, allowed))
}

// AnyParameter stands for whatever query parameters there are.
const AnyParameter = "*"

// checked refuses queries that a handler does not know.
func (m *Mux) checked(h http.HandlerFunc, allowed []string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if fault := checkQuery(r, allowed); fault != "" {
			m.fail(w, http.StatusBadRequest, fault)
			return
		}
		h(w, r)
	}
}

// checkQuery gives what is wrong with a query, or "".
func checkQuery(r *http.Request, allowed []string) string {
	// ParseQuery, because URL.Query leaves out what it cannot read.
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return "The query cannot be read."
	}
	if slices.Contains(allowed, AnyParameter) {
		return ""
	}
	for name, values := range query {
		query[name] = values[:1]
	}
	if bad := web.UnknownParameters(query, allowed...); len(bad) > 0 {
		return fmt.Sprintf("There is no query parameter %.60q.", bad[0])
	}
	return ""
}

// ServeHTTP answers the request. An unknown path is 404; a wrong method is 405
// and says in Allow which are right.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, pattern := m.mux.Handler(r)
	if pattern != "" {
		LimitBody(w, r)
		m.mux.ServeHTTP(w, r)
		return
	}
	var p probe
	h.ServeHTTP(&p, r)
	if allow := p.Header().Get("Allow"); p.status == http.StatusMethodNotAllowed && allow != "" {
		w.Header().Set("Allow", allow)
		m.fail(w, http.StatusMethodNotAllowed, "The method "+r.Method+" is not allowed here; allowed: "+allow+".")
		return
	}
	m.fail(w, http.StatusNotFound, "There is nothing at "+r.URL.Path+".")
}

// probe takes what net/http would have answered and keeps status and headers.
type probe struct {
	header http.Header
	status int
}

func (p *probe) Header() http.Header {
	if p.header == nil {
		p.header = http.Header{}
	}
	return p.header
}
func (p *probe) Write(b []byte) (int, error) { return len(b), nil }
func (p *probe) WriteHeader(status int)      { p.status = status }

// Patience is how long a body may take to come.
const Patience = 30 * time.Second

// LimitBody gives the body of a request a deadline, where there is a connection
// beneath: a recorder has none. Who stalls holds a goroutine and what came so
// far no longer than that, also when the body is not wanted any more.
func LimitBody(w http.ResponseWriter, r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	conn := http.NewResponseController(w)
	if conn.SetReadDeadline(time.Now().Add(Patience)) == nil {
		r.Body = timedBody{r.Body, conn}
	}
}

// timedBody takes the deadline away once all is there: net/http goes on reading,
// to see whether the client leaves, and would take the deadline for that.
type timedBody struct {
	io.ReadCloser
	conn *http.ResponseController
}

func (b timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		// An error means that the connection is gone; the next call meets it.
		_ = b.conn.SetReadDeadline(time.Time{})
	}
	return n, err
}

var (
	// ErrTooLarge says that a body is longer than its limit.
	ErrTooLarge = errors.New("the body is too large")
	// ErrLate says that a body did not come within Patience.
	ErrLate = errors.New("the body did not come in time")
)

// Body reads the whole body of a request, at most limit bytes, or returns
// ErrTooLarge or ErrLate.
func Body(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		return nil, ErrTooLarge
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, ErrLate
	}
	return b, err
}

// JSON writes v with a status, without a new line at its end and without the
// escapes that HTML would need: as the real services do (observed: bodies of
// known length). A Content-Type that is already set stays.
func JSON(w http.ResponseWriter, status int, v any) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	// An error here is a value that is no JSON, which the tests of its route show,
	// or a client that is gone; there is nobody to tell.
	if e.Encode(v) == nil {
		_, _ = w.Write(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
	}
}
