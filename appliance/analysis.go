package appliance

import (
	"context"
	"errors"

	"esasim/appliance/analysis"
	"esasim/appliance/mailbox"
	"esasim/appliance/quarantine"
	"esasim/esa"
	"esasim/tracking"
)

// newAnalysis is the second look at files as the configuration wants it.
func (a *Appliance) newAnalysis() *analysis.Analysis {
	files, _ := a.o.Config.KnownFiles() // checked by New
	return analysis.New(analysis.Options{
		Log: analysisLog{a.store}, Files: files, Logger: a.o.Logger,
		Release: func(ctx context.Context, mid esa.MID, name, how string) error {
			err := a.quarantines.LetGo(ctx, mid, name, how)
			if refused := (*quarantine.Refusal)(nil); errors.As(err, &refused) {
				a.o.Logger.Info("message is not released from its quarantine", "mid", mid, "quarantine", name, "error", err)
				return nil
			}
			return err
		},
		Remediates: func(m *esa.Message) bool { return a.now.Load().Remediates(m) },
		Remove: func(ctx context.Context, address string, mid esa.MID, why string) error {
			err := a.mailboxes.Remove(ctx, address, mid, why)
			if errors.Is(err, mailbox.ErrNone) {
				a.o.Logger.Info("message with attachments for which a verdict update was available was not found in the recipient's mailbox", "mid", mid, "recipient", address)
				return nil
			}
			return err
		},
	})
}

// analysisLog is the store as file analysis sees it.
type analysisLog struct{ *tracking.Store }

func (l analysisLog) Judged(ctx context.Context, yield func(*esa.Message) error) error {
	return l.Store.Each(ctx, tracking.Query{Events: []tracking.EventMatch{{Kind: esa.FileJudged}}}, yield)
}

// Family is empty if the message is no longer kept.
func (l analysisLog) Family(ctx context.Context, mid esa.MID) ([]esa.Message, error) {
	family, err := l.Store.Family(ctx, mid)
	if errors.Is(err, tracking.ErrNotFound) {
		return nil, nil
	}
	return family, err
}

func (l analysisLog) Commit(events []esa.Event) error { return l.Store.Commit(events, nil) }
