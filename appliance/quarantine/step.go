package quarantine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"esasim/appliance/successor"
	"esasim/esa"
)

// Why an operation is refused.
var (
	// ErrNotHeld: the message is not there, or not any more.
	ErrNotHeld = errors.New("not in the quarantine")
	// ErrHeld: the message is there already.
	ErrHeld = errors.New("in the quarantine already")
	// ErrUnknown: there is no quarantine of the name.
	ErrUnknown = errors.New("no such quarantine")
	// ErrInvalid: the operation cannot be done with any message.
	ErrInvalid = errors.New("cannot be done")
)

// How a message leaves a quarantine, in the words of the logs. Source: published
// samples of mail logs.
const (
	manual    = "manual"
	expired   = "expired"
	queueFull = "queue full"
)

// Refusal says why an operation was not done with a message.
type Refusal struct {
	MID esa.MID
	Err error // wraps ErrNotHeld or ErrHeld, or says that the message cannot be read
}

func (r *Refusal) Error() string { return fmt.Sprintf("MID %d: %v", r.MID, r.Err) }

func (r *Refusal) Unwrap() error { return r.Err }

// Result is what came of an operation: with which messages it was done, and with
// which not.
type Result struct {
	Done    []esa.MID
	Refused []*Refusal
}

// each does an operation with messages, one after another. What was done is safely
// on disk. The error is that of the store, or of ctx.
func (k *Keeper) each(ctx context.Context, mids []esa.MID, do func(*step) error) (Result, error) {
	var out Result
	for _, mid := range mids {
		err := k.one(ctx, mid, do)
		refused := (*Refusal)(nil)
		switch {
		case err == nil:
			out.Done = append(out.Done, mid)
		case errors.As(err, &refused):
			out.Refused = append(out.Refused, refused)
		default:
			return out, err
		}
	}
	return out, k.Log.Sync(ctx)
}

// one does an operation with one message. The error is a *Refusal, or that of the
// store.
func (k *Keeper) one(ctx context.Context, mid esa.MID, do func(*step) error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	m, err := k.Log.Message(ctx, mid)
	if err == nil && m.State != esa.Quarantined {
		err = ErrNotHeld
	}
	if errors.Is(err, ErrNotHeld) {
		k.index.set(mid, 0, nil)
		return &Refusal{mid, ErrNotHeld}
	}
	if err != nil {
		return err
	}
	s := step{k: k, m: &m, o: k.Options.Load(), now: time.Now()}
	if err := do(&s); err != nil {
		return errors.Join(err, s.discard())
	}
	if err := s.store(); err != nil {
		return err
	}
	return k.note(ctx, mid)
}

// step is one operation with one message. What it says of the message, and of those
// made from it, becomes one step of the log.
type step struct {
	k    *Keeper
	m    *esa.Message // as it stands after what was said
	o    *Options
	now  time.Time
	said []esa.Event
	made [][]esa.Event
	kept []successor.Content
}

// say adds events of the message.
func (s *step) say(events ...esa.Event) {
	for _, e := range events {
		e.Time, e.MID = s.now, s.m.MID
		s.said = append(s.said, e)
		s.m.Add([]esa.Event{e})
	}
}

// add adds a message that was made.
func (s *step) add(made *successor.Message, events []esa.Event) {
	for i := range events {
		events[i].Time, events[i].MID = s.now, made.MID
	}
	s.made, s.kept = append(s.made, events), append(s.kept, made.Content)
}

func (s *step) store() error {
	if len(s.said) == 0 {
		return nil
	}
	entries := slices.Concat([][]esa.Event{s.said}, s.made)
	if err := s.k.Log.AppendWith(entries, s.kept); err != nil {
		return fmt.Errorf("message %d: %w", s.m.MID, err)
	}
	return nil
}

// discard lets go of what was made for a step that came to nothing.
func (s *step) discard() error {
	var errs []error
	for _, c := range s.kept {
		errs = append(errs, c.Discard())
	}
	return errors.Join(errs...)
}

// refuse says why it is not done with this message.
func (s *step) refuse(err error) error { return &Refusal{s.m.MID, err} }

// from are the quarantines that an operation is about: the one named, or all that
// hold the message.
func (s *step) from(quarantine string) ([]string, error) {
	if quarantine == "" {
		return slices.Clone(s.m.Quarantines), nil
	}
	if !slices.Contains(s.m.Quarantines, quarantine) {
		return nil, s.refuse(ErrNotHeld)
	}
	return []string{quarantine}, nil
}

// stay is the message's stay in a quarantine, which holds it.
func (s *step) stay(quarantine string) Stay {
	all := s.o.stays(s.m)
	return all[slices.IndexFunc(all, func(s Stay) bool { return s.Quarantine == quarantine })]
}
