package consolidated

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"esasim/appliance/logs"
	"esasim/esa"
	"esasim/esa/gather"
)

// store has messages and connections as they stand in the end; it counts what it is
// asked for.
type store struct {
	messages    map[esa.MID][]esa.Event
	connections map[esa.ICID][]esa.Event
	asked       int
}

func (s *store) Message(_ context.Context, mid esa.MID) (esa.Message, error) {
	if s.asked++; s.messages[mid] == nil {
		return esa.Message{}, fmt.Errorf("MID %d: %w", mid, gather.ErrGone)
	}
	return esa.Fold(s.messages[mid]), nil
}

func (s *store) Connection(_ context.Context, icid esa.ICID) ([]esa.Event, error) {
	if s.asked++; s.connections[icid] == nil {
		return nil, gather.ErrGone
	}
	return s.connections[icid], nil
}

// history is a log: an encrypted connection with two messages. One is held twice,
// released, and delivered; the other is rewritten to a third, which is dropped.
func history() []esa.Entry {
	at := time.Date(2020, 5, 11, 16, 56, 56, 0, time.UTC)
	var out []esa.Entry
	add := func(events ...esa.Event) {
		for i := range events {
			at = at.Add(time.Second)
			events[i].Time = at
		}
		out = append(out, esa.Entry{Seq: uint64(len(out) + 1), Events: events})
	}
	add(esa.Event{Kind: esa.ConnectionOpened, ICID: 5}, esa.Event{Kind: esa.TLSStarted, ICID: 5, Name: "TLSv1.3", Text: "TLS_AES_128_GCM_SHA256"})
	for mid := esa.MID(1); mid <= 2; mid++ {
		add(esa.Event{Kind: esa.MessageStarted, MID: mid, ICID: 5}, esa.Event{Kind: esa.SenderGiven, MID: mid, Address: fmt.Sprintf("%d@b.example", mid)},
			esa.Event{Kind: esa.RecipientGiven, MID: mid, Address: "u@x.example", RIDs: []esa.RID{0}}, esa.Event{Kind: esa.MessageReady, MID: mid, Size: 9})
	}
	add(esa.Event{Kind: esa.ConnectionClosed, ICID: 5})
	add(esa.Event{Kind: esa.MessageQuarantined, MID: 1, Name: "Policy"})
	add(esa.Event{Kind: esa.MessageRewritten, MID: 2, Other: 3}, esa.Event{Kind: esa.MessageFinished, MID: 2, Text: "done"},
		esa.Event{Kind: esa.MessageStarted, MID: 3, Other: 2}, esa.Event{Kind: esa.MessageDropped, MID: 3, Engine: esa.AntiSpam}, esa.Event{Kind: esa.MessageFinished, MID: 3, Text: "aborted"})
	add(esa.Event{Kind: esa.MessageQuarantined, MID: 1, Name: "Virus"})
	add(esa.Event{Kind: esa.MessageReleased, MID: 1})
	add(esa.Event{Kind: esa.MessageQueued, MID: 1})
	add(esa.Event{Kind: esa.DeliveryOpened, DCID: 6}, esa.Event{Kind: esa.DeliveryStarted, MID: 1, DCID: 6, RIDs: []esa.RID{0}},
		esa.Event{Kind: esa.RecipientDelayed, MID: 1, DCID: 6, RIDs: []esa.RID{0}}, esa.Event{Kind: esa.DeliveryClosed, DCID: 6})
	add(esa.Event{Kind: esa.DeliveryOpened, DCID: 7}, esa.Event{Kind: esa.DeliveryTLSStarted, DCID: 7, Name: "TLSv1.2", Text: "X"}, esa.Event{Kind: esa.DeliveryStarted, MID: 1, DCID: 7, RIDs: []esa.RID{0}},
		esa.Event{Kind: esa.RecipientDelivered, MID: 1, DCID: 7, RIDs: []esa.RID{0}}, esa.Event{Kind: esa.MessageFinished, MID: 1, Text: "done"})
	return out
}

func storeOf(entries []esa.Entry) *store {
	s := &store{messages: map[esa.MID][]esa.Event{}, connections: map[esa.ICID][]esa.Event{}}
	for _, entry := range entries {
		for _, e := range entry.Events {
			if e.MID == 0 && e.DCID != 0 { // as the store has it: it belongs to the message in its entry
				e.MID = entry.Events[len(entry.Events)/2].MID
			}
			if e.MID != 0 {
				s.messages[e.MID] = append(s.messages[e.MID], e)
			} else {
				s.connections[e.ICID] = append(s.connections[e.ICID], e)
			}
		}
	}
	return s
}

func write(t *testing.T, l *Log, entries []esa.Entry) []string {
	t.Helper()
	out := logs.NewLines(time.UTC)
	for i := range entries {
		if err := l.Write(t.Context(), out, entries[i:i+1]); err != nil {
			t.Fatal(err)
		}
	}
	return out.Texts()
}

// A line for each time that a message is held and one for each end, without asking
// for anything; from wherever in the log a writer begins, it writes the same lines,
// although by then all has gone on to its end.
func TestLogFromAnywhere(t *testing.T) {
	entries := history()
	s := storeOf(entries)
	all := write(t, New(device, time.UTC, s), entries)
	if s.asked != 0 {
		t.Errorf("asked for %d things that went by", s.asked)
	}
	var acts []string
	for _, line := range all {
		_, f := fields(t, line)
		acts = append(acts, strings.TrimSpace(strings.Join([]string{f["ESAMID"], f["act"], f["ESAFinalActionDetails"], f["ESATLSInProtocol"], f["ESATLSOutProtocol"]}, " ")))
	}
	if want := []string{"1 QUARANTINED To POLICY TLSv1.3", "3 DROPPED", "1 QUARANTINED To POLICY, VIRUS TLSv1.3", "1 DELIVERED  TLSv1.3 TLSv1.2"}; !slices.Equal(acts, want) {
		t.Errorf("lines %q, want %q", acts, want)
	}
	for from := range entries {
		before := write(t, New(device, time.UTC, storeOf(entries[:from])), entries[:from])
		if got := append(before, write(t, New(device, time.UTC, s), entries[from:])...); !slices.Equal(got, all) {
			t.Errorf("a restart after entry %d:\n%s\nwant\n%s", from, strings.Join(got, "\n"), strings.Join(all, "\n"))
		}
	}
}

// A message that is no longer kept has no line, and stops nobody; after a loss
// nothing half known is told.
func TestGoneAndForgotten(t *testing.T) {
	entries := history()
	if got := write(t, New(device, time.UTC, storeOf(nil)), entries[6:]); len(got) != 0 {
		t.Errorf("%q", got)
	}
	s := storeOf(entries)
	l := New(device, time.UTC, s)
	write(t, l, entries[:5])
	l.Forget()
	if got := write(t, l, entries[8:]); len(got) != 1 || !strings.Contains(got[0], " act=DELIVERED ") || s.asked != 2 {
		t.Errorf("%q, asked %d times, want for the message and its connection", got, s.asked)
	}
}

// A message that says itself how it came need not be asked after; one whose host
// offered TLS and then did not do it went out in the clear.
func TestWays(t *testing.T) {
	at := time.Date(2020, 5, 11, 16, 56, 56, 0, time.UTC)
	events := []esa.Event{{Kind: esa.MessageStarted, MID: 1, ICID: 5, Name: "TLSv1.3 TLS_AES_128_GCM_SHA256"}, {Kind: esa.MessageReady, MID: 1},
		{Kind: esa.DeliveryOpened, DCID: 7}, {Kind: esa.DeliveryTrouble, MID: 1, DCID: 7, Text: "DCID 7 TLS failed: STARTTLS unexpected response"},
		{Kind: esa.DeliveryStarted, MID: 1, DCID: 7}, {Kind: esa.MessageFinished, MID: 1, Text: "done"}}
	for i := range events {
		events[i].Time = at.Add(time.Duration(i) * time.Second)
	}
	s := storeOf([]esa.Entry{{Events: events}})
	for from := range 2 { // the second time the beginning is asked for
		s.asked = 0
		got := write(t, New(device, time.UTC, s), []esa.Entry{{Events: events[from*5:]}})
		if len(got) != 1 || s.asked != from {
			t.Fatalf("%q, asked %d times", got, s.asked)
		}
		_, f := fields(t, got[0])
		if f["ESATLSInProtocol"] != "TLSv1.3" || f["ESATLSInCipher"] != "TLS_AES_128_GCM_SHA256" || f["ESATLSOutConnStatus"] != "Failure" || f["ESATLSOutCipher"] != "" {
			t.Errorf("%s", got[0])
		}
	}
}
