package cloud_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"esasim/cloud/ctim"
)

// TestReplace: one sighting per device and external id; the same again changes
// nothing, a newer one takes its place wherever it can be found.
func TestReplace(t *testing.T) {
	b := open(t, "AMERICAS")
	d, _ := b.connect("ESA")
	now := time.Now()
	old := sighting(8, now.Add(-time.Hour), ob("email_subject", "test test"), ob("cisco_mid", "8"), ob("sha256", "aa"))
	d.push(old)
	d.push(old)
	d.push(old, old)
	if got := docs(b.observe(ob("cisco_mid", "8"), ob("email_subject", "test test"))); len(got) != 1 || len(got[0].Observables) != 2 {
		t.Fatalf("pushed four times: %+v", got)
	}
	newer := sighting(8, now.Add(-time.Minute), ob("email_subject", "other"), ob("cisco_mid", "8"))
	newer.Description = "Incoming message (Bounced)"
	middle := newer
	middle.Description = "Incoming message (Delayed)"
	d.push(middle, newer) // of two in one batch the later one holds
	for _, gone := range []ctim.Observable{ob("email_subject", "test test"), ob("sha256", "aa")} {
		if got := docs(b.observe(gone)); len(got) != 0 {
			t.Errorf("%v still finds %+v", gone, got)
		}
	}
	for _, there := range []ctim.Observable{ob("email_subject", "OTHER"), ob("cisco_mid", "8")} {
		got := docs(b.observe(there))
		if len(got) != 1 || got[0].Description != newer.Description || got[0].ID != newer.ID {
			t.Errorf("%v finds %+v", there, got)
		}
	}
	// Another device's sighting of the same external id is another sighting.
	d2 := b.register()
	d2.push(sighting(8, now, ob("cisco_mid", "8")))
	if got := docs(b.observe(ob("cisco_mid", "8"))); len(got) != 1 || got[0].Description != newer.Description {
		t.Errorf("the other device's sighting got in: %+v", got)
	}
}

// TestRefusedSightings: a bad sighting is refused with its reason, alone.
func TestRefusedSightings(t *testing.T) {
	b := open(t, "AMERICAS")
	d, _ := b.connect("ESA")
	good, err := json.Marshal(sighting(1, time.Now(), ob("cisco_mid", "1")))
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 9000)
	for _, c := range []struct{ old, new, reason string }{
		{`"type":"sighting"`, `"type":"judgement"`, "type: "},
		{`"id":"transient:`, `"id":"x`, "id: "},
		{`"schema_version":"1.0.16"`, `"schema_version":"1"`, "schema_version: "},
		{`"external_ids":["esasim-S-1"]`, `"external_ids":[]`, "external_ids: missing"},
		{`"confidence":"High"`, `"confidence":"Sure"`, "confidence: "},
		{`"confidence":"High",`, ``, "confidence: "},
		{`"severity":"Low"`, `"severity":"low"`, "severity: "},
		{`"count":1`, `"count":0`, "count: "},
		{`"count":1`, `"count":"1"`, "count: a string"},
		{`"count":1`, `"counter":1,"count":1`, "counter: unknown key"},
		{`"count":1`, `"count":1,"tlp":"blue"`, "tlp: "},
		{`"internal":true`, `"internal":true,"internal":true`, "not JSON"},
		{`"observed_time":{"start_time":"2`, `"observed_time":{"start_time":"x`, "observed_time.start_time: "},
		{`"observed_time":{"start_time"`, `"observed_time":{"end_time":null,"x"`, "unknown key"},
		{`"type":"cisco_mid"`, `"type":"mid"`, "observables.0: type"},
		{`"value":"1"`, `"value":""`, "observables.0: value is missing"},
		{`"value":"1"`, `"value":"` + long + `"`, "observables.0: value is longer"},
		{`"value":"1"`, "\"value\":\"\xff\"", "UTF-8"},
		{`"description":"`, `"description":"` + long, "description: longer"},
		{`"relation":"Sent_To"`, `"relation":""`, "relations.0: relation"},
		{`"origin":"Email Security Appliance",`, ``, "relations.0: origin"},
		{`"targets":[{"type":"email"`, `"targets":[{"type":""`, "targets.0: type"},
	} {
		bad := strings.Replace(string(good), c.old, c.new, 1)
		if bad == string(good) {
			t.Fatalf("%s is not in the sighting", c.old)
		}
		var got struct {
			Taken   int
			Refused []struct {
				Index  int
				Reason string
			}
		}
		want(t, d.call("POST", "/sightings", `{"sightings":[`+string(good)+`,`+bad+`]}`), 200, &got)
		if got.Taken != 1 || len(got.Refused) != 1 || got.Refused[0].Index != 1 || !strings.Contains(got.Refused[0].Reason, c.reason) {
			t.Errorf("%s: %+v, want %q", c.new[:min(60, len(c.new))], got, c.reason)
		}
	}
	s := sighting(2, time.Now())
	before := ctim.At(s.ObservedTime.Start.Add(-time.Second))
	s.ObservedTime.End = &before
	w := d.call("POST", "/sightings", map[string]any{"sightings": []ctim.Sighting{s}})
	if !strings.Contains(w.Body.String(), `{"index":0,"external_id":"esasim-S-2","reason":"observed_time: end_time is before start_time"}`) {
		t.Error(w.Body)
	}
}

// TestBatchBounds: what is wrong with a batch as a whole, and its limits.
func TestBatchBounds(t *testing.T) {
	b := open(t, "AMERICAS")
	d := b.register()
	pack := func(s string) []byte {
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		w.Write([]byte(s))
		w.Close()
		return z.Bytes()
	}
	many := func(n int) string { return `{"sightings":[` + strings.Repeat(`{},`, n-1) + `{}]}` }
	for _, c := range []struct {
		name   string
		body   any
		header string
		status int
		code   string
	}{
		{"empty", "", "", 400, "invalid_request"},
		{"cut", `{"sightings":[`, "", 400, "invalid_request"},
		{"array", `[]`, "", 400, "invalid_request"},
		{"no list", `{}`, "", 400, "invalid_request"},
		{"unknown key", `{"sightings":[],"x":1}`, "", 400, "invalid_request"},
		{"two values", `{"sightings":[]}{}`, "", 400, "invalid_request"},
		{"1,001", many(1001), "", 413, "too_large"},
		{"long", `{"sightings":[` + strings.Repeat(" ", 8<<20) + `]}`, "", 413, "too_large"},
		{"bomb", pack(`{"sightings":[` + strings.Repeat(" ", 64<<20) + `]}`), "Content-Encoding: gzip", 413, "too_large"},
		{"not gzip", `{"sightings":[]}`, "Content-Encoding: gzip", 400, "invalid_request"},
		{"cut gzip", pack(many(100))[:20], "Content-Encoding: gzip", 400, "invalid_request"},
		{"brotli", `{"sightings":[]}`, "Content-Encoding: br", 415, "unsupported_media_type"},
		{"xml", `<x/>`, "Content-Type: text/xml", 415, "unsupported_media_type"},
	} {
		t.Run(c.name, func(t *testing.T) {
			refused(t, d.call("POST", "/sightings", c.body, strings.Split(c.header, "\n")...), c.status, c.code)
		})
	}
	want(t, d.call("POST", "/sightings", many(1000)), 200, nil)
	want(t, d.call("POST", "/sightings", pack(`{"sightings":[]}`), "Content-Encoding: gzip", "Content-Type: application/json; charset=utf-8"), 200, nil)
}

// TestLargeSighting: a message to as many as a message can have is taken; what
// is longer is refused by name. Lengths that the schema gives in characters are
// not counted in bytes.
func TestLargeSighting(t *testing.T) {
	b := open(t, "AMERICAS")
	d, _ := b.connect("ESA")
	d.push(toMany(1, time.Now(), ob("cisco_mid", "1")))
	if got := docs(b.observe(ob("cisco_mid", "1"))); len(got) != 1 || len(got[0].Targets) != 1000 {
		t.Errorf("%d sightings", len(got))
	}
	wide := sighting(2, time.Now())
	wide.Title, wide.Description, wide.Source = strings.Repeat("é", 1024), strings.Repeat("é", 5000), strings.Repeat("é", 2048)
	d.push(wide)
	wide.Description += "é"
	over := sighting(3, time.Now(), ob("cisco_mid", "3"))
	over.Description = strings.Repeat("x", 4<<20)
	for _, c := range []struct {
		s    any
		want string
	}{
		{wide, `{"index":0,"external_id":"esasim-S-2","reason":"description: longer than 5000 characters"}`},
		{over, `{"index":0,"external_id":"esasim-S-3","reason":"longer than 4194304 bytes"}`},
		{map[string]any{"external_ids": 7, "x": strings.Repeat("x", 4<<20)}, `{"index":0,"reason":"longer than 4194304 bytes"}`},
	} {
		if w := d.call("POST", "/sightings", map[string]any{"sightings": []any{c.s}}); w.Code != 200 || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%d %s, want %s", w.Code, w.Body, c.want)
		}
	}
}

// TestReplacedOften: what an index holds of old states would push what is there
// out of the answer.
func TestReplacedOften(t *testing.T) {
	b := open(t, "AMERICAS")
	d, _ := b.connect("ESA")
	now := time.Now()
	shared := ob("domain", "x.example")
	d.push(sighting(1, now.Add(-time.Hour), shared), sighting(2, now.Add(-2*time.Hour), shared))
	for i := range 101 {
		d.push(sighting(3, now.Add(time.Duration(i)*time.Millisecond), shared))
	}
	if env := b.observe(shared); len(docs(env)) != 3 || env.Errors != nil {
		t.Errorf("%d sightings, %+v", len(docs(env)), env.Errors)
	}
}
