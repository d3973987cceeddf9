package tracking

import (
	"net/netip"
	"testing"
	"time"

	"esasim/esa"
)

// What a search compares, and how: spelled out, because the search test holds
// the store only against this very comparison.
func TestMatch(t *testing.T) {
	received := time.Date(2020, 5, 14, 13, 23, 57, 0, time.UTC)
	outgoing := esa.Outgoing
	m := esa.Message{
		MID: 8, ICID: 3, Received: received, Sender: "Mgmt01@cisco.com", Subject: "Straße: test TEST", MessageID: "<1@Host.test>",
		Recipients:  []esa.Recipient{{Address: "a@one.test"}, {Address: "B@two.test"}},
		Attachments: []esa.Attachment{{Name: "Invoice.PDF", SHA256: "ab12"}},
		Source:      esa.Source{Remote: netip.MustParseAddr("10.1.2.3")},
	}
	text := func(op Op, v string) Text { return Text{op, v} }
	for _, c := range []struct {
		q    Query
		want bool
	}{
		{Query{}, true},
		{Query{Sender: text(BeginsWith, "mgmt")}, true},
		{Query{Sender: text(BeginsWith, "gmt")}, false},
		{Query{Sender: text(Is, "MGMT01@CISCO.COM")}, true},
		{Query{Sender: text(Is, "mgmt01")}, false},
		{Query{Sender: text(Contains, "@CISCO")}, true},
		{Query{Recipient: text(BeginsWith, "b@")}, true},
		{Query{Recipient: text(Is, "two.test")}, false},
		{Query{Subject: text(BeginsWith, "STRASSE")}, true},
		{Query{Subject: text(Contains, "test test")}, true},
		{Query{Subject: text(Is, "straße: TEST test")}, true},
		{Query{Attachment: text(Contains, "voice.pdf")}, true},
		{Query{SHA256: "AB12"}, true},
		{Query{SHA256: "ab1"}, false},
		{Query{MessageID: "1@host.test"}, true},
		{Query{MessageID: " <1@Host.test> "}, true},
		{Query{MessageID: "1@host"}, false},
		{Query{MID: 8}, true},
		{Query{MID: 9}, false},
		{Query{ICID: 3}, true},
		{Query{ICID: 4}, false},
		{Query{SenderIP: netip.MustParsePrefix("10.1.2.3/32")}, true},
		{Query{SenderIP: netip.MustParsePrefix("10.0.0.0/8")}, true},
		{Query{SenderIP: netip.MustParsePrefix("11.0.0.0/8")}, false},
		{Query{Direction: &outgoing}, false},
		{Query{From: received}, true},
		{Query{From: received.Add(time.Nanosecond)}, false},
		{Query{To: received}, false},
		{Query{To: received.Add(time.Nanosecond)}, true},
		{Query{Sender: text(BeginsWith, "mgmt"), MID: 9}, false},
	} {
		if got := c.q.matcher()(&m); got != c.want {
			t.Errorf("%s: %t", c.q, got)
		}
	}
}

func TestQueryString(t *testing.T) {
	d := esa.Incoming
	q := Query{Sender: Text{Is, `a"b`}, Subject: Text{BeginsWith, "x y"}, SHA256: "ab", MessageID: "<1@x>", MID: 7, ICID: 2,
		SenderIP: netip.MustParsePrefix("10.0.0.0/8"), Direction: &d, From: time.Unix(0, 0), Before: 9, Limit: 5}
	const want = `sender=is:"a\"b" subject=begins_with:"x y" sha256=ab message-id="<1@x>" sender-ip=10.0.0.0/8 ` +
		`direction=incoming mid=7 icid=2 from=1970-01-01T00:00:00Z before=9 limit=5`
	if got := q.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := (Query{}).String(); got != "" {
		t.Errorf("empty query: %q", got)
	}
	for op := BeginsWith; op <= Contains; op++ {
		if got, err := ParseOp(op.String()); got != op || err != nil {
			t.Errorf("ParseOp(%s) = %v, %v", op, got, err)
		}
	}
	if _, err := ParseOp("like"); err == nil {
		t.Error("ParseOp(like) is no error")
	}
}
