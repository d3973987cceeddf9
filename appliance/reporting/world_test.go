package reporting

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/esa"
	"esasim/esa/gather"
	"esasim/tracking"
)

// keptIn is a tracking store as reports see it.
type keptIn struct{ *tracking.Store }

func (k keptIn) Message(ctx context.Context, mid esa.MID) (esa.Message, error) {
	m, err := k.Store.Message(ctx, mid)
	return m, missing(err)
}

func (k keptIn) Connection(ctx context.Context, icid esa.ICID) ([]esa.Event, error) {
	events, err := k.Store.Connection(ctx, icid)
	return events, missing(err)
}

func missing(err error) error {
	if errors.Is(err, tracking.ErrNotFound) {
		return fmt.Errorf("%w: %w", gather.ErrGone, err)
	}
	return err
}

// expected is what a table should say: it is written down when mail is made up, by
// what that mail is meant to be, and not read from its events.
type expected map[string]uint64

func (e expected) add(t Table, key string, c Counter, n int) {
	if n > 0 {
		e[fmt.Sprintf("%d %q %s", t, key, c)] += uint64(n)
	}
}

// maker makes up mail.
type maker struct {
	r    *rand.Rand
	at   time.Time
	mid  esa.MID
	icid esa.ICID
	dcid esa.DCID
	want expected
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// letter is one message that is made up.
type letter struct {
	*maker
	mid      esa.MID
	outgoing bool
	source   *esa.Source
	domain   string // of the sending host
	sender   string
	to       []string
	steps    [][][]esa.Event // entries that become true together
}

func (l *letter) e(k esa.Kind, change func(*esa.Event)) esa.Event {
	l.at = l.at.Add(time.Duration(1+l.r.IntN(3000)) * time.Millisecond)
	e := esa.Event{Kind: k, MID: l.mid, Time: l.at}
	if change != nil {
		change(&e)
	}
	return e
}

// connection makes up one without mail: refused, or closed after nothing.
func (m *maker) connection() [][][]esa.Event {
	m.icid++
	s := m.host()
	at := m.at.Add(time.Second)
	open := []esa.Event{{Kind: esa.ConnectionOpened, ICID: m.icid, Time: at, Source: s}, {Kind: esa.HATDecided, ICID: m.icid, Time: at, Source: s}}
	steps := [][][]esa.Event{{open}}
	if m.r.IntN(2) == 0 {
		s.Rule, s.Outgoing = pick(m.r, "REJECT", "TCPREFUSE"), false
		m.want.add(InDomain, "example.net", TotalRejected, 1)
		for t, k := range map[Table]string{Incoming: "", InDomain: "example.net", InIP: s.Remote.String()} {
			m.want.add(t, k, BlockedReputation, 1)
			m.want.add(t, k, TotalRecipients, 1)
			m.want.add(t, k, TotalThreat, 1)
		}
		return steps
	}
	m.want.add(Security, "", ReceivedTLSSuccess, 1)
	if !s.Outgoing {
		m.want.add(InDomain, "example.net", ConnTLSSuccess, 1)
		m.want.add(InDomain, "example.net", TotalAccepted, 1)
	}
	return append(steps, [][]esa.Event{{{Kind: esa.TLSStarted, ICID: m.icid, Time: at, Name: "TLSv1.3"}}},
		[][]esa.Event{{{Kind: esa.ConnectionClosed, ICID: m.icid, Time: at}}})
}

func (m *maker) host() *esa.Source {
	return &esa.Source{Remote: netip.AddrFrom4([4]byte{192, 0, 2, byte(1 + m.r.IntN(5))}), Host: "mx1.example.net", Verified: true, Rule: "ACCEPT", Group: "UNKNOWNLIST",
		SBRS: "None", Country: "not enabled", Outgoing: m.r.IntN(3) == 0}
}

// message makes up one message with all that becomes of it.
func (m *maker) message() [][][]esa.Event {
	m.mid++
	l := &letter{maker: m, mid: m.mid, source: m.host(), domain: "example.net", sender: pick(m.r, "a@one.example", "B@two.example")}
	l.outgoing = l.source.Outgoing
	for i := range 1 + m.r.IntN(4) {
		l.to = append(l.to, fmt.Sprintf("u%d@%s", i, pick(m.r, "x.test", "y.test")))
	}
	l.steps = append(l.steps, [][]esa.Event{l.begin()})
	l.queue()
	return l.steps
}

func (l *letter) begin() []esa.Event {
	l.icid++
	out := []esa.Event{l.e(esa.MessageStarted, func(e *esa.Event) { e.Source, e.ICID = l.source, l.icid }), l.e(esa.SenderGiven, func(e *esa.Event) { e.Address = l.sender })}
	for i, a := range l.to {
		out = append(out, l.e(esa.RecipientGiven, func(e *esa.Event) { e.Address, e.RIDs = a, []esa.RID{esa.RID(i)} }))
	}
	if !l.outgoing && l.r.IntN(3) == 0 {
		out = append(out, l.e(esa.RecipientRejected, func(e *esa.Event) { e.Address, e.Text = "no@x.test", "RAT" }))
		l.blocked(BlockedInvalidRecipient, 1)
	}
	out = append(out, l.e(esa.SubjectSeen, func(e *esa.Event) { e.Text = fmt.Sprint("s", l.mid%7) }), l.e(esa.MessageReady, func(e *esa.Event) { e.Size = 100 }))
	c, b := IncomingMessages, BytesIn
	if l.outgoing {
		c, b = OutgoingMessages, BytesOut
	}
	l.want.add(Capacity, "", c, 1)
	l.want.add(Capacity, "", b, 100)
	l.want.add(Subject, fmt.Sprint("s", l.mid%7), NumMessages, 1)
	return out
}

func (l *letter) blocked(c Counter, n int) {
	for t, k := range map[Table]string{Incoming: "", InDomain: l.domain, InIP: l.source.Remote.String()} {
		l.want.add(t, k, c, n)
		l.want.add(t, k, TotalThreat, n)
		l.want.add(t, k, TotalRecipients, n)
	}
}

// queue takes the message through the work queue: perhaps split, perhaps rewritten,
// perhaps held and let go, and delivered.
func (l *letter) queue() {
	said := []esa.Event{l.e(esa.PolicyMatched, func(e *esa.Event) { e.Name = "DEFAULT" })}
	l.want.add(map[bool]Table{false: InPolicy, true: OutPolicy}[l.outgoing], "DEFAULT", RecipientsMatched, len(l.to))
	if len(l.to) > 1 && l.r.IntN(4) == 0 { // the last recipient goes another way
		other := l.successor(l.to[len(l.to)-1:])
		l.to = l.to[:len(l.to)-1]
		said = append(said, l.e(esa.MessageSplit, func(e *esa.Event) { e.Other, e.RIDs = other.mid, []esa.RID{esa.RID(len(l.to))} }))
		l.stages(said, other.born)
		other.stages(nil, nil)
		l.steps = append(l.steps, other.steps...)
		return
	}
	l.stages(said, nil)
}

// born is a successor with the entry that it begins with.
type born struct {
	*letter
	born []esa.Event
}

// successor is a message that another one turns into.
func (l *letter) successor(to []string) born {
	l.maker.mid++
	s := &letter{maker: l.maker, mid: l.maker.mid, outgoing: l.outgoing, source: l.source, domain: l.domain, sender: l.sender, to: to}
	events := []esa.Event{s.e(esa.MessageStarted, func(e *esa.Event) { e.Other, e.Source = l.mid, l.source }), s.e(esa.SenderGiven, func(e *esa.Event) { e.Address = l.sender })}
	for i, a := range to {
		events = append(events, s.e(esa.RecipientGiven, func(e *esa.Event) { e.Address, e.RIDs = a, []esa.RID{esa.RID(i)} }))
	}
	events = append(events, s.e(esa.Inherited, func(e *esa.Event) { e.Other, e.Engine = l.mid, esa.MessageFilters }))
	return born{s, append(events, s.e(esa.MessageReady, func(e *esa.Event) { e.Size = 100 }))}
}

// stages find something, or nothing, and end the way through the work queue.
func (l *letter) stages(said, beside []esa.Event) {
	kind, n := l.r.IntN(6), len(l.to)
	found := func(engine esa.Engine, v esa.Verdict, name string) {
		said = append(said, l.e(esa.EngineVerdict, func(e *esa.Event) { e.Engine, e.Verdict, e.Name = engine, v, name }))
	}
	k := class{TotalClean, InClean, OutClean, 0, 0}
	end := l.e(esa.MessageQueued, nil)
	switch kind {
	case 0:
		found(esa.AntiSpam, esa.Positive, "")
		k = class{DetectedSpam, InSpam, OutSpam, TotalThreat, 0}
	case 1:
		found(esa.AntiVirus, esa.Positive, "EICAR")
		l.want.add(Virus, "EICAR", TotalRecipients, n)
		k = class{DetectedVirus, InVirus, OutVirus, TotalThreat, 0}
	case 2:
		found(esa.ContentFilters, esa.Positive, "f")
		l.want.add(map[bool]Table{false: InFilter, true: OutFilter}[l.outgoing], "f", RecipientsMatched, n)
		end = l.e(esa.MessageDropped, func(e *esa.Event) { e.Engine = esa.ContentFilters })
		k = class{ThreatContentFilter, InThreatFilter, OutThreatFilter, TotalThreat, 0}
	case 3:
		if !l.outgoing {
			found(esa.Graymail, esa.Bulk, "")
			k = class{BulkMail, InBulk, 0, TotalGraymail, InGraymail}
		}
	}
	l.expect(k)
	step := [][]esa.Event{}
	if beside != nil {
		step = append(step, beside)
	}
	if end.Kind == esa.MessageDropped {
		l.steps = append(l.steps, append(step, append(said, end, l.e(esa.MessageFinished, nil))))
		return
	}
	if l.r.IntN(3) == 0 {
		said = append(said, l.e(esa.MessageQuarantined, func(e *esa.Event) { e.Name, e.Engine = "Policy", esa.AntiSpam }))
		l.steps = append(l.steps, append(step, said), [][]esa.Event{{l.e(esa.MessageReleased, func(e *esa.Event) { e.Name = "Policy" })}},
			[][]esa.Event{{l.e(esa.MessageQueued, nil)}})
	} else {
		l.steps = append(l.steps, append(step, append(said, end)))
	}
	l.deliver()
}

func (l *letter) expect(k class) {
	n := len(l.to)
	rows := map[Table]string{Incoming: "", InDomain: l.domain, InIP: l.source.Remote.String()}
	total := TotalRecipients
	if l.outgoing {
		rows, total = map[Table]string{Outgoing: "", OutDomain: domainOf(l.sender), OutIP: l.source.Remote.String()}, TotalProcessed
	}
	for t, key := range rows {
		l.want.add(t, key, k.all, n)
		l.want.add(t, key, total, n)
		if k.sum != 0 {
			l.want.add(t, key, k.sum, n)
		}
	}
	if l.outgoing {
		who := map[string]string{"a@one.example": "a@one.example", "B@two.example": "b@two.example"}[l.sender]
		l.want.add(Users, who, k.out, n)
		l.want.add(Users, who, OutTotal, n)
		return
	}
	for _, to := range l.to {
		l.want.add(Users, to, k.in, 1)
		l.want.add(Users, to, InTotal, 1)
		if k.total != 0 {
			l.want.add(Users, to, k.total, 1)
		}
	}
}

// deliver has the first recipient bounce, sometimes, and the others take it.
func (l *letter) deliver() {
	l.dcid++
	dcid := l.dcid
	step := []esa.Event{{Kind: esa.DeliveryOpened, Time: l.at, DCID: dcid}}
	l.want.add(Capacity, "", OutgoingConnections, 1)
	for i, to := range l.to {
		k, c, d := esa.RecipientDelivered, TotalDelivered, DeliveredRecipients
		if i == 0 && l.r.IntN(3) == 0 {
			k, c, d = esa.RecipientBounced, TotalHardBounces, HardBounces
		}
		if i == 0 && l.outgoing {
			l.want.add(Destination, domainOf(to), ConnTotal, 1)
		}
		step = append(step, l.e(k, func(e *esa.Event) { e.RIDs, e.DCID = []esa.RID{esa.RID(i)}, dcid }))
		if l.outgoing {
			l.want.add(Outgoing, "", c, 1)
			l.want.add(Destination, domainOf(to), d, 1)
		}
	}
	step = append(step, esa.Event{Kind: esa.DeliveryClosed, Time: l.at, DCID: dcid}, l.e(esa.MessageFinished, nil))
	l.steps = append(l.steps, [][]esa.Event{step})
}

// lives makes up mail, each with the steps of its life in order, and shuffles them
// together.
func (m *maker) lives(n int) [][][]esa.Event {
	var open [][][][]esa.Event
	var out [][][]esa.Event
	for n > 0 || len(open) > 0 {
		if n > 0 && (len(open) < 5 || m.r.IntN(3) == 0) {
			n--
			if m.r.IntN(5) == 0 {
				open = append(open, m.connection())
			} else {
				open = append(open, m.message())
			}
			continue
		}
		i := m.r.IntN(len(open))
		out = append(out, open[i][0])
		if open[i] = open[i][1:]; len(open[i]) == 0 {
			open = append(open[:i], open[i+1:]...)
		}
	}
	return out
}

func openStore(t testing.TB, fs vfs.FS, rows int) *tracking.Store {
	t.Helper()
	s, err := tracking.Open(tracking.Options{FS: fs, Dir: "tracking", SegmentRows: rows, Keep: tracking.Keep{LogTail: uint64(rows)}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
