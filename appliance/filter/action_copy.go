package filter

import (
	"fmt"
	"maps"
	"slices"

	"esasim/appliance/letter"
	"esasim/appliance/stage"
)

// maxCopies is how many messages the filters of a stage make of one at most.
const maxCopies = 100

func (v *view) copy(c stage.Copy) {
	if v.copies++; v.copies <= maxCopies && len(c.To) > 0 {
		v.found.Want.Copies = append(v.found.Want.Copies, c)
	}
}

// soFar is what was changed by now: a copy has it, too.
func (v *view) soFar() letter.Edit {
	e := v.found.Want.Edit
	e.Header, e.Strip = slices.Clone(e.Header), maps.Clone(e.Strip)
	return e
}

func copyVerbs() map[string]verb {
	return map[string]verb{
		"bcc": {min: 1, max: 3, make: bcc(false)}, "bcc-scan": {min: 1, max: 3, make: bcc(true)},
		"notify": {min: 1, max: 5, make: notify(false)}, "notify-copy": {min: 1, max: 5, make: notify(true)},
	}
}

// bcc sends a copy: to whom, the subject, the return address.
func bcc(scan bool) func(*compiler, *call) (action, error) {
	return func(_ *compiler, c *call) (action, error) {
		to, err := recipients(c, 0)
		if err != nil {
			return nil, err
		}
		words, err := c.texts()
		if err != nil {
			return nil, err
		}
		words = append(words, "", "")
		subject, from := newTemplate(words[1]), newTemplate(words[2])
		return func(v *view) (bool, error) {
			out := stage.Copy{By: v.by(), Scan: scan, Edit: v.soFar()}
			var err error
			if out.To, err = to.of(v); err != nil {
				return false, err
			}
			if out.From, err = from.address(v); err != nil {
				return false, err
			}
			s, err := subject.line(v)
			if s != "" {
				out.Edit.Header = append(out.Edit.Header, letter.HeaderEdit{Op: letter.Replace, Name: "Subject", Value: s})
			}
			v.copy(out)
			return false, err
		}, nil
	}
}

// note is a notification.
type note struct {
	to            addressList
	subject, text template
	from          template // the return address; nothing: the null sender
	whole         bool     // with a copy of the message
}

// What a notification says that has no text of its own.
const (
	noteSubject = "Message Notification"
	noteText    = "A message matched the filter \"$FilterName\".\n\nMessage: MID $MID\nSender: $EnvelopeFrom\nRecipients: $EnvelopeRecipients\nSubject: $Subject\nAttachments: $filenames\nReceived: $Timestamp\n"
)

// notify tells somebody: whom, the subject, the return address, and the text: a text
// resource, or behind an empty name the text itself.
func notify(whole bool) func(*compiler, *call) (action, error) {
	return func(c *compiler, call *call) (action, error) {
		to, err := recipients(call, 0)
		if err != nil {
			return nil, err
		}
		words, err := call.texts()
		if err != nil {
			return nil, err
		}
		words = append(words, "", "", "", "")
		body, ok := noteText, true
		if words[3] != "" {
			body, ok = c.texts[words[3]]
		} else if words[4] != "" {
			body = words[4]
		}
		if !ok {
			return nil, fmt.Errorf("there is no text resource %q", words[3])
		}
		if words[1] == "" {
			words[1] = noteSubject
		}
		n := note{to: to, subject: newTemplate(words[1]), text: newTemplate(body), from: newTemplate(words[2]), whole: whole}
		return n.send, nil
	}
}

func (n *note) send(v *view) (bool, error) {
	to, err := n.to.of(v)
	if err != nil {
		return false, err
	}
	from, err := n.from.address(v)
	if err != nil {
		return false, err
	}
	c := stage.Copy{To: to, From: from, Null: from == "", By: v.by(), Attach: n.whole}
	c.Content, c.Tail, err = n.content(v, to)
	v.copy(c)
	return false, err
}

// content is the notification, in two parts if the message comes between them.
func (n *note) content(v *view, to []string) (head, tail []byte, err error) {
	subject, err := n.subject.line(v)
	if err != nil {
		return nil, nil, err
	}
	text, err := n.text.of(v, maxLetter)
	if err != nil {
		return nil, nil, err
	}
	out := stage.Note{Host: v.set.host, About: v.m, Number: v.copies, To: to, Subject: subject, Text: text}
	if !n.whole {
		return out.Bytes(), nil, nil
	}
	head = fmt.Appendf(out.Head(), "Content-Type: multipart/mixed; boundary=\"%s\"\r\n\r\n--%s\r\n", out.ID(), out.ID())
	head = fmt.Appendf(append(head, out.Part()...), "--%s\r\nContent-Type: message/rfc822\r\n\r\n", out.ID())
	return head, fmt.Appendf(nil, "\r\n--%s--\r\n", out.ID()), nil
}
