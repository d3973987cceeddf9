package content

import "esasim/esa"

// Events hands out what is told of a message with this content, one after another:
// the kinds MessageIDSeen to AttachmentSeen, without time and MID.
func (c *Content) Events(yield func(esa.Event) bool) {
	if c.MessageID != "" && !yield(esa.Event{Kind: esa.MessageIDSeen, Text: c.MessageID}) {
		return
	}
	if (c.HasSubject || c.Unlogged) && !yield(c.subject()) {
		return
	}
	for _, h := range [...]struct{ name, text string }{{"From", c.From}, {"Reply-To", c.ReplyTo}, {"Date", c.Date}} {
		if h.text != "" && !yield(esa.Event{Kind: esa.HeaderSeen, Name: h.name, Text: h.text}) {
			return
		}
	}
	for i := range c.Attachments {
		if !yield(esa.Event{Kind: esa.AttachmentSeen, Attachment: &c.Attachments[i]}) {
			return
		}
	}
}

// subject is what is told of the subject.
func (c *Content) subject() esa.Event {
	if c.Unlogged {
		return esa.Event{Kind: esa.SubjectSeen, Name: esa.Unlogged, Address: c.Subject}
	}
	return esa.Event{Kind: esa.SubjectSeen, Text: c.Subject}
}
