package delivery

import (
	"testing"

	"esasim/esa"
)

// links are how many connections the log says were opened and closed.
func (r *running) links() (opened, closed int) {
	for _, e := range r.log.all {
		switch e.Kind {
		case esa.DeliveryOpened:
			opened++
		case esa.DeliveryClosed:
			closed++
		}
	}
	return opened, closed
}

// A connection goes on through a change of settings that is not about it, and is
// closed by one that is.
func TestReloadAndConnections(t *testing.T) {
	box := serve(t, &mailbox{}, nil)
	route := Route{Domain: "ALL", Hosts: []string{box.address}}
	q := deliverAs(t, []Route{route}, under(Control{Domain: DefaultDomain, Concurrency: 1}))
	send := func(mid esa.MID, sessions int) {
		t.Helper()
		q.send(t, mid, "\r\n", "a@one.test")
		if m := q.rest(t, mid); m.State != esa.Delivered {
			t.Errorf("MID %d: %s", mid, m.State)
		}
		box.mu.Lock()
		defer box.mu.Unlock()
		if box.sessions != sessions {
			t.Errorf("%d sessions, want %d", box.sessions, sessions)
		}
	}
	send(1, 1)
	s := q.Settings
	s.Profile.MaxRetries, s.Routes = 7, []Route{{Domain: "two.test", Hosts: []string{SimulatedHost}}, route}
	q.Reload(s)
	send(2, 1)
	s.Controls = []Control{{Domain: DefaultDomain, Concurrency: 1, MaxMessages: 2}}
	q.Reload(s)
	send(3, 2)
	send(4, 2)
	send(5, 3)
	q.stop()
	if opened, closed := q.links(); opened != 3 || closed != 3 {
		t.Errorf("%d opened, %d closed", opened, closed)
	}
}

// Who waits for a connection is delivered by the new route, who has one by the old.
func TestReloadAndWaiting(t *testing.T) {
	held, other := serve(t, &mailbox{hold: make(chan struct{})}, nil), serve(t, &mailbox{}, nil)
	q := deliverAs(t, []Route{{Domain: "ALL", Hosts: []string{held.address}}}, under(Control{Domain: DefaultDomain, Concurrency: 1}))
	for mid := esa.MID(1); mid <= 5; mid++ {
		q.send(t, mid, "\r\n", "a@one.test")
	}
	s := q.Settings
	s.Routes = []Route{{Domain: "ALL", Hosts: []string{other.address}}}
	q.Reload(s)
	for mid := esa.MID(2); mid <= 5; mid++ {
		if m := q.rest(t, mid); m.State != esa.Delivered {
			t.Errorf("MID %d: %s", mid, m.State)
		}
	}
	close(held.hold)
	if m := q.rest(t, 1); m.State != esa.Delivered {
		t.Errorf("MID 1: %s", m.State)
	}
	q.stop()
	if opened, closed := q.links(); len(held.letters()) != 1 || len(other.letters()) != 4 || opened != closed {
		t.Errorf("%d and %d letters; %d opened, %d closed", len(held.letters()), len(other.letters()), opened, closed)
	}
}

// What was ordered before the queue runs holds from its beginning.
func TestReloadBeforeRun(t *testing.T) {
	q := deliverAs(t, nil, func(q *Queue) {
		s := q.Settings
		s.Host = Simulated{Fates: []Fate{{Recipient: "a@one.test", Reply: "550 no"}}}
		q.Reload(s)
	})
	q.send(t, 1, "\r\n", "a@one.test")
	if m := q.rest(t, 1); m.State != esa.Bounced {
		t.Errorf("it is %s", m.State)
	}
	q.stop()
}
