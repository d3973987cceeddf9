package sse

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"esasim/cloud/ctim"
)

// TestBatchForms: a batch in the appliance's own form is read as the same batch
// in any other: what is good, what is refused, and in which words.
func TestBatchForms(t *testing.T) {
	good := ctim.Sighting{
		Type: "sighting", ID: "transient:x", SchemaVersion: "1.0.16", ExternalIDs: []string{"a"}, Confidence: "High", Count: 1,
		ObservedTime: ctim.ObservedTime{Start: ctim.At(time.UnixMilli(1589462637000))},
		Observables:  []ctim.Observable{{Type: ctim.Email, Value: `"q\"x"@cisco.com`}, {Type: ctim.Domain, Value: "CISCO.com"}},
		Targets:      []ctim.Target{{Type: "email", Observables: []ctim.Observable{{Type: ctim.Email, Value: "é@b.test"}}}},
	}
	good.Targets[0].ObservedTime = good.ObservedTime
	bad := good
	bad.ExternalIDs, bad.Targets = []string{"b"}, []ctim.Target{good.Targets[0], good.Targets[0]}
	bad.Targets[1].Observables = []ctim.Observable{{Type: "none", Value: "x"}}
	worse := good
	worse.ExternalIDs, worse.Confidence = []string{"c"}, "Certain"
	body := []byte(`{"sightings":[`)
	for i, s := range []ctim.Sighting{good, bad, worse, good} {
		if i > 0 {
			body = append(body, ',')
		}
		body = s.Append(body)
	}
	body = append(body, "]}"...)
	own := scanBatch(string(body))
	if len(own) != 4 {
		t.Fatalf("%d of 4 read: %s", len(own), body)
	}
	spaced := bytes.Replace(body, []byte(`[`), []byte(`[ `), 1)
	if scanBatch(string(spaced)) != nil {
		t.Fatal("another form was read as the own one")
	}
	other, err := readBatch(httptest.NewRecorder(), httptest.NewRequest("POST", "/", bytes.NewReader(spaced)))
	if err != nil {
		t.Fatal(err)
	}
	tell := func(all []arrival) (out []string) {
		for _, a := range all {
			out = append(out, fmt.Sprintf("%s %s %s %v %v", a.external, a.raw, a.at, a.terms, a.fault))
		}
		return out
	}
	if d := cmp.Diff(tell(other), tell(own)); d != "" {
		t.Error(d)
	}
	if want := `targets.1.observables.0: type "none" is not in the vocabulary`; fmt.Sprint(own[1].fault) != want {
		t.Errorf("refused with %v, want %s", own[1].fault, want)
	}
}

// TestLongBatch: more sightings than a call may have are refused in the
// appliance's own form as well.
func TestLongBatch(t *testing.T) {
	one := sampleSighting(t)
	body := append([]byte(`{"sightings":[`), bytes.Repeat(append(one, ','), maxBatch)...)
	full := append(bytes.TrimSuffix(bytes.Clone(body), []byte(",")), "]}"...)
	long := append(append(body, one...), "]}"...)
	read := func(b []byte) ([]arrival, error) {
		return readBatch(httptest.NewRecorder(), httptest.NewRequest("POST", "/", bytes.NewReader(b)))
	}
	if all, err := read(full); err != nil || len(all) != maxBatch {
		t.Errorf("a full batch: %d read, %v", len(all), err)
	}
	var r refusal
	if _, err := read(long); !errors.As(err, &r) || r.status != http.StatusRequestEntityTooLarge {
		t.Errorf("one more: %v", err)
	}
}
