package quarantine

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"esasim/appliance/letter"
	"esasim/appliance/successor"
	"esasim/esa"
)

// leave lets the message go from a quarantine as that does by itself, if it is in it
// and, unless room is wanted, its time is over.
func (s *step) leave(quarantine, how string) error {
	if !slices.Contains(s.m.Quarantines, quarantine) || how == expired && s.stay(quarantine).Until.After(s.now) {
		return nil // it was moved or delayed just now
	}
	if s.o.of(quarantine).Action == Delete {
		s.delete([]string{quarantine}, how)
		return nil
	}
	return s.release([]string{quarantine}, how)
}

// out says that the message left quarantines.
func (s *step) out(kind esa.Kind, names []string, how string) {
	for _, name := range names {
		t := s.now.Sub(s.stay(name).Since)
		s.say(esa.Event{Kind: kind, Name: name, Text: how, Size: int64(t.Seconds())})
	}
}

func (s *step) delete(names []string, how string) {
	if s.out(esa.QuarantineDeleted, names, how); len(s.m.Quarantines) == 0 {
		s.say(esa.Event{Kind: esa.QuarantineDeleted}, esa.Event{Kind: esa.MessageFinished, Text: "done"})
	}
}

// release lets the message go from quarantines, and if no other holds it, on.
func (s *step) release(names []string, how string) error {
	if slices.Equal(names, []string{Spam}) && len(s.m.Quarantines) == 1 {
		return s.reinject()
	}
	if s.out(esa.MessageReleased, names, how); len(s.m.Quarantines) > 0 {
		return nil
	}
	edit, err := s.edit()
	if err == nil && !edit.Empty() {
		err = s.rewrite(edit)
	}
	if errors.Is(err, successor.ErrUnreadable) {
		s.k.Logger.Error("message is released unchanged", "mid", s.m.MID, "error", err)
		edit, err = &letter.Edit{}, nil
	}
	if err == nil && edit.Empty() {
		s.say(esa.Event{Kind: esa.MessageReleased})
	}
	return err
}

// change is what the quarantines that let the message go by themselves want changed
// of it. It is done when the last has let it go, whoever that is.
func (s *step) change() Change {
	var out Change
	for _, e := range slices.Concat(s.m.Events, s.said) {
		switch {
		case e.Kind == esa.MessageReleased && e.Name == "":
			out = Change{} // that was done then
		case e.Kind == esa.MessageReleased && e.Text != manual:
			c := s.o.of(e.Name).Release
			out.Subject, out.Strip = c.Subject+out.Subject, out.Strip || c.Strip
			if c.Header != "" { // one more line of the header
				out.Header = strings.TrimPrefix(out.Header+"\n"+c.Header, "\n")
			}
		}
	}
	return out
}

// edit is that change of this message.
func (s *step) edit() (*letter.Edit, error) {
	c, e := s.change(), &letter.Edit{}
	if c.Subject != "" {
		e.Header = append(e.Header, letter.HeaderEdit{Op: letter.Replace, Name: "Subject", Value: c.Subject + s.m.OwnSubject()})
	}
	for line := range strings.Lines(c.Header) {
		name, value, _ := strings.Cut(line, ":")
		e.Header = append(e.Header, letter.HeaderEdit{Op: letter.Add, Name: name, Value: strings.TrimSpace(value)})
	}
	if !c.Strip {
		return e, nil
	}
	err := s.content(func(r io.Reader) error {
		l, err := letter.Read(r)
		if err != nil {
			return fmt.Errorf("%w: %w", successor.ErrUnreadable, err)
		}
		e.Strip = map[int]string{}
		for _, f := range l.Files() {
			e.Strip[f.Index] = "The attachment was removed when the message was released from quarantine."
		}
		return nil
	})
	return e, err
}

// rewrite makes the message that this one becomes when it is let go with a change. It
// comes into the work queue where this one would have.
func (s *step) rewrite(e *letter.Edit) error {
	made := successor.Of(s.m, successor.Recipients(s.m))
	if err := s.content(func(r io.Reader) error { return made.Edit(s.k.Log, r, e) }); err != nil {
		return err
	}
	how := ""
	if len(e.Strip) > 0 {
		how = "attachments stripped"
	}
	caught := s.m.Caught
	events := append(made.Begin(s.m), s.known()...)
	if s.m.Policy != "" {
		events = append(events, esa.Event{Kind: esa.Inherited, Other: s.m.MID, Name: s.m.Policy})
	}
	s.add(&made, append(events, made.Ready(), esa.Event{Kind: esa.MessageReleased, Text: how, Engine: caught}))
	s.say(esa.Event{Kind: esa.MessageRewritten, Other: made.MID, Text: "quarantine"}, esa.Event{Kind: esa.MessageFinished, Text: "done"})
	return nil
}

// known is what was found of the message, for one that is made from it.
func (s *step) known() []esa.Event {
	known := successor.Known{Verdicts: s.m.Verdicts, Listed: s.m.Listed, Behind: esa.Engines - 1, Asked: s.m.Asked, Files: s.m.Files}
	events := known.Inherited(s.m.MID, &s.m.Auth)
	for e, skip := range s.m.Skips {
		if skip {
			events = append(events, esa.Event{Kind: esa.Inherited, Other: s.m.MID, Engine: esa.Engine(e), Text: esa.StageSkipped})
		}
	}
	return events
}

// reinject makes the message that one from the spam quarantine is delivered as.
func (s *step) reinject() error {
	made := successor.Of(s.m, successor.Recipients(s.m))
	if err := s.content(func(r io.Reader) error { return made.Copy(s.k.Log, r, make([]byte, bufSize)) }); err != nil {
		return err
	}
	s.add(&made, append(append(made.Begin(s.m), s.known()...), made.Queued()))
	s.say(esa.Event{Kind: esa.MessageReinjected, Other: made.MID}, esa.Event{Kind: esa.MessageFinished, Text: "done"})
	return nil
}

// unreadable makes an error by which a message cannot be read a refusal.
func (s *step) unreadable(err error) error {
	if errors.Is(err, successor.ErrUnreadable) {
		return s.refuse(err)
	}
	return err
}
