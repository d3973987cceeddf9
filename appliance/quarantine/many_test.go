package quarantine

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"esasim/esa"
)

// A million held messages fit into memory, and come out in order.
func TestMemoryOfHeld(t *testing.T) {
	const messages, most = 100_000, 200 // octets each
	heap := func() uint64 {
		var s runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	before := heap()
	x, begin := newIndex(), time.Now()
	for mid := range esa.MID(messages) {
		since := begin.Add(time.Duration(mid*7919%messages) * time.Second)
		x.set(mid+1, 1000, []Stay{{Quarantine: Policy, Since: since, Until: since.Add(day)}})
	}
	if each := (heap() - before) / messages; each > most {
		t.Errorf("%d octets for each message, want at most %d", each, most)
	} else {
		t.Logf("%d octets for each message", each)
	}
	if x.size != 1000*messages {
		t.Errorf("%d octets of messages", x.size)
	}
	last := time.Time{}
	for n := 0; ; n++ {
		h := x.next()
		if h == nil {
			if n != messages || len(x.held) != 0 || x.size != 0 {
				t.Errorf("%d came out, %d are left, with %d octets", n, len(x.held), x.size)
			}
			break
		}
		if o := x.oldest(func(string) bool { return true }); h.When().Before(last) || o != h {
			t.Fatalf("MID %d leaves out of order", h.mid)
		}
		last = h.When()
		x.set(h.mid, 0, nil)
	}
}

// Of several who do something with the same messages at once, one does it.
func TestAtOnce(t *testing.T) {
	l, o := newMemory(), Options{Quarantines: BuiltIn()}
	k, _, stop := run(t, l, o)
	defer stop()
	var mids []esa.MID
	for range 200 {
		mids = append(mids, l.hold(t, &o, 100, Policy))
	}
	var done atomic.Int64
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			do := k.Release
			if i%2 == 0 {
				do = k.Delete
			}
			r, err := do(t.Context(), mids, "")
			if err != nil || len(r.Done)+len(r.Refused) != len(mids) {
				t.Error(len(r.Done), len(r.Refused), err)
			}
			done.Add(int64(len(r.Done)))
		})
	}
	all.Wait()
	if done.Load() != int64(len(mids)) {
		t.Errorf("done %d times with %d messages", done.Load(), len(mids))
	}
	for _, mid := range mids {
		if told := l.told(mid); strings.Count(told, "released  ()")+strings.Count(told, "deleted  ()") != 1 {
			t.Errorf("MID %d: %s", mid, told)
		}
	}
}
