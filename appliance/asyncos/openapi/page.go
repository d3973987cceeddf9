package openapi

import (
	"embed"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"

	"github.com/swaggest/swgui/v5emb"
	"go.yaml.in/yaml/v3"
)

//go:embed static
var static embed.FS

// Path is where the page is; what it needs is below it.
const Path = "/swagger"

// contentPolicy allows the page what it needs, all of which is from here: neither
// script nor style stands in the page itself, and calls are tried on this appliance.
const contentPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// Handler serves the page, and the document as JSON and YAML: Path,
// Path/openapi.json, Path/openapi.yaml. The document is put together when it is first
// asked for.
func Handler(log *slog.Logger, parts ...Part) http.Handler {
	written := sync.OnceValues(func() (forms, error) { return write(parts) })
	mux := http.NewServeMux()
	serve := func(path, kind string, of func(forms) []byte) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			doc, err := written()
			if err != nil {
				log.Error("the API's description cannot be put together", "error", err)
				http.Error(w, "Internal error. It has been logged.", http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", kind)
			_, _ = w.Write(of(doc)) // the client is gone; there is nobody to tell
		})
	}
	serve(Path+"/openapi.json", "application/json", func(w forms) []byte { return w.json })
	serve(Path+"/openapi.yaml", "application/yaml", func(w forms) []byte { return w.yaml })
	page := own("static/index.html", "text/html; charset=utf-8")
	mux.HandleFunc("GET "+Path, page)
	mux.HandleFunc("GET "+Path+"/{$}", page)
	mux.HandleFunc("GET "+Path+"/start.js", own("static/start.js", "text/javascript; charset=utf-8"))
	mux.Handle("GET "+Path+"/", v5emb.New("", "", Path+"/"))
	return mux
}

// forms are the document as JSON and as YAML.
type forms struct{ json, yaml []byte }

func write(parts []Part) (out forms, err error) {
	doc, err := Join(parts...)
	if err != nil {
		return out, err
	}
	if out.json, err = json.Marshal(doc); err != nil {
		return out, err
	}
	out.yaml, err = yaml.Marshal(doc)
	return out, err
}

// JSON is the document of some parts.
func JSON(parts ...Part) ([]byte, error) {
	out, err := write(parts)
	return out.json, err
}

// own serves a file of ours.
func own(name, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		b, err := static.ReadFile(name)
		if err != nil {
			http.NotFound(w, nil)
			return
		}
		w.Header().Set("Content-Security-Policy", contentPolicy)
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(b) // the client is gone; there is nobody to tell
	}
}
