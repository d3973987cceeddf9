package workqueue

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"esasim/appliance/dsn"
	"esasim/appliance/stage"
	"esasim/esa"
	"esasim/smtp/content"
)

// Content takes the bytes of a message that is made.
type Content interface {
	io.Writer
	Discard() error
}

// errUnreadable says that a message cannot be read, so that none can be made of it.
// It goes on as it is then: one message must not stop the others.
var errUnreadable = errors.New("cannot be read")

// readable lets a message go on whose content cannot be read, and says so.
func (p *passage) readable(err error) error {
	if errors.Is(err, errUnreadable) {
		p.q.Logger.Error("message goes on unchanged", "mid", p.m.MID, "error", err)
		return nil
	}
	return err
}

// successor is a message that is made of another one.
type successor struct {
	mid  esa.MID
	from string
	to   []string
	said []esa.Event // of its content
	size int64
}

// begin are the events of its beginning. It did not come by a connection (ICID 0),
// but what is known of the other one's sender holds of it.
func (p *passage) begin(s *successor) []esa.Event {
	source := p.m.Source
	events := []esa.Event{
		{Kind: esa.MessageStarted, Other: p.m.MID, Source: &source, Text: p.m.HELO, Name: p.m.TLS, Address: p.m.User},
		{Kind: esa.SenderGiven, Address: s.from},
	}
	for i, to := range s.to {
		events = append(events, esa.Event{Kind: esa.RecipientGiven, Address: to, RIDs: []esa.RID{esa.RID(i)}})
	}
	return append(events, s.said...)
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
	found := p.m.Verdicts
	for i := range p.said {
		if e := &p.said[i]; e.Kind == esa.EngineVerdict {
			found[e.Engine] = e.Verdict
		}
	}
	var events []esa.Event
	for _, e := range p.m.Auth.Events() {
		events = append(events, esa.Event{Kind: esa.Inherited, Other: p.m.MID, Name: e.Name, Text: e.Text})
	}
	for e := esa.MessageFilters; e <= behind; e++ {
		events = append(events, esa.Event{Kind: esa.Inherited, Other: p.m.MID, Engine: e, Verdict: found[e]})
	}
	for e := behind + 1; e < esa.Engines; e++ {
		if p.skip[e] {
			events = append(events, esa.Event{Kind: esa.Inherited, Other: p.m.MID, Engine: e, Text: esa.StageSkipped})
		}
	}
	for _, h := range p.asked {
		events = append(events, esa.Event{Kind: esa.QuarantineAsked, Engine: h.Engine, Name: h.Quarantine, Text: h.Reason})
	}
	return events
}

// split makes a message for the recipients that match another policy. It comes back
// into the queue as one that has met the message filters.
func (p *passage) split(policy *Policy, rids []esa.RID) error {
	s := successor{from: p.m.Sender, said: p.described(), size: p.m.Size}
	for _, rid := range rids {
		for _, r := range p.m.Recipients {
			if r.RID == rid {
				s.to = append(s.to, r.Address)
			}
		}
	}
	if err := p.copyContent(&s); err != nil {
		return err
	}
	p.say(esa.Event{Kind: esa.MessageSplit, Other: s.mid, RIDs: rids, Name: policy.Name})
	events := append(p.begin(&s), p.inherited(esa.MessageFilters)...)
	p.add(s.mid, append(events, esa.Event{Kind: esa.MessageReady, Size: s.size, Address: s.from}))
	return nil
}

// rewrite makes the message that this one becomes. It comes back into the queue
// behind the stage that wants it.
func (p *passage) rewrite(by esa.Engine, w *stage.Want) error {
	s := successor{from: p.m.Sender, to: w.To, said: p.described(), size: p.m.Size}
	if len(s.to) == 0 {
		s.to = p.recipients()
	}
	if w.Edit.Empty() {
		if err := p.copyContent(&s); err != nil {
			return err
		}
	} else if err := p.editContent(&s, w); err != nil {
		return err
	}
	p.say(esa.Event{Kind: esa.MessageRewritten, Other: s.mid, Engine: by, Text: w.By}, esa.Event{Kind: esa.MessageFinished, Text: "done"})
	events := append(p.begin(&s), p.inherited(by)...)
	if p.job.Policy != "" {
		events = append(events, esa.Event{Kind: esa.Inherited, Other: p.m.MID, Name: p.job.Policy})
	}
	p.add(s.mid, append(events, esa.Event{Kind: esa.MessageReady, Size: s.size, Address: s.from}))
	return nil
}

// recipients are those that no other message has by now.
func (p *passage) recipients() []string {
	gone := map[esa.RID]bool{}
	for i := range p.said {
		if p.said[i].Kind == esa.MessageSplit {
			for _, rid := range p.said[i].RIDs {
				gone[rid] = true
			}
		}
	}
	var out []string
	for _, r := range p.m.Recipients {
		if r.State != esa.Replaced && !gone[r.RID] {
			out = append(out, r.Address)
		}
	}
	return out
}

// copy makes a message beside this one: a copy, or a notification. It is delivered
// at once unless it is to meet the stages itself.
func (p *passage) copy(c *stage.Copy) error {
	s := successor{from: p.m.Sender, to: c.To, said: p.described(), size: p.m.Size}
	if c.Null {
		s.from = ""
	}
	var err error
	if c.Content == nil {
		err = p.copyContent(&s)
	} else {
		err = p.keep(&s, bytes.NewReader(c.Content))
	}
	if err != nil {
		return err
	}
	p.say(esa.Event{Kind: esa.MessageGenerated, Other: s.mid, Text: c.By})
	end := esa.Event{Kind: esa.MessageQueued}
	if c.Scan {
		end = esa.Event{Kind: esa.MessageReady, Size: s.size, Address: s.from}
	}
	p.add(s.mid, append(p.begin(&s), end))
	return nil
}

// bounce ends the message and tells its sender.
func (p *passage) bounce(by esa.Engine, w *stage.Want) error {
	p.say(esa.Event{Kind: esa.MessageBounced, Engine: by, Name: w.Reason, Text: w.Bounce})
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

// described are the events that tell of the message's content.
func (p *passage) described() []esa.Event {
	var out []esa.Event
	for _, e := range p.m.Events {
		switch e.Kind {
		case esa.MessageIDSeen, esa.SubjectSeen, esa.HeaderSeen, esa.AttachmentSeen:
			e.ICID = 0
			out = append(out, e)
		}
	}
	return out
}

// open begins a message and its content.
func (p *passage) open(s *successor) (c Content, err error) {
	if s.mid, err = p.q.Log.NextMID(); err != nil {
		return nil, err
	}
	return p.q.Log.NewContent(s.mid), nil
}

// copyContent gives a successor the content of this message.
func (p *passage) copyContent(s *successor) error {
	r, err := p.job.Content()
	if err != nil {
		return fmt.Errorf("%w: %w", errUnreadable, err)
	}
	defer r.Close()
	c, err := p.open(s)
	if err != nil {
		return err
	}
	if _, err := io.CopyBuffer(struct{ io.Writer }{c}, struct{ io.Reader }{r}, p.job.Buffer()[:cap(p.job.Buffer())]); err != nil {
		return errors.Join(fmt.Errorf("%w: %w", errUnreadable, err), c.Discard())
	}
	p.kept = append(p.kept, c)
	return nil
}

// editContent gives a successor the content of this message, changed.
func (p *passage) editContent(s *successor, w *stage.Want) error {
	src, err := p.job.Content()
	if err != nil {
		return fmt.Errorf("%w: %w", errUnreadable, err)
	}
	defer src.Close()
	r, edited := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		edited.CloseWithError(w.Edit.Apply(edited, src))
	}()
	err = p.keep(s, r)
	r.CloseWithError(io.ErrClosedPipe) // the goroutine ends, however far it is
	<-done
	return err
}

// keep gives a successor new content, and says of it what it says of itself.
func (p *passage) keep(s *successor, r io.Reader) error {
	c, err := p.open(s)
	if err != nil {
		return err
	}
	var n counter
	got, err := content.Scan(io.TeeReader(r, io.MultiWriter(c, &n)))
	if err != nil {
		return errors.Join(fmt.Errorf("%w: %w", errUnreadable, err), c.Discard())
	}
	s.size, s.said = int64(n), slices.Collect(got.Events)
	p.kept = append(p.kept, c)
	return nil
}

type counter int64

func (n *counter) Write(b []byte) (int, error) {
	*n += counter(len(b))
	return len(b), nil
}
