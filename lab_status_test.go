package esasim_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/appliance/delivery"
	"esasim/appliance/status"
	"esasim/esa"
	"esasim/lab"
)

// What the gauges say of queue and destinations is what the messages of the log say of
// themselves, while mail is delayed, bounced and held up, and after restarts.
func TestGaugesAreTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{fs: vfs.NewMem()}
		start := func() { v.start(t, func(o *lab.Options) { o.Config.Cloud = nil }) }
		start()
		defer func() { v.stop() }()
		r := rand.New(rand.NewPCG(3, 4))
		fates := []string{"a@example.org", "b@other.example", "bounce@esasim.test", "defer@esasim.test", "451@esasim.test", "slow@esasim.test", "550@esasim.test"}
		sent := 0
		for round := range 40 {
			to := []string{}
			for range 1 + r.IntN(4) {
				to = append(to, fates[r.IntN(len(fates))])
			}
			v.sendTo(t, fmt.Sprint("round ", round), to...)
			sent++
			switch r.IntN(8) {
			case 0:
				v.stop()
				start()
			case 1:
				v.Appliance().Delivery().Suspend()
			case 2, 3:
				v.Appliance().Delivery().Resume()
			case 4:
				v.Appliance().WorkQueue().Pause()
			case 5:
				v.Appliance().WorkQueue().Resume()
			}
			time.Sleep(time.Duration(r.IntN(90)) * time.Second)
			synctest.Wait()
			v.gaugesAgree(t, round)
		}
		if got := v.Appliance().Status().Counted().Lifetime[status.Messages]; got != uint64(sent) {
			t.Errorf("%d messages in all its life, want %d", got, sent)
		}
	})
}

// gaugesAgree holds the gauges against all messages that are not finished.
func (v *virtual) gaugesAgree(t *testing.T, round int) {
	t.Helper()
	store := v.Appliance().Tracking()
	open, err := store.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var want status.Gauges
	active := map[string]int{}
	for _, mid := range open {
		m, err := store.Standing(t.Context(), mid)
		if err != nil {
			t.Fatal(err)
		}
		if m.State == esa.Processing {
			want.WorkQueue++
		}
		for _, rcpt := range m.Recipients {
			if rcpt.State != esa.Queued && rcpt.State != esa.Delayed {
				continue
			}
			if active[delivery.Domain(rcpt.Address)]++; rcpt.Attempts > 0 {
				want.Attempted++
			} else {
				want.Unattempted++
			}
		}
	}
	got := v.Appliance().Gauges(t.Context())
	if got.WorkQueue != want.WorkQueue || got.Attempted != want.Attempted || got.Unattempted != want.Unattempted {
		t.Fatalf("round %d: work queue %d, attempted %d, unattempted %d; want %d, %d, %d", round, got.WorkQueue, got.Attempted, got.Unattempted,
			want.WorkQueue, want.Attempted, want.Unattempted)
	}
	for _, d := range v.Appliance().Delivery().Destinations() {
		if d.Active() != active[d.Domain] {
			t.Fatalf("round %d: %s has %d active recipients, want %d", round, d.Domain, d.Active(), active[d.Domain])
		}
		delete(active, d.Domain)
	}
	if len(active) > 0 {
		t.Fatalf("round %d: not in memory: %v", round, active)
	}
}
