package tracking

import (
	"encoding/json"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"esasim/esa"
)

var times = []time.Time{
	time.Date(2020, 5, 14, 13, 23, 57, 0, time.UTC),
	time.UnixMilli(-1).UTC(),
	time.Date(2262, 1, 1, 0, 0, 0, 999000000, time.UTC),
}

func sameAddr(a, b netip.Addr) bool { return a == b }

// BenchmarkCodec compares the entry's form with JSON, the obvious alternative.
func BenchmarkCodec(b *testing.B) {
	events := randomLife(rand.New(rand.NewPCG(4, 4)), 1234, times[0]).steps[0]
	ours, theirs := appendEntry(nil, events), must(json.Marshal(events))
	b.Logf("%d bytes, as JSON %d", len(ours), len(theirs))
	b.Run("write", func(b *testing.B) {
		b.ReportAllocs()
		for buf := []byte(nil); b.Loop(); {
			buf = appendEntry(buf[:0], events)
		}
	})
	b.Run("write-json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			must(json.Marshal(events))
		}
	})
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			must(decodeEntry(ours))
		}
	})
	b.Run("read-json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			out := events[:0:0]
			if err := json.Unmarshal(theirs, &out); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var zone = time.FixedZone("somewhere", -4*3600)

func testRand() *rand.Rand { return rand.New(rand.NewPCG(7, 7)) }

func sameEntries(t *testing.T, a, b []esa.Entry) {
	t.Helper()
	if d := cmp.Diff(a, b, cmp.Comparer(sameAddr)); d != "" {
		t.Error(d)
	}
	for i := range a {
		for j := range a[i].Events {
			if x, y := a[i].Events[j].Time, b[i].Events[j].Time; x != y {
				t.Errorf("entry %d: %#v is not %#v", a[i].Seq, x, y)
			}
		}
	}
}
