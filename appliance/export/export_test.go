package export

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"esasim/appliance/details"
	"esasim/esa"
	"esasim/internal/golden"
)

var update = flag.Bool("update", false, "write the goldens anew")

var received = time.Date(2020, 5, 14, 13, 23, 57, 120_000, time.UTC)

// ordinary is a message that was delivered to one recipient and bounced for
// another.
func ordinary() *esa.Message {
	src := &esa.Source{Listener: "IncomingMail", Remote: netip.MustParseAddr("192.0.2.7"), Host: "mx.b.example", Rule: "ACCEPT", Group: "UNKNOWNLIST"}
	m := esa.Fold([]esa.Event{
		{Kind: esa.MessageStarted, Time: received, MID: 8, ICID: 5, Source: src},
		{Kind: esa.SenderGiven, Time: received, MID: 8, ICID: 5, Address: "a@b.example"},
		{Kind: esa.RecipientGiven, Time: received, MID: 8, ICID: 5, RIDs: []esa.RID{0}, Address: "u@x.example"},
		{Kind: esa.RecipientGiven, Time: received, MID: 8, ICID: 5, RIDs: []esa.RID{1}, Address: "v@x.example"},
		{Kind: esa.MessageIDSeen, Time: received, MID: 8, Text: "<1@b.example>"},
		{Kind: esa.SubjectSeen, Time: received, MID: 8, Text: "1 < 2 & \"Straße\""},
		{Kind: esa.HeaderSeen, Time: received, MID: 8, Name: "From", Text: "A <a@b.example>"},
		{Kind: esa.HeaderSeen, Time: received, MID: 8, Name: "Reply-To", Text: "c@b.example"},
		{Kind: esa.AttachmentSeen, Time: received, MID: 8, Attachment: &esa.Attachment{Name: "a.pdf", Type: "application/pdf", Size: 99, SHA256: strings.Repeat("ab", 32)}},
		{Kind: esa.MessageReady, Time: received, MID: 8, Size: 71983, Address: "a@b.example"},
		{Kind: esa.PolicyMatched, Time: received, MID: 8, Name: "DEFAULT"},
		{Kind: esa.EngineVerdict, Time: received, MID: 8, Engine: esa.AntiVirus, Verdict: esa.Negative},
		{Kind: esa.EngineVerdict, Time: received, MID: 8, Engine: esa.AMP, Verdict: esa.LowRisk},
		{Kind: esa.MessageQueued, Time: received, MID: 8},
		{Kind: esa.RecipientDelivered, Time: received.Add(time.Second), MID: 8, DCID: 7, RIDs: []esa.RID{0}, Text: "2.0.0 OK"},
		{Kind: esa.RecipientBounced, Time: received.Add(2 * time.Second), MID: 8, DCID: 7, RIDs: []esa.RID{1}, Name: "5.1.0 - Unknown address error", Text: "550 no"},
		{Kind: esa.MessageFinished, Time: received.Add(2 * time.Second), MID: 8, Text: "done"},
	})
	return &m
}

// held was made from another message, is in quarantine, and has a sender who
// knows spreadsheets.
func held() *esa.Message {
	m := esa.Fold([]esa.Event{
		{Kind: esa.MessageStarted, Time: received, MID: 7, Other: 6, Source: &esa.Source{Outgoing: true}},
		{Kind: esa.SenderGiven, Time: received, MID: 7},
		{Kind: esa.RecipientGiven, Time: received, MID: 7, RIDs: []esa.RID{0}, Address: "u@x.example"},
		{Kind: esa.SubjectSeen, Time: received, MID: 7, Text: "=HYPERLINK(\"http://evil\")\r\n\u202e,\xff"},
		{Kind: esa.MessageReady, Time: received, MID: 7, Size: 10},
		{Kind: esa.MessageSplit, Time: received, MID: 7, Other: 9, RIDs: []esa.RID{0}, Name: "P"},
		{Kind: esa.MessageQuarantined, Time: received, MID: 7, Engine: esa.AntiVirus, Name: "Virus"},
	})
	return &m
}

// each hands out messages, and then the error.
func each(err error, messages ...*esa.Message) Each {
	return func(yield func(*esa.Message) error) error {
		for _, m := range messages {
			if err := yield(m); err != nil {
				return err
			}
		}
		return err
	}
}

func TestGolden(t *testing.T) {
	all := each(nil, ordinary(), held(), &esa.Message{MID: 1})
	for name, write := range map[string]func(io.Writer) error{
		"messages.csv": func(w io.Writer) error {
			return CSV(w, all, Options{Host: "esa03.example.com", Location: time.FixedZone("", -5*3600)})
		},
		"empty.csv":      func(w io.Writer) error { return CSV(w, each(nil), Options{}) },
		"messages.jsonl": func(w io.Writer) error { return JSONLines(w, all, Options{}) },
		"events.jsonl":   func(w io.Writer) error { return JSONLines(w, all, Options{Events: true}) },
		"empty.jsonl":    func(w io.Writer) error { return JSONLines(w, each(nil), Options{Events: true}) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		golden.Check(t, "testdata/"+name, b.Bytes(), *update)
	}
}

// Every line is an object that says what the message says.
func TestJSONLines(t *testing.T) {
	var b bytes.Buffer
	if err := JSONLines(&b, each(nil, ordinary(), held()), Options{Events: true}); err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(&b)
	d.DisallowUnknownFields()
	for _, m := range []*esa.Message{ordinary(), held()} {
		var got Message
		if err := d.Decode(&got); err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339Nano, got.Received)
		if err != nil || !at.Equal(m.Received) || got.MID != m.MID || got.State != m.Status() || len(got.Recipients) != len(m.Recipients) || len(got.Events) != len(details.Lines(m.Events)) {
			t.Errorf("%v: %+v of %+v", err, got, m)
		}
	}
}

// full takes so many octets.
type full int

var errFull = errors.New("no room")

func (f *full) Write(b []byte) (int, error) {
	if *f -= full(len(b)); *f < 0 {
		return 0, errFull
	}
	return len(b), nil
}

// A writer that fails ends the file soon, and its error is told; so is that of
// message tracking.
func TestErrors(t *testing.T) {
	for name, write := range map[string]func(io.Writer, Each, Options) error{"CSV": CSV, "JSON lines": JSONLines} {
		told := 0
		endless := func(yield func(*esa.Message) error) error {
			for told < 1e6 {
				if err := yield(ordinary()); err != nil {
					return err
				}
				told++
			}
			return nil
		}
		room := full(10_000)
		if err := write(&room, endless, Options{}); !errors.Is(err, errFull) || told > 1000 {
			t.Errorf("%s: %v after %d messages", name, err, told)
		}
		broken := errors.New("disk on fire")
		if err := write(io.Discard, each(broken, ordinary()), Options{}); err != broken {
			t.Errorf("%s: %v", name, err)
		}
		room = 0 // found only at the end
		if err := write(&room, each(nil, ordinary()), Options{}); !errors.Is(err, errFull) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Answered over HTTP, an error before the first octet can still be told; one
// after it cuts the connection.
func TestAnswer(t *testing.T) {
	broken := errors.New("disk on fire")
	var cut error
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := NewAnswer(w, TypeJSONLines, "")
		var err error
		switch r.URL.Path {
		case "/early":
			err = JSONLines(a, each(broken, ordinary()), Options{})
		case "/late":
			err = JSONLines(a, func(yield func(*esa.Message) error) error {
				for range 1000 {
					if err := yield(ordinary()); err != nil {
						return err
					}
				}
				return broken
			}, Options{})
		case "/empty":
			err = JSONLines(a, each(nil), Options{})
		}
		if !a.End(err, func(err error) { cut = err }) {
			http.Error(w, "broken", http.StatusInternalServerError)
		}
	}))
	defer server.Close()
	for path, want := range map[string]int{"/early": 500, "/late": 200, "/empty": 200} {
		resp, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close() // it has been read
		kind := resp.Header.Get("Content-Type")
		if resp.StatusCode != want || (err != nil) != (path == "/late") || (kind == TypeJSONLines) != (want == 200) {
			t.Errorf("%s: %d %s, %v", path, resp.StatusCode, kind, err)
		}
	}
	if cut != broken {
		t.Errorf("told of %v", cut)
	}
}

// TestInert: what a spreadsheet would run, or show in another order, is neither
// run nor reordered.
func TestInert(t *testing.T) {
	for cell, want := range map[string]string{
		"": "", "test test": "test test", "a=b": "a=b", "1-2": "1-2", " ": " ", "\u00a0": "\u00a0", "é-": "é-",
		"=1": "'=1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠x": "'＠x", "﹦1": "'﹦1", "−1": "'−1",
		" =1": "' =1", "\t=1": "'\t=1", "\r\n=1": "'\r\n=1", "\ufeff=1": "'\ufeff=1", "\u00a0\u3000\u2009=1": "'\u00a0\u3000\u2009=1",
		"\u200b\u00ad＝1": "'\u200b\u00ad＝1", "\x00=1": "'\x00=1", "\u0085=1": "'\u0085=1", "\u2028=1": "'\u2028=1",
		"\u2800=1": "'\u2800=1", "\u3164=1": "'\u3164=1", "\ufe0f=1": "'\ufe0f=1", "\xff=1": "'\ufffd=1",
		"\tx": "'\tx", "\ufeffx": "\ufeffx",
		"exe\u202efdp.invoice": "exe\ufffdfdp.invoice", "a\u2066b\u2069\u200e\u200f\u061c": "a\ufffdb\ufffd\ufffd\ufffd\ufffd", "\u202e=1": "'\ufffd=1",
		"bad \xff octet": "bad \ufffd octet",
	} {
		if got := Inert(cell); got != want {
			t.Errorf("Inert(%q) = %q, want %q", cell, got, want)
		}
	}
}
