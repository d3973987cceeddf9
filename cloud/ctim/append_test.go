package ctim

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
	"time"

	json2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// anyText draws strings of all that a mail may hold: quotes, control
// characters, bytes that are not UTF-8.
func anyText() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[a-z@.]{0,12}`), rapid.String(),
		rapid.SampledFrom([]string{"", `"`, `\`, "a\x00\x1f\x7f\n", "<&>\u2028", "\xff", "é\xed\xa0\x80", "😀", `\u00`}),
	)
}

func anySighting(t *rapid.T) Sighting {
	text := func() string { return anyText().Draw(t, "text") }
	observable := func() Observable { return Observable{ObservableType(text()), text()} }
	moment := func() Time {
		return At(time.UnixMilli(rapid.Int64Range(-62135596800000, 253402300799999).Draw(t, "ms")))
	}
	seen := func() ObservedTime {
		o := ObservedTime{Start: moment()}
		if rapid.Bool().Draw(t, "end") {
			end := moment()
			o.End = &end
		}
		return o
	}
	s := Sighting{
		Type: text(), ID: text(), SchemaVersion: text(), Source: text(), SourceURI: text(), Title: text(),
		Description: text(), Confidence: text(), Severity: text(), Count: rapid.Int().Draw(t, "count"),
		Internal: rapid.Bool().Draw(t, "internal"), Sensor: text(), Resolution: text(), TLP: text(), ObservedTime: seen(),
	}
	some := func() int { return rapid.IntRange(0, 3).Draw(t, "some") }
	for range some() {
		s.ExternalIDs = append(s.ExternalIDs, text())
	}
	for range some() {
		s.Observables = append(s.Observables, observable())
	}
	for range some() {
		target := Target{Type: text(), Observables: []Observable{}, ObservedTime: seen()}
		for range some() {
			target.Observables = append(target.Observables, observable())
		}
		s.Targets = append(s.Targets, target)
	}
	for range some() {
		s.Relations = append(s.Relations, Relation{text(), text(), observable(), observable()})
	}
	return s
}

// TestAppend: what Append writes is what the JSON library writes, and says the
// same as what encoding/json writes.
func TestAppend(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySighting(t)
		got := s.Append(nil)
		want, err := json2.Marshal(s, jsontext.AllowInvalidUTF8(true))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("got %s\nwant %s", got, want)
		}
		std, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var a, b any
		if err := json.Unmarshal(got, &a); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(std, &b); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(b, a); d != "" {
			t.Fatal(d)
		}
	})
}

// TestScan: Scan reads what Append wrote, to its end, whatever it had read
// before, and tells what follows from it.
func TestScan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var got Sighting
		for range 2 {
			s := anySighting(t)
			s.Count = max(s.Count, 1)
			for i := range s.Targets { // an empty list is left to the library
				s.Targets[i].Observables = append(s.Targets[i].Observables, Observable{"ip", "1"})
			}
			doc := s.Append(nil)
			if n := got.Scan(string(doc) + `,{"type":"`); n != len(doc) {
				t.Fatalf("read %d of %d bytes: %s", n, len(doc), doc)
			}
			sameAsLibrary(t, string(doc), &got)
		}
	})
}

// TestScanWire: the sample that both sides of the wire are held to is in the
// form that Scan reads, once it is without spaces.
func TestScanWire(t *testing.T) {
	b, err := os.ReadFile("../../testdata/wire/sightings.request.json")
	if err != nil {
		t.Fatal(err)
	}
	var req struct{ Sightings []json.RawMessage }
	var doc bytes.Buffer
	if err := json.Unmarshal(b, &req); err != nil || len(req.Sightings) == 0 || json.Compact(&doc, req.Sightings[0]) != nil {
		t.Fatalf("no sample: %v", err)
	}
	var s Sighting
	if n := s.Scan(doc.String()); n != doc.Len() {
		t.Fatalf("read %d of %d bytes", n, doc.Len())
	}
	if got := s.Append(nil); !bytes.Equal(got, doc.Bytes()) {
		t.Errorf("got %s\nwant %s", got, doc.Bytes())
	}
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func sameAsLibrary(t fataler, doc string, got *Sighting) {
	t.Helper()
	var want Sighting
	if err := json2.Unmarshal([]byte(doc), &want, json2.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("the library refuses %q: %v", doc, err)
	}
	if d := cmp.Diff(want, *got, cmpopts.EquateEmpty()); d != "" {
		t.Fatalf("%q: %s", doc, d)
	}
}

// FuzzScan: what Scan reads of anything, the JSON library reads the same.
func FuzzScan(f *testing.F) {
	at := At(time.UnixMilli(1589462637000))
	o := Observable{IP, "198.51.100.7"}
	whole := Sighting{
		Type: "sighting", ID: "transient:x", SchemaVersion: SchemaVersion, ExternalIDs: []string{"a", `"b\`},
		Source: "s", SourceURI: "u", Title: "t", Description: "d", Confidence: "High", Severity: "Low", Count: 12, Internal: true,
		Sensor: "x", Resolution: "r", TLP: "red", ObservedTime: ObservedTime{at, &at}, Observables: []Observable{o, o},
		Targets:   []Target{{"email", []Observable{o}, ObservedTime{at, nil}}},
		Relations: []Relation{{"m", "Sent", o, o}},
	}
	bare := Sighting{Count: 1, ObservedTime: ObservedTime{Start: at}}
	for _, s := range []Sighting{whole, bare} {
		doc := string(s.Append(nil))
		for _, change := range [][2]string{
			{"", ""}, {`"count":1`, `"count":01`}, {`"count":1`, `"count":-1`}, {`"count":1`, `"count":99999999999999999999`},
			{"13:23:57.000Z", "13:23:57,5+02:00"}, {"2020", `2\u0030`}, {"198", "\xff"}, {"198", `\ud800`}, {"198", "\x01"}, {"]", ",]"},
		} {
			f.Add(string(bytes.Replace([]byte(doc), []byte(change[0]), []byte(change[1]), 1)))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		var s Sighting
		if n := s.Scan(text); n > 0 {
			sameAsLibrary(t, text[:n], &s)
		}
	})
}
