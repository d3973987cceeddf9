package delivery

import (
	"net/netip"
	"time"

	"esasim/esa"
)

// Attempt is one try to hand a message over to a host.
type Attempt struct {
	MID       esa.MID
	Sender    string
	Recipient string
	Tries     int // attempts made before this one
}

// Host is the remote host of all domains that no route sends elsewhere. It
// answers for one recipient with a complete SMTP reply: "250 ok:  Message 8
// accepted".
type Host interface {
	Deliver(Attempt) (reply string)
	// Chooses tells whether it answers whatever the routes say, and Takes how long
	// it takes to answer.
	Chooses(Attempt) bool
	Takes(Attempt) time.Duration
	Addr(domain string) netip.Addr
}

func attempt(m *esa.Message, r esa.Recipient) Attempt {
	return Attempt{MID: m.MID, Sender: m.Sender, Recipient: r.Address, Tries: r.Attempts}
}

// visit is one delivery connection to one domain.
type visit struct {
	m      *esa.Message
	dcid   esa.DCID
	domain string
	rcpts  []esa.Recipient
	now    time.Time
}

func (q *Queue) visit(events []esa.Event, v visit) []esa.Event {
	src := &esa.Source{Local: q.Local, Remote: q.by.Host.Addr(v.domain)}
	events = append(events,
		esa.Event{Kind: esa.DeliveryOpened, Time: v.now, DCID: v.dcid, Source: src, Size: 25},
		esa.Event{Kind: esa.DeliveryStarted, Time: v.now, DCID: v.dcid, MID: v.m.MID, RIDs: rids(v.rcpts)})
	replies := make([]string, len(v.rcpts))
	for i, r := range v.rcpts {
		replies[i] = q.by.Host.Deliver(attempt(v.m, r))
	}
	events = append(events, q.outcomes(v, replies)...)
	return append(events, esa.Event{Kind: esa.DeliveryClosed, Time: v.now, DCID: v.dcid})
}

func rids(rcpts []esa.Recipient) []esa.RID {
	all := make([]esa.RID, len(rcpts))
	for i, r := range rcpts {
		all[i] = r.RID
	}
	return all
}

// outcomes judges the reply to every recipient. Recipients with the same answer
// share an event, as they share a line in the logs.
func (q *Queue) outcomes(v visit, replies []string) []esa.Event {
	var out []esa.Event
	for i, r := range v.rcpts {
		e := q.judge(replies[i], r, v.m, v.now)
		e.Time, e.DCID, e.MID = v.now, v.dcid, v.m.MID
		if j := same(out, e); j >= 0 {
			out[j].RIDs = append(out[j].RIDs, r.RID)
			continue
		}
		e.RIDs = []esa.RID{r.RID}
		out = append(out, e)
	}
	return out
}

func same(list []esa.Event, e esa.Event) int {
	for i := range list {
		if list[i].Kind == e.Kind && list[i].Name == e.Name && list[i].Text == e.Text && list[i].Until.Equal(e.Until) {
			return i
		}
	}
	return -1
}
