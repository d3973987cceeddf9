package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"

	"esasim/appliance/letter"
	"esasim/appliance/quarantine"
	"esasim/esa"
)

// quarantines answers the calls of the emulator's own API about quarantines.
type quarantines struct {
	keeper *quarantine.Keeper
	logger *slog.Logger
}

// routes are the calls: method, path below apiPrefix, and who answers.
func (q *quarantines) routes(call func(method, name string, h http.HandlerFunc)) {
	call("GET", "quarantines", q.serveList)
	call("GET", "quarantines/messages", q.serveSearch)
	call("GET", "quarantines/messages/{mid}", q.serveMessage)
	call("GET", "quarantines/messages/{mid}/content", q.serveContent)
	call("GET", "quarantines/messages/{mid}/attachments/{part}", q.serveAttachment)
	for name, do := range map[string]func(context.Context, *order) (quarantine.Result, error){
		"release": func(ctx context.Context, o *order) (quarantine.Result, error) {
			return q.keeper.Release(ctx, o.MIDs, o.Quarantine)
		},
		"delete": func(ctx context.Context, o *order) (quarantine.Result, error) {
			return q.keeper.Delete(ctx, o.MIDs, o.Quarantine)
		},
		"move": func(ctx context.Context, o *order) (quarantine.Result, error) {
			return q.keeper.Move(ctx, o.MIDs, o.Quarantine, o.To)
		},
		"copy": func(ctx context.Context, o *order) (quarantine.Result, error) {
			return q.keeper.Copy(ctx, o.MIDs, o.Quarantine, o.To)
		},
		"send": func(ctx context.Context, o *order) (quarantine.Result, error) {
			return q.keeper.SendCopy(ctx, o.MIDs, o.Quarantine, o.Recipients)
		},
		"delay": func(ctx context.Context, o *order) (quarantine.Result, error) {
			by, err := quarantine.ParseDelay(o.For)
			if err != nil {
				return quarantine.Result{}, err
			}
			return q.keeper.Delay(ctx, o.MIDs, o.Quarantine, by)
		},
	} {
		call("POST", "quarantines/"+name, func(w http.ResponseWriter, r *http.Request) { q.operate(w, r, do) })
	}
}

type quarantineStatus struct {
	Name      string `json:"name"`
	Type      string `json:"type"` // spam or pvo, as in the AsyncOS API
	Messages  int    `json:"messages"`
	Size      int64  `json:"size"`
	Retention string `json:"retention"`
	Action    string `json:"action"`
	Gone      bool   `json:"not_configured,omitempty"`
}

func (q *quarantines) serveList(w http.ResponseWriter, _ *http.Request) {
	out := []quarantineStatus{}
	for _, s := range q.keeper.List() {
		kind := "pvo"
		if s.Name == quarantine.Spam {
			kind = "spam"
		}
		out = append(out, quarantineStatus{s.Name, kind, s.Messages, s.Size, s.Retention.String(), s.Action, s.Gone})
	}
	answer(w, http.StatusOK, map[string]any{"quarantines": out})
}

func (q *quarantines) serveSearch(w http.ResponseWriter, r *http.Request) {
	s, err := readHeldSearch(r)
	if err != nil {
		answer(w, http.StatusBadRequest, apiError{err.Error()})
		return
	}
	page, err := q.keeper.Search(r.Context(), s)
	if err != nil {
		q.refuse(w, r, err)
		return
	}
	out := []heldMessage{}
	for i := range page.Held {
		out = append(out, heldJSON(&page.Held[i]))
	}
	answer(w, http.StatusOK, map[string]any{"total": page.Total, "messages": out})
}

// midOf is the message that a call is about.
func midOf(w http.ResponseWriter, r *http.Request, known ...string) (esa.MID, bool) {
	_, err := parameters(r, known...)
	mid, bad := strconv.ParseUint(r.PathValue("mid"), 10, 64)
	if bad != nil || mid == 0 {
		err = fmt.Errorf("%.40q: want a MID", r.PathValue("mid"))
	}
	if err != nil {
		answer(w, http.StatusBadRequest, apiError{err.Error()})
	}
	return esa.MID(mid), err == nil
}

func (q *quarantines) serveMessage(w http.ResponseWriter, r *http.Request) {
	mid, ok := midOf(w, r)
	if !ok {
		return
	}
	h, err := q.keeper.Get(r.Context(), mid)
	if err != nil {
		q.refuse(w, r, err)
		return
	}
	out := heldJSON(&h)
	l, err := q.keeper.Letter(r.Context(), mid)
	if err != nil { // what is known of it is told all the same
		q.logger.Error("held message cannot be read", "mid", mid, "error", err)
		l = &letter.Letter{}
	}
	for _, f := range l.Header {
		out.Header = append(out.Header, field(f))
	}
	for _, p := range l.Parts {
		out.Parts = append(out.Parts, letterPart{p.Index, p.Type, p.Name, p.File, p.Size, p.SHA256, p.Text})
	}
	answer(w, http.StatusOK, out)
}

func (q *quarantines) serveContent(w http.ResponseWriter, r *http.Request) {
	mid, ok := midOf(w, r)
	if !ok {
		return
	}
	c, err := q.keeper.Content(r.Context(), mid)
	if err != nil {
		q.refuse(w, r, err)
		return
	}
	defer c.Close()
	download(w, "message/rfc822", mid.String()+".eml")
	if _, err := io.Copy(w, c); err != nil {
		panic(http.ErrAbortHandler) // so that nobody takes the rest for all of it
	}
}

// download has a browser keep what follows in a file: senders choose what it is.
func download(w http.ResponseWriter, kind, name string) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
}

func (q *quarantines) serveAttachment(w http.ResponseWriter, r *http.Request) {
	mid, ok := midOf(w, r)
	if !ok {
		return
	}
	l, err := q.keeper.Letter(r.Context(), mid)
	if err != nil {
		q.refuse(w, r, err)
		return
	}
	n, err := strconv.Atoi(r.PathValue("part"))
	if err != nil || n < 0 || n >= len(l.Parts) {
		answer(w, http.StatusNotFound, apiError{fmt.Sprintf("MID %d has no part %.40q", mid, r.PathValue("part"))})
		return
	}
	download(w, "application/octet-stream", cmp.Or(l.Parts[n].Name, fmt.Sprintf("part-%d", n)))
	if err := q.keeper.Part(r.Context(), mid, n, w); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// order is what an operation is to do.
type order struct {
	MIDs       []esa.MID `json:"mids"`
	Quarantine string    `json:"quarantine"` // that has them; empty: all that do
	To         string    `json:"to"`         // another quarantine: of move and copy
	Recipients []string  `json:"recipients"` // of send
	For        string    `json:"for"`        // of delay
}

type refusal struct {
	MID   esa.MID `json:"mid"`
	Error string  `json:"error"`
}

func (q *quarantines) operate(w http.ResponseWriter, r *http.Request, do func(context.Context, *order) (quarantine.Result, error)) {
	var o order
	if status, problem := readBody(w, r, &o); problem != "" {
		answer(w, status, apiError{`want {"mids": [1], "quarantine": "Policy"}: ` + problem})
		return
	}
	if len(o.MIDs) == 0 {
		answer(w, http.StatusBadRequest, apiError{`want {"mids": [1], "quarantine": "Policy"}: there are no mids`})
		return
	}
	res, err := do(r.Context(), &o)
	if err != nil {
		q.refuse(w, r, err)
		return
	}
	out := struct {
		Done    []esa.MID `json:"done"`
		Refused []refusal `json:"refused"`
	}{append([]esa.MID{}, res.Done...), []refusal{}}
	for _, f := range res.Refused {
		out.Refused = append(out.Refused, refusal{f.MID, f.Err.Error()})
	}
	status := http.StatusOK
	if len(out.Done) == 0 {
		status = http.StatusConflict
	}
	answer(w, status, out)
}

// refuse answers a call that cannot be done.
func (q *quarantines) refuse(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, quarantine.ErrInvalid):
		answer(w, http.StatusBadRequest, apiError{err.Error()})
	case errors.Is(err, quarantine.ErrUnknown):
		answer(w, http.StatusNotFound, apiError{err.Error()})
	case errors.Is(err, quarantine.ErrNotHeld):
		answer(w, http.StatusNotFound, apiError{fmt.Sprintf("MID %s is in no quarantine", r.PathValue("mid"))})
	default:
		if r.Context().Err() == nil {
			q.logger.Error("quarantines could not answer", "path", r.URL.Path, "error", err)
		}
		answer(w, http.StatusInternalServerError, apiError{"the quarantines could not answer; the log says why"})
	}
}
