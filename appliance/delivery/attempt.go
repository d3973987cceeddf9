package delivery

import (
	"context"
	"fmt"
	"time"

	"esasim/esa"
)

// job is a message for recipients of one lane.
type job struct {
	mid    esa.MID
	rids   []esa.RID
	domain string // of the first recipient: the others of a transaction count for it
}

func newJob(mid esa.MID, rcpts []esa.Recipient) job {
	return job{mid, rids(rcpts), Domain(rcpts[0].Address)}
}

// report is what came of an attempt.
type report struct {
	lane    *lane
	by      *Settings // that the attempt goes by
	job     job
	m       esa.Message     // as it stood when the attempt began
	rcpts   []esa.Recipient // of the job
	dcid    esa.DCID        // 0: there was no connection
	before  []esa.Event     // what happened before the answers
	replies []string        // one for each recipient
	after   []esa.Event     // what happened after the answers
	link    *link           // still open; nil: none
	called  bool            // off, before there was an answer
	refused bool            // not made: the hosts are down
}

// send has the job done as soon as the lane has a connection for it.
func (q *Queue) send(l *lane, j job) {
	away := q.away[j.mid]
	if away == nil {
		away = map[esa.RID]struct{}{}
		q.away[j.mid] = away
	}
	for _, rid := range j.rids {
		away[rid] = struct{}{}
	}
	l.waiting = append(l.waiting, j)
	q.pump(l)
}

// back takes the job's recipients for waiting again.
func (q *Queue) back(j job) {
	for _, rid := range j.rids {
		delete(q.away[j.mid], rid)
	}
	if len(q.away[j.mid]) == 0 {
		delete(q.away, j.mid)
	}
}

// pump begins as many attempts as the lane may have.
func (q *Queue) pump(l *lane) {
	now := time.Now()
	l.full = false
	for len(l.waiting) > 0 && !q.orders.suspended.Load() && q.attempts.Err() == nil {
		j := l.waiting[0]
		if now.Before(l.down) {
			l.waiting = l.waiting[1:]
			q.refuse(l, j)
			continue
		}
		if l.running >= l.connections() || !l.counts(len(j.rids), now) {
			return
		}
		l.waiting = l.waiting[1:]
		var use *link
		if n := len(l.idle); n > 0 {
			use, l.idle = l.idle[n-1], l.idle[:n-1]
		}
		l.running++
		q.attempted++
		q.hosts.carry(j.domain, 1)
		r := report{lane: l, by: q.by, job: j, link: use}
		q.beside.Go(func() { q.reports <- q.attempt(r) })
	}
}

// refuse answers for hosts that are down what the last connection came to.
func (q *Queue) refuse(l *lane, j job) {
	reply := l.reply
	l.running++
	q.attempted++
	q.beside.Go(func() {
		r := report{lane: l, job: j, refused: true} // no host is asked, so it needs no settings
		if q.look(&r) {
			r.all(reply)
		}
		q.reports <- r
	})
}

// attempt does the job. It runs beside the queue's goroutine.
func (q *Queue) attempt(r report) report {
	switch {
	case !q.look(&r):
	case r.lane.simulated:
		q.pretend(&r)
	default:
		q.transact(&r)
	}
	return r
}

// look fills in the message and its recipients; false: there is no message.
func (q *Queue) look(r *report) bool {
	j := &r.job
	m, err := q.Log.Message(q.attempts, j.mid)
	if err != nil {
		if q.attempts.Err() == nil {
			q.Logger.Error("message not delivered", "mid", j.mid, "error", err)
		}
		r.called = true
		return false
	}
	named := make(map[esa.RID]struct{}, len(j.rids))
	for _, rid := range j.rids {
		named[rid] = struct{}{}
	}
	for _, rcpt := range m.Recipients {
		if _, ok := named[rcpt.RID]; ok {
			r.rcpts = append(r.rcpts, rcpt)
		}
	}
	r.m = m
	r.replies = make([]string, len(r.rcpts))
	return true
}

// pretend is an attempt at a simulated host that takes its time.
func (q *Queue) pretend(r *report) {
	opened, started := q.begin(r)
	if r.called = r.dcid == 0; r.called {
		return
	}
	opened.Source, opened.Size = &esa.Source{Local: q.Local, Remote: r.by.Host.Addr(Domain(r.rcpts[0].Address))}, 25
	r.before = []esa.Event{opened, started}
	q.hosts.open(1)
	defer q.hosts.open(-1)
	t := time.NewTimer(r.lane.wait)
	defer t.Stop()
	select {
	case <-q.attempts.Done():
		r.called = true
		return
	case <-t.C:
	}
	for i, rcpt := range r.rcpts {
		r.replies[i] = r.by.Host.Deliver(attempt(&r.m, rcpt))
	}
	r.after = []esa.Event{{Kind: esa.DeliveryClosed, Time: time.Now(), DCID: r.dcid}}
}

// begin gives a connection its number, and the events of its beginning.
func (q *Queue) begin(r *report) (opened, started esa.Event) {
	dcid, err := q.Log.NextDCID()
	if err != nil {
		q.Logger.Error("no number for a delivery connection", "mid", r.job.mid, "error", err)
		return opened, started
	}
	r.dcid = dcid
	now := time.Now()
	return esa.Event{Kind: esa.DeliveryOpened, Time: now, DCID: dcid},
		esa.Event{Kind: esa.DeliveryStarted, Time: now, DCID: dcid, MID: r.job.mid, RIDs: r.job.rids}
}

// conclude tells what came of an attempt and begins the next.
func (q *Queue) conclude(ctx context.Context, r report) error {
	q.attempted--
	r.lane.running--
	if !r.refused {
		q.hosts.carry(r.job.domain, -1)
	}
	r.lane.learn(&r, time.Now(), q.by.Profile.InitialRetry)
	if err := q.keep(&r); err != nil {
		return err
	}
	q.back(r.job)
	if !r.called {
		if err := q.tellReport(ctx, &r); err != nil {
			return err
		}
	} else if q.attempts.Err() == nil { // the attempt could not be made: it is made later
		q.remind(r.job.mid, time.Now().Add(q.by.Profile.InitialRetry))
	}
	q.pump(r.lane)
	return nil
}

func (q *Queue) tellReport(ctx context.Context, r *report) error {
	m, err := q.standing(ctx, r.job.mid)
	if err != nil {
		return fmt.Errorf("deliver MID %d: %w", r.job.mid, err)
	}
	now := time.Now()
	events := append(r.before, q.outcomes(visit{m: &m, dcid: r.dcid, rcpts: r.rcpts, now: now}, r.replies)...)
	return q.tell(&m, append(events, r.after...), now)
}
