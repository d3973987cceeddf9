package delivery

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"esasim/esa"
)

func TestControlChoice(t *testing.T) {
	quick := &Profile{MaxRetries: 1}
	c := complete([]Control{{Domain: "X.example", TLS: TLSRequired}, {Domain: ".x.example", Limit: 7, Period: time.Minute},
		{Domain: "Default", Concurrency: 3, MaxRecipients: 20}, {Domain: "q.x.example", Profile: quick}}, &Profile{MaxRetries: 9})
	for domain, want := range map[string]string{
		"x.example":   "x.example required 3 50 20 0 1h0m0s 9",
		"a.x.example": ".x.example preferred 3 50 20 7 1m0s 9",
		"q.x.example": "q.x.example preferred 3 50 20 0 1h0m0s 1",
		"y.example":   "default preferred 3 50 20 0 1h0m0s 9",
	} {
		g := c.of(domain)
		if got := fmt.Sprint(g.Domain, " ", g.TLS, " ", g.Concurrency, " ", g.MaxMessages, " ", g.MaxRecipients, " ", g.Limit, " ", g.Period, " ", g.Profile.MaxRetries); got != want {
			t.Errorf("%s: %s, want %s", domain, got, want)
		}
	}
}

// A message with more recipients than one may have goes in several, also where
// domains have different controls.
func TestMaxRecipients(t *testing.T) {
	box := serve(t, &mailbox{}, nil)
	q := deliverAs(t, []Route{{Domain: "ALL", Hosts: []string{box.address}}},
		under(Control{Domain: "two.test", MaxRecipients: 2}, Control{Domain: DefaultDomain, Concurrency: 1, MaxMessages: 2}))
	q.send(t, 8, "\r\n", "a@two.test", "b@two.test", "c@two.test", "d@two.test", "e@two.test", "a@one.test", "b@one.test", "c@one.test")
	until(t, func() error {
		if m := q.rest(t, 8); !m.Finished || m.State != esa.Delivered {
			return errNothing
		}
		return nil
	})
	var got []string
	for _, l := range box.letters() {
		got = append(got, strings.Join(l.to, " "))
	}
	all := strings.Join(got, ", ")
	for _, want := range []string{"a@two.test b@two.test", "c@two.test d@two.test", "e@two.test", "a@one.test b@one.test c@one.test"} {
		if !strings.Contains(", "+all+",", ", "+want+",") {
			t.Errorf("no transaction for %s: %s", want, all)
		}
	}
	if len(got) != 4 || box.sessions != 3 { // two messages a connection, for each control
		t.Errorf("%d messages on %d connections", len(got), box.sessions)
	}
}

// Of a domain's recipients so many go in each period, whether its host is simulated
// or not; the others wait, and nobody else does.
func TestRecipientLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := deliverAs(t, nil, under(Control{Domain: "few.test", Limit: 3, Period: 10 * time.Minute}))
		q.send(t, 8, "\r\n", "a@few.test", "b@few.test", "c@few.test", "d@few.test", "e@one.test")
		q.send(t, 9, "\r\n", "f@few.test", "g@few.test")
		synctest.Wait()
		expect(t, q.log, 8, "delivered delivered delivered queued delivered", false)
		expect(t, q.log, 9, "queued queued", false)
		time.Sleep(10*time.Minute - time.Second)
		synctest.Wait()
		expect(t, q.log, 9, "queued queued", false)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		expect(t, q.log, 8, "delivered delivered delivered delivered delivered", true)
		expect(t, q.log, 9, "delivered delivered", true)
		q.send(t, 10, "\r\n", "h@few.test")
		synctest.Wait()
		expect(t, q.log, 10, "queued", false)
		q.stop()
	})
}

// Each recipient is tried again as the bounce profile of his domain says, and the
// sender is told of those whose profile says so.
func TestProfiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		once := &Profile{InitialRetry: time.Second, MaxRetry: time.Second, MaxTime: time.Hour, MaxRetries: 1}
		q := deliverAs(t, nil, under(Control{Domain: "once.test", Profile: once}), func(q *Queue) {
			q.Host = Simulated{Fates: []Fate{{Recipient: "once.test", Reply: "451 busy"}, {Recipient: "a@two.test", Reply: "451 busy"}, {Recipient: "b@two.test", Reply: "550 no"}}}
		})
		q.send(t, 8, "\r\n", "a@once.test", "a@two.test", "b@two.test")
		time.Sleep(3 * time.Second)
		synctest.Wait()
		expect(t, q.log, 8, "bounced delayed bounced", false)
		m, _ := q.log.Message(t.Context(), 8)
		if m.Recipients[0].Attempts != 2 || m.Recipients[0].Reason != deliveryExpired {
			t.Errorf("%+v", m.Recipients[0])
		}
		if report := q.log.contents[1001]; !strings.Contains(report, "b@two.test") || strings.Contains(report, "a@once.test") || q.log.mid != 1001 {
			t.Errorf("%d messages made, the first %q", q.log.mid-1000, report)
		}
		q.stop()
	})
}

// Hosts that fail three times in a row are down: a thousand messages make three
// connections and not a thousand, all have the failure's answer, and one connection
// a minute looks whether they are up again.
func TestHostDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls, open atomic.Int32
		q := deliverAs(t, []Route{{Domain: "ALL", Hosts: []string{"h:25"}}, {Domain: "b.test", Hosts: []string{SimulatedHost}}}, func(q *Queue) {
			q.Profile.MaxTime = 3*time.Minute + time.Second
			q.Dial = func(context.Context, string, string) (net.Conn, error) {
				if calls.Add(1); open.Load() == 0 {
					return nil, syscall.ECONNREFUSED
				}
				return &speech{Reader: strings.NewReader("220 x\r\n250 x\r\n250 x\r\n250 x\r\n354 x\r\n250 2.0.0 taken\r\n")}, nil
			}
		}, under(Control{Domain: DefaultDomain, Concurrency: 1}))
		for mid := esa.MID(1); mid <= 1000; mid++ {
			q.send(t, mid, "\r\n", "a@one.test")
		}
		synctest.Wait()
		const refused = "[0] 4.4.0 - Other network problem|000 [Errno 61] Connection refused"
		for mid := esa.MID(1); mid <= 1000; mid += 333 {
			if got := outcomesOf(q.rest(t, mid)); got != refused {
				t.Errorf("MID %d: %s", mid, got)
			}
		}
		if n := calls.Load(); n != mostFailures {
			t.Errorf("%d connections for a thousand messages", n)
		}
		time.Sleep(61 * time.Second)
		synctest.Wait()
		if n := calls.Load(); n != mostFailures+1 {
			t.Errorf("%d connections a minute later", n)
		}
		open.Store(1)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		for mid := esa.MID(1); mid <= 1000; mid++ {
			if m, _ := q.log.Message(t.Context(), mid); m.State != esa.Delivered {
				t.Fatalf("MID %d is %s, after %d attempts", mid, m.State, m.Recipients[0].Attempts)
			}
		}
		q.stop()
	})
}

// A host that turns everybody away is not down: each message hears it for itself.
func TestRefusingHostIsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		q := deliverAs(t, []Route{{Domain: "ALL", Hosts: []string{"h:25"}}, {Domain: "b.test", Hosts: []string{SimulatedHost}}}, func(q *Queue) {
			q.Dial = func(context.Context, string, string) (net.Conn, error) {
				calls++
				return &speech{Reader: strings.NewReader("554 go away\r\n")}, nil
			}
		}, under(Control{Domain: DefaultDomain, Concurrency: 1}))
		for mid := esa.MID(1); mid <= 10; mid++ {
			q.send(t, mid, "\r\n", "a@one.test")
		}
		synctest.Wait()
		expect(t, q.log, 10, "bounced", true)
		q.stop()
		if calls != 10 {
			t.Errorf("%d connections for ten messages", calls)
		}
	})
}
