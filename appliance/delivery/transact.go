package delivery

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	gosmtp "github.com/emersion/go-smtp"

	"esasim/esa"
)

// transact hands the message over in one transaction, on the report's connection or
// a new one.
func (q *Queue) transact(r *report) {
	if l := r.link; l != nil {
		r.dcid = l.dcid
		if err := l.c.Noop(); err == nil {
			q.hand(r, l)
			return
		}
		// The host has closed it meanwhile, as it may.
		r.link = nil
		r.leave(l)
	}
	if l := q.connect(r); l != nil {
		r.link = l
		q.hand(r, l)
	}
}

// hand makes the transaction.
func (q *Queue) hand(r *report, l *link) {
	l.used++
	r.note(esa.Event{Kind: esa.DeliveryStarted, DCID: l.dcid, MID: r.job.mid, RIDs: rids(r.rcpts)})
	err := q.converse(r, l.c)
	switch reply, answered := replyOf(err); {
	case err == nil:
	case q.attempts.Err() != nil && !answered:
		r.called = true
	case errors.Is(err, errCannot):
		r.all(noAnswer + " " + err.Error())
	case answered:
		r.all(reply)
		if strings.HasPrefix(reply, "421") {
			r.closed(l)
			return
		}
	default:
		r.after = append(r.after, troubleAfter(r, l, err))
		r.all(noAnswer + " " + detailsOf(err))
		r.closed(l)
		return
	}
	if err != nil && !r.called && l.c.Reset() != nil { // no transaction is left open
		r.closed(l)
	}
}

// troubleAfter is the event of a network that failed when some may have had their
// answer.
func troubleAfter(r *report, l *link, err error) esa.Event {
	var t report
	t.dcid, t.job = r.dcid, r.job
	t.trouble(l.source, "", err)
	return t.before[0]
}

// errCannot is the reason of a message that this host can never be given.
var errCannot = errors.New(impossible)

// converse says MAIL, RCPT and DATA. Recipients that are refused have their reply
// in the report; the error is about all others.
func (q *Queue) converse(r *report, c *gosmtp.Client) error {
	utf8 := slices.ContainsFunc(r.rcpts, func(rcpt esa.Recipient) bool { return !ascii(rcpt.Address) }) || !ascii(r.m.Sender)
	if ok, _ := c.Extension("SMTPUTF8"); utf8 && !ok {
		return fmt.Errorf("%w: an address is not ASCII and the host does not offer SMTPUTF8", errCannot)
	}
	content, err := q.Log.Content(r.job.mid)
	if err != nil {
		q.Logger.Error("content not delivered", "mid", r.job.mid, "error", err)
		return fmt.Errorf("%w: the message as received is no longer kept", errCannot)
	}
	defer content.Close()
	if err := c.Mail(r.m.Sender, &gosmtp.MailOptions{UTF8: utf8, Size: r.m.Size}); err != nil {
		return err
	}
	taken := 0
	for i, rcpt := range r.rcpts {
		err := c.Rcpt(rcpt.Address, nil)
		if reply, ok := replyOf(err); ok {
			r.replies[i] = reply
			continue
		}
		if err != nil {
			return err
		}
		taken++
	}
	if taken == 0 {
		return c.Reset()
	}
	return q.data(r, c, content)
}

// data sends the message.
func (q *Queue) data(r *report, c *gosmtp.Client, content io.Reader) error {
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := io.CopyBuffer(w, r.by.Headers.Deliver(&r.m, content), make([]byte, 32<<10)); err != nil {
		return err // without the final dot
	}
	answer, err := w.CloseWithResponse()
	if err != nil {
		return err
	}
	r.all("250 " + clip(strings.ReplaceAll(answer.StatusText, "\n", " ")))
	return nil
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}
