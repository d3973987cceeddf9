package ctia

import (
	"context"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/cloud/ctim"
)

// TestKnown: of what is about an observable the newest hundred are given, and
// that there are more is told; what others may not see is left out.
func TestKnown(t *testing.T) {
	in, ctx := openIntel(t, vfs.NewMem()), context.Background()
	post := func(who Caller, i int, light string) {
		t.Helper()
		_, err := in.Create(ctx, who, "sighting", doc(t, fmt.Sprintf(`{"observed_time":{"start_time":"2020-05-14T09:31:07Z"},"count":%d,"tlp":%q,"observables":[{"type":"domain","value":"A.example"},{"type":"domain","value":"a.example"}]}`, i, light)))
		if err != nil {
			t.Fatal(err)
		}
	}
	asked := []ctim.Observable{{Type: "domain", Value: "a.EXAMPLE"}, {Type: "url", Value: "a.example"}}
	for i := range 100 {
		post(ben(), i, "green")
	}
	post(ben(), 1000, "red")
	k, err := in.Known(ctx, anna(), asked)
	if err != nil || len(k.Sightings) != 100 || len(k.More) != 0 {
		t.Fatalf("%d sightings, more %v: %v", len(k.Sightings), k.More, err)
	}
	post(ben(), 101, "amber")
	k, err = in.Known(ctx, anna(), asked)
	if err != nil || len(k.Sightings) != 100 || len(k.More) != 1 || k.More[0] != asked[0] || text(k.Sightings[0]["count"]) != "101" || text(k.Sightings[99]["count"]) != "1" {
		t.Fatalf("%d sightings, more %v: %v", len(k.Sightings), k.More, err)
	}
	if k, err = in.Known(ctx, eve(), asked); err != nil || len(k.Sightings) != 100 || len(k.More) != 0 {
		t.Fatalf("another organisation: %d sightings, more %v: %v", len(k.Sightings), k.More, err)
	}
}
