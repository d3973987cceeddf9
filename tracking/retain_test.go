package tracking

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/esa"
	"esasim/tracking/segment"
)

// kept is a store whose keeper does its work only when the test says so.
type kept struct {
	*Store
	t *testing.T
}

func openKept(t *testing.T, fs vfs.FS, k Keep) kept {
	t.Helper()
	s, err := openStore(Options{FS: fs, Dir: "tracking", SegmentRows: 10, Keep: k})
	if err != nil {
		t.Fatal(err)
	}
	s.wg.Go(s.syncLoop)
	t.Cleanup(func() {
		if s.ctx.Err() == nil {
			s.Close()
		}
	})
	return kept{s, t}
}

var retainStart = time.Date(2020, 5, 14, 0, 0, 0, 0, time.UTC)

func received(mid esa.MID) time.Time { return retainStart.Add(time.Duration(mid) * time.Minute) }

// end is what has become of a message.
type end int

const (
	delivered end = iota
	delayed
	held
)

// take appends a message, and the connection it came by, with so much content.
func (k kept) take(mid esa.MID, e end, octets int) {
	k.t.Helper()
	at := received(mid)
	icid := esa.ICID(mid)
	c := k.NewContent(mid)
	if _, err := io.WriteString(c, strings.Repeat("x", octets)); err != nil {
		k.t.Fatal(err)
	}
	accept := []esa.Event{
		{Kind: esa.MessageStarted, Time: at, MID: mid, ICID: icid, Source: &esa.Source{Listener: "L"}},
		{Kind: esa.SenderGiven, Time: at, MID: mid, ICID: icid, Address: fmt.Sprintf("s%d@example.com", mid)},
		{Kind: esa.RecipientGiven, Time: at, MID: mid, Address: "r@example.org", RIDs: []esa.RID{0}},
		{Kind: esa.MessageReady, Time: at, MID: mid, Size: int64(octets)},
	}
	steps := [][]esa.Event{{{Kind: esa.ConnectionOpened, Time: at, ICID: icid, Source: &esa.Source{Listener: "L"}}}, {{Kind: esa.ConnectionClosed, Time: at, ICID: icid}}}
	switch e {
	case delivered:
		steps = append(steps, []esa.Event{{Kind: esa.MessageQueued, Time: at, MID: mid},
			{Kind: esa.RecipientDelivered, Time: at, MID: mid, RIDs: []esa.RID{0}}, {Kind: esa.MessageFinished, Time: at, MID: mid}})
	case delayed:
		steps = append(steps, []esa.Event{{Kind: esa.MessageQueued, Time: at, MID: mid},
			{Kind: esa.RecipientDelayed, Time: at, MID: mid, RIDs: []esa.RID{0}, Until: at.Add(time.Hour)}})
	case held:
		steps = append(steps, []esa.Event{{Kind: esa.MessageQuarantined, Time: at, MID: mid, Name: "Policy"}})
	}
	if err := k.Commit(accept, c); err != nil {
		k.t.Fatal(err)
	}
	for _, s := range steps {
		if err := k.Commit(s, nil); err != nil {
			k.t.Fatal(err)
		}
	}
}

func (k kept) maintain(now time.Time) {
	k.t.Helper()
	for k.callAgain(); len(k.work) > 0; k.callAgain() { // until nothing is left to seal
		<-k.work
		before := len(k.segments)
		if err := k.Store.maintain(now, false); err != nil {
			k.t.Fatal(err)
		}
		if len(k.segments) == before {
			break
		}
	}
	if err := k.Store.maintain(now, true); err != nil {
		k.t.Fatal(err)
	}
}

// begins holds a store to having the messages and connections from a MID on, up to
// a last one, and nothing of those before.
func (k kept) begins(first, last esa.MID) {
	k.t.Helper()
	ctx := k.t.Context()
	if page, err := k.Search(ctx, Query{Limit: MaxLimit}); err != nil || len(page.Messages) != int(last-first+1) || page.Messages[len(page.Messages)-1].MID != first {
		k.t.Errorf("search: %d messages, %v; want those from %d to %d", len(page.Messages), err, first, last)
	}
	if n, err := k.Count(ctx, Query{}, 10_000); err != nil || n != int(last-first+1) {
		k.t.Errorf("count: %d, %v", n, err)
	}
	for mid := esa.MID(1); mid <= last; mid++ {
		gone := mid < first
		if _, err := k.Message(ctx, mid); errors.Is(err, ErrNotFound) != gone || !gone && err != nil {
			k.t.Errorf("MID %d: %v, want gone: %t", mid, err, gone)
		}
		if _, err := k.Connection(ctx, esa.ICID(mid)); errors.Is(err, ErrNotFound) != gone || !gone && err != nil {
			k.t.Errorf("ICID %d: %v, want gone: %t", mid, err, gone)
		}
		sender := fmt.Sprintf("s%d@example.com", mid)
		page, err := k.Search(ctx, Query{Sender: Text{Is, sender}})
		if err != nil || (len(page.Messages) == 0) != gone {
			k.t.Errorf("from %s: %d messages, %v, want gone: %t", sender, len(page.Messages), err, gone)
		}
	}
	if got := k.contents(last); len(got) != int(last-first)+1 || got[0] != first {
		k.t.Errorf("contents %v, want those from %d to %d", got, first, last)
	}
	if from, to, err := k.Span(ctx); err != nil || !from.Equal(received(first)) || !to.Equal(received(last)) {
		k.t.Errorf("span %s to %s, %v; want %s to %s", from, to, err, received(first), received(last))
	}
}

// leftovers counts what the disk has of messages and connections before a number,
// by kind of key, apart from the log.
func (k kept) leftovers(first esa.MID) map[string]int {
	k.t.Helper()
	lowest := k.segments[0].number
	out := map[string]int{}
	it, err := k.db.NewIter(&pebble.IterOptions{})
	if err != nil {
		k.t.Fatal(err)
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		b := it.Key()
		var gone bool
		switch b[0] {
		case prefixDirectory, prefixSegment:
			gone = number(b) < lowest
		case prefixGroup:
			gone = number(b) < lowest/groupSize
		case prefixOpen, prefixContent:
			gone = number(b) < uint64(first)
		case prefixLate:
			_, n, _ := lateKey(b)
			gone = n < uint64(first)
		}
		if gone {
			out[string(b[:1])]++
		}
	}
	return out
}

// Age and size remove whole segments, the oldest first, with all that belongs to
// them, also what came late; a restart sees the same.
func TestRetention(t *testing.T) {
	const messages = 400
	for _, c := range []struct {
		name string
		keep func(size int64) Keep
	}{
		{"age", func(int64) Keep { return Keep{Age: 100 * time.Minute, LogTail: 1} }},
		{"size", func(size int64) Keep { return Keep{Size: size / 4, LogTail: 1} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			fs := vfs.NewMem()
			k := openKept(t, fs, Keep{LogTail: 1})
			for mid := esa.MID(1); mid <= messages; mid++ {
				k.take(mid, delivered, 10)
				k.maintain(received(mid))
			}
			now := received(messages)
			k.begins(1, messages)
			for mid := esa.MID(3); mid < messages; mid += 20 { // late, and some of it merged
				if err := k.Commit([]esa.Event{{Kind: esa.RecipientBounced, Time: now, MID: mid, RIDs: []esa.RID{0}}}, nil); err != nil {
					t.Fatal(err)
				}
			}
			var size int64
			for _, g := range k.segments {
				size += g.dir.Size + g.dir.Filter.Size()
			}
			k.o.Keep = c.keep(size)
			k.maintain(now)
			first := esa.MID(k.segments[0].dir.First[segment.Messages])
			if first < 200 || first > messages-50 {
				t.Fatalf("MID %d is the first now: too few removed, or too many", first)
			}
			k.begins(first, messages)
			if left := k.leftovers(first); len(left) > 0 {
				t.Errorf("left on disk: %v", left)
			}
			if err := k.Close(); err != nil {
				t.Fatal(err)
			}
			k = openKept(t, fs, c.keep(size))
			k.begins(first, messages)
			k.take(messages+1, delivered, 10)
			k.begins(first, messages+1)
		})
	}
}

// A segment with a message that is still to be delivered stays, and those after
// it, until the message is finished.
func TestRetentionWaitsForUnfinished(t *testing.T) {
	k := openKept(t, vfs.NewMem(), Keep{Age: time.Minute, LogTail: 1})
	for mid := esa.MID(1); mid <= 100; mid++ {
		e := delivered
		if mid == 42 {
			e = delayed
		}
		k.take(mid, e, 10)
	}
	now := received(100).Add(24 * time.Hour)
	k.maintain(now)
	if m, err := k.Message(t.Context(), 42); err != nil || m.State != esa.Delayed {
		t.Fatalf("MID 42: %v, %v", m.State, err)
	}
	if _, err := k.Message(t.Context(), 1); !errors.Is(err, ErrNotFound) {
		t.Errorf("MID 1: %v, want gone", err)
	}
	if open, err := k.Open(t.Context()); err != nil || !slices.Equal(open, []esa.MID{42}) {
		t.Errorf("open: %v, %v", open, err)
	}
	if err := k.Commit([]esa.Event{{Kind: esa.RecipientDelivered, Time: now, MID: 42, RIDs: []esa.RID{0}}, {Kind: esa.MessageFinished, Time: now, MID: 42}}, nil); err != nil {
		t.Fatal(err)
	}
	k.maintain(now)
	if n, err := k.Count(t.Context(), Query{}, 1000); err != nil || n > 10 {
		t.Errorf("%d messages left, %v", n, err)
	}
}

// Appending goes on while very many segments are removed.
func TestRetentionDoesNotStall(t *testing.T) {
	k := openKept(t, vfs.NewMem(), Keep{LogTail: 1})
	for mid := esa.MID(1); mid <= 6000; mid++ {
		if err := k.Append([]esa.Event{{Kind: esa.MessageStarted, Time: received(mid), MID: mid, ICID: 1}, {Kind: esa.MessageAborted, Time: received(mid), MID: mid}, {Kind: esa.MessageFinished, Time: received(mid), MID: mid}}); err != nil {
			t.Fatal(err)
		}
	}
	k.maintain(received(6000))
	if len(k.segments) < 500 {
		t.Fatalf("only %d segments", len(k.segments))
	}
	k.o.Keep.Age = time.Minute
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := k.Store.maintain(received(7000), true); err != nil {
			t.Error(err)
		}
	}()
	var slowest time.Duration
	appended := 0
	for removing := true; removing || appended < 10; appended++ {
		begin := time.Now()
		if err := k.Append([]esa.Event{{Kind: esa.MessageStarted, Time: received(8000), MID: esa.MID(10_000 + appended), ICID: 1}}); err != nil {
			t.Fatal(err)
		}
		slowest = max(slowest, time.Since(begin))
		select {
		case <-done:
			removing = false
		default:
		}
	}
	if n, err := k.Count(t.Context(), Query{MID: 5000}, 1); n != 0 || err != nil {
		t.Errorf("MID 5000 is still there: %d, %v", n, err)
	}
	// Generous, for machines with much else to do; without the removal it is some
	// microseconds.
	if slowest > 500*time.Millisecond {
		t.Errorf("an append took %s", slowest)
	}
	t.Logf("%d appends meanwhile, the slowest took %s", appended, slowest)
}

func (k kept) contents(last esa.MID) (out []esa.MID) {
	k.t.Helper()
	for mid := esa.MID(1); mid <= last; mid++ {
		r, err := k.Content(mid)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			k.t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			k.t.Fatal(err)
		}
		out = append(out, mid)
	}
	return out
}

// Contents that are too old, or too many, go, the oldest first; not those of
// messages on their way, in a quarantine, or just being received.
func TestContentRetention(t *testing.T) {
	const messages, octets, each = 100, 1000, 7
	fates := func(k kept, from, to esa.MID) {
		for mid := from; mid <= to; mid++ {
			e := delivered
			switch mid % 50 {
			case 7:
				e = held
			case 8:
				e = delayed
			}
			k.take(mid, e, octets)
		}
	}
	for _, c := range []struct {
		name string
		keep Keep
		want [2]esa.MID // the first content that stays for no reason of its own; [1]: when all are sealed
	}{
		{"age", Keep{ContentAge: 20 * time.Minute}, [2]esa.MID{80, 72}}, // whole segments
		{"size", Keep{ContentSize: 30 * octets}, [2]esa.MID{78, 78}},    // 99 less 30, and a tenth of those more; four stay
		{"neither", Keep{ContentAge: -1, ContentSize: -1}, [2]esa.MID{1, 1}},
		{"default", Keep{}, [2]esa.MID{1, 1}},
	} {
		for i, first := range c.want {
			sealed := i == 1
			t.Run(fmt.Sprintf("%s, sealed %t", c.name, sealed), func(t *testing.T) {
				c.keep.LogTail = 1
				k := openKept(t, vfs.NewMem(), c.keep)
				if !sealed {
					k.o.SegmentRows = 10 * messages
				}
				begun := k.NewContent(1) // still being received, slowly
				if _, err := begun.Write(make([]byte, chunkSize)); err != nil {
					t.Fatal(err)
				}
				k.content.sub(chunkSize) // not what is counted here
				fates(k, 2, messages)
				k.maintain(received(messages))
				want := []esa.MID{1}
				for mid := esa.MID(2); mid <= messages; mid++ {
					if mid >= first || mid%50 == 7 || mid%50 == 8 {
						want = append(want, mid)
					}
				}
				if got := k.contents(messages); !slices.Equal(got, want) {
					t.Errorf("contents %v, want %v", got, want)
				}
				// One that was released, and is delivered, goes like the others.
				if err := k.Commit([]esa.Event{{Kind: esa.MessageReleased, Time: received(messages), MID: 7, Name: "Policy"},
					{Kind: esa.MessageQueued, Time: received(messages), MID: 7},
					{Kind: esa.RecipientDelivered, Time: received(messages), MID: 7, RIDs: []esa.RID{0}},
					{Kind: esa.MessageFinished, Time: received(messages), MID: 7}}, nil); err != nil {
					t.Fatal(err)
				}
				if first > 1 {
					k.content.add(each * octets)
					k.maintain(received(messages).Add(time.Hour))
					if got := k.contents(messages); slices.Contains(got, 7) || !slices.Contains(got, 57) || !slices.Contains(got, 8) || !slices.Contains(got, 1) {
						t.Errorf("contents %v, want 7 gone; 1, 8 and 57 there", got)
					}
				}
			})
		}
	}
}

// The count of octets follows what is removed with segments and what is discarded.
func TestContentIsCounted(t *testing.T) {
	k := openKept(t, vfs.NewMem(), Keep{LogTail: 1})
	for mid := esa.MID(1); mid <= 100; mid++ {
		k.take(mid, delivered, 1000)
	}
	c := k.NewContent(101)
	if _, err := c.Write(make([]byte, 3*chunkSize)); err != nil {
		t.Fatal(err)
	}
	if err := c.Discard(); err != nil {
		t.Fatal(err)
	}
	if got := k.content.size(); got != 100*1000 {
		t.Errorf("%d octets counted, want 100000", got)
	}
	k.o.Keep.Age = 10 * time.Minute
	k.maintain(received(100))
	left := len(k.contents(100))
	if got := k.content.size(); left == 0 || left > 50 || got != uint64(1000*left) {
		t.Errorf("%d octets counted of %d contents", got, left)
	}
}

// readTo reads what there is for a follower up to an event.
func readTo(t *testing.T, f *Follower, upTo uint64) (events, lost int) {
	t.Helper()
	for f.next.Load() <= upTo {
		entries, err := f.Next(t.Context())
		if o := (*esa.Overtaken)(nil); errors.As(err, &o) {
			lost += int(o.Events)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			events += len(e.Events)
		}
	}
	return events, lost
}

// A slow follower, or a cursor, holds the log back up to a size. Beyond it a
// follower is told how much it lost, and goes on.
func TestLogIsHeldBack(t *testing.T) {
	for _, c := range []struct {
		name string
		size int64
		lost bool
	}{{"within the size", 1 << 30, false}, {"beyond it", -1, true}} {
		t.Run(c.name, func(t *testing.T) {
			k := openKept(t, vfs.NewMem(), Keep{LogSize: c.size, LogTail: 20})
			slow, cursor := k.Follow(0), uint64(50)
			if err := k.SetCursor("slow", cursor, nil); err != nil {
				t.Fatal(err)
			}
			for mid := esa.MID(1); mid <= 2*windowSize; mid++ { // more than is in memory
				events := []esa.Event{{Kind: esa.MessageStarted, Time: received(mid), MID: mid}, {Kind: esa.MessageFinished, Time: received(mid), MID: mid}}
				if err := k.Append(events); err != nil {
					t.Fatal(err)
				}
			}
			last := uint64(4 * windowSize)
			if err := k.waitDurable(t.Context(), last); err != nil {
				t.Fatal(err)
			}
			k.maintain(received(2 * windowSize))
			events, lost := readTo(t, slow, last)
			if events+lost != int(last) || (lost > 0) != c.lost {
				t.Errorf("%d events read, %d lost, of %d", events, lost, last)
			}
			events, lost = readTo(t, k.Follow(cursor), last)
			if events+lost != int(last-cursor) || (lost > 0) != c.lost {
				t.Errorf("from the cursor: %d events read, %d lost, of %d", events, lost, last-cursor)
			}
			runtime.KeepAlive(slow)
		})
	}
}

// A follower that nobody holds any more does not hold the log.
func TestForgottenFollower(t *testing.T) {
	k := openKept(t, vfs.NewMem(), Keep{LogTail: 20})
	forgotten, reader := k.Follow(0), k.Follow(0)
	var last uint64
	for mid := esa.MID(1); mid <= 100; mid++ {
		k.take(mid, delivered, 1)
	}
	last = k.Last()
	readTo(t, reader, last)
	k.maintain(received(100))
	if kept := k.firstKept(); kept != 1 {
		t.Fatalf("the log begins with event %d while a follower is at 1", kept)
	}
	runtime.KeepAlive(forgotten)
	runtime.GC()
	runtime.GC()
	k.maintain(received(100))
	if kept := k.firstKept(); kept < last/2 || len(k.followers) != 1 {
		t.Errorf("the log begins with event %d of %d; %d followers", kept, last, len(k.followers))
	}
	runtime.KeepAlive(reader)
}

// TestLateIsBounded: what is delayed again and again is not kept in memory until it
// ends, and does not keep the keeper busy.
func TestLateIsBounded(t *testing.T) {
	k := openKept(t, vfs.NewMem(), Keep{})
	for mid := esa.MID(1); mid <= 10; mid++ {
		k.take(mid, delayed, 1)
	}
	k.maintain(received(10))
	answer := strings.Repeat("x", 64<<10)
	for i := range openBytes/len(answer) + 10 {
		mid := esa.MID(1 + i%10)
		if err := k.Append([]esa.Event{{Kind: esa.RecipientDelayed, Time: received(mid), MID: mid, RIDs: []esa.RID{0}, Text: answer}}); err != nil {
			t.Fatal(err)
		}
	}
	k.mu.Lock()
	if k.open[segment.Messages].late != 10 || k.sealable() {
		t.Errorf("%d late messages, sealable %t; want 10, false", k.open[segment.Messages].late, k.sealable())
	}
	k.mu.Unlock()
	k.maintain(received(10))
	if got := k.open[segment.Messages].lateWeight; got >= openBytes {
		t.Errorf("late events take %d octets", got)
	}
	open, err := k.Open(t.Context())
	if m, _ := k.Message(t.Context(), 1); err != nil || len(open) != 10 || m.State != esa.Delayed {
		t.Errorf("%d open messages, the first is %v: %v", len(open), m.State, err)
	}
}

// TestDamageDoesNotHoldTheLog: a segment that cannot be written again does not keep
// the log from being cut off.
func TestDamageDoesNotHoldTheLog(t *testing.T) {
	k := openKept(t, vfs.NewMem(), Keep{LogTail: 1})
	for mid := esa.MID(1); mid <= 20; mid++ {
		k.take(mid, delivered, 1)
	}
	k.maintain(received(20))
	for mid := esa.MID(1); mid <= 20; mid++ { // late
		if err := k.Commit([]esa.Event{{Kind: esa.MessageFinished, Time: received(mid), MID: mid}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.db.DeleteRange([]byte{prefixSegment}, upper(prefixSegment), pebble.NoSync); err != nil {
		t.Fatal(err)
	}
	k.cache.items = nil
	before := k.firstKept()
	for mid := esa.MID(21); mid <= 40; mid++ {
		k.take(mid, delivered, 1)
	}
	if err := k.Store.maintain(received(40), true); !errors.Is(err, segment.ErrDamaged) {
		t.Errorf("merging a damaged segment: %v", err)
	}
	if k.firstKept() == before {
		t.Errorf("the log still begins at event %d", before)
	}
}
