package cloudlink

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"esasim/esa"
)

// noLog has nothing that could be asked for.
type noLog struct{ Log }

func (noLog) Message(context.Context, esa.MID) (esa.Message, error) {
	return esa.Message{}, errors.New("nothing should have to be looked up")
}

// What is told of a message, entry by entry: only where it rests.
func TestGatherTellsOfRest(t *testing.T) {
	start := func(mid esa.MID) []esa.Event {
		return []esa.Event{{Kind: esa.MessageStarted, MID: mid}, {Kind: esa.RecipientGiven, MID: mid, RIDs: []esa.RID{0}}, {Kind: esa.MessageReady, MID: mid}}
	}
	one := func(k esa.Kind, q string) []esa.Event {
		return []esa.Event{{Kind: k, MID: 1, Name: q, RIDs: []esa.RID{0}, Other: 2}}
	}
	for _, c := range []struct {
		name    string
		entries [][]esa.Event
		want    []string // of each entry: "MID description" or ""
	}{
		{"quarantined, released, delivered",
			[][]esa.Event{start(1), one(esa.MessageQuarantined, "Policy"), one(esa.MessageReleased, "Policy"), one(esa.MessageQueued, ""), one(esa.RecipientDelivered, "")},
			[]string{"", "1 Incoming message (Quarantined) contained", "", "", "1 Incoming message (Delivered) allowed"}},
		{"quarantined twice, released once, deleted",
			[][]esa.Event{start(1), one(esa.MessageQuarantined, "Policy"), one(esa.MessageQuarantined, "Virus"), one(esa.MessageReleased, "Policy"), one(esa.QuarantineDeleted, "Virus")},
			[]string{"", "1 Incoming message (Quarantined) contained", "1 Incoming message (Quarantined) contained", "", "1 Incoming message (Dropped) blocked"}},
		{"bounced by a filter", [][]esa.Event{start(1), one(esa.MessageBounced, "")}, []string{"", "1 Incoming message (Bounced) detected"}},
		{"a file turns out to be bad when the message is delivered", [][]esa.Event{start(1), one(esa.MessageQueued, ""), one(esa.RecipientDelivered, ""), one(esa.VerdictChanged, "")},
			[]string{"", "", "1 Incoming message (Delivered) allowed", "1 Incoming message (Delivered) allowed"}},
		{"rewritten: only the successor is told",
			[][]esa.Event{append(start(1), one(esa.MessageRewritten, "")...), start(2), {{Kind: esa.MessageQueued, MID: 2}}, {{Kind: esa.RecipientBounced, MID: 2, RIDs: []esa.RID{0}}}},
			[]string{"", "", "", "2 Incoming message (Bounced) detected"}},
		{"spam, released as another message", [][]esa.Event{start(1), one(esa.MessageQuarantined, "Spam Quarantine"), one(esa.MessageReinjected, "")},
			[]string{"", "1 Incoming message (Quarantined) contained", "1 Incoming message (Released) detected"}},
		{"released with changes", [][]esa.Event{start(1), one(esa.MessageQuarantined, "Policy"), slices.Concat(one(esa.MessageReleased, "Policy"), one(esa.MessageReleased, ""), one(esa.MessageRewritten, ""))},
			[]string{"", "1 Incoming message (Quarantined) contained", "1 Incoming message (Released) detected"}},
		{"rewritten in the entry in which it was held",
			[][]esa.Event{slices.Concat(start(1), one(esa.MessageQuarantined, "Policy"), one(esa.MessageRewritten, ""))},
			[]string{""}},
	} {
		g := newGather(noLog{})
		for i, events := range c.entries {
			messages, err := g.take(t.Context(), []esa.Entry{{Seq: uint64(i + 1), Events: events}})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, m := range messages {
				s := newSightings("S", "").of(&m)
				got += fmt.Sprintf("%d %s %s", m.MID, s.Description, s.Resolution)
			}
			if got != c.want[i] {
				t.Errorf("%s, entry %d: told %q, want %q", c.name, i, got, c.want[i])
			}
		}
	}
}

// How bad a message is depends on what harms, not on what was noticed.
func TestSeverity(t *testing.T) {
	for _, c := range []struct {
		engine  esa.Engine
		verdict esa.Verdict
		want    string
	}{
		{esa.AntiVirus, esa.Positive, "High"}, {esa.AMP, esa.Positive, "High"}, {esa.AMP, esa.Unknown, "Low"}, {esa.AMP, esa.LowRisk, "Low"},
		{esa.AntiSpam, esa.Positive, "High"}, {esa.AntiSpam, esa.Suspect, "Medium"}, {esa.AntiSpam, esa.Negative, "Low"},
		{esa.OutbreakFilters, esa.Positive, "High"}, {esa.DLP, esa.Positive, "High"},
		{esa.Graymail, esa.Positive, "Low"}, {esa.Graymail, esa.Marketing, "Low"}, {esa.ContentFilters, esa.Positive, "Low"}, {esa.MessageFilters, esa.Positive, "Low"},
	} {
		m := message()
		m.Verdicts[c.engine] = c.verdict
		if got := newSightings("S", "").of(&m).Severity; got != c.want {
			t.Errorf("engine %d verdict %d: %s, want %s", c.engine, c.verdict, got, c.want)
		}
	}
}

// Recipients that a split took to another message are told with that one.
func TestSplitRecipientsAreNotTold(t *testing.T) {
	m := message()
	m.Recipients[0].State = esa.Replaced
	s := newSightings("S", "").of(&m)
	if len(s.Targets) != 1 || s.Targets[0].Observables[0].Value != "second@example.org" {
		t.Errorf("targets %+v", s.Targets)
	}
	for _, r := range s.Relations {
		if r.Related.Value == "testingBren@cisco.com" {
			t.Errorf("relation %+v", r)
		}
	}
}
