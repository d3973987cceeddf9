package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"esasim/appliance/details"
	"esasim/appliance/export"
	"esasim/esa"
	"esasim/internal/web"
	"esasim/tracking"
)

// tracker answers the calls of the emulator's own API that ask message tracking.
type tracker struct {
	store  *tracking.Store
	host   string // the appliance's name
	logger *slog.Logger
}

// routes are the calls by their path below apiPrefix; all are GET.
func (t *tracker) routes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"tracking/messages":       t.serveMessages,
		"tracking/messages/{mid}": t.serveMessage,
		"tracking/explain":        t.serveExplain,
	}
}

// messagesPage is a page of messages, or a message and its family.
type messagesPage struct {
	Messages []export.Message `json:"messages"`
	Next     esa.MID          `json:"next,omitempty"`
	Stopped  string           `json:"stopped,omitempty"`
}

// serveMessages answers a search: one page of it, or all of it as a stream.
func (t *tracker) serveMessages(w http.ResponseWriter, r *http.Request) {
	s, err := readSearch(r)
	switch {
	case err != nil:
		answer(w, http.StatusBadRequest, apiError{err.Error()})
	case s.format == "json":
		t.page(w, r, s)
	default:
		t.stream(w, r, s)
	}
}

// aSearch is what a call of tracking/messages asks for.
type aSearch struct {
	tracking.Query
	format string // json, jsonl or csv
	events bool
}

func readSearch(r *http.Request) (s aSearch, err error) {
	p, q, err := asked(r, "format", "before", "events")
	if err != nil {
		return s, err
	}
	s = aSearch{q, cmp.Or(p.Get("format"), "json"), p.Get("events") == "true"}
	if text := p.Get("before"); text != "" {
		before, err := strconv.ParseUint(text, 10, 64)
		if err != nil || before == 0 {
			return s, fmt.Errorf("before=%.40s: want a MID", text)
		}
		s.Before = esa.MID(before)
	}
	switch events := p.Get("events"); {
	case s.format != "json" && s.format != "jsonl" && s.format != "csv":
		return s, fmt.Errorf("format=%.40s: want json, jsonl or csv", s.format)
	case events != "" && events != "true" && events != "false":
		return s, fmt.Errorf("events=%.40s: want true or false", events)
	case s.events && s.format == "csv":
		return s, errors.New("events=true: CSV has no place for them")
	}
	return s, nil
}

func (t *tracker) page(w http.ResponseWriter, r *http.Request, s aSearch) {
	found, err := t.store.Search(r.Context(), s.Query)
	if err != nil {
		t.broken(w, r, err)
		return
	}
	page := messagesPage{Messages: []export.Message{}, Next: found.Next, Stopped: found.Stopped}
	for i := range found.Messages {
		m := export.JSON(&found.Messages[i])
		if s.events {
			m.Events = export.Lines(details.Lines(found.Messages[i].Events))
		}
		page.Messages = append(page.Messages, m)
	}
	answer(w, http.StatusOK, page)
}

func (t *tracker) stream(w http.ResponseWriter, r *http.Request, s aSearch) {
	write, kind, o := export.JSONLines, export.TypeJSONLines, export.Options{Host: t.host, Events: s.events}
	if s.format == "csv" {
		write, kind = export.CSV, export.TypeCSV
	}
	out := export.NewAnswer(w, kind, "")
	err := write(out, func(yield func(*esa.Message) error) error { return t.store.Each(r.Context(), s.Query, yield) }, o)
	if !out.End(err, func(err error) { t.log(r, err) }) {
		t.broken(w, r, err)
	}
}

// serveMessage answers with a message and those that it came from and became, as
// Message Details tells of them: with the events of their connections.
func (t *tracker) serveMessage(w http.ResponseWriter, r *http.Request) {
	mid, ok := midOf(w, r)
	if !ok {
		return
	}
	family, err := t.store.Family(r.Context(), mid)
	if errors.Is(err, tracking.ErrNotFound) {
		answer(w, http.StatusNotFound, apiError{fmt.Sprintf("no message with MID %d is tracked", mid)})
		return
	}
	page := messagesPage{}
	for i := 0; i < len(family) && err == nil; i++ {
		var m export.Message
		m, err = t.whole(r.Context(), &family[i])
		page.Messages = append(page.Messages, m)
	}
	if err != nil {
		t.broken(w, r, err)
		return
	}
	answer(w, http.StatusOK, page)
}

func (t *tracker) whole(ctx context.Context, m *esa.Message) (export.Message, error) {
	connection, err := t.store.Connection(ctx, m.ICID)
	if err != nil && !errors.Is(err, tracking.ErrNotFound) {
		return export.Message{}, err
	}
	out := export.JSON(m)
	out.Events = export.Lines(details.Whole(m, connection))
	return out, nil
}

// serveExplain makes a search for one page and answers with what it had to read,
// as text.
func (t *tracker) serveExplain(w http.ResponseWriter, r *http.Request) {
	_, q, err := asked(r)
	if err != nil {
		answer(w, http.StatusBadRequest, apiError{err.Error()})
		return
	}
	found, err := t.store.Search(r.Context(), q)
	if err != nil {
		t.broken(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	var b strings.Builder
	fmt.Fprintf(&b, "query: %s\nmatches on the page: %d\n", q, len(found.Messages))
	if found.Stopped != "" {
		fmt.Fprintf(&b, "stopped: %s; before=%d goes on\n", found.Stopped, found.Next)
	}
	b.WriteString(found.Explain.String())
	_, _ = w.Write([]byte(b.String())) // the client is gone; there is nobody to tell
}

// broken answers a question that message tracking could not. What went wrong is
// for the log.
func (t *tracker) broken(w http.ResponseWriter, r *http.Request, err error) {
	t.log(r, err)
	answer(w, http.StatusInternalServerError, apiError{"message tracking could not answer; the log says why"})
}

// log tells what went wrong, unless the client is gone.
func (t *tracker) log(r *http.Request, err error) {
	if r.Context().Err() == nil {
		t.logger.Error("message tracking could not answer", "path", r.URL.Path, "error", err)
	}
}

// asked reads the parameters of a call and the query that is one of them, q.
func asked(r *http.Request, known ...string) (url.Values, tracking.Query, error) {
	p, err := parameters(r, append(known, "q")...)
	if err != nil {
		return nil, tracking.Query{}, err
	}
	q, err := tracking.ParseQuery(p.Get("q"))
	return p, q, err
}

// parameters reads those of a call and refuses any that it does not know.
func parameters(r *http.Request, known ...string) (url.Values, error) {
	p, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, errors.New("what follows the question mark cannot be read; the query's text must be escaped, as by curl -G --data-urlencode")
	}
	if bad := web.UnknownParameters(p, known...); len(bad) > 0 {
		return nil, fmt.Errorf("unknown, or given more than once: %.200q: want %s", bad, cmp.Or(strings.Join(known, ", "), "none"))
	}
	return p, nil
}
