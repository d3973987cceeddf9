package tracking

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"esasim/esa"
)

func open(t *testing.T, fs vfs.FS) *Store {
	t.Helper()
	s, err := Open(Options{FS: fs, Dir: "tracking"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// life is a random message: what the listener, the work queue and delivery
// would append for it.
type life struct {
	mid   esa.MID
	steps [][]esa.Event
}

var (
	senders    = []string{"alice@example.com", "ALICE@Example.com", "bob@sub.example.org", "", "straße@example.net", "mgmt01@cisco.com"}
	recipients = []string{"x@one.test", "y@one.test", "z@two.test", "STRASSE@two.test"}
	subjects   = []string{"test test", "Test", "Rechnung für Straße", "re: test test", "", "中文 主题"}
	addrs      = []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("2001:db8::1")}
)

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func randomLife(r *rand.Rand, mid esa.MID, at time.Time) life {
	icid := esa.ICID(mid/3 + 1)
	src := &esa.Source{Listener: "IncomingMail", Remote: pick(r, addrs), Rule: "ACCEPT", Group: pick(r, []string{"UNKNOWNLIST", "WHITELIST"}), Country: pick(r, []string{"Norway", "not enabled"}), SBRS: pick(r, []string{"None", "3.5", "-2.9"}),
		Host: pick(r, []string{"", "Relay.example.net"}), Outgoing: r.IntN(4) == 0}
	ev := func(k esa.Kind, f func(*esa.Event)) esa.Event {
		at = at.Add(time.Millisecond)
		e := esa.Event{Kind: k, Time: at, MID: mid}
		if f != nil {
			f(&e)
		}
		return e
	}
	accept := []esa.Event{
		ev(esa.MessageStarted, func(e *esa.Event) { e.ICID, e.Source = icid, src }),
		ev(esa.SenderGiven, func(e *esa.Event) { e.ICID, e.Address = icid, pick(r, senders) }),
	}
	for i := range 1 + r.IntN(3) {
		accept = append(accept, ev(esa.RecipientGiven, func(e *esa.Event) { e.Address, e.RIDs = pick(r, recipients), []esa.RID{esa.RID(i)} }))
	}
	accept = append(accept,
		ev(esa.MessageIDSeen, func(e *esa.Event) { e.Text = fmt.Sprintf("<%d@host.test>", mid) }),
		ev(esa.SubjectSeen, func(e *esa.Event) { e.Text = pick(r, subjects) }))
	if r.IntN(3) == 0 {
		accept = append(accept, ev(esa.AttachmentSeen, func(e *esa.Event) {
			e.Attachment = &esa.Attachment{Name: "Invoice.pdf", Type: "application/pdf", Size: 99, SHA256: strings.Repeat("ab", 32)}
		}))
	}
	l := life{mid: mid}
	if r.IntN(5) == 0 {
		accept = append(accept, ev(esa.MessageAborted, func(e *esa.Event) { e.Text = "Receiving aborted by sender" }), ev(esa.MessageFinished, nil))
		l.steps = [][]esa.Event{accept}
		return l
	}
	if r.IntN(4) == 0 {
		accept = append(accept, ev(esa.HeaderSeen, func(e *esa.Event) { e.Name, e.Text = "Reply-To", pick(r, senders) }))
	}
	accept = append(accept, ev(esa.MessageReady, func(e *esa.Event) { e.Size = 100 }))
	queue := []esa.Event{ev(esa.PolicyMatched, func(e *esa.Event) { e.Name = pick(r, []string{"DEFAULT", "Finance"}) }),
		ev(esa.EngineVerdict, func(e *esa.Event) {
			e.Engine, e.Verdict = esa.Engine(1+r.IntN(3)), esa.Verdict(1+r.IntN(3))
			e.Name = pick(r, []string{"", "EICAR"})
		})}
	if r.IntN(4) == 0 {
		quarantine := pick(r, []string{"Policy", "Virus"})
		queue = append(queue, ev(esa.MessageQuarantined, func(e *esa.Event) { e.Name = quarantine }))
		release := []esa.Event{ev(esa.MessageReleased, func(e *esa.Event) { e.Name, e.Text = quarantine, "manual" })}
		if r.IntN(3) == 0 {
			release = []esa.Event{ev(esa.QuarantineDeleted, func(e *esa.Event) { e.Name = quarantine }), ev(esa.MessageFinished, nil)}
		}
		l.steps = [][]esa.Event{accept, queue, release}[:2+r.IntN(2)]
		return l
	}
	queue = append(queue, ev(esa.MessageQueued, nil))
	deliver := []esa.Event{
		{Kind: esa.DeliveryOpened, Time: at, DCID: 7, Source: &esa.Source{Remote: addrs[1]}, Size: 25},
		ev(esa.RecipientDelivered, func(e *esa.Event) { e.DCID, e.RIDs, e.Text = 7, []esa.RID{0}, "ok" }),
		ev(esa.MessageFinished, func(e *esa.Event) { e.Text = "done" }),
	}
	l.steps = [][]esa.Event{accept, queue, deliver}[:1+r.IntN(3)]
	return l
}

func randomQuery(r *rand.Rand, start time.Time, n int) Query {
	text := func(list []string) Text {
		if r.IntN(3) > 0 {
			return Text{}
		}
		v := pick(r, list)
		rs := []rune(v)
		if r.IntN(6) == 0 {
			return Text{Op: Empty}
		}
		return Text{Op(r.IntN(3)), string(rs[:r.IntN(len(rs)+1)])}
	}
	q := Query{Sender: text(senders), Recipient: text(recipients), Subject: text(subjects), Limit: 1 + r.IntN(7)}
	switch r.IntN(15) {
	case 8:
		q.States = []esa.State{esa.State(r.IntN(int(esa.States))), esa.Delivered}[:1+r.IntN(2)]
	case 9:
		q.Held = []string{"POLICY"}
		q.Events = []EventMatch{{Kind: esa.MessageDropped}}[:r.IntN(2)]
	case 10:
		q.Events = []EventMatch{{Kind: esa.EngineVerdict, Engine: esa.Engine(r.IntN(4)), Verdict: esa.Verdict(r.IntN(4)), Name: pick(r, []string{"", "eicar"})}}
		q.States = []esa.State{esa.Aborted}[:r.IntN(2)]
	case 11:
		q.Domain = Text{Op(r.IntN(4)), ""}
		if q.Domain.Op != Empty {
			q.Domain.Value = pick(r, []string{"example.com", "EXAMPLE", "sub", "org"})
		}
	case 12:
		q.ReplyTo, q.Policy = text(senders), pick(r, []string{"", "default"})
	case 13:
		q.Country = pick(r, []string{"", "norway"})
	case 14:
		q.Countries, q.Scores = []string{"Atlantis", "norway"}[:1+r.IntN(2)], []int{-2, 3}[:r.IntN(3)]
		q.Events = []EventMatch{{Kind: esa.MessageDropped}}[:r.IntN(2)]
		q.Group, q.Host = pick(r, []string{"", "unknownlist"}), Text{Contains, pick(r, []string{"", "relay"})}
	case 0:
		q.MID = esa.MID(r.IntN(n + 2))
	case 1:
		q.ICID = esa.ICID(r.IntN(n + 2))
	case 2:
		q.SenderIP = netip.MustParsePrefix("10.0.0.0/8")
	case 3:
		q.MessageID = fmt.Sprintf("%d@HOST.test", r.IntN(n+2))
	case 4:
		d := esa.Direction(r.IntN(2))
		q.Direction = &d
	case 5:
		q.From = start.Add(time.Duration(r.IntN(n)) * time.Second)
		q.To = q.From.Add(time.Duration(1+r.IntN(n)) * time.Second)
	case 6:
		q.Attachment = Text{Contains, "VOICE"}
	case 7:
		q.SHA256 = strings.Repeat("AB", 32)
	}
	return q
}

// shuffleKeepingLives mixes the steps of neighbours, as concurrent sessions do.
func shuffleKeepingLives(r *rand.Rand, order []life) {
	for range 10 * len(order) {
		i := r.IntN(len(order) - 1)
		if order[i].mid != order[i+1].mid {
			order[i], order[i+1] = order[i+1], order[i]
		}
	}
}

func checkSearch(t *testing.T, s *Store, model map[esa.MID][]esa.Event, q Query) {
	t.Helper()
	match := q.matcher()
	if q.Check() != nil {
		t.Fatalf("query %s: %v", q, q.Check())
	}
	var want []esa.MID
	for mid, events := range model {
		m := esa.Fold(events)
		m.MID = mid // its beginning may be gone
		if match(&m) {
			want = append(want, mid)
		}
	}
	slices.SortFunc(want, func(a, b esa.MID) int { return int(b) - int(a) })
	var got []esa.MID
	for page := q; ; {
		p, err := s.Search(context.Background(), page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range p.Messages {
			got = append(got, m.MID)
			if d := cmp.Diff(model[m.MID], m.Events[:], cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); d != "" && len(m.Events) == len(model[m.MID]) {
				t.Fatalf("MID %d: events differ (-want +got):\n%s", m.MID, d)
			}
			if len(m.Events) != len(model[m.MID]) {
				t.Fatalf("MID %d: %d events, want %d", m.MID, len(m.Events), len(model[m.MID]))
			}
		}
		if page.Before = p.Next; p.Next == 0 {
			break
		}
	}
	if !slices.Equal(got, want) {
		for _, mid := range got {
			if !slices.Contains(want, mid) {
				t.Logf("MID %d in model: %v", mid, model[mid])
			}
		}
		t.Fatalf("search %s: got %v, want %v", q, got, want)
	}
}
