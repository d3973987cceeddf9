// Package web is what every HTTP face stands on: which callers are let in
// ([Guard]), what a panic looks like from outside ([Recover]), how a page and
// its static files are written ([Render], [Static]), and how a face starts and
// ends ([Serve]). It knows nothing of appliances and clouds.
//
// A face is put together from the inside out:
//
//	web.Serve(ctx, listener, web.Guard(web.Recover(mux, logger), hosts), logger)
package web

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
)

// Recover turns a panic of next into a logged 500 in plain text. The stack goes
// to the log, never to the client. When the answer had already begun, the
// connection is cut instead, so that half an answer is not taken for a whole.
func Recover(next http.Handler, logger *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		watched := &watchedWriter{ResponseWriter: w}
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(http.ErrAbortHandler)
			}
			logger.Error("panic while answering", "method", r.Method, "path", r.URL.Path,
				"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			if watched.begun {
				panic(http.ErrAbortHandler)
			}
			http.Error(w, "Internal error. It has been logged.", http.StatusInternalServerError)
		}()
		next.ServeHTTP(watched, r)
	})
}

// watchedWriter knows whether an answer has begun. Unwrap lets
// http.ResponseController reach Flush and the deadlines of the writer beneath.
type watchedWriter struct {
	http.ResponseWriter
	begun bool
}

func (w *watchedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *watchedWriter) WriteHeader(status int) {
	w.begun = true
	w.ResponseWriter.WriteHeader(status)
}

func (w *watchedWriter) Write(b []byte) (int, error) {
	w.begun = true
	return w.ResponseWriter.Write(b)
}

// Flush is for handlers that ask for an http.Flusher instead of using
// http.ResponseController.
func (w *watchedWriter) Flush() {
	w.begun = true
	if f, ok := w.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// Render executes t into memory and writes it only when that went well, so that
// an error of a template never yields half a page: the client gets a plain 500
// then, and the caller the error for its log. Pages are never cached: what they
// show changes with every message.
func Render(w http.ResponseWriter, status int, t *template.Template, data any) error {
	var page bytes.Buffer
	if err := t.Execute(&page, data); err != nil {
		http.Error(w, "Internal error. It has been logged.", http.StatusInternalServerError)
		return fmt.Errorf("render page %s: %w", t.Name(), err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// An error of the write means that the client has gone; nobody is left to tell.
	_, _ = page.WriteTo(w)
	return nil
}

// UnknownParameters lists, sorted, the keys of a query that are not among the
// known ones, and those given more than once. A face refuses them rather than
// ignoring what the caller asked for.
func UnknownParameters(query url.Values, known ...string) []string {
	var bad []string
	for key, values := range query {
		if !slices.Contains(known, key) || len(values) > 1 {
			bad = append(bad, key)
		}
	}
	slices.Sort(bad)
	return bad
}
