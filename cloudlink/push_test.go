package cloudlink

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"esasim/esa"
	"esasim/internal/memnet"
)

// box is the appliance's side: a log of messages that are delivered.
type box struct {
	mu     sync.Mutex
	more   chan struct{} // closed and replaced when there is more
	mids   int
	cursor uint64
	note   []byte
	saved  []byte
	cut    int       // events before this place are no longer in the log
	gone   []esa.MID // no longer kept
}

func newBox() *box { return &box{more: make(chan struct{})} }

func (b *box) deliver(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mids += n
	close(b.more)
	b.more = make(chan struct{})
}

func (b *box) Message(_ context.Context, mid esa.MID) (esa.Message, error) {
	if slices.Contains(b.gone, mid) {
		return esa.Message{}, fmt.Errorf("MID %d: %w", mid, ErrGone)
	}
	now := time.Now()
	return esa.Fold([]esa.Event{
		{Kind: esa.MessageStarted, MID: mid, Time: now}, {Kind: esa.SenderGiven, MID: mid, Time: now, Address: "a@b.test"},
		{Kind: esa.RecipientGiven, MID: mid, Time: now, Address: "c@d.test", RIDs: []esa.RID{0}}, {Kind: esa.MessageReady, MID: mid, Time: now},
		{Kind: esa.MessageQueued, MID: mid, Time: now}, {Kind: esa.RecipientDelivered, MID: mid, Time: now, RIDs: []esa.RID{0}},
	}), nil
}

func (b *box) Cursor(string) (uint64, []byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.cursor, b.note, nil
}

func (b *box) at() uint64 {
	seq, _, _ := b.Cursor("")
	return seq
}

func (b *box) SetCursor(_ string, seq uint64, note []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if seq < b.cursor && bytes.Equal(note, b.note) {
		return fmt.Errorf("cursor goes back from %d to %d", b.cursor, seq)
	}
	b.cursor, b.note = seq, note
	return nil
}

func (b *box) Load(v any) (bool, error) {
	if b.saved == nil {
		return false, nil
	}
	return true, json.Unmarshal(b.saved, v)
}

func (b *box) Save(v any) (err error) { b.saved, err = json.Marshal(v); return err }

type tape struct {
	b    *box
	next int
}

func (r *tape) Next(ctx context.Context) ([]esa.Entry, error) {
	for {
		r.b.mu.Lock()
		have, more, cut := r.b.mids, r.b.more, r.b.cut
		r.b.mu.Unlock()
		if r.next < cut {
			lost := uint64(cut - r.next)
			r.next = cut
			return nil, &esa.Overtaken{Events: lost}
		}
		if r.next < have {
			var out []esa.Entry
			for ; r.next < have; r.next++ {
				out = append(out, esa.Entry{Seq: uint64(r.next + 1), Events: []esa.Event{{Kind: esa.RecipientDelivered, MID: esa.MID(r.next + 1)}}})
			}
			return out, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// scripted is a cloud that answers pushes as the test says.
type scripted struct {
	mu     sync.Mutex
	answer func(sightings []string) (status int, body string, header map[string]string)
	taken  []string // external ids, in the order they came
	pushes []time.Time

	registrations int
	register      func(n int) string               // the body of the n-th answer, from 1; nil: device "dN"
	heartbeat     func() (status int, body string) // nil: good
	deregister    func()                           // nil: nothing
	beats         []time.Time
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case strings.HasSuffix(r.URL.Path, "/register"):
		w.WriteHeader(http.StatusCreated)
		s.registrations++
		body := fmt.Sprintf(`{"device_id":"d%d","credential":"c","heartbeat_seconds":1200}`, s.registrations)
		if s.register != nil {
			body = s.register(s.registrations)
		}
		io.WriteString(w, body)
	case strings.HasSuffix(r.URL.Path, "/heartbeat"):
		s.beats = append(s.beats, time.Now())
		status, body := http.StatusOK, `{"status":"Registered"}`
		if s.heartbeat != nil {
			status, body = s.heartbeat()
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	case r.Method == http.MethodDelete:
		if s.deregister != nil {
			s.deregister()
		}
		w.WriteHeader(http.StatusNoContent)
	case strings.HasSuffix(r.URL.Path, "/sightings"):
		s.sightings(w, r)
	}
}

func (s *scripted) sightings(w http.ResponseWriter, r *http.Request) {
	var req struct {
		Sightings []struct {
			ExternalIDs []string `json:"external_ids"`
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var ids []string
	for _, d := range req.Sightings {
		ids = append(ids, d.ExternalIDs[0])
	}
	s.pushes = append(s.pushes, time.Now())
	status, body, header := s.answer(ids)
	for k, v := range header {
		w.Header().Set(k, v)
	}
	if status == http.StatusOK {
		s.taken = append(s.taken, ids...)
	}
	w.WriteHeader(status)
	io.WriteString(w, body)
}

func taken(n int) string { return fmt.Sprintf(`{"taken":%d}`, n) }

// withLink runs a link against a scripted cloud, registered.
func withLink(t *testing.T, cloud *scripted, f func(t *testing.T, b *box, l *Link)) {
	withNewLink(t, cloud, func(t *testing.T, b *box, l *Link) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- l.Run(ctx) }()
		if err := l.Register(ctx, "AMERICAS", "token"); err != nil {
			t.Fatal(err)
		}
		f(t, b, l)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// withNewLink makes a link to a scripted cloud; it is neither registered nor
// run.
func withNewLink(t *testing.T, cloud *scripted, f func(t *testing.T, b *box, l *Link)) {
	synctest.Test(t, func(t *testing.T) {
		var network memnet.Network
		ln, err := network.Listen("tcp", "127.0.0.1:80")
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: cloud}
		go server.Serve(ln)
		defer server.Close()
		b := newBox()
		l, err := New(Options{
			Device: Device{Serial: "S"}, Servers: map[string]string{"AMERICAS": "http://127.0.0.1:80"}, Log: b, Keep: b,
			Follow: func(after uint64) Reader { return &tape{b, int(after)} },
			Dial:   func(ctx context.Context, n, a string) (net.Conn, error) { return network.Dial(ctx, n, a) },
			Logger: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		defer l.http.CloseIdleConnections()
		f(t, b, l)
	})
}

func everything(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("esasim-S-%d", i+1))
	}
	return out
}

// A sighting that the cloud refuses is set aside; it neither stops the link nor
// takes others with it, whether it is refused alone or with its whole batch.
func TestRefusedDoesNotWedge(t *testing.T) {
	const bad = "esasim-S-3"
	cloud := &scripted{answer: func(ids []string) (int, string, map[string]string) {
		if slices.Contains(ids, bad) {
			return http.StatusUnprocessableEntity, `{"error":"invalid","message":"no"}`, nil
		}
		return http.StatusOK, taken(len(ids)), nil
	}}
	withLink(t, cloud, func(t *testing.T, b *box, l *Link) {
		b.deliver(5)
		time.Sleep(time.Second)
		b.deliver(2)
		time.Sleep(time.Second)
		cloud.mu.Lock()
		defer cloud.mu.Unlock()
		want := slices.DeleteFunc(everything(7), func(s string) bool { return s == bad })
		if !slices.Equal(cloud.taken, want) {
			t.Errorf("taken %v, want %v", cloud.taken, want)
		}
		if s := l.Status(); s.Pushed != 6 || s.Refused != 1 || b.at() != 7 {
			t.Errorf("status %+v, cursor %d", s, b.at())
		}
	})
}

// While the cloud says "later", the same batch is sent again after the time it
// asks for, and the cursor stays where it is.
func TestRetryAfter(t *testing.T) {
	tries := 0
	cloud := &scripted{answer: func(ids []string) (int, string, map[string]string) {
		if tries++; tries <= 3 {
			return http.StatusServiceUnavailable, "", map[string]string{"Retry-After": "600"}
		}
		return http.StatusOK, taken(len(ids)), nil
	}}
	withLink(t, cloud, func(t *testing.T, b *box, l *Link) {
		b.deliver(1)
		time.Sleep(20 * time.Minute)
		if b.at() != 0 {
			t.Errorf("cursor %d before anything was taken", b.at())
		}
		time.Sleep(time.Hour)
		cloud.mu.Lock()
		defer cloud.mu.Unlock()
		if b.at() != 1 || len(cloud.taken) != 1 {
			t.Errorf("cursor %d, taken %v", b.at(), cloud.taken)
		}
		for i := 1; i < len(cloud.pushes); i++ {
			if gap := cloud.pushes[i].Sub(cloud.pushes[i-1]); gap < 10*time.Minute || gap > 11*time.Minute {
				t.Errorf("try %d came after %s, want 10m", i, gap)
			}
		}
	})
}

// Without a word from the cloud the waits double up to a minute.
func TestBackoff(t *testing.T) {
	cloud := &scripted{answer: func([]string) (int, string, map[string]string) { return http.StatusBadGateway, "", nil }}
	withLink(t, cloud, func(t *testing.T, b *box, _ *Link) {
		b.deliver(1)
		time.Sleep(time.Hour)
		cloud.mu.Lock()
		defer cloud.mu.Unlock()
		if n := len(cloud.pushes); n < 60 || n > 130 {
			t.Errorf("%d tries in an hour", n)
		}
		for i := 1; i < len(cloud.pushes); i++ {
			if gap := cloud.pushes[i].Sub(cloud.pushes[i-1]); gap > maxWait+time.Second {
				t.Errorf("try %d came after %s", i, gap)
			}
		}
	})
}

// A large backlog goes in batches that the cloud takes.
func TestBatches(t *testing.T) {
	largest := 0
	cloud := &scripted{answer: func(ids []string) (int, string, map[string]string) {
		largest = max(largest, len(ids))
		return http.StatusOK, taken(len(ids)), nil
	}}
	withLink(t, cloud, func(t *testing.T, b *box, _ *Link) {
		b.deliver(1800)
		time.Sleep(time.Minute)
		cloud.mu.Lock()
		defer cloud.mu.Unlock()
		if !slices.Equal(cloud.taken, everything(1800)) {
			t.Errorf("%d taken, not all or not in order", len(cloud.taken))
		}
		if largest > batchSightings {
			t.Errorf("a batch of %d", largest)
		}
	})
}

// A cloud that no longer knows the device makes the appliance unregistered; the
// log waits.
func TestUnknownDevice(t *testing.T) {
	cloud := &scripted{answer: func([]string) (int, string, map[string]string) {
		return http.StatusNotFound, `{"error":"unknown_device","message":"deleted"}`, nil
	}}
	withLink(t, cloud, func(t *testing.T, b *box, l *Link) {
		b.deliver(1)
		time.Sleep(time.Second)
		if s := l.Status(); s.State != Unregistered || s.LastError == "" || b.at() != 0 {
			t.Errorf("status %+v, cursor %d", s, b.at())
		}
		cloud.mu.Lock()
		cloud.answer = func(ids []string) (int, string, map[string]string) { return http.StatusOK, taken(len(ids)), nil }
		cloud.mu.Unlock()
		if err := l.Register(t.Context(), "AMERICAS", "another"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if b.at() != 1 {
			t.Errorf("registered again: cursor %d, want 1", b.at())
		}
	})
}

// A link that was overtaken counts what it lost and goes on; a device that is new
// begins with what there is.
func TestOvertaken(t *testing.T) {
	cloud := &scripted{answer: func(ids []string) (int, string, map[string]string) { return 200, taken(len(ids)), nil }}
	cut := func(b *box, at, deliver int) {
		b.mu.Lock()
		b.cut = at
		b.mu.Unlock()
		b.deliver(deliver)
		time.Sleep(time.Second)
		synctest.Wait()
	}
	withNewLink(t, cloud, func(t *testing.T, b *box, l *Link) {
		b.gone = []esa.MID{55}
		b.mids = 30
		b.cut = 20
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- l.Run(ctx) }()
		if err := l.Register(ctx, "AMERICAS", "token"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if s := l.Status(); s.Lost != 0 || s.Seq != 30 || s.Pushed != 10 {
			t.Errorf("new device: %+v", s)
		}
		cut(b, 50, 30)
		if s := l.Status(); s.Lost != 20 || s.Seq != 60 || s.Pushed != 19 || b.at() != 60 {
			t.Errorf("overtaken: %+v, cursor at %d", s, b.at())
		}
		want := append(everything(60)[20:30:30], everything(60)[50:]...)
		want = slices.DeleteFunc(want, func(id string) bool { return id == "esasim-S-55" })
		if !slices.Equal(cloud.taken, want) {
			t.Errorf("taken %v, want %v", cloud.taken, want)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// The cursor holds the log from the moment on that a device begins: what was
// handed out and not taken must still be there after a crash.
func TestCursorFromTheBeginning(t *testing.T) {
	cloud := &scripted{answer: func([]string) (int, string, map[string]string) { return 503, "", nil }}
	withLink(t, cloud, func(t *testing.T, b *box, l *Link) {
		b.deliver(5)
		time.Sleep(time.Minute)
		synctest.Wait()
		if seq, note, _ := b.Cursor(""); seq != 0 || string(note) != "d1" {
			t.Errorf("cursor at %d of %q, want 0 of d1", seq, note)
		}
	})
}
