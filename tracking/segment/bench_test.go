package segment

import (
	"strconv"
	"testing"
	"time"

	"esasim/esa"
	"esasim/traffic/mix"
)

// month is a segment of ordinary mail.
func month(b *testing.B, p *Packer) Segment {
	b.Helper()
	h, err := mix.NewHistory(mix.Past{Seed: 1, Messages: 1_000_000, Days: 30, End: time.Date(2020, 5, 14, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		b.Fatal(err)
	}
	builder := NewBuilder(p)
	var connections []mix.Told
	for chunk := range 1 {
		h.Chunk(100+chunk, func(t mix.Told) bool {
			if t.MID == 0 {
				t.Events = append([]esa.Event(nil), t.Events...)
				connections = append(connections, t)
			} else {
				builder.Add(Messages, uint64(t.MID), t.Events)
			}
			return true
		})
	}
	for _, c := range connections {
		builder.Add(Connections, uint64(c.ICID), c.Events)
	}
	return builder.Finish(1)
}

// BenchmarkRead: what it takes to answer from a segment of which nothing is in
// memory yet.
func BenchmarkRead(b *testing.B) {
	p := newPacker(b)
	s := month(b, p)
	for name, ask := range map[string]func(*Reader) error{
		"glance": func(r *Reader) error { _, err := r.MayContain(Subject, "no such words"); return err },
		"frame":  func(r *Reader) error { _, err := r.Odd(); return err },
		"sender": func(r *Reader) error {
			_, err := r.Match(Sender, func(v string) bool { return v == "nobody" })
			return err
		},
		"source": func(r *Reader) error { _, err := r.BySource(func(*esa.Source) bool { return false }); return err },
		"row":    func(r *Reader) error { _, err := r.Events(Messages, 1500); return err },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := ask(reader(p, s)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkIntern is an interner beside a map, on texts of which each comes four
// times.
func BenchmarkIntern(b *testing.B) {
	texts := make([]string, 4096)
	for i := range texts {
		texts[i] = "sender" + strconv.Itoa(i/4*7919%1024) + "@mail.example.com"
	}
	b.Run("interner", func(b *testing.B) {
		var n interner
		for b.Loop() {
			n.reset()
			for _, t := range texts {
				n.number(t)
			}
		}
	})
	b.Run("map", func(b *testing.B) {
		n := map[string]uint32{}
		for b.Loop() {
			clear(n)
			for _, t := range texts {
				if _, ok := n[t]; !ok {
					n[t] = uint32(len(n))
				}
			}
		}
	})
}
