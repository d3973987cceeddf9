package smtp

import (
	"net/netip"
	"testing"
	"time"
)

func TestHosts(t *testing.T) {
	var h hosts
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	enter := func(host netip.Addr, limit int, want ...bool) {
		t.Helper()
		for i, w := range want {
			if got := h.enter(host, limit); got != w {
				t.Errorf("%s, connection %d: entered %t", host, i+1, got)
			}
		}
	}
	enter(a, 2, true, true, false)
	enter(b, 1, true, false)
	h.leave(a)
	enter(a, 2, true, false)
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
	for _, c := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {time.Minute, true}, {2 * time.Minute, false}, {time.Hour - 1, false},
		{time.Hour, true}, {time.Hour, true}, {2*time.Hour - 1, false}} {
		now := begin.Add(c.after)
		if got := h.of(a, now).take(2, now); got != c.want {
			t.Errorf("after %s: taken %t", c.after, got)
		}
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
