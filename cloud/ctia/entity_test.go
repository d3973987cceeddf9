package ctia

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"esasim/cloud/store"
)

const testBase = "https://private.intel.amp.cisco.com:443"

func openIntel(t testing.TB, fs vfs.FS) *Intel {
	t.Helper()
	in, done := reopened(t, fs)
	t.Cleanup(done)
	return in
}

// reopened opens the store of a file system; done closes it.
func reopened(t testing.TB, fs vfs.FS) (in *Intel, done func()) {
	t.Helper()
	s, err := store.Open(store.Options{FS: fs, Dir: "cloud", Region: "AMERICAS"})
	if err != nil {
		t.Fatal(err)
	}
	if in, err = Open(Options{Store: s, Base: testBase}); err != nil {
		t.Fatal(err)
	}
	return in, func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func anna() Caller { return Caller{User: "anna", Groups: []string{"org"}, Client: "client-1"} }
func ben() Caller  { return Caller{User: "ben", Groups: []string{"org"}, Client: "client-2"} }
func eve() Caller  { return Caller{User: "eve", Groups: []string{"elsewhere"}, Client: "client-3"} }

func doc(t testing.TB, text string) Document {
	t.Helper()
	var d Document
	if err := decode([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

const seen = `{"observed_time":{"start_time":"2020-05-14T09:31:07Z"},"external_ids":["esasim-S-1"],"observables":[{"type":"domain","value":"Sender.Example"}]}`

// TestEntity is the life of one entity.
func TestEntity(t *testing.T) {
	ctx, in := context.Background(), openIntel(t, vfs.NewMem())
	made, err := in.Create(ctx, anna(), "sighting", doc(t, seen))
	if err != nil {
		t.Fatal(err)
	}
	id := made["id"].(string)
	got, err := in.Get(ctx, ben(), "sighting", Short(id))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := asJSON(t, made), asJSON(t, got); a != b {
		t.Errorf("made %s\ngot  %s", a, b)
	}
	found, err := in.ByExternalID(ctx, anna(), "sighting", "esasim-S-1")
	if err != nil || len(found) != 1 || found[0]["id"] != id {
		t.Errorf("by external id: %v, %v", found, err)
	}
	changed, err := in.Update(ctx, anna(), "sighting", id, doc(t, `{"observed_time":{"start_time":"2020-05-14T09:31:07Z"},"title":"x"}`))
	if err != nil || changed["owner"] != "anna" || changed["timestamp"] != made["timestamp"] || changed["id"] != id {
		t.Errorf("changed: %v, %v", changed, err)
	}
	if found, err = in.ByExternalID(ctx, anna(), "sighting", "esasim-S-1"); err != nil || len(found) != 0 {
		t.Errorf("by an external id that it has no more: %v, %v", found, err)
	}
	if err := in.Delete(ctx, anna(), "sighting", id); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Get(ctx, anna(), "sighting", id); !IsMissing(err) {
		t.Errorf("after delete: %v", err)
	}
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
