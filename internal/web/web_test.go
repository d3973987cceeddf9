package web

import (
	"bytes"
	"errors"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "served") }

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func TestGuard(t *testing.T) {
	h := Guard(http.HandlerFunc(ok), func() []string { return []string{"visibility.amp.cisco.com", "esa03.example:8080"} })
	for _, s := range []struct {
		name, method, host string
		header             http.Header
		status             int
	}{
		{name: "localhost", host: "localhost:8080", status: 200},
		{name: "letters and dot", host: "LOCALHOST.:8080", status: 200},
		{name: "loopback", host: "127.0.0.1:9080", status: 200},
		{name: "another loopback", host: "127.3.2.1", status: 200},
		{name: "IPv6 loopback", host: "[::1]:8080", status: 200},
		{name: "IPv6 loopback, no port", host: "[::1]", status: 200},
		{name: "mapped loopback", host: "[::ffff:127.0.0.1]:1", status: 200},
		{name: "an address", host: "192.0.2.7:8080", status: 200},
		{name: "an IPv6 address", host: "[2001:db8::7]:8080", status: 200},
		{name: "a container", host: "esasim:8080", status: 200},
		{name: "extra name", host: "visibility.amp.cisco.com", status: 200},
		{name: "extra name at a port", host: "Visibility.AMP.cisco.com:9080", status: 200},
		{name: "extra name given with a port", host: "esa03.example", status: 200},
		{name: "rebound name", host: "evil.example:8080", status: 421},
		{name: "a name that begins alike", host: "localhost.evil.example", status: 421},
		{name: "an address that is none", host: "127.0.0.1.evil.example", status: 421},
		{name: "no host", host: "", status: 421},
		{name: "nonsense", host: "[::1", status: 200}, // the brackets of an address, one forgotten
		{name: "own form", method: "POST", host: "localhost:8080", header: http.Header{"Origin": {"http://localhost:8080"}}, status: 200},
		{name: "own form, says the browser", method: "POST", host: "localhost:8080", header: http.Header{"Sec-Fetch-Site": {"same-origin"}}, status: 200},
		{name: "a tool", method: "POST", host: "localhost:8080", status: 200},
		{name: "form of another site", method: "POST", host: "localhost:8080", header: http.Header{"Origin": {"http://evil.example"}}, status: 403},
		{name: "form of another port", method: "POST", host: "localhost:8080", header: http.Header{"Sec-Fetch-Site": {"same-site"}, "Origin": {"http://localhost:9080"}}, status: 403},
		{name: "cross-site, says the browser", method: "DELETE", host: "localhost:8080", header: http.Header{"Sec-Fetch-Site": {"cross-site"}}, status: 403},
		{name: "link of another site", host: "localhost:8080", header: http.Header{"Sec-Fetch-Site": {"cross-site"}}, status: 200},
	} {
		t.Run(s.name, func(t *testing.T) {
			if s.method == "" {
				s.method = http.MethodGet
			}
			r := httptest.NewRequest(s.method, "/", nil)
			r.Host = s.host
			for k, v := range s.header {
				r.Header[k] = v
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != s.status {
				t.Errorf("status %d, want %d", w.Code, s.status)
			}
			if served := w.Body.String() == "served"; served != (s.status == 200) {
				t.Errorf("body %q", w.Body)
			}
			for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"} {
				if w.Header().Get(name) == "" {
					t.Errorf("no %s", name)
				}
			}
			if csp := w.Header().Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") || !strings.Contains(csp, "default-src 'none'") {
				t.Errorf("policy %s", csp)
			}
		})
	}
}

func TestRecover(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	get := func(h http.HandlerFunc) (w *httptest.ResponseRecorder, panicked any) {
		defer func() { panicked = recover() }()
		w = httptest.NewRecorder()
		Recover(h, logger).ServeHTTP(w, httptest.NewRequest("GET", "/x", nil))
		return w, nil
	}
	w, p := get(func(http.ResponseWriter, *http.Request) { panic("the secret reason") })
	if p != nil || w.Code != 500 || strings.Contains(w.Body.String(), "secret") || strings.Contains(w.Body.String(), "goroutine") {
		t.Errorf("panic gives %d %q, and panics with %v", w.Code, w.Body, p)
	}
	if !strings.Contains(log.String(), "the secret reason") || !strings.Contains(log.String(), "web_test.go") {
		t.Errorf("the log lacks reason or stack: %s", log.String())
	}
	if _, p := get(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(200)
		panic("late")
	}); p != http.ErrAbortHandler {
		t.Errorf("a panic within an answer gives %v", p)
	}
	if _, p := get(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }); p != http.ErrAbortHandler {
		t.Errorf("an abort gives %v", p)
	}
	if w, _ := get(func(w http.ResponseWriter, _ *http.Request) {
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		w.(http.Flusher).Flush()
	}); !w.Flushed {
		t.Error("flush did not reach the client")
	}
}

func TestRender(t *testing.T) {
	page := template.Must(template.New("p").Parse(`<p>{{.Name}}</p>`))
	w := httptest.NewRecorder()
	if err := Render(w, http.StatusTeapot, page, struct{ Name string }{"<b>"}); err != nil {
		t.Fatal(err)
	}
	if w.Code != http.StatusTeapot || w.Body.String() != "<p>&lt;b&gt;</p>" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}
	w = httptest.NewRecorder()
	if err := Render(w, 200, page, 1); err == nil || w.Code != 500 || strings.Contains(w.Body.String(), "<p>") {
		t.Errorf("a broken template: %v, %d %q", err, w.Code, w.Body)
	}
}

func TestStatic(t *testing.T) {
	h := Static(fstest.MapFS{"a/x.css": {Data: []byte("p{}")}, "y.js": {Data: []byte("1")}, "z.bin": {Data: []byte("2")}})
	get := func(path, etag string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL = &url.URL{Path: path}
		if etag != "" {
			r.Header.Set("If-None-Match", etag)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	w := get("/a/x.css", "")
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/css; charset=utf-8" || w.Body.String() != "p{}" {
		t.Errorf("%d %v %q", w.Code, w.Header(), w.Body)
	}
	if again := get("/a/x.css", w.Header().Get("ETag")); again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("the same again: %d %q", again.Code, again.Body)
	}
	if other := get("/y.js", w.Header().Get("ETag")); other.Code != 200 || !strings.HasPrefix(other.Header().Get("Content-Type"), "text/javascript") {
		t.Errorf("another file: %d %v", other.Code, other.Header())
	}
	for _, path := range []string{"/", "/a", "/a/", "/none", "/../web.go", "//y.js", ""} {
		if w := get(path, ""); w.Code != 404 {
			t.Errorf("%q: %d", path, w.Code)
		}
	}
}

func TestUnknownParameters(t *testing.T) {
	q := url.Values{"a": {"1"}, "b": {"1", "2"}, "z": {"1"}}
	if diff := cmp.Diff([]string{"b", "z"}, UnknownParameters(q, "a", "b")); diff != "" {
		t.Error(diff)
	}
	if got := UnknownParameters(url.Values{"a": {""}}, "a"); got != nil {
		t.Errorf("known: %v", got)
	}
}

var errBroken = errors.New("listener is broken")
