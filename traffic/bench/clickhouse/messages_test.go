package clickhouse

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"esasim/esa"
)

// TestMessages puts two rows into a server and asks for them.
func TestMessages(t *testing.T) {
	s, err := Start(t.Context(), t.TempDir())
	if errors.Is(err, ErrMissing) && os.Getenv("CI") != "true" {
		t.Skip(err) // `make test` installs it where it can
	}
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	m := Messages{s}
	if err := m.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2020, 5, 14, 13, 23, 57, 0, time.UTC)
	one := esa.Message{ICID: 7, Received: at, Sender: `o'brien\@example.com`, Subject: "Grüße\tund mehr", State: esa.Bounced, Size: 300,
		Source:     esa.Source{Remote: netip.MustParseAddr("2001:db8::1"), Host: "mx.example.com"},
		Recipients: []esa.Recipient{{Address: "a@example.org"}, {Address: "b@example.org"}}, Attachments: []esa.Attachment{{Name: "a.pdf", SHA256: "00"}}}
	two := esa.Message{Received: at.Add(time.Second), Sender: "x@example.com"}
	if err := m.Insert(t.Context(), AppendRow(AppendRow(nil, 1, &one), 2, &two)); err != nil {
		t.Fatal(err)
	}
	if err := m.Merge(t.Context()); err != nil {
		t.Fatal(err)
	}
	for condition, want := range map[string][]esa.MID{
		"sender = " + Quote(one.Sender):                         {1},
		"subject = " + Quote(one.Subject):                       {1},
		"has(recipients, 'b@example.org')":                      {1},
		"ip = '2001:db8::1' AND host = 'mx.example.com'":        {1},
		"size = 300 AND state = 5 AND attachments[1] = 'a.pdf'": {1},
		"received >= '2020-05-14 13:23:57'":                     {2, 1},
		"received > '2020-05-14 13:23:57' AND icid = 0":         {2},
		"sender = 'nobody'":                                     nil,
	} {
		got, err := m.Newest(t.Context(), condition)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v, want %v", condition, got, err, want)
		}
	}
	if rows, octets, err := m.Size(t.Context()); rows != 2 || octets == 0 || err != nil {
		t.Errorf("%d rows, %d octets, %v", rows, octets, err)
	}
	if _, err := s.Query(context.Background(), "SELECT nonsense", nil); err == nil {
		t.Error("a query that is wrong gives no error")
	}
}
