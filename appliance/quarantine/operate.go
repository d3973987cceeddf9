package quarantine

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"esasim/appliance/successor"
	"esasim/esa"
)

// Release lets messages go from a quarantine, or from all that hold them ("").
// A message goes on when the last has let it go: to the stages behind the one that
// caught it, or, from the spam quarantine, as a new message to delivery.
func (k *Keeper) Release(ctx context.Context, mids []esa.MID, quarantine string) (Result, error) {
	return k.each(ctx, mids, func(s *step) error {
		names, err := s.from(quarantine)
		if err != nil {
			return err
		}
		return s.release(names, manual)
	})
}

// LetGo lets a message go from a quarantine because of something that was found out;
// how is for the logs. The error is a *Refusal if it cannot.
func (k *Keeper) LetGo(ctx context.Context, mid esa.MID, quarantine, how string) error {
	r, err := k.each(ctx, []esa.MID{mid}, func(s *step) error {
		names, err := s.from(quarantine)
		if err != nil {
			return err
		}
		return s.release(names, how)
	})
	if err == nil && len(r.Refused) > 0 {
		return r.Refused[0]
	}
	return err
}

// Delete takes messages out of a quarantine, or of all that hold them (""). A
// message is gone when no other holds it.
func (k *Keeper) Delete(ctx context.Context, mids []esa.MID, quarantine string) (Result, error) {
	return k.each(ctx, mids, func(s *step) error {
		names, err := s.from(quarantine)
		if err == nil {
			s.delete(names, manual)
		}
		return err
	})
}

// Move takes messages from one quarantine to another. They leave that one when they
// were to leave the first. Source: AsyncOS user guide, "Moving messages between
// quarantines". The error is ErrUnknown or ErrInvalid if it can be done with no message.
func (k *Keeper) Move(ctx context.Context, mids []esa.MID, from, to string) (Result, error) {
	if err := k.checkTarget(from, to); err != nil {
		return Result{}, err
	}
	return k.each(ctx, mids, func(s *step) error {
		if _, err := s.from(from); err != nil {
			return err
		}
		s.say(esa.Event{Kind: esa.QuarantineMoved, Name: from, Text: to})
		return nil
	})
}

// Copy puts messages of a quarantine into another one, too. The errors are those of
// Move.
func (k *Keeper) Copy(ctx context.Context, mids []esa.MID, from, to string) (Result, error) {
	if err := k.checkTarget(from, to); err != nil {
		return Result{}, err
	}
	return k.each(ctx, mids, func(s *step) error {
		if _, err := s.from(from); err != nil {
			return err
		}
		if slices.Contains(s.m.Quarantines, to) {
			return s.refuse(ErrHeld)
		}
		until := s.now.Add(s.o.of(to).Retention)
		for _, h := range slices.Clone(s.m.Holds) {
			if h.Quarantine == from {
				s.say(esa.Event{Kind: esa.MessageQuarantined, Engine: h.Engine, Name: to, Text: h.Reason, Until: until})
			}
		}
		return nil
	})
}

// checkTarget says why no message can go from one quarantine to another. Nothing
// goes into the spam quarantine, or out of it, but spam.
func (k *Keeper) checkTarget(from, to string) error {
	o := k.Options.Load()
	switch {
	case !o.has(to):
		return fmt.Errorf("%q: %w", to, ErrUnknown)
	case from == "":
		return fmt.Errorf("%w without the name of the quarantine that has the messages", ErrInvalid)
	case from == to:
		return fmt.Errorf("%w: %q is the quarantine that has the messages", ErrInvalid, to)
	case from == Spam || to == Spam:
		return fmt.Errorf("%w with the spam quarantine", ErrInvalid)
	}
	return nil
}

// Delay has messages stay in a quarantine, or in all that hold them (""), for so much
// longer. The error is ErrInvalid for a time that is none.
func (k *Keeper) Delay(ctx context.Context, mids []esa.MID, quarantine string, by time.Duration) (Result, error) {
	if by < time.Second || by > MostRetention {
		return Result{}, fmt.Errorf("a delay of %s %w: want 1s to %s", by, ErrInvalid, MostRetention)
	}
	return k.each(ctx, mids, func(s *step) error {
		names, err := s.from(quarantine)
		for _, name := range names {
			s.say(esa.Event{Kind: esa.QuarantineDelayed, Name: name, Until: s.stay(name).Until.Add(by)})
		}
		return err
	})
}

// ParseDelay reads a time as the AsyncOS API has it, "8h", "24h", "48h", "1w", or any
// other in weeks, days, hours, minutes and seconds. The error is ErrInvalid.
func ParseDelay(s string) (time.Duration, error) {
	for unit, d := range map[string]time.Duration{"w": 7 * 24 * time.Hour, "d": 24 * time.Hour} {
		if n, ok := strings.CutSuffix(s, unit); ok {
			if n, err := strconv.Atoi(n); err == nil && n > 0 && n <= int(MostRetention/d) {
				return time.Duration(n) * d, nil
			}
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("a delay of %.40q %w: want a time such as 8h, 24h, 48h or 1w", s, ErrInvalid)
	}
	return d, nil
}

// SendCopy delivers a copy of each message to addresses; the messages stay where they
// are. The error is ErrInvalid for what is no address.
func (k *Keeper) SendCopy(ctx context.Context, mids []esa.MID, quarantine string, to []string) (Result, error) {
	if len(to) == 0 {
		return Result{}, fmt.Errorf("a copy to nobody %w", ErrInvalid)
	}
	for _, a := range to {
		if local, domain, ok := strings.Cut(a, "@"); !ok || local == "" || domain == "" || len(a) > 320 || strings.ContainsFunc(a, func(r rune) bool { return r <= ' ' || r == '<' || r == '>' || r == 0x7f }) {
			return Result{}, fmt.Errorf("a copy to %.100q %w: want an address", a, ErrInvalid)
		}
	}
	return k.each(ctx, mids, func(s *step) error {
		names, err := s.from(quarantine)
		if err != nil {
			return err
		}
		made := successor.Of(s.m, to)
		if err := s.content(func(r io.Reader) error { return made.Copy(s.k.Log, r, make([]byte, bufSize)) }); err != nil {
			return err
		}
		s.say(esa.Event{Kind: esa.MessageGenerated, Other: made.MID, Text: fmt.Sprintf("copy from quarantine %q", names[0])})
		s.add(&made, append(made.Begin(s.m), made.Queued()))
		return nil
	})
}

// bufSize is how much of a message is copied at a time.
const bufSize = 32 << 10

// content has something made of the message's content. What cannot be read is a
// refusal.
func (s *step) content(use func(io.Reader) error) error {
	r, err := s.k.Log.Content(s.m.MID)
	if err != nil {
		return s.refuse(fmt.Errorf("%w: %w", successor.ErrUnreadable, err))
	}
	defer r.Close()
	return s.unreadable(use(r))
}
