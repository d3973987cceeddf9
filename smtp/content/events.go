package content

import "esasim/esa"

// Events hands out what is told of a message with this content, one after another:
// the kinds MessageIDSeen to AttachmentSeen, without time and MID.
func (c *Content) Events(yield func(esa.Event) bool) {
	if c.MessageID != "" && !yield(esa.Event{Kind: esa.MessageIDSeen, Text: c.MessageID}) {
		return
	}
	if c.HasSubject && !yield(esa.Event{Kind: esa.SubjectSeen, Text: c.Subject}) {
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
