package delivery

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"esasim/esa"
)

// idleTime is how long a connection waits for the next message.
const idleTime = 5 * time.Second

// mostFailures are how many connections that fail, one after another, make a lane's
// hosts count as down. Then no other is made before the bounce profile's initial
// retry is over, and it is a single one.
const mostFailures = 3

// lane is one route under one destination control, with its connections.
// Queue.Run's goroutine alone touches it, but for what is never changed.
type lane struct {
	Route
	Control
	simulated bool
	wait      time.Duration // of a simulated host: how long it takes to answer
	waiting   []job         // for a connection, the oldest first
	running   int           // attempts under way
	idle      []*link       // connections nobody uses, the one that ends first first

	began  time.Time // of the period that the limit of recipients is for
	sent   int       // recipients in it
	full   bool      // somebody waits for its end
	failed int       // connections that failed, since one did not
	down   time.Time // until when no other is made
	reply  string    // what the last one came to
}

// mostRecipients are how many recipients go in one transaction.
func (l *lane) mostRecipients() int {
	n := math.MaxInt
	for _, limit := range []int{l.MaxRecipients, l.Limit} {
		if limit > 0 {
			n = min(n, limit)
		}
	}
	return n
}

// connections are how many there may be at a time.
func (l *lane) connections() int {
	if l.failed >= mostFailures {
		return 1
	}
	return l.Concurrency
}

// counts counts recipients, unless that would be too many for this period.
func (l *lane) counts(n int, now time.Time) bool {
	if l.Limit == 0 {
		return true
	}
	if !now.Before(l.began.Add(l.Period)) {
		l.began, l.sent = now, 0
	}
	l.full = l.sent+n > l.Limit
	if !l.full {
		l.sent += n
	}
	return !l.full
}

// learn notes whether an attempt found a host that could be spoken to.
func (l *lane) learn(r *report, now time.Time, pause time.Duration) {
	switch {
	case r.called || r.refused || l.simulated:
	case r.dcid != 0 || strings.HasPrefix(r.replies[0], "5"): // who refuses for good is there
		l.failed = 0
	default:
		if l.failed++; l.failed >= mostFailures {
			l.down, l.reply = now.Add(pause), r.replies[0]
		}
	}
}

// job is a message for recipients of one lane.
type job struct {
	mid  esa.MID
	rids []esa.RID
}

func newJob(mid esa.MID, rcpts []esa.Recipient) job { return job{mid, rids(rcpts)} }

// report is what came of an attempt.
type report struct {
	lane    *lane
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
		q.beside.Go(func() { q.reports <- q.attempt(l, j, use) })
	}
}

// refuse answers for hosts that are down what the last connection came to.
func (q *Queue) refuse(l *lane, j job) {
	reply := l.reply
	l.running++
	q.attempted++
	q.beside.Go(func() {
		r := report{lane: l, job: j, refused: true}
		if q.look(&r) {
			r.all(reply)
		}
		q.reports <- r
	})
}

// attempt does the job. It runs beside the queue's goroutine.
func (q *Queue) attempt(l *lane, j job, use *link) report {
	r := report{lane: l, job: j, link: use}
	switch {
	case !q.look(&r):
	case l.simulated:
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
	opened.Source, opened.Size = &esa.Source{Local: q.Local, Remote: q.Host.Addr(Domain(r.rcpts[0].Address))}, 25
	r.before = []esa.Event{opened, started}
	t := time.NewTimer(r.lane.wait)
	defer t.Stop()
	select {
	case <-q.attempts.Done():
		r.called = true
		return
	case <-t.C:
	}
	for i, rcpt := range r.rcpts {
		r.replies[i] = q.Host.Deliver(attempt(&r.m, rcpt))
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
	r.lane.learn(&r, time.Now(), q.Profile.InitialRetry)
	if err := q.keep(&r); err != nil {
		return err
	}
	q.back(r.job)
	if !r.called {
		if err := q.tellReport(ctx, &r); err != nil {
			return err
		}
	} else if q.attempts.Err() == nil { // the attempt could not be made: it is made later
		q.due.add(timer{at: time.Now().Add(q.Profile.InitialRetry), mid: r.job.mid})
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

// keep keeps the connection for the next message, unless it is worn.
func (q *Queue) keep(r *report) error {
	switch {
	case r.link == nil:
	case r.called && r.link.used < 2: // nothing is told of it
		r.link.close()
	case r.called:
		return q.Log.AppendEach([][]esa.Event{{q.closeLink(r.link)}})
	case r.link.used >= r.lane.MaxMessages:
		r.after = append(r.after, q.closeLink(r.link))
	default:
		r.link.until = time.Now().Add(idleTime)
		r.lane.idle = append(r.lane.idle, r.link)
	}
	return nil
}

// closeLink takes leave of a host, beside; the event says so.
func (q *Queue) closeLink(l *link) esa.Event {
	q.beside.Go(l.quit)
	return esa.Event{Kind: esa.DeliveryClosed, Time: time.Now(), DCID: l.dcid}
}

// closeIdle closes the connections that nobody has used until a moment.
func (q *Queue) closeIdle(now time.Time) error {
	var events []esa.Event
	for _, l := range q.lanes {
		for len(l.idle) > 0 && !l.idle[0].until.After(now) {
			events = append(events, q.closeLink(l.idle[0]))
			l.idle = l.idle[1:]
		}
	}
	if len(events) == 0 {
		return nil
	}
	return q.Log.AppendEach([][]esa.Event{events})
}

// finish waits for the attempts, which have been called off, and tells what those
// came to that had an answer already.
func (q *Queue) finish(ctx context.Context) error {
	var first error
	for q.attempted > 0 {
		if err := q.conclude(ctx, <-q.reports); err != nil && first == nil {
			first = err
		}
	}
	if first != nil {
		return first
	}
	if err := q.told.flush(q.Log); err != nil {
		return err
	}
	return q.closeIdle(time.Now().Add(2 * idleTime))
}
