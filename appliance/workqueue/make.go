package workqueue

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"esasim/appliance/dsn"
	"esasim/appliance/letter"
	"esasim/appliance/stage"
	"esasim/appliance/successor"
	"esasim/esa"
)

// Content takes the bytes of a message that is made.
type Content = successor.Content

// readable lets a message go on whose content cannot be read, and says so.
func (p *passage) readable(err error) error {
	if errors.Is(err, successor.ErrUnreadable) {
		p.q.Logger.Error("message goes on unchanged", "mid", p.m.MID, "error", err)
		return nil
	}
	return err
}

// add adds the events of a message that was made.
func (p *passage) add(mid esa.MID, events []esa.Event) {
	for i := range events {
		events[i].Time, events[i].MID = p.now, mid
	}
	p.made = append(p.made, events)
}

// inherited is what was found so far, for the message that goes on behind a stage.
func (p *passage) inherited(behind esa.Engine) []esa.Event {
	found, listed := p.m.Verdicts, p.m.Listed
	for i := range p.said {
		if e := &p.said[i]; e.Kind == esa.EngineVerdict {
			found[e.Engine] = e.Verdict
			listed = listed && e.Engine != esa.AntiSpam || e.IsListed()
		}
	}
	known := successor.Known{Verdicts: found, Listed: listed, Behind: behind, Skip: p.skip, Asked: p.asked, Files: p.files()}
	return known.Inherited(p.m.MID, &p.m.Auth)
}

// files is what was found of single attachments so far.
func (p *passage) files() []esa.File {
	m := esa.Message{Files: slices.Clone(p.m.Files)}
	for i := range p.said {
		if p.said[i].Kind == esa.FileJudged {
			m.Add(p.said[i : i+1])
		}
	}
	return m.Files
}

// split makes a message for recipients that match another policy, or of whom a stage of
// the same one may say something else. It comes back into the queue as one that has met
// the message filters.
func (p *passage) split(policy string, rids []esa.RID) error {
	s := successor.Of(p.m, nil)
	for _, rid := range rids {
		for _, r := range p.m.Recipients {
			if r.RID == rid {
				s.To = append(s.To, r.Address)
			}
		}
	}
	if err := p.copyContent(&s); err != nil {
		return err
	}
	p.say(esa.Event{Kind: esa.MessageSplit, Other: s.MID, RIDs: rids, Name: policy})
	p.m.Add(p.said[len(p.said)-1:]) // the stages see it without them
	events := append(s.Begin(p.m), p.inherited(esa.MessageFilters)...)
	p.add(s.MID, append(events, s.Ready()))
	return nil
}

// rewrite makes the message that this one becomes. It comes back into the queue
// behind the stage that wants it.
func (p *passage) rewrite(by esa.Engine, w *stage.Want) error {
	s := successor.Of(p.m, w.To)
	if len(s.To) == 0 {
		s.To = successor.Recipients(p.m)
	}
	if w.Edit.Empty() {
		if err := p.copyContent(&s); err != nil {
			return err
		}
	} else if err := p.editContent(&s, &w.Edit); err != nil {
		return err
	}
	p.say(esa.Event{Kind: esa.MessageRewritten, Other: s.MID, Engine: by, Text: w.By}, esa.Event{Kind: esa.MessageFinished, Text: "done"})
	events := append(s.Begin(p.m), p.inherited(max(by, p.m.Caught, p.m.Passed))...)
	if p.job.Policy != "" {
		events = append(events, esa.Event{Kind: esa.Inherited, Other: p.m.MID, Name: p.job.Policy})
	}
	p.add(s.MID, append(events, s.Ready()))
	return nil
}

// copy makes a message beside this one: a copy, or a notification. It is delivered
// at once unless it is to meet the stages itself, or to be held.
func (p *passage) copy(by esa.Engine, c *stage.Copy) error {
	var end []esa.Event
	if c.Hold != nil {
		h, ok := p.q.hold(esa.Hold{Quarantine: c.Hold.Quarantine, Engine: by, Reason: c.Hold.Reason}, p.m.MID, p.now)
		if !ok {
			return nil
		}
		end = []esa.Event{held(&h)}
	}
	s := successor.Of(p.m, c.To)
	s.Own = c.Content != nil
	if c.From != "" || c.Null {
		s.From = c.From
	}
	if err := p.copyOf(&s, c); err != nil {
		return err
	}
	switch {
	case c.Scan:
		end = append(p.onlyOnce(by), s.Ready())
	case c.Hold != nil:
		end = []esa.Event{s.Ready(), end[0]}
	default:
		end = []esa.Event{s.Queued()}
	}
	p.say(esa.Event{Kind: esa.MessageGenerated, Other: s.MID, Text: c.By})
	p.add(s.MID, append(s.Begin(p.m), end...))
	return nil
}

// onlyOnce keeps a copy that is to be scanned from filters that made it, or a
// message that it comes from: they would make another one, and so for ever.
func (p *passage) onlyOnce(by esa.Engine) (events []esa.Event) {
	for _, e := range []esa.Engine{esa.MessageFilters, esa.ContentFilters} {
		if e == by || p.skip[e] {
			events = append(events, esa.Event{Kind: esa.Inherited, Other: p.m.MID, Engine: e, Text: esa.StageSkipped})
		}
	}
	return events
}

// copyOf gives a copy its content.
func (p *passage) copyOf(s *successor.Message, c *stage.Copy) error {
	switch {
	case c.Content == nil && c.Edit.Empty():
		return p.copyContent(s)
	case c.Content == nil:
		return p.editContent(s, &c.Edit)
	case !c.Attach:
		return p.keep(s, s.Write(p.q.Log, bytes.NewReader(c.Content)))
	}
	return p.read(s, func(r io.Reader) error {
		return s.Write(p.q.Log, io.MultiReader(bytes.NewReader(c.Content), r, bytes.NewReader(c.Tail)))
	})
}

// rids are the recipients that no other message has by now.
func (p *passage) rids() (out []esa.RID) {
	for i := range p.m.Recipients {
		if r := &p.m.Recipients[i]; r.State != esa.Replaced {
			out = append(out, r.RID)
		}
	}
	return out
}

// bounce ends the message and tells its sender.
func (p *passage) bounce(by esa.Engine, w *stage.Want) error {
	p.say(esa.Event{Kind: esa.MessageBounced, Engine: by, RIDs: p.rids(), Name: w.Reason, Text: w.Bounce})
	if p.q.o.Bounces {
		k := dsn.Maker{Log: p.q.Log, Host: p.q.o.Host, Logger: p.q.Logger}
		made, said, err := k.Bounce(p.m, slices.Clone(p.said[len(p.said)-1:]), p.now)
		if err != nil {
			return err
		}
		p.said = append(p.said, said...)
		if made != nil {
			c := p.q.Log.NewContent(made.MID)
			p.kept, p.made = append(p.kept, c), append(p.made, made.Events)
			if _, err := c.Write(made.Content); err != nil {
				return fmt.Errorf("bounce MID %d: %w", p.m.MID, err)
			}
		}
	}
	p.say(esa.Event{Kind: esa.MessageFinished, Text: "aborted"})
	return nil
}

// copyContent gives a successor the content of this message.
func (p *passage) copyContent(s *successor.Message) error {
	return p.read(s, func(r io.Reader) error { return s.Copy(p.q.Log, r, p.job.Buffer()[:cap(p.job.Buffer())]) })
}

// editContent gives a successor the content of this message, changed.
func (p *passage) editContent(s *successor.Message, edit *letter.Edit) error {
	return p.read(s, func(r io.Reader) error { return s.Edit(p.q.Log, r, edit) })
}

// read has the content of a successor made of that of this message.
func (p *passage) read(s *successor.Message, make func(io.Reader) error) error {
	r, err := p.job.Content()
	if err != nil {
		return fmt.Errorf("%w: %w", successor.ErrUnreadable, err)
	}
	defer r.Close()
	return p.keep(s, make(r))
}

// keep keeps the content of a successor, if it could be made.
func (p *passage) keep(s *successor.Message, err error) error {
	if err == nil {
		p.kept = append(p.kept, s.Content)
	}
	return err
}
