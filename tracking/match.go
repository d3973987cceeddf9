package tracking

import (
	"slices"
	"strings"

	"golang.org/x/text/cases"

	"esasim/esa"
)

// matcher makes the test of one message. Texts compare by Unicode case folding,
// as AsyncOS compares without regard to case.
func (q *Query) matcher() func(*esa.Message) bool {
	sender, recipient := q.Sender.matcher(), q.Recipient.matcher()
	subject, attachment := q.Subject.matcher(), q.Attachment.matcher()
	id, sha := trimID(q.MessageID), strings.ToLower(q.SHA256)
	return func(m *esa.Message) bool {
		return (q.MID == 0 || m.MID == q.MID) &&
			(q.ICID == 0 || m.ICID == q.ICID) &&
			(q.From.IsZero() || !m.Received.Before(q.From)) &&
			(q.To.IsZero() || m.Received.Before(q.To)) &&
			(id == "" || strings.EqualFold(trimID(m.MessageID), id)) &&
			(!q.SenderIP.IsValid() || q.SenderIP.Contains(m.Source.Remote.Unmap())) &&
			(q.Direction == nil || m.Direction == *q.Direction) &&
			sender(m.Sender) && subject(m.Subject) &&
			(q.Recipient.Value == "" || slices.ContainsFunc(m.Recipients, func(r esa.Recipient) bool { return recipient(r.Address) })) &&
			(q.Attachment.Value == "" || slices.ContainsFunc(m.Attachments, func(a esa.Attachment) bool { return attachment(a.Name) })) &&
			(sha == "" || slices.ContainsFunc(m.Attachments, func(a esa.Attachment) bool { return a.SHA256 == sha }))
	}
}

// trimID takes the angle brackets off a message-id: people search for it with
// and without.
func trimID(s string) string {
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(s), "<"), ">")
}

func (t Text) matcher() func(string) bool {
	if t.Value == "" {
		return func(string) bool { return true }
	}
	fold := cases.Fold()
	want := fold.String(t.Value)
	switch t.Op {
	case Is:
		return func(s string) bool { return fold.String(s) == want }
	case Contains:
		return func(s string) bool { return strings.Contains(fold.String(s), want) }
	default:
		return func(s string) bool { return strings.HasPrefix(fold.String(s), want) }
	}
}
