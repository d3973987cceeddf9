package delivery

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"esasim/esa"
)

// While deliveries to a domain are suspended, mail for it is queued and all other
// mail goes, also of the same message; those who waited for a connection wait on.
func TestSuspendDomain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(q *Queue) { q.Host = slowly{} }
		q := deliverAs(t, nil, slow, under(Control{Domain: "one.test", Concurrency: 1}))
		q.send(t, 7, "\r\n", "a@one.test")
		q.send(t, 8, "\r\n", "a@one.test", "a@two.test", "a@sub.two.test")
		synctest.Wait()
		q.Suspend("ONE.test", ".two.test")
		synctest.Wait()
		q.send(t, 9, "\r\n", "b@one.test")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		expect(t, q.log, 7, "delivered", true) // it was under way
		expect(t, q.log, 8, "queued delivered delivered", false)
		expect(t, q.log, 9, "queued", false)
		q.send(t, 10, "\r\n", "c@sub.two.test", "c@two.test")
		time.Sleep(10 * time.Hour)
		synctest.Wait()
		expect(t, q.log, 10, "queued delivered", false)
		if all, domains := q.Suspended(); all || fmt.Sprint(domains) != "[.two.test one.test]" {
			t.Errorf("suspended: %t, %v", all, domains)
		}
		q.Resume(".two.test")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		expect(t, q.log, 10, "delivered delivered", true)
		expect(t, q.log, 9, "queued", false)
		q.Resume()
		time.Sleep(20 * time.Second)
		synctest.Wait()
		expect(t, q.log, 8, "delivered delivered delivered", true)
		expect(t, q.log, 9, "delivered", true)
		var said []string
		for _, e := range q.log.all {
			if e.Kind == esa.DeliveryTrouble {
				said = append(said, e.Text)
			}
		}
		if got := fmt.Sprintf("%q", said); got != `["Deliveries are currently suspended .two.test" "Deliveries are currently suspended one.test"]` {
			t.Errorf("said %s", got)
		}
		if len(q.parked) != 0 || len(q.away) != 0 {
			t.Errorf("left over: %v, %v", q.parked, q.away)
		}
		q.stop()
	})
}

// slowly is a host that takes three seconds for everybody.
type slowly struct{ Simulated }

func (slowly) Takes(Attempt) time.Duration { return 3 * time.Second }

// What waits for its next attempt is tried at once when that is asked for, for all
// or for a domain; what is not asked for is tried when it was to be.
func TestRetryNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := deliverAs(t, nil, func(q *Queue) {
			q.Host = Simulated{Fates: []Fate{{Recipient: "one.test", Reply: "451 busy", Times: 5}, {Recipient: "two.test", Reply: "451 busy", Times: 5}}}
		})
		q.send(t, 8, "\r\n", "a@one.test", "a@two.test")
		q.send(t, 9, "\r\n", "b@two.test")
		attempts := func(want string) {
			t.Helper()
			synctest.Wait()
			a, _ := q.log.Message(t.Context(), 8)
			b, _ := q.log.Message(t.Context(), 9)
			if got := fmt.Sprint(a.Recipients[0].Attempts, a.Recipients[1].Attempts, b.Recipients[0].Attempts); got != want {
				t.Errorf("attempts %s, want %s", got, want)
			}
		}
		attempts("1 1 1")
		q.Retry("One.test")
		attempts("2 1 1")
		q.Retry()
		attempts("3 2 2")
		time.Sleep(2*time.Minute + time.Second) // the second wait
		attempts("3 3 3")
		q.Suspend("two.test")
		q.Retry()
		attempts("4 3 3")
		q.Suspend()
		q.Retry()
		attempts("4 3 3")
		q.Resume()
		attempts("5 4 4")
		q.stop()
	})
}

// However deliveries to a domain are suspended and resumed while mail for it is
// looked at, nothing is forgotten.
func TestSuspendWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := deliverAs(t, nil)
		ended := make(chan struct{})
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				select {
				case <-ended:
					q.Resume()
					return
				default:
					q.Suspend("one.test")
					q.Resume("one.test")
				}
			}
		}()
		const most = 3000
		for mid := range esa.MID(most) {
			q.send(t, 8+mid, "\r\n", "a@one.test")
		}
		close(ended)
		<-done
		time.Sleep(time.Minute)
		synctest.Wait()
		for mid := range esa.MID(most) {
			if m, _ := q.log.Message(t.Context(), 8+mid); m.State != esa.Delivered {
				t.Fatalf("MID %d is %s", 8+mid, m.State)
			}
		}
		q.stop()
	})
}
