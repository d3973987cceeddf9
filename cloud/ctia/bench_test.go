package ctia

import (
	"context"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

const benchSighting = `{"observed_time":{"start_time":"2020-05-14T09:31:07.000Z","end_time":"2020-05-14T09:31:09.000Z"},"title":"t%d","description":"Incoming message (Delivered)",
"confidence":"High","severity":"Low","count":1,"internal":true,"sensor":"process.email-service","external_ids":["esasim-S-%d"],"source":"Email Security Appliance","source_uri":"http://127.0.0.1:8080/",
"observables":[{"type":"email","value":"alice@sender.example"},{"type":"cisco_mid","value":"%d"},{"type":"ip","value":"192.0.2.1"}],
"targets":[{"type":"email","observables":[{"type":"email","value":"bob@corp.example"}],"observed_time":{"start_time":"2020-05-14T09:31:07.000Z"}}],
"relations":[{"origin":"Email Security Appliance","relation":"Sent_To","source":{"type":"email","value":"alice@sender.example"},"related":{"type":"email","value":"bob@corp.example"}}]}`

func filled(b *testing.B, n int) *Intel {
	in := openIntel(b, vfs.NewMem())
	var batch []Document
	for i := range n {
		d, err := in.New(anna(), "sighting", doc(b, fmt.Sprintf(benchSighting, i, i, i)))
		if err != nil {
			b.Fatal(err)
		}
		if batch = append(batch, d); len(batch) == 1000 || i == n-1 {
			if err := in.Save(context.Background(), batch...); err != nil {
				b.Fatal(err)
			}
			batch = nil
		}
	}
	return in
}

// BenchmarkSearch: one that must look at all of 10,000 sightings, and one that
// the index leads.
func BenchmarkSearch(b *testing.B) {
	in := filled(b, 10_000)
	for _, q := range []string{`title:t77 AND severity:Low`, `external_ids:"esasim-S-77"`, `count:1`} {
		b.Run(q, func(b *testing.B) {
			for b.Loop() {
				p, err := in.Search(context.Background(), anna(), "sighting", Query{Lucene: q, Limit: 100})
				if err != nil || p.Total == 0 {
					b.Fatal(p.Total, err)
				}
			}
		})
	}
}

// BenchmarkSave is a batch of 1,000 new sightings.
func BenchmarkSave(b *testing.B) {
	in := openIntel(b, vfs.NewMem())
	for n := 0; b.Loop(); n++ {
		var batch []Document
		for i := range 1000 {
			d, err := in.New(anna(), "sighting", doc(b, fmt.Sprintf(benchSighting, i, n, i)))
			if err != nil {
				b.Fatal(err)
			}
			batch = append(batch, d)
		}
		if err := in.Save(context.Background(), batch...); err != nil {
			b.Fatal(err)
		}
	}
}
