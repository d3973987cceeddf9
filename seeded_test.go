package esasim_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/cloud/ctim"
	"esasim/esa"
	"esasim/lab"
	"esasim/tracking"
	"esasim/traffic/mix"
)

// A lab begins on a directory that was given a past. What the past left on its way
// goes on, what it left in quarantines stays there, and new mail gets numbers above
// all of it.
func TestSeededPast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const messages = 20_000
		v := &virtual{fs: vfs.NewMem()}
		time.Sleep((4*24 + 10) * time.Hour) // to a Wednesday morning, when much is on its way
		past := mix.Past{Seed: 1, Messages: messages, Days: 1, End: time.Now().Truncate(time.Minute)}
		if err := lab.Seed(t.Context(), lab.SeedOptions{FS: v.fs, Dir: "data", Past: past}); err != nil {
			t.Fatal(err)
		}
		before := left(t, v.fs, messages+1)
		if len(before[esa.Processing]) == 0 || len(before[esa.Queued]) == 0 || len(before[esa.Delayed]) == 0 || len(before[esa.Quarantined]) == 0 {
			t.Fatalf("the past left %v: nothing to be tested", before)
		}
		v.start(t, func(o *lab.Options) { o.Config.Appliance.Delivery.MaxTime = 6 * time.Hour })
		defer func() { v.stop() }()
		mid := v.send(t, "testingBren@cisco.com", "after the past")
		if mid != messages+3 {
			t.Errorf("the first message is MID %d, want %d", mid, messages+3)
		}
		time.Sleep(8 * time.Hour) // longer than a message may wait
		synctest.Wait()
		store := v.Appliance().Tracking()
		for state, mids := range before {
			for _, mid := range mids {
				m, err := store.Message(t.Context(), mid)
				if err != nil {
					t.Fatal(err)
				}
				if held := state == esa.Quarantined; m.Finished == held || (m.State == esa.Quarantined) != held {
					t.Errorf("MID %d was %s and is %s, finished %t", mid, state, m.State, m.Finished)
				}
			}
		}
		if open, err := store.Open(t.Context()); err != nil || len(open) > 0 {
			t.Errorf("still open: %v, %v", open, err)
		}
		if n, err := store.Count(t.Context(), tracking.Query{}, 2*messages); err != nil || n != messages+3 {
			t.Errorf("%d messages, %v, want %d", n, err, messages+3)
		}
		page, err := store.Search(t.Context(), tracking.Query{Subject: tracking.Text{Op: tracking.Is, Value: "after the past"}})
		if err != nil || len(page.Messages) != 1 || page.Messages[0].MID != mid || page.Messages[0].State != esa.Delivered {
			t.Errorf("search: %+v, %v", page.Messages, err)
		}
		if n := len(v.investigate(t, ctim.EmailSubject, "after the past")); n != 1 {
			t.Errorf("%d sightings, want 1", n)
		}
		v.stop()
		v.start(t, nil)
		if m, err := v.Appliance().Tracking().Message(t.Context(), 1); err != nil || m.MID != 1 {
			t.Errorf("MID 1 after a restart: %v, %v", m.MID, err)
		}
	})
}

// With sightings, the cloud that a lab begins with knows the past: every message that
// came to rest, found by what it has, and from then on what happens to it.
func TestSeededSightings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const messages = 5_000
		v := &virtual{fs: vfs.NewMem()}
		past := mix.Past{Seed: 1, Messages: messages, Days: 1, End: time.Now().Truncate(time.Minute)}
		var told uint64
		err := lab.Seed(t.Context(), lab.SeedOptions{FS: v.fs, Dir: "data", Past: past, Sightings: true, Told: func(n uint64) { told = n }})
		if err != nil || told != messages {
			t.Fatalf("%d messages told: %v", told, err)
		}
		v.start(t, nil)
		defer func() { v.stop() }()
		resting, n := 0, 0
		err = v.Appliance().Tracking().Each(t.Context(), tracking.Query{}, func(m *esa.Message) error {
			if !m.State.AtRest() {
				return nil
			}
			if resting++; resting%100 == 0 && m.MessageID != "" {
				n++
				if found := v.investigate(t, ctim.EmailMessageID, strings.Trim(m.MessageID, "<>")); len(found) != 1 {
					t.Errorf("MID %d is %s and has %d sightings", m.MID, m.State, len(found))
				}
			}
			return nil
		})
		if err != nil || n < messages/200 {
			t.Errorf("%d messages looked for, %d at rest: %v", n, resting, err)
		}
		if again := lab.Seed(t.Context(), lab.SeedOptions{FS: v.fs, Dir: "data", Past: past, Sightings: true}); again == nil {
			t.Error("a second past")
		}
	})
}

// left are the messages of a past to which something is still to happen, by state.
// Two are added that were cut off on their way, with nothing kept of their content.
func left(t *testing.T, fs vfs.FS, next esa.MID) map[esa.State][]esa.MID {
	t.Helper()
	s, err := tracking.Open(tracking.Options{FS: fs, Dir: fs.PathJoin("data", "tracking")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, last := range []esa.Kind{esa.MessageReady, esa.MessageQueued} {
		mid, err := s.NextMID()
		if err != nil || mid != next {
			t.Fatalf("MID %d, %v, want %d", mid, err, next)
		}
		next++
		now := time.Now()
		events := []esa.Event{{Kind: esa.MessageStarted, Time: now, MID: mid, Source: &esa.Source{}},
			{Kind: esa.RecipientGiven, Time: now, MID: mid, Address: "a@example.org", RIDs: []esa.RID{0}},
			{Kind: esa.MessageReady, Time: now, MID: mid}}
		if last != esa.MessageReady {
			events = append(events, esa.Event{Kind: last, Time: now, MID: mid})
		}
		if err := s.Commit(events, nil); err != nil {
			t.Fatal(err)
		}
	}
	out := map[esa.State][]esa.MID{}
	for q := (tracking.Query{States: []esa.State{esa.Processing, esa.Queued, esa.Delayed, esa.Quarantined}, Limit: tracking.MaxLimit}); ; {
		page, err := s.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Messages {
			out[m.State] = append(out[m.State], m.MID)
		}
		if q.Before = page.Next; page.Next == 0 {
			return out
		}
	}
}
