package sse

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	json2 "github.com/go-json-experiment/json"

	"github.com/google/go-cmp/cmp"

	"esasim/cloud/ctim"
)

// TestWire holds the messages to the samples that both sides share: decoding
// one, strictly, and encoding it again must give the same JSON.
func TestWire(t *testing.T) {
	samples := map[string]any{
		"register.request.json":   &registerRequest{},
		"register.response.json":  &registerResponse{},
		"heartbeat.request.json":  &heartbeatRequest{},
		"heartbeat.response.json": &heartbeatResponse{},
		"sightings.request.json":  &sightingsRequest{},
		"sightings.response.json": &sightingsResponse{},
		"error.json":              &errorBody{},
		"requests.response.json":  &requestsResponse{},
		"answer.request.json":     &answerRequest{},

		"answer.failure.request.json": &answerRequest{},
	}
	files, err := filepath.Glob("../../testdata/wire/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			v := samples[name]
			if v == nil {
				t.Fatal("a sample of a message that this side does not know")
			}
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := json2.Unmarshal(b, v, json2.RejectUnknownMembers(true)); err != nil {
				t.Fatal(err)
			}
			sameJSON(t, b, encode(t, v))
		})
		delete(samples, name)
	}
	for name := range samples {
		t.Errorf("%s: no sample", name)
	}
}

// TestWireSighting holds the sighting within the sample, which the request
// keeps as it came, to the same.
func TestWireSighting(t *testing.T) {
	raw := sampleSighting(t)
	if a := readSighting(raw); a.fault != nil || a.external != "esasim-423ADC9EBD9C5F1A7A64-B81D2582608C-8" || len(a.terms) != 6 {
		t.Fatalf("readSighting: %+v", a)
	}
	var s ctim.Sighting
	if err := json2.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	sameJSON(t, raw, encode(t, s))
}

func sampleSighting(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("../../testdata/wire/sightings.request.json")
	if err != nil {
		t.Fatal(err)
	}
	var req sightingsRequest
	if err := json2.Unmarshal(b, &req); err != nil {
		t.Fatal(err)
	}
	if err := req.Sightings[0].Compact(); err != nil {
		t.Fatal(err)
	}
	return req.Sightings[0]
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func sameJSON(t *testing.T, want, got []byte) {
	t.Helper()
	var a, b any
	if err := json.Unmarshal(want, &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(got, &b); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a, b) {
		t.Error(cmp.Diff(a, b))
	}
}

// FuzzSighting: whatever a device pushes as a sighting, it is read or refused
// with a reason; what is read can be found by its own observables and be read
// again.
func FuzzSighting(f *testing.F) {
	f.Add(sampleSighting(f))
	f.Add([]byte(`{"observed_time":{"start_time":"9999-12-31T23:59:59Z","end_time":null}}`))
	f.Add([]byte(`{"external_ids":[""],"count":1e99}`))
	f.Add([]byte(`nul`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a := readSighting(raw)
		if a.fault != nil {
			if a.fault.Error() == "" {
				t.Error("refused without a reason")
			}
			return
		}
		var s ctim.Sighting
		if err := json2.Unmarshal(raw, &s); err != nil || a.external == "" {
			t.Fatalf("taken, but: %v", err)
		}
		for _, o := range s.Observables {
			if !slices.Contains(a.terms, term(o)) {
				t.Errorf("not to be found by %v", o)
			}
		}
	})
}
