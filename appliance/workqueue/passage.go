package workqueue

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"esasim/appliance/stage"
	"esasim/esa"
)

// passage is one message's way through the queue. What is to be told of it, and of
// the messages made of it, becomes one step of the log: after a crash all of it is
// there, or none, and then the message is taken up again.
type passage struct {
	q     *Queue
	m     *esa.Message
	job   *stage.Job
	now   time.Time
	said  []esa.Event       // of the message
	made  [][]esa.Event     // entries of messages made of it
	kept  []Content         // their contents
	asked []esa.Hold        // where it goes to at the end
	skip  [esa.Engines]bool // stages it does not meet
}

// walk takes the message through the stages that it has to meet.
func (p *passage) walk() error {
	p.dmarc()
	if p.meets(esa.MessageFilters) {
		if ended, err := p.meet(p.q.filters(p.m.Direction)); ended || err != nil {
			return err
		}
	}
	policy, err := p.policy()
	if policy == nil || err != nil {
		return err
	}
	p.job.Policy = policy.Name
	for _, s := range policy.Stages {
		if !p.meets(s.Engine) {
			continue
		}
		if ended, err := p.meet(s); ended || err != nil {
			return err
		}
	}
	p.end()
	return nil
}

// dmarc has a message held whose sender's domain asks for that, if the appliance
// does as it is asked. Source: AsyncOS user guide, "DMARC Verification": it goes to
// the quarantine Policy.
func (p *passage) dmarc() {
	if d := &p.m.Auth.DMARC; d.Result == "failed" && d.Action == "quarantine" && p.m.From == 0 && !p.m.Released {
		p.ask(esa.NoEngine, []stage.Hold{{Quarantine: "Policy", Reason: "DMARC"}})
	}
}

// meets tells whether the message has to meet a stage. One that was made of
// another goes on behind the stage that made it; one that quarantines let go goes
// on behind the stage that had it held. Files that were analysed meanwhile are
// asked about again, and what was held for an outbreak meets the scanners again.
// Source: AsyncOS user guide, "Rescanning of Quarantined Messages".
func (p *passage) meets(e esa.Engine) bool {
	switch {
	case p.skip[e]:
		return false
	case p.m.Caught == esa.OutbreakFilters && (e == esa.AntiSpam || e == esa.AntiVirus || e == esa.AMP):
		return true
	case p.m.Caught == esa.AMP && e == esa.AMP:
		return true
	}
	return e > p.m.Caught && e > p.m.Passed
}

// meet has a stage look at the message, and does what it wants. The message is at
// its end here, or another one by now, if ended is true.
func (p *passage) meet(s stage.Stage) (ended bool, err error) {
	if s.Scan == nil || s.Spares != nil && s.Spares(p.job) {
		return false, nil
	}
	if err := p.apart(s); err != nil {
		return true, err
	}
	f, err := s.Scan(p.job)
	if err != nil { // one message must not stop the others
		p.q.Logger.Error("message not scanned", "mid", p.m.MID, "error", err)
		f = stage.Finding{Verdict: esa.Unscannable}
	}
	p.say(f.Told...)
	if f.Verdict != esa.NotEvaluated {
		p.say(esa.Event{Kind: esa.EngineVerdict, Engine: s.Engine, Verdict: f.Verdict, Name: f.Name, Text: f.Text, Size: f.Size})
	}
	if p.m.Released && f.Verdict == p.m.Verdicts[s.Engine] && !p.news(s.Engine) {
		return false, nil // somebody let it go who knew that
	}
	return p.carryOut(s.Engine, &f.Want)
}

// apart makes messages of their own for recipients of whom a stage may say something
// else. One that a quarantine has let go stays one: it was split before.
func (p *passage) apart(s stage.Stage) error {
	if s.Apart == nil || p.m.Released {
		return nil
	}
	for _, rids := range s.Apart(p.job) {
		if err := p.readable(p.split(p.job.Policy, rids)); err != nil {
			return err
		}
	}
	return nil
}

// news tells whether something was found out since an engine last looked at the
// message: what it says now, nobody knew who let the message go.
func (p *passage) news(e esa.Engine) bool {
	for i := len(p.m.Events) - 1; i >= 0; i-- {
		switch v := &p.m.Events[i]; {
		case v.Kind == esa.VerdictChanged && v.Engine == e:
			return true
		case v.Kind == esa.EngineVerdict && v.Engine == e:
			return false
		}
	}
	return false
}

// carryOut does what a stage wants.
func (p *passage) carryOut(by esa.Engine, w *stage.Want) (ended bool, err error) {
	for _, c := range w.Copies {
		if err := p.readable(p.copy(by, &c)); err != nil {
			return true, err
		}
	}
	for _, e := range w.Skip {
		p.skip[e] = true
	}
	switch {
	case w.Drop != "":
		p.say(esa.Event{Kind: esa.MessageDropped, Engine: by, Text: w.Drop}, esa.Event{Kind: esa.MessageFinished, Text: "aborted"})
		return true, nil
	case w.Bounce != "":
		return true, p.bounce(by, w)
	}
	p.ask(by, w.Hold)
	if !w.Edit.Empty() || len(w.To) > 0 {
		err := p.rewrite(by, w)
		if err == nil {
			return true, nil
		}
		if err = p.readable(err); err != nil {
			return true, err
		}
	}
	if w.Deliver {
		p.end()
	}
	return w.Deliver, nil
}

// ask notes the quarantines that the message is to go to. It meets the stages that
// follow all the same, and goes there only if none ends it. Source: AsyncOS user
// guide, "Quarantines and message filters".
func (p *passage) ask(by esa.Engine, holds []stage.Hold) {
	for _, h := range holds {
		var until time.Time
		if h.Keep > 0 {
			until = p.now.Add(h.Keep)
		}
		p.asked = append(p.asked, esa.Hold{Quarantine: h.Quarantine, Engine: by, Reason: h.Reason, Until: until})
		p.say(esa.Event{Kind: esa.QuarantineAsked, Engine: by, Name: h.Quarantine, Text: h.Reason, Until: until})
	}
}

// end is the end of the queue: the message goes to quarantines, or to delivery.
func (p *passage) end() {
	var spam *esa.Hold
	for _, asked := range p.asked {
		switch h, ok := p.q.hold(asked, p.m.MID, p.now); {
		case !ok:
		case h.Quarantine == stage.SpamQuarantine:
			spam = &h
		default:
			p.say(held(&h))
		}
	}
	isHeld := slices.ContainsFunc(p.said, func(e esa.Event) bool { return e.Kind == esa.MessageQuarantined })
	switch {
	case isHeld: // of the spam quarantine nobody knows until the others let it go
		p.remember()
	case spam != nil:
		e := held(spam)
		e.Text, e.DCID = "", esa.DCID(p.q.rcid())
		p.say(e)
	default:
		p.say(esa.Event{Kind: esa.MessageQueued})
	}
}

// remember tells the log which stages a held message need not meet: it is another
// passage that it comes back in.
func (p *passage) remember() {
	for e, skip := range p.skip {
		if skip && !p.m.Skips[e] {
			p.say(esa.Event{Kind: esa.Inherited, Other: p.m.MID, Engine: esa.Engine(e), Text: esa.StageSkipped})
		}
	}
}

// say adds events of the message.
func (p *passage) say(events ...esa.Event) {
	for _, e := range events {
		e.Time, e.MID = p.now, p.m.MID
		p.said = append(p.said, e)
	}
}

// store puts all of the passage into the log.
func (p *passage) store() error {
	if len(p.kept) == 0 && len(p.made) == 0 {
		return p.q.tell(p.said)
	}
	if err := p.q.flush(); err != nil { // the order of the log is that of what happened
		return err
	}
	entries := slices.Concat([][]esa.Event{p.said}, p.made)
	if err := p.q.Log.AppendWith(entries, p.kept); err != nil {
		return fmt.Errorf("message %d: %w", p.m.MID, err)
	}
	return nil
}

// discard lets go of what was made for a passage that came to nothing.
func (p *passage) discard() error {
	var errs []error
	for _, c := range p.kept {
		errs = append(errs, c.Discard())
	}
	return errors.Join(errs...)
}
