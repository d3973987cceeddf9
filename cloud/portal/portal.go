// Package portal is the web pages of Threat Response, server-rendered:
// Investigate with its counters, relations graph, sightings, observables and
// the modules that answered. Labels are those of the vendor's integration
// guide, so that the guide can be followed click by click.
//
// The pages work without script; one small module adds pan, zoom and drag to
// the graph. Nothing is inline, so that they run under a strict
// Content-Security-Policy. The caller wraps the handler in web.Guard and
// web.Recover.
package portal

import (
	"cmp"
	"context"
	"embed"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"esasim/cloud/ctim"
	"esasim/cloud/ctr"
	"esasim/internal/web"
)

// Investigator answers what the Investigate page asks.
type Investigator interface {
	// Inspect finds the observables in a text, typed (domain:"cisco.com") or
	// free.
	Inspect(text string) []ctim.Observable
	// Observe asks all modules about the observables. What one module could not
	// answer is in the envelope's Errors; the error is for the whole question.
	Observe(ctx context.Context, observables []ctim.Observable) (ctr.Envelope, error)
}

// Options of the portal. Investigator is required.
type Options struct {
	Region       string // "AMERICAS"
	Investigator Investigator
	Name         string // of the product; empty: "Threat Response"
	Organisation string
	User         string       // shown at the right of the navigation
	Logger       *slog.Logger // nil: slog.Default()
}

//go:embed static
var static embed.FS

//go:embed templates
var templates embed.FS

type portal struct {
	Options
	investigate, notYet, failed *template.Template
}

// New makes the handler of all pages. "/" leads to Investigate.
func New(o Options) http.Handler {
	o.Logger, o.Name = cmp.Or(o.Logger, slog.Default()), cmp.Or(o.Name, "Threat Response")
	p := &portal{Options: o,
		investigate: parse("investigate.html", "graph.html", "sightings.html"),
		notYet:      parse("notyet.html"), failed: parse("failed.html")}
	files, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // the directory is embedded above
	}
	mux := http.NewServeMux()
	mux.Handle("GET /static/", http.StripPrefix("/static", web.Static(files)))
	mux.Handle("GET /{$}", http.RedirectHandler(investigatePath, http.StatusFound))
	mux.HandleFunc("GET "+investigatePath, p.showInvestigate)
	for _, m := range menu {
		if m.Path != investigatePath {
			mux.HandleFunc("GET "+m.Path, p.showNotYet(m))
		}
	}
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		p.fail(w, http.StatusNotFound, "Page not found", "There is no page "+r.URL.Path+".")
	})
	return mux
}

const investigatePath = "/investigate"

// menu is the top navigation. Source: vendor's integration guide.
var menu = [...]menuEntry{
	{Name: "Investigate", Path: investigatePath},
	{Name: "Snapshots", Path: "/snapshots"},
	{Name: "Incidents", Path: "/incidents", Mark: "Beta"},
	{Name: "Intelligence", Path: "/intelligence"},
	{Name: "Modules", Path: "/modules"},
}

type menuEntry struct{ Name, Path, Mark string }

// page is what the layout needs around every body.
type page struct {
	Options
	Title string
	Body  any
}

// Menu lists the top navigation for the layout.
func (p page) Menu() []menuEntry { return menu[:] }

func parse(names ...string) *template.Template {
	files := []string{"templates/layout.html"}
	for _, n := range names {
		files = append(files, "templates/"+n)
	}
	return template.Must(template.ParseFS(templates, files...)).Lookup("layout")
}

func (p *portal) show(w http.ResponseWriter, status int, t *template.Template, title string, body any) {
	if err := web.Render(w, status, t, page{Options: p.Options, Title: title, Body: body}); err != nil {
		p.Logger.Error("page not shown", "err", err)
	}
}

func (p *portal) fail(w http.ResponseWriter, status int, title, text string) {
	p.show(w, status, p.failed, title, clip(text, 500))
}

// refused answers a query that has parameters which this page does not know,
// and tells whether it did.
func (p *portal) refused(w http.ResponseWriter, r *http.Request, known ...string) bool {
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil { // Query leaves out what it cannot read
		p.fail(w, http.StatusBadRequest, "Bad query", "The part of the address after the question mark cannot be read.")
		return true
	}
	bad := web.UnknownParameters(r.URL.Query(), known...)
	if len(bad) > 0 {
		p.fail(w, http.StatusBadRequest, "Unknown parameter",
			"This page does not know, or was given more than once: "+strings.Join(bad, ", ")+".")
	}
	return len(bad) > 0
}

// showNotYet is the page of an entry that holds nothing yet: an honest empty
// state instead of a dead link.
func (p *portal) showNotYet(m menuEntry) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !p.refused(w, r) {
			p.show(w, http.StatusOK, p.notYet, m.Name, m.Name)
		}
	}
}

// clip cuts a text to n characters and shows that it did.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}
