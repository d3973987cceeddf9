package dsn

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"esasim/esa"
)

// log is a log with one content for all.
type log struct{ content string }

func (log) NextMID() (esa.MID, error) { return 9, nil }

func (l log) Content(esa.MID) (io.ReadCloser, error) {
	if l.content == "" {
		return nil, errors.New("gone")
	}
	return io.NopCloser(strings.NewReader(l.content)), nil
}

// message is one to two recipients, of whom a split took a third.
func message(sender string) *esa.Message {
	events := []esa.Event{{Kind: esa.MessageStarted, MID: 8}, {Kind: esa.SenderGiven, Address: sender}}
	for i, to := range []string{"a@one.test", "b@two.test", "c@three.test"} {
		events = append(events, esa.Event{Kind: esa.RecipientGiven, RIDs: []esa.RID{esa.RID(i)}, Address: to})
	}
	m := esa.Fold(append(events, esa.Event{Kind: esa.MessageReady}, esa.Event{Kind: esa.MessageSplit, Other: 7, RIDs: []esa.RID{2}}))
	return &m
}

// parts are the parts of a report by type.
func parts(t *testing.T, content []byte) map[string]string {
	t.Helper()
	msg, err := mail.ReadMessage(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for r := multipart.NewReader(msg.Body, params["boundary"]); ; {
		p, err := r.NextPart()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(p)
		out[p.Header.Get("Content-Type")] = string(b)
	}
}

// What a filter bounces is told to the sender for every recipient that is still
// the message's, without the filter's name and without an answer that no host gave.
func TestBounceByPolicy(t *testing.T) {
	for _, rids := range [][]esa.RID{nil, {0, 1}} {
		k := Maker{Log: log{"Subject: x\r\n\r\nbody\r\n"}, Host: "esa.test", Logger: slog.New(slog.DiscardHandler)}
		made, said, err := k.Bounce(message("s@b.test"), []esa.Event{{Kind: esa.MessageBounced, MID: 8, RIDs: rids, Name: "5.7.1 - Not sent on",
			Text: "Bounced by content filter 'secret' in the inbound table"}}, time.Unix(1, 0))
		if err != nil || made == nil || made.MID != 9 || len(said) != 1 || said[0].Kind != esa.BounceGenerated || said[0].MID != 8 || said[0].Other != 9 {
			t.Fatalf("%+v, %+v, %v", made, said, err)
		}
		m := esa.Fold(made.Events)
		if m.State != esa.Queued || m.From != 8 || m.Sender != "" || m.Recipients[0].Address != "s@b.test" {
			t.Errorf("the bounce message: %+v", m)
		}
		got := parts(t, made.Content)
		status := got["message/delivery-status"]
		if strings.Count(status, "Status: 5.7.1\r\n") != 2 || strings.Contains(status, "Diagnostic-Code") || strings.Contains(status, "three.test") ||
			!strings.Contains(status, "Final-Recipient: rfc822; b@two.test\r\n") {
			t.Errorf("for programs: %q", status)
		}
		if m := esa.Fold(made.Events); m.State != esa.Queued || m.Size != int64(len(made.Content)) {
			t.Errorf("%s, %d octets of %d", m.State, m.Size, len(made.Content))
		}
		if bytes.Contains(made.Content, []byte("secret")) || got["message/rfc822"] != "Subject: x\r\n\r\nbody\r\n" {
			t.Errorf("content %q", made.Content)
		}
	}
}

// Without a sender there is no message, and each bounce is said to be a double one,
// of all that it still has when it names none.
func TestDoubleBounce(t *testing.T) {
	k := Maker{Log: log{"x"}, Logger: slog.New(slog.DiscardHandler)}
	made, said, err := k.Bounce(message(""), []esa.Event{
		{Kind: esa.RecipientBounced, MID: 8, RIDs: []esa.RID{1}, Name: "5.1.0 - x", Text: "550 no"},
		{Kind: esa.MessageBounced, MID: 8, Engine: esa.AntiSpam, Name: "5.7.1 - y", Text: "Bounced by CASE"}}, time.Now())
	if err != nil || made != nil || len(said) != 2 || said[0].Text != "550 no" || said[1].Text != "" {
		t.Fatalf("%+v, %+v, %v", made, said, err)
	}
	for i, want := range [][]esa.RID{{1}, {0, 1}} {
		if e := said[i]; e.Kind != esa.DoubleBounced || !slices.Equal(e.RIDs, want) || e.Engine != esa.NoEngine {
			t.Errorf("%+v, want RIDs %v", e, want)
		}
	}
}

// A message whose content is gone bounces all the same.
func TestWithoutOriginal(t *testing.T) {
	k := Maker{Log: log{}, Logger: slog.New(slog.DiscardHandler)}
	made, _, err := k.Bounce(message("s@b.test"), []esa.Event{{Kind: esa.MessageBounced, Name: "5.7.1 - y"}}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if got := parts(t, made.Content); len(got) != 2 || got["message/delivery-status"] == "" {
		t.Errorf("parts %q", got)
	}
}

// Nothing that others chose adds a line to what programs read.
func TestNoticeLines(t *testing.T) {
	m := esa.Fold([]esa.Event{{Kind: esa.MessageStarted, MID: 1}, {Kind: esa.RecipientGiven, RIDs: []esa.RID{0}, Address: "a@b\r\nAction: delivered"}})
	n := notice{m: &m, mid: 2, host: "h", bounced: []esa.Event{{RIDs: []esa.RID{0}, Name: "5.1.0\r\nAction: delivered", Text: "550 no\nAction: delivered\r\n\r\nStatus: 2.0.0"}}}
	var b bytes.Buffer
	n.forPrograms(&b)
	for _, key := range []string{"\nAction: ", "\nStatus: "} {
		if strings.Count(b.String(), key) != 1 {
			t.Errorf("%q in %q", key, b.String())
		}
	}
}
