package mix

import (
	"time"

	"esasim/esa"
)

// deliver brings the message to its recipients: one connection for each domain,
// more when the first one wants us to come back.
func (t *teller) deliver(makes bool) {
	m := &t.gen.mail
	t.add(esa.MessageQueued)
	t.pass(200_000)
	for a := 0; a < len(m.Recipients); {
		b := a + 1
		for b < len(m.to) && m.to[b] == m.to[a] {
			b++
		}
		if len(m.to) == 0 { // all of the company
			b = len(m.Recipients)
		}
		v := t.visit(a, b)
		switch {
		case a == 0 && t.fate == deferred:
			t.postpone(v, 0)
		case a == 0 && t.fate == refused:
			t.bounce(v, makes)
		default:
			t.handOver(v, a, b)
		}
		a = b
	}
	if t.fate == deferred {
		t.comeBack()
	}
	t.add(esa.MessageFinished).Text = "done"
}

// visit is one delivery connection, for the recipients from a up to b.
type visit struct {
	dcid  esa.DCID
	style answerStyle
	a, b  int
}

func (t *teller) visit(a, b int) visit {
	m, p := &t.gen.mail, t.h.mix.people
	v := visit{dcid: t.number(), style: exchangeAnswer, a: a, b: b}
	src := p.inside[int(t.mid)%len(p.inside)]
	if a < len(m.to) {
		src, v.style = m.to[a].mx, m.to[a].answer
	}
	e := t.add(esa.DeliveryOpened)
	e.MID, e.DCID, e.Source, e.Size = 0, v.dcid, src, 25
	t.pass(60_000)
	t.result(esa.DeliveryStarted, v, a, b)
	t.pass(300_000)
	return v
}

// soon is how long after a message came an attempt still counts as the first.
const soon = 30_000_000

// number is the next DCID. An attempt long after the message came gets one of
// those that belong to its own time. Few attempts are, so two seldom get the
// same one; a chunk cannot know what the chunks before it put off.
func (t *teller) number() esa.DCID {
	if t.now > t.began+soon && t.now < t.h.end {
		half := t.h.days.halves(t.now)
		if chunk := half / 2 / ChunkSize; chunk > (t.last-1)/ChunkSize {
			return esa.DCID(chunk*dcidsPerChunk + lateDCIDs + half%lateDCIDs)
		}
	}
	if t.dcid%dcidsPerChunk < lateDCIDs-1 {
		t.dcid++
	}
	return esa.DCID(t.dcid)
}

// result is an event of the connection about recipients.
func (t *teller) result(k esa.Kind, v visit, a, b int) *esa.Event {
	e := t.add(k)
	e.DCID, e.RIDs = v.dcid, rids(a, b)
	return e
}

func (t *teller) leave(v visit) {
	e := t.add(esa.DeliveryClosed)
	e.MID, e.DCID = 0, v.dcid
}

func (t *teller) handOver(v visit, a, b int) {
	t.result(esa.RecipientDelivered, v, a, b).Text = t.gen.text.taken(&t.gen.dice, v.style, t.events[len(t.events)-1].Time, &t.gen.mail)
	t.leave(v)
}

// bounce: of several recipients sometimes only the first is refused.
func (t *teller) bounce(v visit, makes bool) {
	r := pick(&t.gen.dice, t.h.never)
	first := v.b
	if v.b > v.a+1 && t.gen.dice.of10000(7_000) {
		first = v.a + 1
	}
	e := t.result(esa.RecipientBounced, v, v.a, first)
	e.Name, e.Text = r.reason, r.answer
	if makes {
		t.add(esa.BounceGenerated).Other = t.mid + 1
	}
	if first < v.b {
		t.handOver(v, first, v.b)
		return
	}
	t.leave(v)
}

// postpone: the recipients are tried again, later each time, as the default
// bounce profile wants it (AsyncOS user guide): after a minute, at most an hour.
func (t *teller) postpone(v visit, tries int) {
	r := pick(&t.gen.dice, t.h.later)
	e := t.result(esa.RecipientDelayed, v, v.a, v.b)
	e.Name, e.Text = r.reason, r.answer
	wait := min(int64(60_000_000)<<tries, hourLong)
	e.Until = e.Time.Add(time.Duration(wait) * time.Microsecond)
	t.due, t.first = t.now+wait, v
	t.leave(v)
}

// comeBack makes the attempts after the first, the last of which succeeds.
func (t *teller) comeBack() {
	again := 1
	if u := t.gen.dice.below(100); u >= 55 {
		again += u % 9
	}
	for i := range again {
		t.now = max(t.now, t.due)
		v := t.visit(t.first.a, t.first.b)
		if i < again-1 {
			t.postpone(v, i+1)
			continue
		}
		t.handOver(v, v.a, v.b)
	}
}
