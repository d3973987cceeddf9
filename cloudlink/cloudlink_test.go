package cloudlink

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"esasim/cloud/ctim"
	"esasim/esa"
	"esasim/internal/golden"
)

var update = flag.Bool("update", false, "write the golden files again")

// The wire's messages, read and written again, are the samples that the cloud
// is held to as well.
func TestWireGolden(t *testing.T) {
	for name, v := range map[string]any{
		"register.request":   &registerRequest{},
		"register.response":  &registerResponse{},
		"heartbeat.request":  &heartbeatRequest{},
		"heartbeat.response": &heartbeatResponse{},
		"sightings.request":  &sightingsRequest{},
		"sightings.response": &sightingsResponse{},
		"error":              &errorResponse{},
		"requests.response":  &requestsResponse{},
		"answer.request":     &answerRequest{},

		"answer.failure.request": &answerRequest{},
	} {
		sample, err := os.ReadFile(filepath.Join("..", "testdata", "wire", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		d := json.NewDecoder(bytes.NewReader(sample))
		d.DisallowUnknownFields()
		if err := d.Decode(v); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var want bytes.Buffer
		if err := json.Compact(&want, sample); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, want.Bytes())
		}
	}
}

// The body made by hand is the one the encoder would make, also that of one
// sighting taken out of it.
func TestBatchBody(t *testing.T) {
	docs := []json.RawMessage{json.RawMessage(`{"a":1}`), json.RawMessage(`{"b":[2]}`), json.RawMessage(`{}`)}
	var b batch
	for i, doc := range docs {
		b.add(esa.MID(i), doc)
		one := b.one(i)
		for _, c := range []struct {
			b    batch
			docs []json.RawMessage
		}{{b, docs[:i+1]}, {one, docs[i : i+1]}} {
			want, err := json.Marshal(sightingsRequest{c.docs})
			if err != nil {
				t.Fatal(err)
			}
			if got := string(c.b.body) + bodyEnd; got != string(want) {
				t.Errorf("got %s, want %s", got, want)
			}
		}
	}
}

// message is the guide's test message with something of everything.
func message() esa.Message {
	at := time.Date(2020, 5, 14, 13, 23, 57, 0, time.UTC)
	ev := func(k esa.Kind, e esa.Event) esa.Event {
		e.Kind, e.MID = k, 8
		at = at.Add(250 * time.Millisecond)
		e.Time = at
		return e
	}
	return esa.Fold([]esa.Event{
		ev(esa.MessageStarted, esa.Event{ICID: 3, Source: &esa.Source{Remote: netip.MustParseAddr("198.51.100.7")}}),
		ev(esa.SenderGiven, esa.Event{Address: "mgmt01@Cisco.com"}),
		ev(esa.RecipientGiven, esa.Event{Address: "testingBren@cisco.com", RIDs: []esa.RID{0}}),
		ev(esa.RecipientGiven, esa.Event{Address: "second@example.org", RIDs: []esa.RID{1}}),
		ev(esa.MessageIDSeen, esa.Event{Text: "<20200514.1@cisco.com>"}),
		ev(esa.SubjectSeen, esa.Event{Text: "test test"}),
		ev(esa.AttachmentSeen, esa.Event{Attachment: &esa.Attachment{Name: "invoice.pdf", SHA256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}}),
		ev(esa.MessageReady, esa.Event{Size: 900}),
		ev(esa.MessageQueued, esa.Event{}),
		ev(esa.RecipientDelivered, esa.Event{RIDs: []esa.RID{0, 1}, Text: "ok:  Message 8 accepted"}),
		ev(esa.MessageFinished, esa.Event{Text: "done"}),
	})
}

func TestSightingGolden(t *testing.T) {
	m := message()
	got, err := json.MarshalIndent(newSightings("423ADC9EBD9C5F1A7A64-B81D2582608C", "http://127.0.0.1:8080").of(&m), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/sighting.json", append(got, '\n'), *update)
}

// What public clients rely on: a recipient is only ever what is related, and
// every related of Sent_To is one.
func TestRecipientsAreRelated(t *testing.T) {
	m := message()
	s := newSightings("S", "").of(&m)
	recipients := map[string]bool{}
	for _, r := range m.Recipients {
		recipients[r.Address] = true
	}
	sentTo := 0
	for _, r := range s.Relations {
		if recipients[r.Source.Value] {
			t.Errorf("recipient as source: %+v", r)
		}
		if r.Relation == "Sent_To" {
			sentTo++
			if !recipients[r.Related.Value] {
				t.Errorf("Sent_To something else: %+v", r)
			}
		}
	}
	for _, o := range s.Observables {
		if recipients[o.Value] {
			t.Errorf("recipient as observable: %+v", o)
		}
	}
	if sentTo != 2 || len(s.Targets) != 2 {
		t.Errorf("%d Sent_To, %d targets, want 2 of each", sentTo, len(s.Targets))
	}
}

// However many recipients a message has, and however long they are, its
// sighting is smaller than what the cloud takes.
func TestLargestSighting(t *testing.T) {
	m := message()
	for i := range 5000 {
		m.Recipients = append(m.Recipients, esa.Recipient{Address: strings.Repeat("&", 300) + strconv.Itoa(i) + "@example.org"})
	}
	s := newSightings("S", "").of(&m)
	if n := len(s.Append(nil)); n > batchBytes {
		t.Errorf("%d bytes, want at most %d", n, batchBytes)
	}
}

// A message that lacks everything is a sighting all the same, and none of its
// observables is empty.
func TestBareMessage(t *testing.T) {
	m := esa.Fold([]esa.Event{{Kind: esa.MessageStarted, MID: 9, Source: &esa.Source{Remote: netip.MustParseAddr("2001:db8::1")}}, {Kind: esa.SenderGiven, MID: 9}})
	s := newSightings("S", "").of(&m)
	want := []ctim.Observable{{Type: ctim.IPv6, Value: "2001:db8::1"}, {Type: ctim.CiscoMID, Value: "9"}}
	if len(s.Observables) != 2 || s.Observables[0] != want[0] || s.Observables[1] != want[1] {
		t.Errorf("observables %+v, want %+v", s.Observables, want)
	}
	for _, r := range s.Relations {
		if r.Source.Value == "" || r.Related.Value == "" {
			t.Errorf("edge without an end: %+v", r)
		}
	}
}

func TestSortAnswers(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		header http.Header
		want   error
		after  time.Duration
	}{
		{200, "", nil, nil, 0},
		{204, "", nil, nil, 0},
		{400, "", nil, ErrRefused, 0},
		{403, `{"error":"invalid_token","message":"no"}`, nil, ErrToken, 0},
		{403, `{"error":"invalid_token","message":"no"}`, nil, ErrRefused, 0},
		{403, `{"error":"cross_origin","message":"no"}`, nil, ErrRefused, 0},
		{413, "<html>", nil, ErrRefused, 0},
		{422, "", nil, ErrRefused, 0},
		{401, "", nil, ErrNotDevice, 0},
		{404, `{"error":"unknown_device","message":"gone"}`, nil, ErrNotDevice, 0},
		{404, "a proxy's page", nil, errLater, 0},
		{408, "", nil, errLater, 0},
		{429, "", http.Header{"Retry-After": {"7"}}, errLater, 7 * time.Second},
		{500, "", nil, errLater, 0},
		{429, "", http.Header{"Retry-After": {"600"}}, errLater, 10 * time.Minute},
		{429, "", http.Header{"Retry-After": {"601"}}, errLater, 10 * time.Minute},
		{503, "", http.Header{"Retry-After": {"9999999999"}}, errLater, 10 * time.Minute},
		{503, "", http.Header{"Retry-After": {"99999999999999999999"}}, errLater, 10 * time.Minute},
		{503, "", http.Header{"Retry-After": {"-3"}}, errLater, 0},
		{503, "", http.Header{"Retry-After": {"0"}}, errLater, 0},
		{503, "", http.Header{"Retry-After": {"soon"}}, errLater, 0},
		{302, "", nil, errLater, 0},
	} {
		err := sort(&http.Response{StatusCode: c.status, Header: c.header}, []byte(c.body))
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%d %s: %v, want %v", c.status, c.body, err, c.want)
		}
		var late *later
		if errors.As(err, &late) && late.after != c.after {
			t.Errorf("%d: after %s, want %s", c.status, late.after, c.after)
		}
	}
}
