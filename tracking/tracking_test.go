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
	src := &esa.Source{Listener: "IncomingMail", Remote: pick(r, addrs), Rule: "ACCEPT", Group: "UNKNOWNLIST", Outgoing: r.IntN(4) == 0}
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
	accept = append(accept, ev(esa.MessageReady, func(e *esa.Event) { e.Size = 100 }))
	queue := []esa.Event{ev(esa.PolicyMatched, func(e *esa.Event) { e.Name = "DEFAULT" }), ev(esa.MessageQueued, nil)}
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
		return Text{Op(r.IntN(3)), string(rs[:r.IntN(len(rs)+1)])}
	}
	q := Query{Sender: text(senders), Recipient: text(recipients), Subject: text(subjects), Limit: 1 + r.IntN(7)}
	switch r.IntN(8) {
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
		q.To = q.From.Add(time.Duration(r.IntN(n)) * time.Second)
	case 6:
		q.Attachment = Text{Contains, "VOICE"}
	case 7:
		q.SHA256 = strings.Repeat("AB", 32)
	}
	return q
}

// TestSearchEqualsScan holds the store against its slower self: whatever was
// appended, in whatever interleaving, and across restarts and crashes, a search
// must find what a look at every message finds.
func TestSearchEqualsScan(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	const n = 120
	start := time.Date(2020, 5, 14, 13, 0, 0, 0, time.UTC)
	fs := vfs.NewCrashableMem()
	s := open(t, fs)
	defer func() { s.Close() }()

	var lives []life
	for i := range n {
		lives = append(lives, randomLife(r, esa.MID(i+1), start.Add(time.Duration(i)*time.Second)))
	}
	model := map[esa.MID][]esa.Event{}
	var order []life // steps of all lives, mixed, each life's in order
	for _, l := range lives {
		for _, step := range l.steps {
			order = append(order, life{l.mid, [][]esa.Event{step}})
		}
	}
	shuffleKeepingLives(r, order)
	for i, o := range order {
		step := o.steps[0]
		if err := s.Commit(step, nil); err != nil {
			t.Fatal(err)
		}
		model[o.mid] = append(model[o.mid], step...)
		if i%67 == 66 {
			if r.IntN(2) == 0 { // a crash: what was committed must be there
				clone := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: r.IntN(101), RNG: r})
				s.Close()
				fs = clone
			} else {
				s.Close()
			}
			s = open(t, fs)
		}
		if i%7 == 0 {
			checkSearch(t, s, model, randomQuery(r, start, n))
		}
	}
	for range 200 {
		checkSearch(t, s, model, randomQuery(r, start, n))
	}
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
	var want []esa.MID
	for mid, events := range model {
		m := esa.Fold(events)
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
		t.Fatalf("search %s: got %v, want %v", q, got, want)
	}
}
