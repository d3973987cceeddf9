package smtp

import (
	"net/netip"
	"testing"
	"time"
)

func TestHosts(t *testing.T) {
	var h hosts
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	if !h.enter(a, 2) || !h.enter(a, 2) || h.enter(a, 2) || !h.enter(b, 1) {
		t.Error("two of one host and one of another should be all that enter")
	}
	h.leave(a)
	if !h.enter(a, 2) || h.enter(a, 2) {
		t.Error("one left, one should enter")
	}
	for _, x := range []netip.Addr{a, a, b} {
		h.leave(x)
	}
	if len(h.open) != 0 {
		t.Errorf("all left, still counted: %v", h.open)
	}
}

func TestHour(t *testing.T) {
	var h hours
	begin := time.Unix(1e9, 0)
	a := netip.MustParseAddr("192.0.2.1")
	take := func(after time.Duration) bool { return h.of(a, begin.Add(after)).take(2, begin.Add(after)) }
	if !take(0) || !take(time.Minute) || take(2*time.Minute) || take(time.Hour-1) {
		t.Error("two should be taken in the first hour")
	}
	if !take(time.Hour) || !take(time.Hour) || take(2*time.Hour-1) {
		t.Error("two should be taken in the next hour")
	}
	if other := h.of(a.Next(), begin); !other.take(1, begin) {
		t.Error("another host has an hour of its own")
	}
}

// However many hosts come, no more are counted than there is room for, and those
// whose hour is over go first.
func TestHoursBound(t *testing.T) {
	var h hours
	begin := time.Unix(1e9, 0)
	a := netip.MustParseAddr("10.0.0.0")
	for i := range maxHours + 1000 {
		h.of(a, begin).take(1, begin)
		if a = a.Next(); i%1000 == 0 && len(h.list) > maxHours {
			t.Fatalf("%d hosts", len(h.list))
		}
	}
	later := begin.Add(2 * time.Hour)
	for range maxHours / 8 {
		h.of(a, later).take(1, later)
		a = a.Next()
	}
	young := 0
	for _, one := range h.list {
		if !one.over(later) {
			young++
		}
	}
	if len(h.list) > maxHours || young < maxHours/8-10 { // by chance it may look only at young ones
		t.Errorf("%d hosts, %d of them young: old ones should have gone first", len(h.list), young)
	}
}
