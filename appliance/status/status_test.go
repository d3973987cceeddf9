package status_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"esasim/appliance/status"
	"esasim/esa"
	"esasim/tracking"
)

// box is a store with the counters over it, that can be ended, killed and begun again.
type box struct {
	t     *testing.T
	r     *rand.Rand
	fs    *vfs.MemFS
	store *tracking.Store
	s     *status.Status
	start uint64 // the end of the log when it began
	reset uint64 // at the last reset; 0: none
	stop  context.CancelFunc
	done  chan error
}

func (b *box) begin() {
	b.t.Helper()
	var err error
	b.store, err = tracking.Open(tracking.Options{FS: b.fs, Dir: "data", SegmentRows: 40, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.t.Fatal(err)
	}
	b.start = b.store.Last()
	if b.s, err = status.Open(b.store, slog.New(slog.DiscardHandler)); err != nil {
		b.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	b.stop, b.done = stop, make(chan error, 1)
	go func(s *status.Status, f *tracking.Follower) { b.done <- s.Run(ctx, f) }(b.s, b.store.Follow(b.s.Seq()))
}

func (b *box) end() {
	b.t.Helper()
	b.stop()
	if err := errors.Join(<-b.done, b.store.Close()); err != nil {
		b.t.Fatal(err)
	}
}

// kill ends it as kill -9 or a loss of power does: what was not synced is lost, or
// some of it is.
func (b *box) kill() {
	clone := b.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: b.r.IntN(101), RNG: b.r})
	b.end()
	b.fs = clone
}

func (b *box) add(events ...esa.Event) {
	b.t.Helper()
	for i := range events {
		events[i].Time = time.Now()
	}
	if err := b.store.Append(events); err != nil {
		b.t.Fatal(err)
	}
}

// message adds the entries of one message from its beginning to some end.
func (b *box) message() {
	r := b.r
	mid, err := b.store.NextMID()
	if err != nil {
		b.t.Fatal(err)
	}
	icid := esa.ICID(1 + r.IntN(1000))
	begin := esa.Event{Kind: esa.MessageStarted, MID: mid, ICID: icid}
	if r.IntN(5) == 0 { // it was made of another
		begin.ICID, begin.Other = 0, 1
	}
	events := []esa.Event{begin, {Kind: esa.SenderGiven, MID: mid, Address: "a@example.com"}}
	n := 1 + r.IntN(4)
	for i := range n {
		events = append(events, esa.Event{Kind: esa.RecipientGiven, MID: mid, Address: fmt.Sprintf("u%d@example.org", i), RIDs: []esa.RID{esa.RID(i)}})
		if r.IntN(4) == 0 {
			events = append(events, esa.Event{Kind: esa.RecipientRejected, MID: mid, Address: "x@example.org"})
		}
	}
	if r.IntN(6) == 0 {
		b.add(append(events, esa.Event{Kind: esa.MessageAborted, MID: mid}, esa.Event{Kind: esa.MessageFinished, MID: mid})...)
		return
	}
	b.add(append(events, esa.Event{Kind: esa.MessageReady, MID: mid, Size: 100})...)
	switch r.IntN(8) {
	case 0:
		b.add(esa.Event{Kind: esa.MessageDropped, MID: mid}, esa.Event{Kind: esa.MessageFinished, MID: mid})
		return
	case 1:
		all := make([]esa.RID, n)
		for i := range all {
			all[i] = esa.RID(i)
		}
		b.add(esa.Event{Kind: esa.MessageBounced, MID: mid, RIDs: all}, esa.Event{Kind: esa.BounceGenerated, MID: mid, Other: mid + 1}, esa.Event{Kind: esa.MessageFinished, MID: mid})
		return
	}
	b.add(esa.Event{Kind: esa.MessageQueued, MID: mid})
	for i := range n {
		b.recipient(mid, esa.RID(i))
	}
}

func (b *box) recipient(mid esa.MID, rid esa.RID) {
	rids, dcid := []esa.RID{rid}, esa.DCID(1+b.r.IntN(1000))
	for range b.r.IntN(3) {
		b.add(esa.Event{Kind: esa.RecipientDelayed, MID: mid, DCID: dcid, RIDs: rids, Text: "451 later", Name: "4.1.0 - x"})
	}
	switch b.r.IntN(5) {
	case 0:
		e := esa.Event{Kind: esa.RecipientBounced, MID: mid, DCID: dcid, RIDs: rids}
		e.Name, e.Text = "5.1.0 - Unknown address error", "550 no"
		switch b.r.IntN(4) {
		case 0:
			e.Name, e.Text = "5.4.7 - Delivery expired (message too old)", "451 later"
		case 1:
			e.Name, e.Text = "5.1.2 - Bad destination host", "000 DNS Hard Error looking up x"
		case 2:
			e.Name, e.Text = "5.3.0 - Other mail system problem", "000 cannot be sent"
		}
		b.add(e)
	case 1: // it waits for ever
	default:
		b.add(esa.Event{Kind: esa.RecipientDelivered, MID: mid, DCID: dcid, RIDs: rids, Text: "ok"})
	}
}

// folded is what messages say of themselves that were put together from the events
// behind a place in the log.
func (b *box) folded(after uint64) (out status.Counts) {
	b.t.Helper()
	last := b.store.Last()
	byMID, order := map[esa.MID][]esa.Event{}, []esa.MID{}
	for f, seq := b.store.Follow(0), uint64(0); seq < last; {
		entries, err := f.Next(context.Background())
		if err != nil {
			b.t.Fatal(err)
		}
		for _, e := range entries {
			if seq = e.Seq; seq <= after {
				continue
			}
			for _, ev := range e.Events {
				if byMID[ev.MID] == nil {
					order = append(order, ev.MID)
				}
				byMID[ev.MID] = append(byMID[ev.MID], ev)
			}
		}
	}
	for _, mid := range order {
		fold(&out, byMID[mid])
	}
	out[status.HardBounced] = out[status.DNSHardBounced] + out[status.FiveXXHardBounced] + out[status.FilterHardBounced] + out[status.ExpiredHardBounced] + out[status.OtherHardBounced]
	out[status.Completed] = out[status.HardBounced] + out[status.Delivered]
	return out
}

func fold(out *status.Counts, events []esa.Event) {
	m := esa.Fold(events)
	if m.State == esa.Aborted {
		out[status.Rejected] += uint64(len(m.Recipients))
	} else if m.From == 0 && len(m.Recipients) > 0 {
		out[status.Messages]++
		out[status.Recipients] += uint64(len(m.Recipients))
	}
	if m.State == esa.Dropped {
		out[status.Dropped]++
	}
	out[status.BounceRecipients] += uint64(len(m.Into))
	for _, r := range m.Recipients {
		switch {
		case r.State == esa.Delivered:
			out[status.Delivered]++
		case r.State == esa.Bounced && len(m.Into) > 0:
			out[status.FilterHardBounced]++
		case r.State == esa.Bounced:
			out[map[string]status.Counter{"5.1.0": status.FiveXXHardBounced, "5.4.7": status.ExpiredHardBounced,
				"5.1.2": status.DNSHardBounced, "5.3.0": status.OtherHardBounced}[r.Reason[:5]]]++
		}
	}
	for _, e := range events {
		switch e.Kind {
		case esa.RecipientRejected:
			out[status.Rejected]++
		case esa.RecipientDelayed:
			out[status.SoftBounces]++
		}
	}
}

// check waits until all is counted, and compares.
func (b *box) check(round int) {
	b.t.Helper()
	if err := b.store.Sync(context.Background()); err != nil {
		b.t.Fatal(err)
	}
	synctest.Wait()
	got := b.s.Counted()
	for what, want := range map[string][2]status.Counts{
		"lifetime": {got.Lifetime, b.folded(0)}, "uptime": {got.Uptime, b.folded(b.start)}, "reset": {got.Counts, b.folded(b.reset)},
	} {
		if diff := cmp.Diff(want[1], want[0]); diff != "" {
			b.t.Fatalf("round %d, %s (-want +got):\n%s", round, what, diff)
		}
	}
}

// Whatever happens, and however often the appliance ends or is killed, the counters
// are what the messages of the log say.
func TestCountersAreTheLog(t *testing.T) {
	for seed := range uint64(12) {
		synctest.Test(t, func(t *testing.T) {
			b := &box{t: t, r: rand.New(rand.NewPCG(7, seed)), fs: vfs.NewCrashableMem()}
			if err := b.fs.MkdirAll("data", 0o755); err != nil {
				t.Fatal(err)
			}
			b.begin()
			defer func() { b.end() }()
			for round := range 25 {
				for range b.r.IntN(12) {
					b.message()
				}
				if b.r.IntN(3) == 0 {
					time.Sleep(time.Duration(b.r.IntN(3000)) * time.Millisecond) // in the bubble
				}
				switch b.r.IntN(5) {
				case 0:
					b.end()
					b.begin()
				case 1, 2:
					b.kill()
					b.begin()
				case 3:
					b.check(round)
					if err := b.s.Reset(); err != nil {
						t.Fatal(err)
					}
					b.reset = b.store.Last()
					b.message() // it is synced, and so is what was written before
				}
				b.check(round)
			}
		})
	}
}

// entries is a log as a reader hands it out.
type entries chan []esa.Entry

func (e entries) Next(ctx context.Context) ([]esa.Entry, error) {
	select {
	case list := <-e:
		return list, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// nowhere keeps nothing.
type nowhere struct{}

func (nowhere) Cursor(string) (uint64, []byte, error)  { return 0, nil, nil }
func (nowhere) SetCursor(string, uint64, []byte) error { return nil }
func (nowhere) Last() uint64                           { return 0 }

// Rates are those of the last minutes, reckoned for an hour; the example is that of
// the user guide. Hours later there is nothing left of them.
func TestRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := status.Open(nowhere{}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		log, done := make(entries), make(chan error, 1)
		go func() { done <- s.Run(ctx, log) }()
		seq := uint64(0)
		say := func() {
			seq++
			log <- []esa.Entry{{Seq: seq, Events: []esa.Event{{Kind: esa.RecipientDelivered, Time: time.Now(), MID: 1, RIDs: []esa.RID{0}}}}}
			synctest.Wait()
		}
		for range 100 {
			say()
			time.Sleep(500 * time.Millisecond)
		}
		for _, want := range []struct {
			after time.Duration
			rate  status.Rate
		}{{0, status.Rate{One: 6000, Five: 1200, Fifteen: 400}}, {time.Minute, status.Rate{Five: 1200, Fifteen: 400}},
			{4 * time.Minute, status.Rate{Fifteen: 400}}, {10 * time.Minute, status.Rate{}}, {3 * time.Hour, status.Rate{}}} {
			time.Sleep(want.after)
			got := s.Counted().Rates
			if got[status.Delivered] != want.rate || got[status.Completed] != want.rate || got[status.Messages] != (status.Rate{}) {
				t.Errorf("%v later: %+v, want %+v", want.after, got, want.rate)
			}
		}
		for range 30 { // half an hour of one a minute
			say()
			time.Sleep(time.Minute)
		}
		say()
		if got, want := s.Counted().Rates[status.Delivered], (status.Rate{One: 60, Five: 60, Fifteen: 60}); got != want {
			t.Errorf("one a minute: %+v, want %+v", got, want)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkCount(b *testing.B) {
	s, err := status.Open(nowhere{}, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	mid := esa.MID(1)
	one := []esa.Event{{Kind: esa.MessageStarted, MID: mid, ICID: 1}, {Kind: esa.SenderGiven, MID: mid}, {Kind: esa.RecipientGiven, MID: mid, RIDs: []esa.RID{0}},
		{Kind: esa.MessageIDSeen, MID: mid}, {Kind: esa.SubjectSeen, MID: mid}, {Kind: esa.HeaderSeen, MID: mid}, {Kind: esa.MessageReady, MID: mid, Time: time.Now()}}
	list := make([]esa.Entry, 1024)
	for i := range list {
		list[i] = esa.Entry{Seq: uint64(i + 1), Events: one}
	}
	ctx, stop := context.WithCancel(b.Context())
	log, done := make(entries), make(chan error, 1)
	go func() { done <- s.Run(ctx, log) }()
	b.ReportAllocs()
	for n := 0; n < b.N; n += len(list) {
		log <- list
	}
	stop()
	<-done
}
