package quarantine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"esasim/appliance/successor"
	"esasim/esa"
	"esasim/internal/due"
)

// Log is what quarantines need of the event log.
type Log interface {
	successor.Log
	// AppendWith adds entries, each of events that became true together, and the
	// contents of messages made here.
	AppendWith(entries [][]esa.Event, made []successor.Content) error
	// Message gives a message with its events, Standing as it stands without them.
	// The error is ErrNotHeld for one that is not kept.
	Message(ctx context.Context, mid esa.MID) (esa.Message, error)
	Standing(ctx context.Context, mid esa.MID) (esa.Message, error)
	// Content gives a message as it was received.
	Content(mid esa.MID) (io.ReadCloser, error)
	// Held calls yield for every message that is in a quarantine, newest first; for
	// those that are meant at least. If a subject is, those without one, or whose
	// subject was not logged, come behind the others.
	Held(ctx context.Context, of Among, yield func(*esa.Message) error) error
	// Holds calls yield for every message that is in a quarantine, newest first, of
	// which it says no more than its size, its state and what holds it.
	Holds(ctx context.Context, yield func(*esa.Message) error) error
	// Forget lets go of what was read for Holds and kept in memory.
	Forget()
	// Sync returns when all that was added is safely on disk.
	Sync(ctx context.Context) error
}

// Reader hands out the event log from a place onward.
type Reader interface {
	Next(ctx context.Context) ([]esa.Entry, error)
}

// Keeper keeps the quarantines. Its operations may be called at any time, by
// several goroutines.
type Keeper struct {
	Log    Log
	Logger *slog.Logger
	// Options may be changed at any time. Messages that are held already leave when
	// they were to.
	Options atomic.Pointer[Options]

	// mu is held while an operation looks at a message and tells what it did. Nobody
	// else takes a message out of a quarantine. It also guards index and whole.
	mu    sync.Mutex
	index index // what Run has found so far
	whole bool  // that is all
	known chan struct{}
	found sync.Once // closes known
}

// Known is closed when Run has found who is held.
func (k *Keeper) Known() <-chan struct{} { return k.known }

// New makes a keeper. Run must be called for messages to leave by themselves.
func New(l Log, o *Options, logger *slog.Logger) *Keeper {
	k := &Keeper{Log: l, Logger: logger, index: newIndex(), known: make(chan struct{})}
	k.Options.Store(o)
	return k
}

// Run lets messages go whose time is over, until ctx ends. The reader must begin no
// later than the log's end at this call.
func (k *Keeper) Run(ctx context.Context, r Reader) error {
	if err := k.rebuild(ctx); err != nil {
		return err
	}
	k.found.Do(func() { close(k.known) })
	for ctx.Err() == nil {
		if err := k.letGo(ctx); err != nil {
			return err
		}
		entries, err := k.next(ctx, r)
		if lost := (*esa.Overtaken)(nil); errors.As(err, &lost) {
			k.Logger.Warn("quarantines fell behind the event log: they look who is held", "events", lost.Events)
			err = k.rebuild(ctx)
		}
		if ctx.Err() != nil {
			return nil
		}
		if err == nil {
			err = k.take(ctx, entries)
		}
		if err != nil {
			return fmt.Errorf("quarantines: %w", err)
		}
	}
	return nil
}

// next waits for entries, until the next message leaves by itself. What changes when
// that is comes by the log, too.
func (k *Keeper) next(ctx context.Context, r Reader) ([]esa.Entry, error) {
	var at time.Time
	k.mu.Lock()
	if h := k.index.next(); h != nil {
		at = h.When()
	}
	k.mu.Unlock()
	return due.Until(ctx, at, r.Next)
}

// rebuild looks who is held. What changes meanwhile comes by the log.
func (k *Keeper) rebuild(ctx context.Context) error {
	k.mu.Lock()
	k.index, k.whole = newIndex(), false
	k.mu.Unlock()
	o := k.Options.Load()
	err := k.Log.Holds(ctx, func(m *esa.Message) error {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.index.set(m.MID, m.Size, o.stays(m))
		return nil
	})
	k.Log.Forget() // all of it was read once; what searches ask for is soon read again
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("look who is held in quarantines: %w", err)
	}
	k.mu.Lock()
	k.whole = err == nil
	k.mu.Unlock()
	return nil
}

// take notes what entries tell of quarantines.
func (k *Keeper) take(ctx context.Context, entries []esa.Entry) error {
	noted := esa.MID(0)
	for i := range entries {
		for j := range entries[i].Events {
			e := &entries[i].Events[j]
			if !moves(e.Kind) || e.MID == noted {
				continue
			}
			noted = e.MID
			if err := k.look(ctx, e.MID); err != nil {
				return err
			}
		}
	}
	return nil
}

// moves tells whether an event changes in which quarantines a message is.
func moves(k esa.Kind) bool {
	switch k {
	case esa.MessageQuarantined, esa.MessageReleased, esa.QuarantineDeleted, esa.QuarantineMoved, esa.QuarantineDelayed, esa.MessageReinjected:
		return true
	}
	return false
}

// look notes how a message stands.
func (k *Keeper) look(ctx context.Context, mid esa.MID) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.note(ctx, mid)
}

// note is look. k.mu is held.
func (k *Keeper) note(ctx context.Context, mid esa.MID) error {
	m, err := k.Log.Standing(ctx, mid)
	if errors.Is(err, ErrNotHeld) {
		m, err = esa.Message{}, nil
	}
	if err != nil {
		if ctx.Err() != nil { // whoever comes next looks again
			return nil
		}
		return fmt.Errorf("note MID %d: %w", mid, err)
	}
	k.index.set(mid, m.Size, k.Options.Load().stays(&m))
	return nil
}

// letGo lets those go whose time is over, and the oldest while there are more than
// there is room for.
func (k *Keeper) letGo(ctx context.Context) error {
	for ctx.Err() == nil {
		mid, name, how := k.leaving(time.Now())
		if mid == 0 {
			return nil
		}
		err := k.one(ctx, mid, func(s *step) error { return s.leave(name, how) })
		if refused := (*Refusal)(nil); errors.Is(err, ErrNotHeld) {
			err = nil // somebody else let it go just now
		} else if errors.As(err, &refused) {
			k.Logger.Error("message stays in its quarantine", "mid", mid, "quarantine", name, "error", err)
			k.forget(mid)
			err = nil
		}
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("quarantine %s: %w", name, err)
		}
	}
	return nil
}

// leaving is what must leave now, and from which quarantine; 0: nothing.
func (k *Keeper) leaving(now time.Time) (mid esa.MID, quarantine, how string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if h := k.index.next(); h != nil && !h.When().After(now) {
		return h.mid, h.box.name, expired
	}
	o := k.Options.Load()
	early := func(name string) bool { return name != Spam && !o.of(name).KeepWhenFull }
	if o.Space > 0 && k.index.size > o.Space {
		if h := k.index.oldest(early); h != nil {
			return h.mid, h.box.name, queueFull
		}
	}
	if o.SpamSpace > 0 && k.index.box(Spam).size > o.SpamSpace && !o.of(Spam).KeepWhenFull {
		if h := k.index.oldest(func(name string) bool { return name == Spam }); h != nil {
			return h.mid, h.box.name, queueFull
		}
	}
	return 0, "", ""
}

// forget leaves a message alone that cannot leave by itself.
func (k *Keeper) forget(mid esa.MID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.index.set(mid, 0, nil)
}

// Held is how many messages are in the quarantines but that for spam, each counted
// once, and how many octets they have.
func (k *Keeper) Held() (messages int, octets int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.index.count, k.index.size
}

// Status is how a quarantine stands.
type Status struct {
	Quarantine
	Messages int
	Size     int64 // octets of the messages in it
	Gone     bool  // it was taken out of the configuration while it held messages
}

// List tells how the quarantines stand: those of the configuration in its order,
// then others that hold messages still.
func (k *Keeper) List() []Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	o := k.Options.Load()
	out := make([]Status, len(o.Quarantines))
	for i, q := range o.Quarantines {
		out[i].Quarantine = q
	}
	configured := len(out)
	for name, b := range k.index.boxes {
		i := slices.IndexFunc(out, func(s Status) bool { return s.Name == name })
		if i < 0 {
			if b.ages.Len() == 0 {
				continue
			}
			i = len(out)
			out = append(out, Status{Quarantine: o.of(name), Gone: true})
		}
		out[i].Messages, out[i].Size = b.ages.Len(), b.size
	}
	slices.SortFunc(out[configured:], func(a, b Status) int { return cmp.Compare(a.Name, b.Name) })
	return out
}
