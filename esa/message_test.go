package esa

import (
	"reflect"
	"slices"
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
		bitByBit(t, c.name, c.events)
	}
}

// bitByBit tells of a message in two parts, wherever it is cut, and event by event.
func bitByBit(t *testing.T, name string, events []Event) {
	t.Helper()
	want := Fold(events)
	want.Events = nil
	var single Message
	for i := range events {
		single.Add(events[i : i+1])
		var m Message
		m.Add(events[:i])
		m.Add(events[i:])
		if !reflect.DeepEqual(m, want) {
			t.Errorf("%s, cut before event %d: %+v, want %+v", name, i, m, want)
		}
	}
	if !reflect.DeepEqual(single, want) {
		t.Errorf("%s, event by event: %+v, want %+v", name, single, want)
	}
}

// A message in quarantines: who holds it, what it is called, and when it goes on.
func TestFoldQuarantines(t *testing.T) {
	into := func(q string, by Engine) Event { return Event{Kind: MessageQuarantined, Name: q, Engine: by} }
	released := func(q string) Event { return Event{Kind: MessageReleased, Name: q} }
	deleted := func(q string) Event { return Event{Kind: QuarantineDeleted, Name: q} }
	policy, virus, outbreak := into("Policy", ContentFilters), into("Virus", AntiVirus), into("Outbreak", OutbreakFilters)
	for _, c := range []struct {
		name   string
		events []Event
		want   State
		status string
		held   []string
	}{
		{"in one", []Event{policy}, Quarantined, "Quarantined by Content Filters", []string{"Policy"}},
		{"in one twice", []Event{policy, policy}, Quarantined, "Quarantined by Content Filters", []string{"Policy"}},
		{"in two by one engine", []Event{policy, into("Mine", ContentFilters)}, Quarantined, "Quarantined by Content Filters", []string{"Policy", "Mine"}},
		{"in two by two engines", []Event{policy, virus}, Quarantined, "Quarantined by Multiple Engines", []string{"Policy", "Virus"}},
		{"in one by two engines", []Event{policy, into("Policy", DLP)}, Quarantined, "Quarantined by Multiple Engines", []string{"Policy"}},
		{"spam and graymail have one name", []Event{into("Spam", AntiSpam), into("Spam", Graymail)}, Quarantined, "Quarantined by Anti-Spam/Graymail", []string{"Spam"}},
		{"by nobody known", []Event{into("Policy", NoEngine)}, Quarantined, "Quarantined", []string{"Policy"}},
		{"scanned on while held", []Event{policy, {Kind: EngineVerdict, Engine: DLP, Verdict: Negative}}, Quarantined, "Quarantined by Content Filters", []string{"Policy"}},
		{"released from one of two", []Event{policy, virus, released("Policy")}, Quarantined, "Quarantined by Anti-Virus", []string{"Virus"}},
		{"released from where it is not", []Event{policy, released("Virus")}, Quarantined, "Quarantined by Content Filters", []string{"Policy"}},
		{"released from the last", []Event{policy, virus, released("Policy"), released("Virus")}, Processing, "Processing", nil},
		{"released from all", []Event{policy, virus, outbreak, released("")}, Processing, "Processing", nil},
		{"released from the last, and so from all", []Event{policy, released("Policy"), released("")}, Processing, "Processing", nil},
		{"released and queued", []Event{policy, released("Policy"), {Kind: MessageQueued}}, Queued, "Queued for Delivery", nil},
		{"released and delivered", []Event{policy, released(""), {Kind: MessageQueued}, {Kind: RecipientDelivered, RIDs: []RID{0}}}, Delivered, "Delivered", nil},
		{"released and held again", []Event{policy, released(""), virus}, Quarantined, "Quarantined by Anti-Virus", []string{"Virus"}},
		{"released and dropped", []Event{policy, released(""), {Kind: MessageDropped, Engine: AntiVirus}}, Dropped, "Dropped By Anti-Virus", nil},
		{"held and dropped by a later engine", []Event{policy, {Kind: MessageDropped, Engine: AMP}}, Dropped, "Dropped By Advanced Malware Protection", nil},
		{"deleted from one of two", []Event{policy, virus, deleted("Virus")}, Quarantined, "Quarantined by Content Filters", []string{"Policy"}},
		{"deleted from the last", []Event{policy, deleted("Policy")}, Dropped, "Deleted from quarantine", nil},
		{"deleted from all", []Event{policy, virus, deleted("")}, Dropped, "Deleted from quarantine", nil},
		{"deleted from one, released from the last", []Event{policy, virus, deleted("Policy"), released("Virus")}, Processing, "Processing", nil},
		{"released from one, deleted from the last", []Event{policy, virus, released("Policy"), deleted("Virus")}, Dropped, "Deleted from quarantine", nil},
		{"released when it was never held", []Event{released("")}, Processing, "Processing", nil},
		{"rewritten while held", []Event{policy, {Kind: MessageRewritten, Other: 2}}, Replaced, "Rewritten", nil},
	} {
		start := []Event{{Kind: MessageStarted, MID: 1}, {Kind: RecipientGiven, RIDs: []RID{0}}, {Kind: MessageReady}}
		m := Fold(append(start, c.events...))
		bitByBit(t, c.name, m.Events)
		if m.State != c.want || m.Status() != c.status || !slices.Equal(m.Quarantines, c.held) {
			t.Errorf("%s: %s, %q in %q; want %s, %q in %q", c.name, m.State, m.Status(), m.Quarantines, c.want, c.status, c.held)
		}
		if (len(m.Holds) == 0) != (len(c.held) == 0) {
			t.Errorf("%s: held by %v in %q", c.name, m.Holds, m.Quarantines)
		}
	}
}

// A message and those made from it.
func TestFoldFamily(t *testing.T) {
	start := []Event{{Kind: MessageStarted, MID: 9, Other: 4}, {Kind: RecipientGiven, RIDs: []RID{0}}, {Kind: RecipientGiven, RIDs: []RID{1}}, {Kind: MessageReady}}
	queued := Event{Kind: MessageQueued}
	for _, c := range []struct {
		name     string
		events   []Event
		want     State
		finished bool
		into     []MID
	}{
		{"rewritten", []Event{{Kind: MessageRewritten, Other: 10, Text: "antispam"}}, Replaced, true, []MID{10}},
		{"split, nobody knows whom it took", []Event{{Kind: MessageSplit, Other: 10}, queued}, Queued, false, []MID{10}},
		{"split", []Event{{Kind: MessageSplit, Other: 10, RIDs: []RID{1}}, queued, {Kind: RecipientDelivered, RIDs: []RID{0}}}, Delivered, false, []MID{10}},
		{"split to the last", []Event{{Kind: MessageSplit, Other: 10, RIDs: []RID{1}}, {Kind: MessageSplit, Other: 11, RIDs: []RID{0}}}, Replaced, false, []MID{10, 11}},
		{"split, then rewritten", []Event{{Kind: MessageSplit, Other: 10, RIDs: []RID{1}}, {Kind: MessageRewritten, Other: 11}}, Replaced, true, []MID{10, 11}},
		{"bounced", []Event{queued, {Kind: RecipientBounced, RIDs: []RID{0, 1}}, {Kind: BounceGenerated, Other: 10}}, Bounced, false, []MID{10}},
	} {
		m := Fold(append(start[:4:4], c.events...))
		if m.State != c.want || m.Finished != c.finished || !slices.Equal(m.Into, c.into) || m.From != 4 || len(m.Recipients) != 2 {
			t.Errorf("%s: %s, finished %t, from %d, into %v; want %s, %t, 4, %v", c.name, m.State, m.Finished, m.From, m.Into, c.want, c.finished, c.into)
		}
		if m.State == Replaced && m.State.AtRest() {
			t.Errorf("%s: at rest", c.name)
		}
	}
}

// What ends or stops a message as a whole does so for its recipients, but not for
// one that a split has taken away.
func TestFoldRecipients(t *testing.T) {
	start := []Event{{Kind: MessageStarted, MID: 9}, {Kind: RecipientGiven, RIDs: []RID{0}}, {Kind: RecipientGiven, RIDs: []RID{1}}, {Kind: MessageReady},
		{Kind: MessageSplit, Other: 10, RIDs: []RID{1}}}
	held := Event{Kind: MessageQuarantined, Name: "Policy", Engine: ContentFilters}
	for _, c := range []struct {
		name   string
		events []Event
		want   State
	}{
		{"accepted", nil, Processing},
		{"dropped", []Event{{Kind: MessageDropped, Engine: AntiVirus}}, Dropped},
		{"aborted", []Event{{Kind: MessageAborted}}, Aborted},
		{"bounced", []Event{{Kind: MessageBounced, Engine: AntiSpam}}, Bounced},
		{"rewritten", []Event{{Kind: MessageRewritten, Other: 11}}, Replaced},
		{"held", []Event{held}, Quarantined},
		{"held in two, released from one", []Event{held, {Kind: MessageQuarantined, Name: "Virus"}, {Kind: MessageReleased, Name: "Virus"}}, Quarantined},
		{"released", []Event{held, {Kind: MessageReleased, Name: "Policy"}}, Processing},
		{"released and queued", []Event{held, {Kind: MessageReleased, Name: "Policy"}, {Kind: MessageQueued}}, Queued},
		{"deleted", []Event{held, {Kind: QuarantineDeleted, Name: "Policy"}}, Dropped},
		{"reinjected", []Event{held, {Kind: MessageReleased}, {Kind: MessageReinjected, Other: 11}}, Replaced},
	} {
		m := Fold(append(start[:5:5], c.events...))
		if m.Recipients[0].State != c.want || m.Recipients[1].State != Replaced {
			t.Errorf("%s: %s and %s; want %s and %s", c.name, m.Recipients[0].State, m.Recipients[1].State, c.want, Replaced)
		}
	}
}

// Every state and every engine has its words.
func TestStatus(t *testing.T) {
	for s := Receiving; s < States; s++ {
		if got := (&Message{State: s}).Status(); got != s.String() || got == "" {
			t.Errorf("state %d: %q", s, got)
		}
	}
	for e, want := range map[Engine]string{MessageFilters: "Message Filters", AntiSpam: "Anti-Spam/Graymail", AntiVirus: "Anti-Virus",
		AMP: "Advanced Malware Protection", Graymail: "Anti-Spam/Graymail", ContentFilters: "Content Filters", OutbreakFilters: "Outbreak Filters", DLP: "DLP"} {
		dropped := Message{State: Dropped, DroppedBy: e}
		held := Message{State: Quarantined, Holds: []Hold{{Quarantine: "Policy", Engine: e}}}
		if dropped.Status() != "Dropped By "+want || held.Status() != "Quarantined by "+want {
			t.Errorf("engine %d: %q, %q", e, dropped.Status(), held.Status())
		}
	}
}

// Events that a damaged log could hold make no fold panic.
func TestFoldBareEvents(t *testing.T) {
	for k := Kind(0); k < Kinds+3; k++ {
		m := Fold([]Event{{Kind: k, Engine: Engines + 1, Verdict: Verdicts + 1}})
		_ = m.Status()
	}
}

// An attempt counts, whether or not it came to a connection, and once.
func TestFoldAttempts(t *testing.T) {
	m := Fold([]Event{{Kind: MessageStarted, MID: 1}, {Kind: RecipientGiven, RIDs: []RID{0}}, {Kind: MessageQueued},
		{Kind: RecipientDelayed, RIDs: []RID{0}, Text: "000 timeout"},
		{Kind: DeliveryStarted, DCID: 7, RIDs: []RID{0}}, {Kind: RecipientDelayed, DCID: 7, RIDs: []RID{0}, Text: "451 no"}})
	if n := m.Recipients[0].Attempts; n != 2 {
		t.Errorf("%d attempts, want 2", n)
	}
}

func TestSenderDomain(t *testing.T) {
	for sender, want := range map[string]string{"": "", "a@B.Example": "b.example", `"x@y"@z.test`: "z.test", "local": ""} {
		if got := (&Message{Sender: sender}).SenderDomain(); got != want {
			t.Errorf("%s: %s", sender, got)
		}
	}
}
