// Package successor makes messages of other messages: what the work queue splits,
// rewrites or copies, and what quarantines change, copy or inject again.
//
// What it makes is not in the log yet. Whoever has it made adds its events and its
// content there, in one step with what is said of the message it was made from.
package successor

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"esasim/appliance/letter"
	"esasim/esa"
	"esasim/smtp/content"
)

// Content takes the bytes of a message that is made.
type Content interface {
	io.Writer
	Discard() error
}

// Log is what the making of messages needs of the event log.
type Log interface {
	NextMID() (esa.MID, error)
	NewContent(mid esa.MID) Content
}

// ErrUnreadable says that the message which another one is to be made of cannot be
// read.
var ErrUnreadable = errors.New("cannot be read")

// Message is a message that is made of another one.
type Message struct {
	MID     esa.MID
	From    string      // envelope sender
	To      []string    // envelope recipients
	Own     bool        // the appliance wrote it, and it goes out from here: nothing of the other one's sender holds of it
	Said    []esa.Event // of its content
	Size    int64
	Private bool    // its subject is not logged, as that of the message it is made of
	Content Content // nil until it is made
}

// Of is a message with sender and content of m, whose content is still to be made.
func Of(m *esa.Message, to []string) Message {
	return Message{From: m.Sender, To: to, Said: described(m), Size: m.Size, Private: m.Unlogged}
}

// described are the events that tell of a message's content.
func described(m *esa.Message) []esa.Event {
	var out []esa.Event
	for _, e := range m.Events {
		switch e.Kind {
		case esa.MessageIDSeen, esa.SubjectSeen, esa.HeaderSeen, esa.AttachmentSeen:
			e.ICID = 0
			out = append(out, e)
		}
	}
	return out
}

// Recipients are those that no other message has by now.
func Recipients(m *esa.Message) []string {
	var out []string
	for _, r := range m.Recipients {
		if r.State != esa.Replaced {
			out = append(out, r.Address)
		}
	}
	return out
}

// Begin are the events of its beginning. It did not come by a connection (ICID 0),
// but what is known of the sender of m, which it is made from, holds of it.
func (s *Message) Begin(m *esa.Message) []esa.Event {
	source := m.Source
	started := esa.Event{Kind: esa.MessageStarted, Other: m.MID, Source: &source, Text: m.HELO, Name: m.TLS, Address: m.User}
	if s.Own {
		started = esa.Event{Kind: esa.MessageStarted, Other: m.MID, Source: &esa.Source{Outgoing: true}}
	}
	events := []esa.Event{started, {Kind: esa.SenderGiven, Address: s.From}}
	for i, to := range s.To {
		events = append(events, esa.Event{Kind: esa.RecipientGiven, Address: to, RIDs: []esa.RID{esa.RID(i)}})
	}
	return append(events, s.Said...)
}

// Ready is the event that ends the entry by which it is accepted.
func (s *Message) Ready() esa.Event {
	return esa.Event{Kind: esa.MessageReady, Size: s.Size, Address: s.From}
}

// Queued is the event that ends the entry of one that meets no stage.
func (s *Message) Queued() esa.Event { return esa.Event{Kind: esa.MessageQueued, Size: s.Size} }

// Known is what was found of a message when another one was made from it.
type Known struct {
	Verdicts [esa.Engines]esa.Verdict
	Listed   bool              // that of antispam is of safelists and blocklists
	Behind   esa.Engine        // the last stage that the other one need not meet
	Skip     [esa.Engines]bool // stages behind that which it need not meet
	Asked    []esa.Hold        // where it goes to at the end
	Files    []esa.File        // what AMP says of single attachments
}

// Inherited are the events that say it of the other one; mid is the message's own.
func (k *Known) Inherited(mid esa.MID, a *esa.Authentication) []esa.Event {
	var events []esa.Event
	for _, e := range a.Events() {
		events = append(events, esa.Event{Kind: esa.Inherited, Other: mid, Name: e.Name, Text: e.Text})
	}
	for e := esa.MessageFilters; e <= k.Behind; e++ {
		inherited := esa.Event{Kind: esa.Inherited, Other: mid, Engine: e, Verdict: k.Verdicts[e]}
		if e == esa.AntiSpam && k.Listed {
			inherited.Text = esa.SLBL
		}
		events = append(events, inherited)
	}
	for e := k.Behind + 1; e < esa.Engines; e++ {
		if k.Skip[e] {
			events = append(events, esa.Event{Kind: esa.Inherited, Other: mid, Engine: e, Text: esa.StageSkipped})
		}
	}
	for _, f := range k.Files {
		events = append(events, esa.Event{Kind: esa.Inherited, Other: mid, Engine: esa.AMP, Verdict: f.Verdict, Name: f.Malware, Attachment: &esa.Attachment{SHA256: f.SHA256}})
	}
	for _, h := range k.Asked {
		events = append(events, esa.Event{Kind: esa.QuarantineAsked, Engine: h.Engine, Name: h.Quarantine, Text: h.Reason, Until: h.Until})
	}
	return events
}

// open begins a message and its content.
func (s *Message) open(l Log) (c Content, err error) {
	if s.MID, err = l.NextMID(); err != nil {
		return nil, err
	}
	return l.NewContent(s.MID), nil
}

// Copy gives it the content that r has; buf is room to copy through.
func (s *Message) Copy(l Log, r io.Reader, buf []byte) error {
	c, err := s.open(l)
	if err != nil {
		return err
	}
	to := sink{Content: c}
	if _, err := io.CopyBuffer(&to, struct{ io.Reader }{r}, buf); err != nil {
		return to.failed(err)
	}
	s.Content = c
	return nil
}

// sink is content that knows whether it was its own fault that it could not be
// written: then the store has failed, and the message is as readable as ever.
type sink struct {
	Content
	err error
}

func (s *sink) Write(b []byte) (int, error) {
	n, err := s.Content.Write(b)
	if err != nil && s.err == nil {
		s.err = err
	}
	return n, err
}

// failed discards what was written; err is what reading or writing came to.
func (s *sink) failed(err error) error {
	if s.err == nil {
		err = fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return errors.Join(err, s.Discard())
}

// Edit gives it the content that r has, changed.
func (s *Message) Edit(l Log, r io.Reader, edit *letter.Edit) error {
	out, edited := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		edited.CloseWithError(edit.Apply(edited, r))
	}()
	err := s.Write(l, out)
	out.CloseWithError(io.ErrClosedPipe) // the goroutine ends, however far it is
	<-done
	return err
}

// Write gives it content of its own, and says of it what that says of itself.
func (s *Message) Write(l Log, r io.Reader) error {
	c, err := s.open(l)
	if err != nil {
		return err
	}
	var n counter
	to := sink{Content: c}
	got, err := content.Scan(io.TeeReader(r, io.MultiWriter(&to, &n)))
	if err != nil {
		return to.failed(err)
	}
	got.Unlogged = s.Private
	s.Size, s.Said, s.Content = int64(n), slices.Collect(got.Events), c
	return nil
}

type counter int64

func (n *counter) Write(b []byte) (int, error) {
	*n += counter(len(b))
	return len(b), nil
}
