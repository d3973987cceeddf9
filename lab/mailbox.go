package lab

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"esasim/appliance/export"
	"esasim/appliance/mailbox"
	"esasim/esa"
	"esasim/tracking"
)

// mailboxes answers the calls of the emulator's own API about mailboxes behind the
// simulated hosts.
type mailboxes struct {
	boxes  *mailbox.Mailboxes
	logger *slog.Logger
}

// letterPage is a part of what is in a mailbox.
type letterPage struct {
	Messages []mailboxLetter `json:"messages"`
	Next     esa.MID         `json:"next,omitempty"`
}

type mailboxLetter struct {
	MID       esa.MID `json:"mid"`
	Arrived   string  `json:"arrived"` // RFC 3339, UTC
	Sender    string  `json:"sender"`  // of the envelope
	From      string  `json:"from,omitempty"`
	Subject   string  `json:"subject"`
	MessageID string  `json:"message_id,omitempty"`
	Size      int64   `json:"size"` // as received, without the header fields that were added
}

func (b *mailboxes) serveList(w http.ResponseWriter, r *http.Request) {
	p, err := parameters(r, "before", "limit")
	if err != nil {
		answer(w, http.StatusBadRequest, apiError{err.Error()})
		return
	}
	before, err := strconv.ParseUint(cmp.Or(p.Get("before"), "0"), 10, 64)
	if err != nil {
		answer(w, http.StatusBadRequest, apiError{fmt.Sprintf("before=%.40s: want a MID", p.Get("before"))})
		return
	}
	limit, err := strconv.Atoi(cmp.Or(p.Get("limit"), strconv.Itoa(tracking.DefaultLimit)))
	if err != nil || limit < 1 || limit > tracking.MaxLimit {
		answer(w, http.StatusBadRequest, apiError{fmt.Sprintf("limit=%.40s: want a number from 1 to %d", p.Get("limit"), tracking.MaxLimit)})
		return
	}
	found, err := b.boxes.List(r.Context(), r.PathValue("address"), esa.MID(before), limit)
	if err != nil {
		b.broken(w, r, err)
		return
	}
	page := letterPage{Messages: []mailboxLetter{}, Next: found.Next}
	for i := range found.Letters {
		l, m := &found.Letters[i], &found.Letters[i].Message
		page.Messages = append(page.Messages, mailboxLetter{m.MID, l.Arrived.UTC().Format(time.RFC3339Nano), m.Sender, m.HeaderFrom, m.OwnSubject(), m.MessageID, m.Size})
	}
	answer(w, http.StatusOK, page)
}

// serveLetter answers with a message as it was delivered. A browser saves it and
// does not show it: it is somebody else's text.
func (b *mailboxes) serveLetter(w http.ResponseWriter, r *http.Request) {
	mid, ok := midOf(w, r)
	if !ok {
		return
	}
	l, err := b.boxes.Letter(r.Context(), r.PathValue("address"), mid)
	if err != nil {
		b.broken(w, r, err)
		return
	}
	content, err := b.boxes.Open(&l)
	if err != nil {
		b.broken(w, r, err)
		return
	}
	defer content.Close()
	out := export.NewAnswer(w, "message/rfc822", fmt.Sprintf("%d.eml", mid))
	_, err = io.Copy(out, content)
	if !out.End(err, func(err error) { b.log(r, err) }) {
		b.broken(w, r, err)
	}
}

// serveRemove takes a message out of a mailbox.
func (b *mailboxes) serveRemove(w http.ResponseWriter, r *http.Request) {
	p, err := parameters(r, "reason")
	if err == nil && (len(p.Get("reason")) > mostReason || strings.ContainsFunc(p.Get("reason"), unicode.IsControl)) {
		err = fmt.Errorf("reason: want one line of at most %d bytes", mostReason)
	}
	if err != nil {
		answer(w, http.StatusBadRequest, apiError{err.Error()})
		return
	}
	mid, ok := midOf(w, r, "reason")
	if !ok {
		return
	}
	if err := b.boxes.Remove(r.Context(), r.PathValue("address"), mid, cmp.Or(p.Get("reason"), "manual")); err != nil {
		b.broken(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// mostReason is how long the reason for a remediation may be.
const mostReason = 200

// broken answers why there is no answer. What a caller cannot mend is for the log.
func (b *mailboxes) broken(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, mailbox.ErrNone):
		answer(w, http.StatusNotFound, apiError{err.Error()})
	case errors.Is(err, mailbox.ErrGone):
		answer(w, http.StatusGone, apiError{err.Error() + "; see appliance.tracking.content_keep and content_max_size"})
	default:
		b.log(r, err)
		answer(w, http.StatusInternalServerError, apiError{"the mailbox could not be read; the log says why"})
	}
}

func (b *mailboxes) log(r *http.Request, err error) {
	if r.Context().Err() == nil {
		b.logger.Error("mailbox not read", "path", r.URL.Path, "error", err)
	}
}
