package sse

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/cloud/ctim"
	"esasim/cloud/store"
)

// TestEras: a search looks into every era of the index, and the newest come
// first also when eras and times run against each other.
func TestEras(t *testing.T) {
	s, err := store.Open(store.Options{FS: vfs.NewMem(), Dir: "x", Region: "AMERICAS"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	x := New(s, slog.New(slog.DiscardHandler), nil)
	tokens, err := x.GenerateTokens(t.Context(), 1, DefaultExpiry)
	if err != nil {
		t.Fatal(err)
	}
	id, _, _, err := x.register(t.Context(), tokens[0].Token, facts{Name: "esa", Type: "ESA"})
	if err != nil {
		t.Fatal(err)
	}
	dev, err := x.record(id)
	if err != nil {
		t.Fatal(err)
	}
	x.inbox(dev.Number).last = 2*65536 - 3 // as if so many had come before
	now := time.Now()
	var batch []arrival
	for i := range 6 {
		when := ctim.ObservedTime{Start: ctim.At(now.Add(-time.Duration(i) * time.Minute))}
		one := ctim.Sighting{
			Type: "sighting", ID: "transient:x", SchemaVersion: "1.0.16", ExternalIDs: []string{fmt.Sprint(i)},
			Confidence: "High", Count: 1, ObservedTime: when, Observables: []ctim.Observable{{Type: ctim.Domain, Value: "Cisco.com"}},
		}
		batch = append(batch, readSighting(encode(t, one)))
	}
	if resp, err := x.take(&dev, batch); err != nil || resp.Taken != 6 {
		t.Fatalf("%+v, %v", resp, err)
	}
	if last := x.inbox(dev.Number).last; store.Era(last) != 2 || store.Era(last-5) != 1 {
		t.Fatalf("last %d: the sightings are all of one era", last)
	}
	for _, limit := range []int{10, 6, 5, 1} {
		found, err := x.Sightings(t.Context(), Search{
			DeviceID: id, Observables: []ctim.Observable{{Type: ctim.Domain, Value: "cisco.COM."}},
			Since: now.Add(-time.Hour), PerEach: limit, InAll: 100, Bytes: 1 << 20,
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(found.Sightings) != min(limit, 6) || (len(found.More) > 0) != (limit < 6) {
			t.Errorf("limit %d: %d sightings, more %v", limit, len(found.Sightings), found.More)
		}
		for i, s := range found.Sightings {
			if s.ExternalIDs[0] != fmt.Sprint(i) {
				t.Errorf("limit %d: place %d has %s", limit, i, s.ExternalIDs[0])
			}
		}
	}
}
