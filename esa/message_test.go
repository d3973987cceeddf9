package esa

import (
	"testing"
	"time"
)

// The state of a message is what its recipients' states come to.
func TestFoldState(t *testing.T) {
	rcpt := func(n RID) Event { return Event{Kind: RecipientGiven, Address: "r", RIDs: []RID{n}} }
	accepted := []Event{{Kind: MessageStarted, MID: 1}, {Kind: SenderGiven}, rcpt(0), rcpt(1), {Kind: MessageReady}}
	queued := append(accepted[:len(accepted):len(accepted)], Event{Kind: MessageQueued})
	to := func(k Kind, n ...RID) Event { return Event{Kind: k, RIDs: n, Until: time.Unix(1, 0)} }
	for _, c := range []struct {
		name   string
		events []Event
		want   State
		atRest bool
	}{
		{"nothing but a start", accepted[:1], Receiving, false},
		{"recipients", accepted[:4], Receiving, false},
		{"aborted", append(accepted[:3:3], Event{Kind: MessageAborted}), Aborted, false},
		{"accepted", accepted, Processing, false},
		{"dropped", append(accepted[:5:5], Event{Kind: MessageDropped, Engine: AntiSpam}), Dropped, true},
		{"queued", queued, Queued, false},
		{"one delivered", append(queued[:6:6], to(RecipientDelivered, 0)), Queued, false},
		{"both delivered", append(queued[:6:6], to(RecipientDelivered, 0, 1)), Delivered, true},
		{"one delayed", append(queued[:6:6], to(RecipientDelivered, 0), to(RecipientDelayed, 1)), Delayed, true},
		{"one bounced", append(queued[:6:6], to(RecipientDelivered, 0), to(RecipientBounced, 1)), Delivered, true},
		{"both bounced", append(queued[:6:6], to(RecipientBounced, 0), to(RecipientBounced, 1)), Bounced, true},
		{"delayed, then delivered", append(queued[:6:6], to(RecipientDelayed, 0, 1), to(RecipientDelivered, 0, 1)), Delivered, true},
	} {
		m := Fold(c.events)
		if m.State != c.want || m.State.AtRest() != c.atRest {
			t.Errorf("%s: %s, at rest %t; want %s, %t", c.name, m.State, m.State.AtRest(), c.want, c.atRest)
		}
	}
}

func TestSenderDomain(t *testing.T) {
	for sender, want := range map[string]string{"": "", "a@B.Example": "b.example", `"x@y"@z.test`: "z.test", "local": ""} {
		if got := (&Message{Sender: sender}).SenderDomain(); got != want {
			t.Errorf("%s: %s", sender, got)
		}
	}
}
