// Package route is a router whose every answer is JSON: a path nobody serves
// and a method that is not allowed get the error form of their API, where
// net/http would write plain text.
package route

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
)

// Fail writes an error in the form of one API.
type Fail func(w http.ResponseWriter, status int, message string)

// Mux is a http.ServeMux that fails in the form of its API.
type Mux struct {
	mux  http.ServeMux
	fail Fail
}

// New makes a Mux.
func New(fail Fail) *Mux { return &Mux{fail: fail} }

// HandleFunc registers a pattern of http.ServeMux.
func (m *Mux) HandleFunc(pattern string, h http.HandlerFunc) { m.mux.HandleFunc(pattern, h) }

// ServeHTTP answers the request. An unknown path is 404; a wrong method is 405
// and says in Allow which are right.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, pattern := m.mux.Handler(r)
	if pattern != "" {
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

// ErrTooLarge says that a body is longer than its limit.
var ErrTooLarge = errors.New("the body is too large")

// Body reads the whole body of a request, at most limit bytes, or returns
// ErrTooLarge.
func Body(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		return nil, ErrTooLarge
	}
	return b, err
}

// JSON writes v with a status. A Content-Type that is already set stays.
func JSON(w http.ResponseWriter, status int, v any) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	// An error here means that the client is gone; there is nobody to tell.
	_ = json.NewEncoder(w).Encode(v)
}

// UnknownParameter gives the name of a query parameter that is not among those
// allowed, or "".
func UnknownParameter(r *http.Request, allowed ...string) string {
	for name := range r.URL.Query() {
		if !slices.Contains(allowed, name) {
			return name
		}
	}
	return ""
}
