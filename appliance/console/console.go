// Package console is the appliance's web pages, server-rendered: Message
// Tracking with its search, results, export and Message Details. Labels, fields
// and operators are those of the vendor's integration guide and of the classic
// web interface of AsyncOS 13, so that the guide can be followed click by click.
//
// The pages only read. They work without script, every value is escaped, and
// nothing in them is inline, so that they run under a strict
// Content-Security-Policy. The caller wraps the handler in web.Guard and
// web.Recover.
package console

import (
	"context"
	"embed"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"esasim/esa"
	"esasim/internal/web"
	"esasim/tracking"
)

// Tracker answers what the pages ask of message tracking.
type Tracker interface {
	// Search finds messages, newest first, one page at a time.
	Search(ctx context.Context, q tracking.Query) (tracking.Page, error)
	// Each calls yield for every match, newest first, at most q.Limit if that is
	// not 0, until it returns an error.
	Each(ctx context.Context, q tracking.Query, yield func(*esa.Message) error) error
	// Count tells how many messages match, but at most limit.
	Count(ctx context.Context, q tracking.Query, limit int) (int, error)
	// Message is one message with all its events; tracking.ErrNotFound.
	Message(ctx context.Context, mid esa.MID) (esa.Message, error)
	// Connection is what happened on an injection connection, apart from its
	// messages; tracking.ErrNotFound.
	Connection(ctx context.Context, icid esa.ICID) ([]esa.Event, error)
	// Oldest is the lowest MID kept; 0 when there is none.
	Oldest(ctx context.Context) (esa.MID, error)
	// Span is the time of the first and of the last message kept; both zero
	// when there is none.
	Span(ctx context.Context) (first, last time.Time, err error)
}

// Options of the console. Tracker is required.
type Options struct {
	Tracker  Tracker
	Host     string         // the appliance's name: "esa03.example.com"
	Model    string         // first line of the banner; "" is "Cisco C100V"
	Product  string         // second line; "" is "Email Security Virtual Appliance"
	Version  string         // of AsyncOS; "" is "13.0.0-392"
	Location *time.Location // the appliance's time zone; nil is UTC
	Disabled bool           // message tracking is off: its pages say so
	Logger   *slog.Logger   // nil: slog.Default()
}

//go:embed static
var static embed.FS

//go:embed templates
var templates embed.FS

type console struct {
	Options
	tracking, details, notYet, failed *template.Template
}

// New makes the handler of all pages. "/" leads to Message Tracking.
func New(o Options) http.Handler {
	c := &console{Options: o.withDefaults(),
		tracking: parse("tracking.html"), details: parse("details.html"),
		notYet: parse("notyet.html"), failed: parse("failed.html")}
	files, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // the directory is embedded above
	}
	mux := http.NewServeMux()
	mux.Handle("GET /static/", http.StripPrefix("/static", web.Static(files)))
	mux.Handle("GET /{$}", http.RedirectHandler(trackingPath, http.StatusFound))
	for path, show := range map[string]http.HandlerFunc{"": c.search, "/details": c.showDetails, "/export": c.export} {
		if c.Disabled {
			show = c.showDisabled
		}
		mux.HandleFunc("GET "+trackingPath+path, show)
	}
	mux.HandleFunc("GET /monitor_email_tracking/message_tracking", newerPath)
	for _, m := range menu {
		if m.Path != trackingPath {
			mux.HandleFunc("GET "+m.Path, c.showNotYet(m))
		}
	}
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		c.fail(w, http.StatusNotFound, "Page not found", "There is no page "+r.URL.Path+".")
	})
	return mux
}

// showDisabled is every page of message tracking while that is off.
func (c *console) showDisabled(w http.ResponseWriter, _ *http.Request) {
	c.fail(w, http.StatusOK, "Message Tracking is disabled", "To enable it: Security Services > Message Tracking, or the command trackingconfig.")
}

const trackingPath = "/monitor/message_tracking"

// newerPath leads from the path that later classic interfaces use to ours.
func newerPath(w http.ResponseWriter, r *http.Request) {
	to := trackingPath
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	http.Redirect(w, r, to, http.StatusFound)
}

func (o Options) withDefaults() Options {
	set := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	set(&o.Model, "Cisco C100V")
	set(&o.Product, "Email Security Virtual Appliance")
	set(&o.Version, "13.0.0-392")
	if o.Location == nil {
		o.Location = time.UTC
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// parse reads one page and the layout around it. The files are embedded, so an
// error is one of the program and the tests find it.
func parse(name string) *template.Template {
	t := template.Must(template.ParseFS(templates, "templates/layout.html", "templates/"+name))
	return t.Lookup("layout")
}
