package mix

import (
	"math"
	"time"

	"esasim/esa"
)

// teller tells one chunk.
type teller struct {
	h          *History
	gen        generator
	dice       dice // of the connections; those of a message are gen's
	yield      func(Told) bool
	next, last uint64 // messages, from 0: MID - 1
	hour       int    // that next is in
	icid, dcid uint64 // the last ones given out
	earliest   int64  // the next message of the connection does not wait longer than until then

	events  []esa.Event // of the message
	conn    [5]esa.Event
	mid     esa.MID
	from    esa.ICID
	began   int64 // of the message; microseconds since 1970, as now and limit
	now     int64
	limit   int64 // now stays below it
	stamp   time.Time
	stamped int64 // stamp as microseconds
	fate    fate
	source  *esa.Source
	first   visit // the attempt that was put off ...
	due     int64 // ... until then
}

// connection tells one connection with its messages.
func (t *teller) connection() bool {
	if t.dice.of10000(1_000) && !t.rejected() {
		return false
	}
	g := &t.gen
	g.dice.reset(t.h.past.Seed, t.next)
	at := t.at(t.next)
	kinds := &t.h.mix.off
	if t.h.days.hours[t.hour].work {
		kinds = &t.h.mix.work
	}
	kind := Kind(kinds.draw(&g.dice))
	p := g.peer(kind)
	t.icid++
	c := t.open(at, p.host)
	t.earliest = math.MaxInt64
	for i, n := 0, t.messages(kind); i < n && t.next < t.last; i++ {
		if i > 0 {
			g.dice.reset(t.h.past.Seed, t.next)
			p = g.again(p)
		}
		if !t.message(kind, p) {
			return false
		}
	}
	t.now = min(t.now, t.earliest)
	return t.close(c)
}

// messages is how many a client of the kind brings.
func (t *teller) messages(k Kind) int {
	n := 1
	switch u := t.dice.below(100); {
	case k == Newsletter && u < 70, k == Issued && u < 40, k == Written && u < 45:
		n = 2 + u%4
	case u < 12:
		n = 2 + u%2
	}
	return n
}

// at is when message n begins, if it need not follow another one.
func (t *teller) at(n uint64) int64 {
	for t.h.days.hours[t.hour+1].first <= n {
		t.hour++
	}
	return t.h.days.at(t.hour, t.h.past.Seed, n)
}

const handshake = 120_000 // microseconds from the connection to MAIL FROM

// open writes the beginning of the connection into t.conn and gives back how
// many events that are.
func (t *teller) open(at int64, src *esa.Source) int {
	when := time.UnixMicro(at - handshake).UTC()
	icid := esa.ICID(t.icid)
	t.conn[0] = esa.Event{Kind: esa.ConnectionOpened, Time: when, ICID: icid, Source: src}
	t.conn[1] = esa.Event{Kind: esa.HATDecided, Time: when, ICID: icid, Source: src}
	if src.Rule == "REJECT" || !t.dice.of10000(7_500) {
		return 2
	}
	c := pick(&t.dice, ciphers)
	t.conn[2] = esa.Event{Kind: esa.TLSStarted, Time: when.Add(70 * time.Millisecond), ICID: icid, Name: c[0], Text: c[1]}
	return 3
}

var ciphers = [][2]string{
	{"TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384"}, {"TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384"}, {"TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256"},
	{"TLSv1.2", "DHE-RSA-AES256-GCM-SHA384"}, {"TLSv1.2", "AES256-GCM-SHA384"},
}

// close tells the connection: its end comes a little after now.
func (t *teller) close(n int) bool {
	e := &t.conn[n]
	*e = esa.Event{Kind: esa.ConnectionClosed, Time: time.UnixMicro(t.now + int64(t.dice.between(5_000, 300_000))).UTC(), ICID: esa.ICID(t.icid)}
	if t.dice.of10000(200) {
		e.Text = "lost"
	}
	events := t.until(t.conn[:n+1])
	return t.yield(Told{ICID: esa.ICID(t.icid), Events: events, whole: len(events) == n+1})
}

// rejected tells a connection that the HAT turns away.
func (t *teller) rejected() bool {
	t.icid++
	t.now = t.at(t.next)
	return t.close(t.open(t.now, pick(&t.dice, t.h.mix.people.refused)))
}

// until cuts off what comes after the end of the past.
func (t *teller) until(events []esa.Event) []esa.Event {
	for len(events) > 0 && events[len(events)-1].Time.UnixMicro() > t.h.end {
		events = events[:len(events)-1]
	}
	return events
}

// message tells one message, and that which is made from it.
func (t *teller) message(k Kind, p peer) bool {
	t.now = min(t.at(t.next), t.earliest)
	t.began = t.now
	t.mid, t.from, t.source = esa.MID(t.next+1), esa.ICID(t.icid), p.host
	t.next++
	t.gen.write(k, p, time.UnixMicro(t.now).UTC())
	t.fate = fate(t.h.mix.fates[k].draw(&t.gen.dice))
	t.limit = math.MaxInt64
	makes := t.fate.made() && t.makes()
	if makes {
		t.limit = t.at(t.next)
	}
	t.life(makes)
	if !t.tell() {
		return false
	}
	return !makes || t.child()
}

// makes is true when there is a MID for what becomes of the message. Some
// bounces are not told to anybody, and those of the null sender never are.
func (t *teller) makes() bool {
	if t.next == t.last {
		t.fate = passed
		return false
	}
	return t.fate == spamTagged || t.gen.mail.Sender != "" && t.gen.dice.of10000(8_000)
}

func (t *teller) tell() bool {
	events := t.until(t.events)
	return t.yield(Told{MID: t.mid, ICID: t.from, Events: events, fate: t.fate, whole: len(events) == len(t.events)})
}

// add adds an event of the message, to be filled in.
func (t *teller) add(k esa.Kind) *esa.Event {
	t.events = append(t.events, esa.Event{})
	e := &t.events[len(t.events)-1]
	if t.now != t.stamped { // many things happen at one moment
		t.stamped, t.stamp = t.now, time.UnixMicro(t.now).UTC()
	}
	e.Kind, e.Time, e.MID = k, t.stamp, t.mid
	return e
}

// pass lets some time pass: a number of microseconds up to twice the one given.
func (t *teller) pass(about int) {
	t.now = min(t.now+int64(t.gen.dice.below(2*about)), t.limit)
}
