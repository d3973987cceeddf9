package delivery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"esasim/esa"
)

func TestSimulatedFates(t *testing.T) {
	for _, c := range []struct {
		rcpt  string
		tries int
		want  string
	}{
		{"anyone@example.org", 0, "250 ok:  Message 8 accepted"},
		{"bounce@example.org", 0, "250 ok:  Message 8 accepted"}, // only at esasim.test
		{"bounce@esasim.test", 0, "550 5.1.1 user unknown"},
		{"BOUNCE+7@Esasim.Test", 0, "550 5.1.1 user unknown"},
		{"defer@esasim.test", 0, "451 4.7.1 greylisted, try again later"},
		{"defer@esasim.test", 1, "250 ok:  Message 8 accepted"},
		{"550-5.1.1@esasim.test", 3, "550 5.1.1 simulated reply"},
		{"421@esasim.test", 0, "421 simulated reply"},
		{"250@esasim.test", 0, "250 ok:  Message 8 accepted"},
		{"alice@esasim.test", 0, "250 ok:  Message 8 accepted"},
		{"slow@esasim.test", 0, "250 ok:  Message 8 accepted"},
	} {
		if got := (Simulated{}).Deliver(Attempt{MID: 8, Recipient: c.rcpt, Tries: c.tries}); got != c.want {
			t.Errorf("%s, try %d: %s, want %s", c.rcpt, c.tries, got, c.want)
		}
	}
	a := Simulated{}.Addr("example.org")
	if !netip.MustParsePrefix("203.0.113.0/24").Contains(a) || a != (Simulated{}).Addr("example.org") {
		t.Errorf("address %s", a)
	}
}

// profile is the appliance's own.
var profile = Profile{InitialRetry: time.Minute, MaxRetry: time.Hour, MaxTime: 72 * time.Hour, MaxRetries: 100}

func TestRetryTimes(t *testing.T) {
	p := profile
	var got []string
	for tries := 1; tries <= 9; tries++ {
		got = append(got, p.wait(tries).String())
	}
	const want = "1m0s 2m0s 4m0s 8m0s 16m0s 32m0s 1h0m0s 1h0m0s 1h0m0s"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("waits %s, want %s", s, want)
	}
}

// memory is a log in memory that hands its entries to one follower.
type memory struct {
	mu       sync.Mutex // guards all but the channels
	messages map[esa.MID][]esa.Event
	contents map[esa.MID]string
	entries  chan []esa.Entry
	lost     chan uint64 // events that the log no longer has
	dcid     esa.DCID
	mid      esa.MID
	all      []esa.Event // in the order of the log
}

func (m *memory) Open(context.Context) ([]esa.MID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []esa.MID
	for mid, events := range m.messages {
		if folded := esa.Fold(events); mid != 0 && !folded.Finished {
			out = append(out, mid)
		}
	}
	slices.Sort(out)
	return out, nil
}

func (m *memory) AppendEach(entries [][]esa.Event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range slices.Concat(entries...) {
		m.messages[e.MID] = append(m.messages[e.MID], e)
		m.all = append(m.all, e)
	}
	return nil
}

// AppendMade also hands on what is queued, as the log does.
func (m *memory) AppendMade(entries [][]esa.Event, mid esa.MID, content []byte) error {
	m.mu.Lock()
	m.contents[mid] = string(content)
	m.mu.Unlock()
	if err := m.AppendEach(entries); err != nil {
		return err
	}
	go func() { m.entries <- []esa.Entry{{Events: entries[1]}} }()
	return nil
}

func (m *memory) Content(mid esa.MID) (io.ReadCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c, ok := m.contents[mid]; ok {
		return io.NopCloser(strings.NewReader(c)), nil
	}
	return nil, errors.New("not kept")
}

func (m *memory) NextMID() (esa.MID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mid++
	return m.mid, nil
}

func (m *memory) Message(_ context.Context, mid esa.MID) (esa.Message, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return esa.Fold(slices.Clone(m.messages[mid])), nil
}

func (m *memory) NextDCID() (esa.DCID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dcid++
	return m.dcid, nil
}

func (m *memory) Next(ctx context.Context) ([]esa.Entry, error) {
	select {
	case e := <-m.entries:
		return e, nil
	case n := <-m.lost:
		return nil, &esa.Overtaken{Events: n}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// queued makes a message that has just come out of the work queue.
func (m *memory) queued(mid esa.MID, rcpts ...string) {
	now := time.Now()
	events := []esa.Event{{Kind: esa.MessageStarted, MID: mid, ICID: 5, Time: now, Source: &esa.Source{Remote: netip.MustParseAddr("192.0.2.2")}}, {Kind: esa.SenderGiven, MID: mid, Time: now, Address: "a@b.test"}}
	for i, r := range rcpts {
		events = append(events, esa.Event{Kind: esa.RecipientGiven, MID: mid, Time: now, Address: r, RIDs: []esa.RID{esa.RID(i)}})
	}
	events = append(events, esa.Event{Kind: esa.MessageReady, MID: mid, Time: now}, esa.Event{Kind: esa.MessageQueued, MID: mid, Time: now})
	m.messages[mid] = events
}

// A message for three domains: one recipient is taken, one bounces, one is
// tried again and then taken; recipients with one answer share an event.
func TestDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{messages: map[esa.MID][]esa.Event{}, entries: make(chan []esa.Entry)}
		q := Queue{Log: m, Settings: Settings{Host: Simulated{}, Profile: profile}}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		m.queued(7, "left@over.test")
		m.queued(8, "a@one.test", "bounce@esasim.test", "b@One.test", "defer@esasim.test")
		entry := esa.Entry{Events: m.messages[8][len(m.messages[8])-1:]}
		go func() { done <- q.Run(ctx, []esa.MID{7}, m) }()
		m.entries <- []esa.Entry{entry}
		synctest.Wait()
		expect(t, m, 7, "delivered", true)
		expect(t, m, 8, "delivered bounced delivered delayed", false)
		time.Sleep(59 * time.Second)
		synctest.Wait()
		expect(t, m, 8, "delivered bounced delivered delayed", false)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		expect(t, m, 8, "delivered bounced delivered delivered", true)
		shared := 0
		msg, _ := m.Message(t.Context(), 8)
		for _, e := range msg.Events {
			if e.Kind == esa.RecipientDelivered && fmt.Sprint(e.RIDs) == "[0 2]" {
				shared++
			}
		}
		if shared != 1 {
			t.Errorf("recipients 0 and 2 share %d events, want 1", shared)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A queue that was overtaken asks what is open: what it never heard of is
// delivered, what waits is tried once when it is due, what is not its own is let
// be, and an entry that comes after all delivers nothing twice.
func TestOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{messages: map[esa.MID][]esa.Event{}, entries: make(chan []esa.Entry), lost: make(chan uint64)}
		q := Queue{Log: m, Settings: Settings{Host: Simulated{}, Profile: profile}, Logger: slog.New(slog.DiscardHandler)}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		m.queued(7, "defer@esasim.test")
		m.queued(8, "never@heard.test")
		m.queued(9, "held@over.test")
		m.messages[9] = append(m.messages[9], esa.Event{Kind: esa.MessageQuarantined, MID: 9, Name: "Policy"})
		go func() { done <- q.Run(ctx, []esa.MID{7}, m) }()
		synctest.Wait()
		expect(t, m, 7, "delayed", false)
		m.lost <- 5
		synctest.Wait()
		expect(t, m, 7, "delayed", false)
		expect(t, m, 8, "delivered", true)
		m.entries <- []esa.Entry{{Events: m.messages[8][4:5]}}
		synctest.Wait()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		expect(t, m, 7, "delivered", true)
		for _, c := range []struct {
			mid   esa.MID
			times int
		}{{7, 2}, {8, 1}, {9, 0}} {
			msg, _ := m.Message(t.Context(), c.mid)
			n := 0
			for _, e := range msg.Events {
				if e.Kind == esa.DeliveryStarted {
					n++
				}
			}
			if n != c.times {
				t.Errorf("MID %d: %d attempts, want %d", c.mid, n, c.times)
			}
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func expect(t *testing.T, m *memory, mid esa.MID, want string, finished bool) {
	t.Helper()
	words := map[esa.State]string{esa.Queued: "queued", esa.Delayed: "delayed", esa.Delivered: "delivered", esa.Bounced: "bounced"}
	msg, _ := m.Message(t.Context(), mid)
	var got []string
	for _, r := range msg.Recipients {
		got = append(got, words[r.State])
	}
	if s := strings.Join(got, " "); s != want || msg.Finished != finished {
		t.Errorf("MID %d: %s, finished %t; want %s, %t", mid, s, msg.Finished, want, finished)
	}
}
