package appliance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/config"
	"esasim/appliance/delivery"
	"esasim/appliance/workqueue"
	"esasim/esa"
	"esasim/internal/group"
	"esasim/tracking"
)

// accept appends a message as the listener does.
func accept(t *testing.T, s *tracking.Store, rcpt string) esa.MID {
	t.Helper()
	mid, err := s.NextMID()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	c := s.NewContent(mid)
	if _, err := io.WriteString(c, "Subject: x\r\n\r\nx\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit([]esa.Event{
		{Kind: esa.MessageStarted, Time: now, MID: mid, ICID: 1, Source: &esa.Source{}},
		{Kind: esa.RecipientGiven, Time: now, MID: mid, Address: rcpt, RIDs: []esa.RID{0}},
		{Kind: esa.MessageReady, Time: now, MID: mid},
	}, c); err != nil {
		t.Fatal(err)
	}
	return mid
}

// Work queue and delivery stand still while so much happens that the log is cut
// off before them. Then they catch up: every message is delivered once.
func TestOvertakenQueues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := tracking.Open(tracking.Options{FS: vfs.NewMem(), Dir: "tracking", SegmentRows: 10, Keep: tracking.Keep{LogSize: -1, LogTail: 20}})
		if err != nil {
			t.Fatal(err)
		}
		scan, send := s.Follow(0), s.Follow(0)
		const messages = 200
		for i := range messages {
			rcpt := "a@example.org"
			if i%10 == 0 {
				rcpt = "defer@esasim.test"
			}
			mid := accept(t, s, rcpt)
			if i%2 == 0 {
				continue
			}
			if err := s.Append([]esa.Event{{Kind: esa.MessageQueued, Time: time.Now(), MID: mid}}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 9000 { // more than the store has in memory
			if err := s.Append([]esa.Event{{Kind: esa.ConnectionTrouble, Time: time.Now(), ICID: esa.ICID(2 + i), Text: "x"}, {Kind: esa.ConnectionClosed, Time: time.Now(), ICID: esa.ICID(2 + i)}}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		lost := (*esa.Overtaken)(nil)
		if _, err := s.Follow(0).Next(t.Context()); !errors.As(err, &lost) {
			t.Fatalf("the log was not cut off: %v", err)
		}
		accept(t, s, "b@example.org") // this one is not lost

		g := group.New(t.Context())
		g.Go("work queue", func(ctx context.Context) error {
			q := workqueue.Queue{Log: queueLog{s}, Logger: slog.New(slog.DiscardHandler)}
			c := config.Default()
			o, err := c.Queue()
			if err != nil {
				return err
			}
			q.Options.Store(o)
			return q.Run(ctx, nil, scan)
		})
		g.Go("delivery", func(ctx context.Context) error {
			d := config.Default().Delivery
			q := delivery.Queue{Log: s, Settings: delivery.Settings{Host: delivery.Simulated{}, Profile: delivery.Profile{InitialRetry: d.InitialRetry, MaxRetry: d.MaxRetry, MaxTime: d.MaxTime, MaxRetries: d.MaxRetries}}, Logger: slog.New(slog.DiscardHandler)}
			return q.Run(ctx, nil, send)
		})
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		for mid := esa.MID(1); mid <= messages+1; mid++ {
			m, err := s.Message(t.Context(), mid)
			n := map[esa.Kind]int{}
			for _, e := range m.Events {
				n[e.Kind]++
			}
			if err != nil || m.State != esa.Delivered || n[esa.MessageQueued] != 1 || n[esa.RecipientDelivered] != 1 || n[esa.MessageFinished] != 1 || n[esa.DeliveryStarted] != 1+n[esa.RecipientDelayed] {
				t.Errorf("MID %d: %s, %v, %v", mid, m.State, fmt.Sprint(n), err)
			}
		}
		if open, err := s.Open(t.Context()); err != nil || len(open) > 0 {
			t.Errorf("open: %v, %v", open, err)
		}
		if err := g.Stop(); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}
