package reporting

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/esa"
)

// BenchmarkCount is what counting costs a message, with all that happens to it, and
// the pages that it comes to every ten thousand events.
func BenchmarkCount(b *testing.B) {
	m := &maker{r: rand.New(rand.NewPCG(1, 1)), at: time.Now().Add(-time.Hour), want: expected{}}
	var entries []esa.Entry
	seq := uint64(0)
	for _, step := range m.lives(5000) {
		for _, events := range step {
			seq += uint64(len(events))
			entries = append(entries, esa.Entry{Seq: seq, Events: events})
		}
	}
	s := openStore(b, vfs.NewMem(), 1000)
	defer s.Close()
	r, err := Open(Options{Shelf: s.Shelf(Follower), Store: keptIn{s}})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n += int(m.mid) {
		for i := 0; i < len(entries); i += 1000 {
			if err := r.count(b.Context(), entries[i:min(i+1000, len(entries))]); err != nil {
				b.Fatal(err)
			}
		}
		if err := r.Flush(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*int(m.mid)), "ns/message")
}
