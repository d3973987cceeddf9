package analysis

import (
	"context"
	"slices"
	"time"

	"esasim/appliance/engine"
	"esasim/esa"
)

// Why messages leave a quarantine, and mailboxes, in the words of the logs.
const (
	analysed      = "file analysis complete"
	retrospective = "retrospective verdict"
)

// found tells what was found out of a file of each message that has it: the one that
// AMP looked at, and those that were made of it. All of it can be done twice: a crash
// may come between. wait says that one of them cannot be told of yet.
func (a *Analysis) found(ctx context.Context, t *task) (wait bool, err error) {
	family, err := a.o.Log.Family(ctx, t.mid)
	if err != nil {
		return false, err
	}
	for i := range family {
		m := &family[i]
		f, ok := m.File(t.file.SHA256)
		switch {
		case !ok || m.State == esa.Replaced || m.State == esa.Aborted || m.State == esa.Dropped || m.State == esa.Bounced:
			continue
		case m.State == esa.Receiving || m.State == esa.Processing:
			wait = true
			continue
		}
		if f.Verdict != t.verdict {
			if err := a.tell(m, t); err != nil {
				return wait, err
			}
		}
		if err := a.act(ctx, m, t); err != nil {
			return wait, err
		}
	}
	return wait, nil
}

// tell notes the new verdict in the log.
func (a *Analysis) tell(m *esa.Message, t *task) error {
	e := esa.Event{Kind: esa.VerdictChanged, Time: time.Now(), MID: m.MID, Engine: esa.AMP, Verdict: t.verdict, Name: t.malware, Text: t.how, Attachment: &t.file}
	if err := a.o.Log.Commit([]esa.Event{e}); err != nil {
		return err
	}
	m.Add([]esa.Event{e})
	return nil
}

// act does what follows: a message whose files are all analysed need not wait any
// longer, and one that was delivered may have to be taken back.
func (a *Analysis) act(ctx context.Context, m *esa.Message, t *task) error {
	if m.State == esa.Quarantined && !pending(m) {
		for _, h := range slices.Clone(m.Holds) {
			if h.Engine == esa.AMP && h.Reason == engine.PendingReason {
				return a.o.Release(ctx, m.MID, h.Quarantine, analysed)
			}
		}
	}
	if t.verdict != esa.Positive || !a.o.Remediates(m) {
		return nil
	}
	for _, r := range m.Recipients {
		if r.State == esa.Delivered && !r.Removed {
			if err := a.o.Remove(ctx, r.Address, m.MID, retrospective); err != nil {
				return err
			}
		}
	}
	return nil
}

// pending tells whether a file of the message is still being analysed.
func pending(m *esa.Message) bool {
	return slices.ContainsFunc(m.Files, func(f esa.File) bool { return f.Verdict == esa.Pending })
}
