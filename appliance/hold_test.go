package appliance

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/config"
	"esasim/appliance/quarantine"
	"esasim/esa"
	"esasim/internal/memnet"
	"esasim/tracking"
	"esasim/traffic/backfill"
	"esasim/traffic/mix"
)

// A crash came when messages had just been let go, from all quarantines or from
// some, deleted, injected again or changed. Each is taken up where it was, once,
// whether it was sealed before or not.
func TestCrashInQuarantine(t *testing.T) {
	for name, rows := range map[string]int{"young": 1000, "sealed": 5} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { crashInQuarantine(t, rows) })
		})
	}
}

func crashInQuarantine(t *testing.T, rows int) {
	fs := vfs.NewMem()
	if err := fs.MkdirAll("data/tracking", 0o755); err != nil {
		t.Fatal(err)
	}
	s, err := tracking.Open(tracking.Options{FS: fs, Dir: "data/tracking", SegmentRows: rows, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	tell := func(mid esa.MID, events ...esa.Event) {
		t.Helper()
		for i := range events {
			if events[i].Time = time.Now(); events[i].MID == 0 {
				events[i].MID = mid
			}
		}
		if err := s.Commit(events, nil); err != nil {
			t.Fatal(err)
		}
	}
	held := func(names ...string) esa.MID {
		mid := accept(t, s, "a@example.org")
		var events []esa.Event
		for _, n := range names {
			events = append(events, esa.Event{Kind: esa.MessageQuarantined, Engine: esa.AntiVirus, Name: n, Until: time.Now().Add(time.Hour)})
		}
		tell(mid, events...)
		return mid
	}
	released, half, deleted, spam, changed, waits := held("Policy"), held("Policy", "Virus"), held("Policy"), held("Spam Quarantine"), held("Policy"), held("File Analysis")
	for range 20 {
		tell(accept(t, s, "x@example.org"), esa.Event{Kind: esa.MessageQueued}, esa.Event{Kind: esa.RecipientDelivered, RIDs: []esa.RID{0}}, esa.Event{Kind: esa.MessageFinished})
	}
	time.Sleep(5 * time.Minute)
	all := esa.Event{Kind: esa.MessageReleased}
	out := esa.Event{Kind: esa.MessageReleased, Name: "Policy", Text: "manual"}
	tell(released, out, all)
	tell(half, out)
	tell(deleted, esa.Event{Kind: esa.QuarantineDeleted, Name: "Policy"}, esa.Event{Kind: esa.QuarantineDeleted}, esa.Event{Kind: esa.MessageFinished})
	next := func() esa.MID {
		mid, err := s.NextMID()
		if err != nil {
			t.Fatal(err)
		}
		return mid
	}
	start := func(from esa.MID) []esa.Event {
		return []esa.Event{{Kind: esa.MessageStarted, Other: from, Source: &esa.Source{}}, {Kind: esa.RecipientGiven, Address: "a@example.org", RIDs: []esa.RID{0}}}
	}
	again, made := next(), next()
	tell(spam, esa.Event{Kind: esa.MessageReinjected, Other: again}, esa.Event{Kind: esa.MessageFinished})
	tell(again, append(start(spam), esa.Event{Kind: esa.MessageQueued})...)
	tell(changed, out, esa.Event{Kind: esa.MessageRewritten, Other: made}, esa.Event{Kind: esa.MessageFinished})
	tell(made, append(start(changed), esa.Event{Kind: esa.MessageReady}, esa.Event{Kind: esa.MessageReleased, Engine: esa.AntiVirus})...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	a, err := New(Options{FS: fs, Dir: "data", Config: config.Default(), Logger: slog.New(slog.DiscardHandler), SegmentRows: rows})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if want := []esa.MID{released, made}; !slices.Equal(a.toScan, want) {
		t.Errorf("to scan: %v, want %v", a.toScan, want)
	}
	if want := []esa.MID{again}; !slices.Equal(a.toSend, want) {
		t.Errorf("to send: %v, want %v", a.toSend, want)
	}
	var network memnet.Network
	mail, err := network.Listen("tcp", "127.0.0.1:25")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	ctx, stop := context.WithCancel(t.Context())
	go func() { done <- a.Run(ctx, mail) }()
	check := func(want map[esa.MID]esa.State) {
		t.Helper()
		synctest.Wait()
		for mid, state := range want {
			m, err := a.store.Message(t.Context(), mid)
			n := map[esa.Kind]int{}
			for _, e := range m.Events {
				n[e.Kind]++
			}
			if err != nil || m.State != state || n[esa.MessageQueued] > 1 || n[esa.MessageFinished] > 1 || n[esa.RecipientDelivered] > 1 {
				t.Errorf("MID %d: %s, %v, %v; want %s", mid, m.State, err, n, state)
			}
		}
	}
	time.Sleep(time.Minute)
	check(map[esa.MID]esa.State{released: esa.Delivered, made: esa.Delivered, again: esa.Delivered, half: esa.Quarantined, deleted: esa.Dropped,
		spam: esa.Replaced, changed: esa.Replaced, waits: esa.Quarantined})
	time.Sleep(time.Hour)
	check(map[esa.MID]esa.State{waits: esa.Delivered, half: esa.Dropped, released: esa.Delivered, made: esa.Delivered, again: esa.Delivered})
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// What is read at a start of those who are held says of their stay what all of their
// events say.
func TestHolds(t *testing.T) {
	o := tracking.Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)}
	past := mix.Past{Seed: 1, Messages: 8 * mix.ChunkSize, Days: 2, End: time.Date(2020, 5, 14, 0, 0, 0, 0, time.UTC)}
	if err := backfill.Run(t.Context(), o, past, nil); err != nil {
		t.Fatal(err)
	}
	s, err := tracking.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	log := quarantineLog{queueLog{Store: s}}
	var all []esa.Message
	if err := log.Held(t.Context(), quarantine.Among{}, func(m *esa.Message) error { all = append(all, *m); return nil }); err != nil || len(all) < 5 {
		t.Fatalf("%d are held, %v", len(all), err)
	}
	bare := 0
	err = log.Holds(t.Context(), func(m *esa.Message) error {
		want := all[0]
		if all = all[1:]; m.MID != want.MID || m.Size != want.Size || m.State != want.State || !slices.Equal(m.Holds, want.Holds) {
			t.Errorf("MID %d: %d octets, %s, held by %v; want MID %d, %d, %s, %v", m.MID, m.Size, m.State, m.Holds, want.MID, want.Size, want.State, want.Holds)
		}
		if len(m.Events) < len(want.Events) {
			bare++
		}
		return nil
	})
	if err != nil || len(all) > 0 || bare == 0 {
		t.Errorf("%d were not met, of %d not all was read, %v", len(all), bare, err)
	}
}
