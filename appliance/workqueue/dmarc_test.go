package workqueue

import (
	"log/slog"
	"testing"

	"esasim/appliance/stage"
	"esasim/esa"
)

// A message that fails DMARC is held if that is what is done, once; what stages want
// besides is done, too, and not again when it is let go.
func TestDMARCQuarantine(t *testing.T) {
	for action, want := range map[string]string{"none": "ready, DEFAULT, 6:2, ask Virus, hold Virus", "quarantine": "ask Policy, DEFAULT, 6:2, ask Virus, hold Policy, hold Virus"} {
		o := with(wants(esa.ContentFilters, stage.Want{Hold: []stage.Hold{{Quarantine: "Virus"}}}))
		l := &memory{contents: map[esa.MID]*kept{}, last: 1}
		q := &Queue{Log: l, Logger: slog.New(slog.DiscardHandler)}
		q.Options.Store(&o)
		a := esa.Authentication{DMARC: esa.DMARCResult{Result: "failed", Domain: "b.test", Action: action}}
		events := []esa.Event{{Kind: esa.MessageStarted, MID: 1}, {Kind: esa.RecipientGiven, MID: 1, Address: "a@b.test", RIDs: []esa.RID{0}}}
		for _, e := range a.Events() {
			e.MID = 1
			events = append(events, e)
		}
		l.NewContent(1)
		l.entries = [][]esa.Event{append(events, esa.Event{Kind: esa.MessageReady, MID: 1})}
		l.drain(t, q, 0)
		if action == "quarantine" {
			want = "ready, " + want
		}
		if got := l.told(1); got != want {
			t.Errorf("%s: %s\nwant %s", action, got, want)
		}
		if action == "quarantine" {
			l.release(t, q, "Policy", "Virus")
			if got := l.told(1); got != want+", queued" {
				t.Errorf("released: %s\nwant %s, queued", got, want)
			}
		}
	}
}
